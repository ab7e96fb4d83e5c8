"""Room for what the kernels write: allocated once, used again for pictures of the same size."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from openpose_ros.parsing.paf.plan import Plan

Shape = tuple[int, ...]
Arrays = tuple[npt.NDArray[Any], ...]

_PEAKS = 48  # of one keypoint, to begin with
_PEOPLE = 16


class Room:
    """
    Arrays for maps of one size; for one call at a time.

    Memory that is allocated for each picture costs more than what is done with it, as long as the
    processor's caches hold other things.

    Parameters
    ----------
    plan : Plan
        Whose they are.
    heatmaps, pafs : tuple of int
        The shapes of the maps.
    most : int
        For how many peaks of one keypoint there is room between limbs: it grows with the square.

    Attributes
    ----------
    plan
        As given.
    shape : tuple of int
        Of the array for keypoints, which is a new one each time; may be changed for more people.
    arguments : tuple
        As the kernel `parse` takes them after the maps: the plan's, and arrays.

    """

    def __init__(self, plan: Plan, heatmaps: Shape, pafs: Shape, most: int = _PEAKS) -> None:
        self.plan, self._shapes = plan, (heatmaps, pafs)
        _, height, width = heatmaps
        self._most = most = min(most, plan.max_peaks)
        num_parts, rows = plan.skeleton.num_keypoints, len(plan.limbs) * most
        marks, words, numbers, reals, lowest, found = room_for_peaks(height, width)
        _, more_numbers, more_reals, tables = room_for_limbs(height, width, most)
        needed = len(numbers), len(more_numbers), num_parts * most + 2 * (rows + 1)
        numbers = np.empty(num_parts + max(needed), np.int64)
        self.shape = _PEOPLE, num_parts, 3
        self.arguments = (
            *plan.arguments,
            *(marks, words, numbers),
            np.empty(rows + max(len(reals), len(more_reals), rows + 1)),
            *(lowest, found, np.empty((num_parts, plan.max_peaks, 3), np.float32), tables),
            *(np.empty((rows, 3), np.int64), np.empty((rows + 1, num_parts), np.int64)),
        )

    def larger(self) -> Room:
        """Return twice the room for peaks of one keypoint."""
        return Room(self.plan, *self._shapes, 2 * self._most)


def room_for_peaks(height: int, width: int) -> Arrays:
    """Return what the kernel `find_peaks` takes before its results: marks, words and so on."""
    size, flagged = height * width, (width + 7) // 8 * 8
    marks = np.zeros(flagged + 3 * size + width + 1, np.uint8)
    return (
        *(marks, marks[:flagged].view(np.int64), np.empty(flagged + 1 + 2 * size, np.int64)),
        *(np.empty(size), np.full(width, -np.inf, np.float32), np.empty((size, 3), np.float32)),
    )


def room_for_limbs(height: int, width: int, most: int) -> Arrays:
    """Return what the kernel `find_limbs` takes before its results: marks, numbers and so on."""
    pairs, wide = most * most + 1, most + 1
    return (
        np.zeros(3 * height * width + width + 1, np.uint8),
        np.empty(3 * pairs + 4 * most + wide * wide + 3 * wide, np.int64),
        np.empty(pairs + 3 * wide),
        np.empty((8, most)),
    )
