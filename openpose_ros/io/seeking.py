"""Sources to walk through: frame by frame, and to any frame where there is a way back."""

from __future__ import annotations

from collections.abc import Iterator
import os
from typing import Any, Protocol

import cv2

from openpose_ros.errors import SourceError
from openpose_ros.io.frame import Frame
from openpose_ros.io.selection import Selection
from openpose_ros.io.sources import Source
from openpose_ros.io.video import Video, opened


class Reel(Protocol):
    """
    The frames of one source, one after the other.

    Attributes
    ----------
    total : int or None
        How many there are, as far as that is known.
    seeks : bool
        Whether `seek` can be called.

    """

    total: int | None
    seeks: bool

    def next(self) -> Frame | None:
        """Return the next frame; None after the last. Raises a SourceError as sources do."""
        ...

    def seek(self, index: int) -> None:
        """Let `next` return that frame, or the nearest one that can be had, from 0."""
        ...

    def skip(self, frames: int) -> None:
        """Leave out so many frames."""
        ...

    def close(self) -> None:
        """Free what it reads from."""
        ...


def open_reel(source: Source, *, every: int = 1) -> Reel:
    """
    Return the frames of a source.

    Parameters
    ----------
    source : Source
        As `find_sources` returns it.
    every : int
        One of so many is returned of what cannot be sought in.

    Raises
    ------
    SourceError
        If it cannot be opened any more.

    """
    if isinstance(source, Video) and source.total is not None and os.path.isfile(source.name):
        return VideoReel(source)
    return PlainReel(source, every)


class VideoReel:
    """
    A video file.

    A frame has the number that OpenCV says it has: after a seek in a video whose key frames are
    far apart, or that is damaged, that may be another one than was asked for.

    Parameters
    ----------
    video : Video
        Of a file.

    """

    seeks = True

    def __init__(self, video: Video) -> None:
        self.total = video.total
        self._video = video
        self._capture: Any = opened(video.name, video.name)
        self._delivered = 0

    def next(self) -> Frame | None:
        """Return the next frame; None after the last."""
        if not self._capture.grab():
            if not self._delivered:
                raise SourceError(f'{self._video.name} has no frame that OpenCV can decode')
            return None
        found, image = self._capture.retrieve()
        if not found:
            return None
        self._delivered += 1
        index = max(0, round(self._capture.get(cv2.CAP_PROP_POS_FRAMES)) - 1)
        fps = self._video.fps
        stamp_s = self._capture.get(cv2.CAP_PROP_POS_MSEC) / 1000 or index / fps
        return Frame(image, self._video.name, index, stamp_s, fps)

    def seek(self, index: int) -> None:
        """Let `next` return that frame, or the nearest one that can be had."""
        self._capture.set(cv2.CAP_PROP_POS_FRAMES, max(0, index))

    def skip(self, frames: int) -> None:
        """Leave out so many frames; they are decoded, and not converted."""
        for _ in range(frames):
            if not self._capture.grab():
                return

    def close(self) -> None:
        """Free the decoder."""
        self._capture.release()


class PlainReel:
    """
    A picture, a camera or a stream: there is no way back.

    Parameters
    ----------
    source : Source
    every : int
        One of so many frames is returned.

    """

    seeks = False

    def __init__(self, source: Source, every: int = 1) -> None:
        self.total = source.total
        self._frames: Iterator[Frame] = iter(source.frames(Selection(every=every)))

    def next(self) -> Frame | None:
        """Return the next frame; None after the last."""
        return next(self._frames, None)

    def seek(self, index: int) -> None:
        """Not be called."""
        raise SourceError('there is no way back in what is read only once')

    def skip(self, frames: int) -> None:
        """Leave out none: what `every` says is left out already."""

    def close(self) -> None:
        """Let the source free what it reads from."""
        close = getattr(self._frames, 'close', None)
        if close is not None:
            close()
