"""The whole way from maps to people, in one call."""

from __future__ import annotations

from numba import types
import numpy as np

from openpose_ros.parsing._kernels.compiling import (
    IS_COMPILED,
    MAPS,
    NOT_FINITE,
    NUMBERS,
    TABLE,
    VALUES,
    compiled,
)
from openpose_ros.parsing.paf._kernels.assembly import assemble, select_people
from openpose_ros.parsing.paf._kernels.limbs import find_limbs
from openpose_ros.parsing.paf._kernels.peaks import FOUND, MARKS, PEAKS, REALS, find_peaks
from openpose_ros.parsing.paf._kernels.settings import SETTINGS, SINGLE

__all__ = [
    'HEATMAPS_NOT_FINITE',
    'IS_COMPILED',
    'PAFS_NOT_FINITE',
    'TOO_SMALL',
    'WRONG_SHAPE',
    'parse',
]

# Returned where the overflow is expected.
HEATMAPS_NOT_FINITE, PAFS_NOT_FINITE, TOO_SMALL, WRONG_SHAPE = -1, -2, -3, -4

_INTEGERS = types.Array(types.int64, 2, 'C')


@compiled(
    types.Tuple((types.float32[:, :, ::1], types.float32[::1], types.int64))(
        *(MAPS, MAPS, TABLE, VALUES, *SETTINGS, MARKS, NUMBERS, NUMBERS, REALS),
        *(types.Array(types.float32, 1, 'C'), FOUND, PEAKS, types.Array(types.float64, 2, 'C')),
        *(_INTEGERS, _INTEGERS),
    )
)
def parse(
    heatmaps,
    pafs,
    limbs,
    parts,
    whole,
    real,
    marks,
    words,
    numbers,
    reals,
    lowest,
    found,
    peaks,
    tables,
    ends,
    people,
):
    """
    Return keypoints (N, K, 3), scores (N,) and how many peaks had no room.

    What follows `real` is a Room. Instead of the last number, with nobody, may be that maps are
    not finite, that there are more peaks than the Room is for, which is TOO_SMALL, or that it is
    not for maps of such shapes. An argument costs as much as ten slices, so that some arrays hold
    several.
    """
    num_parts, height, width = len(peaks), heatmaps.shape[1], heatmaps.shape[2]
    if (
        not num_parts <= heatmaps.shape[0] <= num_parts + 1
        or pafs.shape[0] != 2 * len(limbs)
        or height != pafs.shape[1]
        or width != pafs.shape[2]
        or len(lowest) != width
        or len(found) != height * width
    ):
        return peaks[:0], lowest[:0], np.int64(WRONG_SHAPE)
    counts, numbers = numbers[:num_parts], numbers[num_parts:]
    strengths, reals = reals[: len(ends)], reals[len(ends) :]
    overflow = find_peaks(
        heatmaps, whole, real, marks, words, numbers, reals, lowest, found, peaks, counts
    )
    if overflow == NOT_FINITE:
        return peaks[:0], lowest[:0], np.int64(HEATMAPS_NOT_FINITE)
    most = tables.shape[1]
    for k in range(len(counts)):
        if counts[k] > most:
            return peaks[:0], lowest[:0], np.int64(TOO_SMALL)
    connected = find_limbs(
        pafs,
        peaks,
        counts,
        limbs,
        parts,
        whole,
        real,
        marks[8 * len(words) :],
        numbers,
        reals,
        tables,
        ends,
        strengths,
    )
    if connected == NOT_FINITE:
        return peaks[:0], lowest[:0], np.int64(PAFS_NOT_FINITE)
    used = assemble(ends, strengths, connected, most, limbs, numbers, people)
    if whole[SINGLE]:
        for k in range(len(counts)):
            people[0, k] = 0 if counts[k] > 0 else -1
        used, overflow = 1, np.int64(0)  # more peaks are not wanted
    keypoints = np.empty((used, num_parts, 3), np.float32)
    scores = np.empty(used, np.float32)
    kept = select_people(peaks, people, used, whole, real, reals, numbers, keypoints, scores)
    return keypoints[:kept], scores[:kept], overflow
