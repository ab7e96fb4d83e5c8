"""What one worker has at hand."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
import posixpath
from typing import Any

from openpose_ros.archive.items import Item, Range
from openpose_ros.archive.places import Place
from openpose_ros.archive.ranges import InexactError, Stored, unpacked
from openpose_ros.archive.settings import Settings
from openpose_ros.estimator import PoseEstimator

MOST_NOTES = 20  # of an item


@dataclass
class Bench:
    """
    What one worker has at hand.

    Attributes
    ----------
    settings : Settings
        What it was told.
    run : mapping
        What `Settings.run` returned where the archive was planned.
    place : Place
        Where results go.
    estimator : PoseEstimator
        Is warm from the first frame on.
    frames : int
        How many of the task in hand are done.

    """

    settings: Settings
    run: Mapping[str, Any]
    place: Place
    estimator: PoseEstimator
    frames: int = 0

    def facts_of(self, item: Item) -> dict[str, object]:
        """Return what a range that is stored must have been made of."""
        return {'input': dict(item.stamp), **self.run}

    def read_range(self, item: Item, wanted: Range) -> Stored | None:
        """Return what is stored of a range, if it is of this input and this run."""
        data = self.place.read(posixpath.join(item.ranges, wanted.file))
        stored = None if data is None else unpacked(data)
        if stored is None or any(
            stored.facts.get(key) != value for key, value in self.facts_of(item).items()
        ):
            return None
        return stored

    def read_ranges(self, item: Item, ranges: Sequence[Range]) -> Iterator[Stored]:
        """
        Yield what is stored of several ranges.

        Raises
        ------
        InexactError
            If one is gone.

        """
        for one in ranges:
            stored = self.read_range(item, one)
            if stored is None:
                raise InexactError('a range is gone')
            yield stored

    def write_range(self, item: Item, wanted: Range, data: bytes) -> None:
        """Store what `Store.packed` made of a range."""
        self.place.write(posixpath.join(item.ranges, wanted.file), data)
