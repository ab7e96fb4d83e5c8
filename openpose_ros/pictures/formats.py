"""Which format a picture has, by its first bytes alone."""

from __future__ import annotations

from openpose_ros.pictures.avif import AVIF
from openpose_ros.pictures.bitmaps import BMP, PNM
from openpose_ros.pictures.boxes import brands
from openpose_ros.pictures.gif import GIF
from openpose_ros.pictures.header import Data, Format
from openpose_ros.pictures.jpeg import JPEG
from openpose_ros.pictures.jpeg import START as JPEG_START
from openpose_ros.pictures.jpeg2000 import CODESTREAM_START, FILE_START, JPEG2000
from openpose_ros.pictures.png import PNG
from openpose_ros.pictures.png import START as PNG_START
from openpose_ros.pictures.tiff import TIFF
from openpose_ros.pictures.webp import WEBP

# What travels in messages, and what files may be besides.
MESSAGE_FORMATS = (JPEG, PNG, TIFF, WEBP)
FILE_FORMATS = (*MESSAGE_FORMATS, BMP, PNM, GIF, JPEG2000, AVIF)
ENOUGH_BYTES = 300  # from the start, to tell the format

_STARTS: tuple[tuple[bytes, Format | str], ...] = (
    (JPEG_START, JPEG),
    (b'\xff\xd8', JPEG),
    (PNG_START, PNG),
    (b'II*\0', TIFF),
    (b'MM\0*', TIFF),
    (b'II+\0', TIFF),
    (b'MM\0+', TIFF),
    (b'GIF87a', GIF),
    (b'GIF89a', GIF),
    (FILE_START, JPEG2000),
    (CODESTREAM_START, JPEG2000),
    *((b'P%d%c' % (kind, blank), PNM) for kind in range(1, 7) for blank in b' \t\n\r\v\f#'),
    (b'P7\n', 'PAM'),
    (b'PF\n', 'PFM'),
    (b'Pf\n', 'PFM'),
    (b'8BPS', 'Photoshop (PSD)'),
    (b'%PDF-', 'PDF'),
    (b'%!PS', 'PostScript'),
    (b'\xff\x0a', 'JPEG XL'),
    (b'\0\0\0\x0cJXL \r\n\x87\n', 'JPEG XL'),
    (b'II\xbc', 'JPEG XR'),
    (b'\x76\x2f\x31\x01', 'OpenEXR'),
    (b'#?RADIANCE', 'Radiance HDR'),
    (b'#?RGBE', 'Radiance HDR'),
    (b'\x59\xa6\x6a\x95', 'Sun raster'),
    (b'qoif', 'QOI'),
    (b'DDS ', 'DirectDraw surface'),
    (b'BPG\xfb', 'BPG'),
    (b'gimp xcf', 'GIMP (XCF)'),
    (b'SIMPLE  =', 'FITS'),
    (b'FUJIFILMCCD-RAW', 'camera raw (RAF)'),
    (b'IIRO', 'camera raw (ORF)'),
    (b'IIU\0', 'camera raw (RW2)'),
    (b'\0\0\1\0', 'Windows icon'),
    (b'<svg', 'SVG'),
)
# The brands of pictures in an ISO file; others are videos.
_HEIC = frozenset({b'heic', b'heix', b'heim', b'heis', b'hevc', b'hevx', b'hevm', b'hevs'})
_CONTAINERS = {b'crx ': 'camera raw (CR3)', b'mif1': 'HEIF', b'msf1': 'HEIF', b'jxl ': 'JPEG XL'}
_VIDEO_STARTS = (b'\x1aE\xdf\xa3', b'OggS', b'FLV\1', b'\0\0\1\xba', b'\0\0\1\xb3')
_STREAM_STARTS = (b'\0\0\0\1', b'\0\0\1')  # of a network abstraction layer's units


def find_format(data: Data) -> Format | str | None:
    """
    Return which format a picture has.

    Parameters
    ----------
    data : memoryview
        At least the first ENOUGH_BYTES, or all.

    Returns
    -------
    Format, str or None
        The format; the name of one that nobody here decodes; None if it is no picture.

    """
    head = bytes(data[:16])
    for start, found in _STARTS:
        if head.startswith(start):
            return found
    if head[:4] == b'RIFF' and head[8:12] == b'WEBP':
        return WEBP
    if head[:2] == b'BM' and head[6:10] == bytes(4):
        return BMP
    names = brands(data)
    if names & {b'avif', b'avis'}:
        return AVIF
    if names & _HEIC:
        return 'HEIC'
    for name, found in _CONTAINERS.items():
        if name in names:
            return found
    if bytes(data[128:132]) == b'DICM':
        return 'DICOM'
    return None


def is_video(data: Data) -> bool:
    """Tell whether a file begins as a video does."""
    head = bytes(data[:12])
    riff = head[:4] == b'RIFF' and head[8:] == b'AVI '
    is_box = head[4:8] in (b'ftyp', b'moov', b'mdat')
    return find_format(data) is None and (is_box or riff or head.startswith(_VIDEO_STARTS))


def is_video_stream(data: Data) -> bool:
    """Tell whether a message begins as a packet of H.264 or H.265 does."""
    return bytes(data[:4]).startswith(_STREAM_STARTS)
