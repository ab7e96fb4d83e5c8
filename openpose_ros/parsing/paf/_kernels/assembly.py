"""Assembly of limbs into people."""

from __future__ import annotations

from numba import types
import numpy as np

from openpose_ros.parsing._kernels.compiling import MAPS, NUMBERS, TABLE, VALUES, piece
from openpose_ros.parsing._kernels.sorting import argsort_descending
from openpose_ros.parsing.paf._kernels.settings import (
    MAX_PEOPLE,
    MIN_PARTS,
    MIN_SCORE,
    SETTINGS,
)


@piece(
    types.int64(TABLE, VALUES, types.int64, types.int64, TABLE, NUMBERS, types.int64[:, ::1]),
)
def assemble(connections, strengths, count, most, limbs, numbers, people):
    """
    Join so many connections, strongest first, into people (room, K) of peak numbers, or -1.

    A connection that would give a person a second part of one kind contradicts a stronger one
    and is dropped; one between two people that share no kind of part joins them. Returns how
    many rows were used; a row of -1 alone was joined to another. `most` is how many peaks of a
    kind there may be; numbers is scratch, (K * most + 2 * count).
    """
    num_parts = people.shape[1]
    owner, order = numbers[: num_parts * most], numbers[num_parts * most :]
    for i in range(num_parts * most):
        owner[i] = -1
    num_people = 0
    argsort_descending(strengths, count, order)
    for i in range(count):
        c = order[i]
        limb = connections[c, 0]
        start, end = limbs[limb, 0], limbs[limb, 1]
        start_peak, end_peak = connections[c, 1], connections[c, 2]
        start_owner, end_owner = owner[start * most + start_peak], owner[end * most + end_peak]
        if start_owner < 0 and end_owner < 0:
            for part in range(num_parts):
                people[num_people, part] = -1
            start_owner = num_people
            num_people += 1
            people[start_owner, start] = start_peak
            owner[start * most + start_peak] = start_owner
        elif start_owner < 0:
            if people[end_owner, start] < 0:
                people[end_owner, start] = start_peak
                owner[start * most + start_peak] = end_owner
            continue
        elif end_owner >= 0:
            if start_owner == end_owner:
                continue
            contradict = False
            for part in range(num_parts):
                if people[start_owner, part] >= 0 and people[end_owner, part] >= 0:
                    contradict = True
            if contradict:
                continue
            # the one of the stronger connection is the older
            kept, joined = start_owner, end_owner
            if end_owner < start_owner:
                kept, joined = end_owner, start_owner
            for part in range(num_parts):
                peak = people[joined, part]
                if peak >= 0:
                    people[kept, part] = peak
                    owner[part * most + peak] = kept
                    people[joined, part] = -1
            continue
        if people[start_owner, end] < 0:
            people[start_owner, end] = end_peak
            owner[end * most + end_peak] = start_owner
    return num_people


@piece(
    types.int64(
        *(MAPS, TABLE, types.int64, *SETTINGS, types.Array(types.float64, 1, 'C'), NUMBERS),
        *(types.Array(types.float32, 3, 'C'), types.float32[::1]),
    ),
)
def select_people(peaks, people, num_people, whole, real, sums, order, keypoints, scores):
    """
    Fill keypoints (N, K, 3) and scores (N,) from people (N, K) of peak numbers, best first.

    Drops people with too few parts or too low a score, and all but the best `max_people`, if that
    is not 0; returns how many were kept, or -1 if there is no row for one of them. sums (N,)
    and order (2 * N,) are scratch.
    """
    num_parts = people.shape[1]
    for n in range(num_people):
        count, total = 0, 0.0
        for part in range(num_parts):
            peak = people[n, part]
            if peak >= 0:
                count += 1
                total += np.float64(peaks[part, peak, 2])  # also without the compiler
        sums[n] = total / num_parts if count >= whole[MIN_PARTS] else -1.0
    argsort_descending(sums, num_people, order)
    kept = 0
    for i in range(num_people):
        n = order[i]
        if sums[n] < real[MIN_SCORE] or sums[n] < 0.0 or kept == whole[MAX_PEOPLE] > 0:
            break
        if kept == len(scores):
            return -1
        scores[kept] = sums[n]
        for part in range(num_parts):
            peak = people[n, part]
            for axis in range(3):
                if peak >= 0:
                    keypoints[kept, part, axis] = peaks[part, peak, axis]
                else:
                    keypoints[kept, part, axis] = np.nan if axis < 2 else 0.0
        kept += 1
    return kept
