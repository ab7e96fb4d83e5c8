"""Moving pictures: video files, network streams and cameras, through OpenCV."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from itertools import count
from pathlib import Path
import time
from typing import Any, ClassVar
from urllib.parse import urlsplit

import cv2

from openpose_ros.errors import SourceError
from openpose_ros.io.addresses import is_remote, why_silent
from openpose_ros.io.frame import Frame
from openpose_ros.io.mp4 import lacks_index
from openpose_ros.io.selection import ALL, Selection
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

    def frames(self, selection: Selection = ALL, *, sought: int = 0) -> Iterator[Frame]:
        """
        Yield the frames in order, of those that are wanted.

        Parameters
        ----------
        selection : Selection
            Which ones are wanted.
        sought : int
            Begin by seeking to this frame. Not every container leads there, and OpenCV does not
            tell: the caller must compare.

        Raises
        ------
        SourceError
            After the last frame that could be decoded, if the container claims more: OpenCV
            itself ends a damaged video without a word. Or if a live stream ends, or none of its
            frames is wanted.

        """
        there, stamp_s = sought, 0.0
        with self._captured() as capture:
            if sought:
                capture.set(cv2.CAP_PROP_POS_FRAMES, sought)
            for index in count(sought):
                if selection.stopped():
                    return
                if not capture.grab():
                    break
                # Some of OpenCV's backends keep no time.
                stamp_s = capture.get(cv2.CAP_PROP_POS_MSEC) / 1000 or index / self.fps
                if selection.has(index):
                    found, image = capture.retrieve()
                    if not found:
                        break
                    yield Frame(image, self.name, index, stamp_s, self.fps)
                there = index + 1
        self._check_claim(there, stamp_s)
        if there <= selection.start:
            raise SourceError(
                f'{self.name} has {there} frames, and the first is number 0: there is none from '
                f'number {selection.start} on'
            )

    def _captured(self) -> AbstractContextManager[Any]:
        """Return what delivers the frames, to be left open no longer than needed."""
        return _capture(self.name)

    def _check_claim(self, delivered: int, stamp_s: float) -> None:
        if delivered == 0:
            raise SourceError(f'{self.name} has no frame that OpenCV can decode')
        if self.total is None:
            if is_remote(self.name):  # live: who makes it has stopped, or the network
                raise SourceError(
                    f'{self.name} broke off after {_frames(delivered)}; is its server running? '
                    'The results so far are kept'
                )
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

    def frames(self, selection: Selection = ALL) -> Iterator[Frame]:
        """
        Yield the frames that are wanted, until the receiver stops.

        Raises
        ------
        SourceError
            If the camera cannot be opened, or stops delivering.

        """
        device = int(self.name) if self.name.isdecimal() else self.name
        with _capture(device, self._why_closed) as capture:
            fps = frame_rate(capture)
            for index in count():
                if selection.stopped():
                    return
                found, image = capture.grab(), None
                if found and selection.has(index):
                    found, image = capture.retrieve()
                if not found:
                    raise SourceError(
                        f'camera {self.name} delivered no frame after {_frames(index)}; check its '
                        'cable. The results so far are kept'
                    )
                if image is not None:
                    yield Frame(image, self.name, index, time.time(), fps)

    def _why_closed(self) -> str:
        here = ', '.join(map(str, sorted(Path('/dev').glob('video*')))) or 'none'
        return (
            f'cannot open camera {self.name}; devices here: {here}; it may be in use by another '
            "program, or your user may lack the group 'video'"
        )


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
    with _capture(name) as capture:
        return Video(name, *facts_of(capture, name, max_pixels=max_pixels))


def facts_of(capture: Any, called: str, *, max_pixels: int) -> tuple[float, int | None]:
    """
    Return how many frames a second a video has, and how many it claims; None if it claims none.

    Raises
    ------
    SourceError
        If its frames are too large.

    """
    width, height = (
        int(capture.get(side)) for side in (cv2.CAP_PROP_FRAME_WIDTH, cv2.CAP_PROP_FRAME_HEIGHT)
    )
    check_pixels(f'a frame of {called}', width, height, most=max_pixels)
    total = int(capture.get(cv2.CAP_PROP_FRAME_COUNT))
    return frame_rate(capture), total if total > 0 else None


def opened(device: int | str, called: str, why_closed: Callable[[], str] | None = None) -> Any:
    """
    Open a video, and return the cv2.VideoCapture.

    Parameters
    ----------
    device : int or str
        What OpenCV opens.
    called : str
        What messages call it.
    why_closed : callable, optional
        Returns the message if it cannot be opened.

    Raises
    ------
    SourceError
        If it cannot be opened.

    """
    capture = cv2.VideoCapture(device)
    if not capture.isOpened():
        capture.release()
        raise SourceError(why_closed() if why_closed else _why_closed(device, called))
    return capture


def _why_closed(device: str | int, called: str) -> str:
    reason = why_silent(called) if is_remote(called) else ''
    if reason:
        return f'{called} {reason}'
    if isinstance(device, str) and lacks_index(device):
        return (
            f'{called} is an MP4 that was cut off before its index (moov), which stands at its '
            'end: nothing of it can be read; copy or record it again'
        )
    return f'{called} is neither a picture nor a video that OpenCV {cv2.__version__} can open'


@contextmanager
def _capture(device: int | str, why_closed: Callable[[], str] | None = None) -> Iterator[Any]:
    capture = opened(device, str(device), why_closed)
    try:
        yield capture
    finally:
        capture.release()


def frame_rate(capture: Any) -> float:
    """Return how many frames a second there are, or are likely."""
    fps = float(capture.get(cv2.CAP_PROP_FPS))
    return fps if _USUAL_FPS[0] <= fps <= _USUAL_FPS[1] else _FALLBACK_FPS


def _frames(number: int) -> str:
    return f'{number} frame' if number == 1 else f'{number} frames'
