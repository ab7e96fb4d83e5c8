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
    'PAFS_NOT_FINITE',
    'TOO_SMALL',
    'WRONG_SHAPE',
    'parse',
]

# Returned where the overflow is expected.
HEATMAPS_NOT_FINITE, PAFS_NOT_FINITE, TOO_SMALL, WRONG_SHAPE = -1, -2, -3, -4

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
    Fill peaks, and numbers with how many had no room and how many each keypoint has; return 0.

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
    counts, scratch = numbers[1 : num_parts + 1], numbers[num_parts + 1 :]
    left_out = find_peaks(
        heatmaps, whole, real, marks, words, scratch, reals, lowest, found, peaks, counts
    )
    if left_out == NOT_FINITE:
        return HEATMAPS_NOT_FINITE
    for k in range(num_parts):
        if counts[k] > tables.shape[1]:
            return TOO_SMALL
    numbers[0] = 0 if whole[SINGLE] else left_out  # of a single person's more are not wanted
    return 0


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
    scratch = numbers[num_parts + 1 :]
    used = assemble(ends, strengths, connected, most, limbs, scratch, people)
    if whole[SINGLE]:
        used = 1
        for k in range(num_parts):
            people[0, k] = 0 if numbers[1 + k] > 0 else -1
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

    The first of numbers becomes how many peaks had no room. What follows `real` is a Room. Instead
    of a count may be returned that maps are not finite, that there are more peaks than the Room is
    for, which is TOO_SMALL, or that it is not for maps of such shapes. An argument costs as much
    as ten slices, so that some arrays hold several.
    """
    strengths, scratch = reals[: len(ends)], reals[len(ends) :]
    state = find_candidates(
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
    if state < 0:
        return state
    connected = find_limbs(
        pafs,
        peaks,
        numbers[1:],
        limbs,
        parts,
        whole,
        real,
        marks[8 * len(words) :],
        numbers[len(peaks) + 1 :],
        scratch,
        tables,
        ends,
        strengths,
    )
    if connected == NOT_FINITE:
        return PAFS_NOT_FINITE
    return join_limbs(
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
