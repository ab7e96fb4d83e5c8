"""
Videos in ranges: where they begin, what is stored of each, and how that is joined.

A range begins at a frame as it is counted from the first one decoded, and is entered by seeking.
Whether a seek leads there depends on the container, so each range also takes down the frame after
its last one: it must be the first one of the next range, by its time and by all of its pixels.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
import io
import json
from typing import Any
import zipfile

import numpy as np

from openpose_ros.archive.items import Range
from openpose_ros.errors import SourceError
from openpose_ros.frames import FrameArray
from openpose_ros.io.frame import Frame
from openpose_ros.io.selection import Selection
from openpose_ros.io.video import Video
from openpose_ros.people import PARTS, People
from openpose_ros.skeletons import Skeleton

Sight = tuple[float, str]
"""A frame's time in seconds, and the sha256 of its pixels."""
_TRIED = 48  # frames from the start, to which a seek is tried: more than a group of pictures often
_LEAST_PART = 0.25  # of a range, below which the last one is joined to the one before


def divided(video: Video, range_s: float) -> tuple[Range, ...]:
    """
    Return the ranges of a video; none if it is short, or not entered where one wants.

    Parameters
    ----------
    video : Video
        A file.
    range_s : float
        How long they are, seconds of the video.

    """
    ranges = pieces(video.total or 0, round(range_s * video.fps))
    if not ranges or not _leads_there(video, min(_TRIED, (video.total or 0) // 2)):
        return ()
    return ranges


def pieces(total: int, length: int) -> tuple[Range, ...]:
    """Return ranges of a length, the last one open; none if there is but one."""
    length = max(1, length)
    starts = list(range(0, total, length))
    if len(starts) > 1 and total - starts[-1] < _LEAST_PART * length:
        starts.pop()
    if len(starts) < 2:
        return ()
    return tuple(Range(start, stop) for start, stop in zip(starts, [*starts[1:], None]))


def _leads_there(video: Video, index: int) -> bool:
    """Tell whether a seek to a frame near the start leads to it."""
    try:
        wanted, found = (
            next(video.frames(Selection(index), sought=sought)) for sought in (0, index)
        )
    except (StopIteration, SourceError):  # which will be said of the video as a whole
        return False
    return sight_of(wanted) == sight_of(found)


def sight_of(frame: Frame) -> Sight:
    """Return what tells one frame of a video from all others."""
    assert frame.stamp_s is not None, 'frames of videos have a time'
    return frame.stamp_s, sha256(frame.image.tobytes()).hexdigest()


@dataclass
class Seen:
    """
    What is known of the frames of a range besides their people.

    Attributes
    ----------
    first, following : Sight or None
        Of its first frame, and of the one after its last; None where the video has none.
    troubles : list of str
        What went wrong.

    """

    first: Sight | None = None
    following: Sight | None = None
    troubles: list[str] | None = None

    def frames(self, video: Video, wanted: Range) -> Iterator[Frame]:
        """Yield the frames of a range; what ends the video too early is raised."""
        for frame in video.frames(Selection(wanted.start), sought=wanted.start):
            if self.first is None:
                self.first = sight_of(frame)
            if frame.index == wanted.stop:
                self.following = sight_of(frame)
                return
            yield frame


class Store:
    """The people of frames, as they are stored: in full precision, to be tracked later."""

    def __init__(self) -> None:
        self._frames: list[tuple[int, float, int, int, int]] = []
        self._rows: dict[str, list[Any]] = {name: [] for name in ('keypoints', 'scores', *PARTS)}

    def add(self, frame: Frame, people: People) -> None:
        """Take the people of the next frame."""
        height, width = frame.image.shape[:2]
        self._frames.append((frame.index, frame.stamp_s or 0.0, width, height, len(people)))
        if len(people):
            self._rows['keypoints'].append(people.keypoints)
            self._rows['scores'].append(people.scores)
            for name, rows in people.parts.items():
                self._rows[name].append(rows)

    def packed(self, facts: Mapping[str, Any]) -> bytes:
        """Return the content of a file, with whatever else JSON can say about it."""
        index, stamp, width, height, count = zip(*self._frames) if self._frames else [()] * 5
        arrays: dict[str, Any] = {
            'index': np.array(index, np.int64),
            'stamp': np.array(stamp, np.float64),
            'size': np.array([width, height], np.int64).reshape(2, -1),
            'count': np.array(count, np.int64),
            **{name: np.concatenate(rows) for name, rows in self._rows.items() if rows},
            'facts': np.frombuffer(json.dumps(facts).encode(), np.uint8),
        }
        file = io.BytesIO()
        np.savez(file, **arrays)
        return file.getvalue()


@dataclass(frozen=True)
class Stored:
    """What was stored of a range."""

    facts: Mapping[str, Any]
    arrays: Mapping[str, Any]

    @property
    def first(self) -> Sight | None:
        """As `Seen.first`."""
        return _sight(self.facts['first'])

    @property
    def following(self) -> Sight | None:
        """As `Seen.following`."""
        return _sight(self.facts['following'])

    def frames(self, source: str, skeleton: Skeleton) -> Iterator[tuple[Frame, People]]:
        """Yield the frames, black ones of the right size, and their people."""
        start = 0
        widths, heights = self.arrays['size']
        for place, count in enumerate(self.arrays['count'].tolist()):
            rows = {
                name: self.arrays[name][start : start + count]
                for name in ('keypoints', 'scores', *PARTS)
                if count and name in self.arrays
            }
            people = People(skeleton=skeleton, **rows) if count else People.empty(skeleton)
            size = (int(heights[place]), int(widths[place]), 3)
            index, stamp_s = (self.arrays[name][place].item() for name in ('index', 'stamp'))
            yield Frame(_black(size), source, index, stamp_s), people
            start += count


def unpacked(data: bytes) -> Stored | None:
    """Return what a file holds that `Store.packed` made; None if it is none."""
    try:
        with np.load(io.BytesIO(data), allow_pickle=False) as file:
            arrays = {name: file[name] for name in file.files}
        return Stored(json.loads(arrays.pop('facts').tobytes()), arrays)
    except (ValueError, LookupError, TypeError, OSError, EOFError, zipfile.BadZipFile):
        return None


def in_order(parts: Iterable[Stored]) -> Iterator[Stored]:
    """
    Yield what is stored of a video from its first frame to its last.

    Raises
    ------
    InexactError
        If a range does not begin where the one before ends.

    """
    before: Sight | None = None
    for number, part in enumerate(parts):
        if number and part.first != before:
            raise InexactError('a seek led to another frame than the one that was wanted')
        yield part
        before = part.following
        if before is None:  # the video ends here, sooner than it claims
            return


class InexactError(SourceError):
    """A video that cannot be entered at a given frame."""


def _sight(found: Sequence[Any] | None) -> Sight | None:
    return None if found is None else (float(found[0]), str(found[1]))


def _black(size: tuple[int, int, int]) -> FrameArray:
    return np.broadcast_to(np.zeros(1, np.uint8), size)
