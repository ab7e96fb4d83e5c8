"""The whole way from maps to people, in one call."""

from __future__ import annotations

from numba import types
import numpy as np

from openpose_ros.parsing.paf._kernels.assembly import assemble, select_people
from openpose_ros.parsing.paf._kernels.compiling import (
    IS_COMPILED,
    MAPS,
    MAX_PEAKS,
    NOT_FINITE,
    SETTINGS,
    TABLE,
    VALUES,
    compiled,
)
from openpose_ros.parsing.paf._kernels.limbs import find_limbs
from openpose_ros.parsing.paf._kernels.peaks import find_peaks

__all__ = ['HEATMAPS_NOT_FINITE', 'IS_COMPILED', 'PAFS_NOT_FINITE', 'WRONG_SHAPE', 'parse']

# Returned where the overflow is expected.
HEATMAPS_NOT_FINITE, PAFS_NOT_FINITE, WRONG_SHAPE = -1, -2, -3


@compiled(
    types.Tuple((types.float32[:, :, ::1], types.float32[::1], types.int64))(
        MAPS, MAPS, types.int64, TABLE, VALUES, *SETTINGS
    )
)
def parse(heatmaps, pafs, num_parts, limbs, parts, whole, real):
    """
    Return keypoints (N, K, 3), scores (N,) and how many peaks had no room.

    Nobody and WRONG_SHAPE if the maps are not of K or K + 1 and 2L channels and of one size.
    """
    peaks = np.empty((num_parts, whole[MAX_PEAKS], 3), np.float32)
    nobody = peaks.reshape(peaks.size)[:0]
    if (
        not num_parts <= heatmaps.shape[0] <= num_parts + 1
        or pafs.shape[0] != 2 * len(limbs)
        or heatmaps.shape[1] != pafs.shape[1]
        or heatmaps.shape[2] != pafs.shape[2]
        or heatmaps.size == 0
    ):
        return peaks[:0], nobody, WRONG_SHAPE
    counts = np.empty(num_parts, np.int64)
    overflow = find_peaks(heatmaps[:num_parts], whole, real, peaks, counts)
    if overflow == NOT_FINITE:
        return peaks[:0], nobody, HEATMAPS_NOT_FINITE
    room = len(limbs) * counts.max()
    ends, strengths = np.empty((room, 3), np.int64), np.empty(room)
    found = find_limbs(pafs, peaks, counts, limbs, parts, whole, real, ends, strengths)
    if found == NOT_FINITE:
        return peaks[:0], nobody, PAFS_NOT_FINITE
    people = np.empty((found, num_parts), np.int64)
    used = assemble(ends[:found], strengths[:found], counts, limbs, people)
    keypoints = np.empty((used, num_parts, 3), np.float32)
    scores = np.empty(used, np.float32)
    kept = select_people(peaks, people[:used], whole, real, keypoints, scores)
    return keypoints[:kept], scores[:kept], overflow
