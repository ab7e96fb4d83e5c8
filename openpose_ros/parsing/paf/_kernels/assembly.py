"""Assembly of limbs into people."""

from __future__ import annotations

from numba import types
import numpy as np

from openpose_ros.parsing.paf._kernels.compiling import (
    COUNTS,
    MAX_PEOPLE,
    MIN_PARTS,
    MIN_SCORE,
    PEAKS,
    SETTINGS,
    TABLE,
    VALUES,
    argsort_descending,
    compiled,
)


@compiled(
    types.int64(
        TABLE,
        VALUES,
        COUNTS,
        TABLE,
        types.int64[:, ::1],
    )
)
def assemble(connections, scores, counts, limbs, people):
    """
    Join connections, strongest first, into people (room, K) of peak numbers, -1 where missing.

    A connection that would give a person a second part of one kind contradicts a stronger one
    and is dropped; one between two people that share no kind of part joins them. Returns how
    many rows were used; a row of -1 alone was joined to another.
    """
    num_parts = people.shape[1]
    owner = np.full((num_parts, max(np.int64(1), counts.max())), -1, np.int64)
    num_people = 0
    order = np.empty(len(scores), np.int64)
    argsort_descending(scores, order)
    for c in order:
        limb = connections[c, 0]
        start, end = limbs[limb, 0], limbs[limb, 1]
        start_peak, end_peak = connections[c, 1], connections[c, 2]
        start_owner, end_owner = owner[start, start_peak], owner[end, end_peak]
        if start_owner < 0 and end_owner < 0:
            for part in range(num_parts):
                people[num_people, part] = -1
            start_owner = num_people
            num_people += 1
            people[start_owner, start] = start_peak
            owner[start, start_peak] = start_owner
        elif start_owner < 0:
            if people[end_owner, start] < 0:
                people[end_owner, start] = start_peak
                owner[start, start_peak] = end_owner
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
            kept, joined = min(start_owner, end_owner), max(start_owner, end_owner)
            for part in range(num_parts):
                peak = people[joined, part]
                if peak >= 0:
                    people[kept, part] = peak
                    owner[part, peak] = kept
                    people[joined, part] = -1
            continue
        if people[start_owner, end] < 0:
            people[start_owner, end] = end_peak
            owner[end, end_peak] = start_owner
    return num_people


@compiled(
    types.int64(
        PEAKS,
        TABLE,
        *SETTINGS,
        types.Array(types.float32, 3, 'C'),
        types.float32[::1],
    )
)
def select_people(peaks, parts, whole, real, keypoints, scores):
    """
    Fill keypoints (N, K, 3) and scores (N,) from parts (N, K) of peak numbers, best first.

    Drops people with too few parts or too low a score, and all but the best `max_people`, if that
    is not 0; returns how many were kept.
    """
    num_people, num_parts = parts.shape
    min_parts, min_score, max_people = whole[MIN_PARTS], real[MIN_SCORE], whole[MAX_PEOPLE]
    sums, order = np.empty(num_people), np.empty(num_people, np.int64)
    for n in range(num_people):
        count, total = 0, 0.0
        for part in range(num_parts):
            if parts[n, part] >= 0:
                count += 1
                total += peaks[part, parts[n, part], 2]
        sums[n] = total / num_parts if count >= min_parts else -1.0
    argsort_descending(sums, order)
    kept = 0
    for n in order:
        if sums[n] < min_score or sums[n] < 0.0 or kept == max_people > 0:
            break
        scores[kept] = sums[n]
        for part in range(num_parts):
            peak = parts[n, part]
            is_found = peak >= 0
            keypoints[kept, part, 0] = peaks[part, peak, 0] if is_found else np.nan
            keypoints[kept, part, 1] = peaks[part, peak, 1] if is_found else np.nan
            keypoints[kept, part, 2] = peaks[part, peak, 2] if is_found else 0.0
        kept += 1
    return kept
