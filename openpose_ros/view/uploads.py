"""Pictures that a viewer brings: read with a limit, decoded by the one door, kept nowhere."""

from __future__ import annotations

from urllib.parse import unquote

from aiohttp import web

from openpose_ros.errors import FrameError
from openpose_ros.frames import FrameArray
from openpose_ros.pictures.decoding import decode_picture
from openpose_ros.pictures.jpeg import JPEG
from openpose_ros.pictures.png import PNG
from openpose_ros.pictures.webp import WEBP

MOST_BYTES = 20_000_000
_FORMATS = (JPEG, PNG, WEBP)
_LONGEST_NAME = 200


async def read_upload(request: web.BaseRequest) -> bytes:
    """
    Return the body of a request.

    Raises
    ------
    FrameError
        If it is longer than is allowed; no more than that was read of it.

    """
    pieces, length = [], 0
    declared = request.content_length
    if declared is None or declared <= MOST_BYTES:
        async for piece in request.content.iter_chunked(1 << 16):
            length += len(piece)
            if length > MOST_BYTES:
                break
            pieces.append(piece)
    if max(length, declared or 0) > MOST_BYTES:
        raise FrameError(
            f'the picture has more than {MOST_BYTES // 10**6} MB; give its path to the command '
            'line, or scale it down'
        )
    return b''.join(pieces)


def name_of(request: web.BaseRequest) -> str:
    """Return what the viewer calls the picture, in one line."""
    name = unquote(request.headers.get('X-Picture-Name', ''), errors='replace')
    plain = ''.join(letter if letter.isprintable() else '?' for letter in name[:_LONGEST_NAME])
    return plain or 'a picture'


def decode_upload(data: bytes, name: str, *, max_pixels: int) -> FrameArray:
    """
    Return the picture.

    Raises
    ------
    FrameError
        If it is none of the formats, too large, or damaged so much that nothing can be decoded.

    """
    decoded = decode_picture(data, name, max_pixels=max_pixels, formats=_FORMATS)
    if decoded.damage:
        raise FrameError(f'{name} {decoded.damage}')
    return decoded.image
