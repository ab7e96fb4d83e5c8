"""The whole way from maps to people, in one call."""

from __future__ import annotations

from numba import types

from openpose_ros.parsing._kernels.compiling import (
    IS_COMPILED,
    MAPS,
    NOT_FINITE,
    NUMBERS,
    TABLE,
    VALUES,
    compiled,
    piece,
)
from openpose_ros.parsing.paf._kernels.assembly import assemble, select_people
from openpose_ros.parsing.paf._kernels.limbs import find_limbs
from openpose_ros.parsing.paf._kernels.peaks import FOUND, MARKS, PEAKS, REALS, find_peaks
from openpose_ros.parsing.paf._kernels.settings import SETTINGS, SINGLE

__all__ = [
    'HEATMAPS_NOT_FINITE',
    'IS_COMPILED',
    'OVERFLOW_BITS',
    'PAFS_NOT_FINITE',
    'TOO_FEW_ROWS',
    'TOO_SMALL',
    'WRONG_SHAPE',
    'parse',
]

# Returned where the overflow is expected.
HEATMAPS_NOT_FINITE, PAFS_NOT_FINITE, TOO_SMALL, WRONG_SHAPE, TOO_FEW_ROWS = range(-1, -6, -1)
OVERFLOW_BITS = 32

_INTEGERS = types.Array(types.int64, 2, 'C')


@piece(
    types.int64(
        *(MAPS, MAPS, TABLE, *SETTINGS, MARKS, NUMBERS, NUMBERS, REALS),
        *(types.Array(types.float32, 1, 'C'), FOUND, PEAKS, types.Array(types.float64, 2, 'C')),
    )
)
def find_candidates(
    heatmaps, pafs, limbs, whole, real, marks, words, numbers, reals, lowest, found, peaks, tables
):
    """
    Fill peaks, and numbers with how many each keypoint has; return how many had no room.

    Or what else `parse` may return.
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
        return WRONG_SHAPE
    counts, scratch = numbers[:num_parts], numbers[num_parts:]
    left_out = find_peaks(
        heatmaps, whole, real, marks, words, scratch, reals, lowest, found, peaks, counts
    )
    if left_out == NOT_FINITE:
        return HEATMAPS_NOT_FINITE
    for k in range(num_parts):
        if counts[k] > tables.shape[1]:
            return TOO_SMALL
    return 0 if whole[SINGLE] else left_out  # of a single person's more are not wanted


@piece(
    types.int64(
        *(types.int64, MAPS, TABLE, *SETTINGS, NUMBERS, REALS, types.int64, _INTEGERS, REALS),
        *(_INTEGERS, PEAKS, types.Array(types.float32, 1, 'C')),
    )
)
def join_limbs(
    connected,
    peaks,
    limbs,
    whole,
    real,
    numbers,
    reals,
    most,
    ends,
    strengths,
    people,
    keypoints,
    scores,
):
    """Fill keypoints and scores from so many limbs; return how many people there are."""
    num_parts = len(peaks)
    scratch = numbers[num_parts:]
    used = assemble(ends, strengths, connected, most, limbs, scratch, people)
    if whole[SINGLE]:
        used = 1
        for k in range(num_parts):
            people[0, k] = 0 if numbers[k] > 0 else -1
    return select_people(peaks, people, used, whole, real, reals, scratch, keypoints, scores)


PARSE = types.int64(
    *(MAPS, MAPS, TABLE, VALUES, *SETTINGS, MARKS, NUMBERS, NUMBERS, REALS),
    *(types.Array(types.float32, 1, 'C'), FOUND, PEAKS, types.Array(types.float64, 2, 'C')),
    *(_INTEGERS, _INTEGERS, PEAKS, types.Array(types.float32, 1, 'C')),
)


@compiled(PARSE)
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
    keypoints,
    scores,
):
    """
    Fill keypoints (room, K, 3) and scores (room,), and return how many people there are.

    From the 32nd bit on the count is that of peaks without room. What follows `real` is a Room.
    Instead of a count may be returned that maps are not finite, that there are more peaks than the
    Room is for, which is TOO_SMALL, or more people than rows, TOO_FEW_ROWS, or that it is not for
    maps of such shapes. An argument costs as much as ten slices, so that some arrays hold several.
    """
    strengths, scratch = reals[: len(ends)], reals[len(ends) :]
    left_out = find_candidates(
        *(
            heatmaps,
            pafs,
            limbs,
            whole,
            real,
            marks,
            words,
            numbers,
            scratch,
            lowest,
            found,
            peaks,
        ),
        tables,
    )
    if left_out < 0:
        return left_out
    connected = find_limbs(
        pafs,
        peaks,
        numbers,
        limbs,
        parts,
        whole,
        real,
        marks[8 * len(words) :],
        numbers[len(peaks) :],
        scratch,
        tables,
        ends,
        strengths,
    )
    if connected == NOT_FINITE:
        return PAFS_NOT_FINITE
    kept = join_limbs(
        connected,
        peaks,
        limbs,
        whole,
        real,
        numbers,
        scratch,
        tables.shape[1],
        ends,
        strengths,
        people,
        keypoints,
        scores,
    )
    return TOO_FEW_ROWS if kept < 0 else left_out << OVERFLOW_BITS | kept
