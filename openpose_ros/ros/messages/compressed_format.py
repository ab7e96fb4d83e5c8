"""What a CompressedImage's `format` says, as image_transport's plugins write it."""

from __future__ import annotations

import re

from openpose_ros.errors import FrameError

_MEASURED = re.compile(r'(?:16|32|64)[USF]C\d+')
_VIDEO = re.compile(
    r'(?<![a-z0-9])(?:lib)?(?:[hx]\.?26[1-6]|hevc|avc1?|av1|vp[89]|mpeg-?[124]|theora)(?![a-z0-9])',
    re.IGNORECASE,
)


def stored_encoding(text: str) -> str:
    """
    Return the encoding that the pixels of a compressed image have.

    Parameters
    ----------
    text : str
        `ENCODING; CODEC compressed TARGET` of compressed_image_transport, `CODEC` of a driver, or
        whatever else.

    Returns
    -------
    str
        An encoding as a raw image has it: of the pixels before they were compressed, if they
        were not turned into colours for that; '' where it does not say.

    Raises
    ------
    FrameError
        If it says that this is depth, or a stream of video.

    """
    encoding, _, codec = (part.strip() for part in text.partition(';'))
    if 'compressedDepth' in text or _MEASURED.fullmatch(encoding):
        raise FrameError(
            f"the compressed image's format is {shortened(text)}: depth (REP 118), no picture to "
            "look for people in; subscribe to the colour camera's topic"
        )
    video = _VIDEO.search(text)
    if video:
        raise video_error(video[0])
    return '' if 'compressed bgr' in codec else encoding


def video_error(codec: str) -> FrameError:
    """Return what is said of a stream of video in the place of a picture."""
    return FrameError(
        f'the compressed image is a piece of {codec} video, which cannot be decoded alone; let '
        'the camera publish JPEG, or another node decode the video and publish raw images'
    )


def shortened(text: object) -> str:
    """Return somebody else's text for a line of ours."""
    shown = repr(text)
    return shown if len(shown) <= 40 else f'{shown[:36]}...{shown[-1]}'
