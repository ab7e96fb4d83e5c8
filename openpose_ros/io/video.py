"""Moving pictures: video files, network streams and cameras, through OpenCV."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count
from pathlib import Path
import time
from typing import Any, ClassVar
from urllib.parse import urlsplit

import cv2

from openpose_ros.errors import SourceError
from openpose_ros.io.frame import Frame
from openpose_ros.pictures.limits import MAX_IMAGE_PIXELS, check_pixels

# Containers without a frame rate report 0 or the ticks of their clock (1000, 90000).
_USUAL_FPS = (0.1, 240.0)
_FALLBACK_FPS = 30.0
# What containers claim is often an estimate: so much less is still all of it.
_CLAIM_TOLERANCE = 0.01


@dataclass(frozen=True)
class Video:
    """
    A video file or the address of a stream.

    Attributes
    ----------
    name : str
        The path or address.
    fps : float
        Frames a second.
    total : int or None
        Frames that the container claims; None if it claims none.

    """

    name: str
    fps: float
    total: int | None

    @property
    def stem(self) -> str:
        """What results are called after."""
        path = urlsplit(self.name).path if '://' in self.name else self.name
        return Path(path).stem or 'stream'

    def frames(self) -> Iterator[Frame]:
        """
        Yield the frames in order.

        Raises
        ------
        SourceError
            After the last frame that could be decoded, if the container claims more: OpenCV
            itself ends a damaged video without a word.

        """
        delivered, stamp_s = 0, 0.0
        with _capture(self.name, f'cannot open {self.name}') as capture:
            for index in count():
                found, image = capture.read()
                if not found:
                    break
                delivered = index + 1
                # Some of OpenCV's backends keep no time.
                stamp_s = capture.get(cv2.CAP_PROP_POS_MSEC) / 1000 or index / self.fps
                yield Frame(image, self.name, index, stamp_s, self.fps)
        self._check_claim(delivered, stamp_s)

    def _check_claim(self, delivered: int, stamp_s: float) -> None:
        if delivered == 0:
            raise SourceError(f'{self.name} has no frame that OpenCV can decode')
        if self.total is None:
            return
        # Both are asked: where the frame rate varies, the number claimed is only a guess.
        enough = self.total * (1 - _CLAIM_TOLERANCE) - 1
        if delivered < enough and stamp_s * self.fps < enough - 1:
            raise SourceError(
                f'{self.name} is cut short or damaged: it claims {self.total} frames, '
                f'{delivered} could be read; their results are kept'
            )


@dataclass(frozen=True)
class Camera:
    """
    A local camera.

    Attributes
    ----------
    name : str
        Index ('0') or device file ('/dev/video0').

    """

    name: str
    total: ClassVar[None] = None

    @property
    def stem(self) -> str:
        """What results are called after."""
        return f'camera_{self.name}' if self.name.isdecimal() else Path(self.name).name

    def frames(self) -> Iterator[Frame]:
        """
        Yield frames until the receiver stops.

        Raises
        ------
        SourceError
            If the camera cannot be opened, or stops delivering.

        """
        device = int(self.name) if self.name.isdecimal() else self.name
        here = ', '.join(map(str, sorted(Path('/dev').glob('video*')))) or 'none'
        trouble = (
            f'cannot open camera {self.name}; devices here: {here}; it may be in use by another '
            "program, or your user may lack the group 'video'"
        )
        with _capture(device, trouble) as capture:
            fps = _frame_rate(capture)
            for index in count():
                found, image = capture.read()
                if not found:
                    raise SourceError(
                        f'camera {self.name} delivered no frame after {index}; check its cable'
                    )
                yield Frame(image, self.name, index, time.time(), fps)


def open_video(name: str, *, max_pixels: int = MAX_IMAGE_PIXELS) -> Video:
    """
    Look into a video file or stream.

    Parameters
    ----------
    name : str
        A path or an address.
    max_pixels : int
        Larger frames are refused.

    Raises
    ------
    SourceError
        If OpenCV cannot open it, or its frames are too large.

    """
    trouble = f'{name} is neither a picture nor a video that OpenCV {cv2.__version__} can open'
    with _capture(name, trouble) as capture:
        width, height = (
            int(capture.get(side))
            for side in (cv2.CAP_PROP_FRAME_WIDTH, cv2.CAP_PROP_FRAME_HEIGHT)
        )
        check_pixels(f'a frame of {name}', width, height, most=max_pixels)
        total = int(capture.get(cv2.CAP_PROP_FRAME_COUNT))
        return Video(name, _frame_rate(capture), total if total > 0 else None)


@contextmanager
def _capture(device: int | str, trouble: str) -> Iterator[Any]:
    capture = cv2.VideoCapture(device)
    try:
        if not capture.isOpened():
            raise SourceError(trouble)
        yield capture
    finally:
        capture.release()


def _frame_rate(capture: Any) -> float:
    fps = float(capture.get(cv2.CAP_PROP_FPS))
    return fps if _USUAL_FPS[0] <= fps <= _USUAL_FPS[1] else _FALLBACK_FPS
