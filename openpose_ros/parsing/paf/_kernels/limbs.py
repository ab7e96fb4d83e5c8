"""Limbs between peaks: scores along part affinity fields."""

from __future__ import annotations

import math

from numba import types
import numpy as np

from openpose_ros.parsing.paf._kernels.compiling import (
    COUNTS,
    FLAGS,
    MAP,
    MAPS,
    NOT_FINITE,
    PEAKS,
    TABLE,
    VALUES,
    compiled,
)
from openpose_ros.parsing.paf._kernels.matching import match_greedy, match_optimal
from openpose_ros.parsing.paf._kernels.pairs import (
    all_pairs,
    candidate_pairs,
    field_along,
    mask_weak_cells,
)

_PAIRS = types.int64[:, ::1]
# Measured: with up to so many pairs of a limb, marking its map costs more than it saves, and with
# up to so many, going through them one by one costs less than refusing unlikely ones in bulk.
_FEW, _CROWD = 8, 64


@compiled(
    types.int64(
        MAP,
        MAP,
        FLAGS,
        MAP,
        MAP,
        VALUES,
        types.float64,
        types.int64,
        types.float64,
        types.int64,
        _PAIRS,
        types.float64[::1],
        types.int64[::1],
    )
)
def score_pairs(
    field_x,
    field_y,
    weak,
    starts,
    ends,
    parts,
    threshold,
    may_miss,
    penalty,
    count,
    pairs,
    scores,
    misses,
):
    """
    Keep those of the first `count` pairs that are limbs, in order, holes aside.

    `parts` are the samples' places from 0 to 1, in an order in which most pairs fail early.
    `penalty` is the length beyond which a limb loses score, or 0. Fills scores and how many
    samples do not count; returns how many pairs were kept, or NOT_FINITE.
    """
    kept = 0
    for c in range(count):
        start, end = pairs[c, 0], pairs[c, 1]
        start_x, start_y = float(starts[start, 0]), float(starts[start, 1])
        end_x, end_y = float(ends[end, 0]), float(ends[end, 1])
        along_x, along_y = end_x - start_x, end_y - start_y
        length = math.sqrt(along_x * along_x + along_y * along_y)
        if length == 0.0:
            continue
        total, missed = 0.0, 0
        for sample in range(len(parts)):
            part = parts[sample]  # 0 and 1 are to be the very ends, as candidate_pairs takes them
            x, y = (1.0 - part) * start_x + part * end_x, (1.0 - part) * start_y + part * end_y
            value = field_along(field_x, field_y, weak, x, y, along_x, along_y)
            if not math.isfinite(value):
                return NOT_FINITE
            if value > threshold * length:
                total += value
                continue
            missed += 1
            if missed > may_miss:
                break
        if missed > may_miss:
            continue
        score = total / (length * len(parts))
        if penalty > 0.0:
            score += min(penalty / length - 1.0, 0.0)
        if score > 0.0:
            pairs[kept, 0] = start
            pairs[kept, 1] = end
            scores[kept] = score
            misses[kept] = missed
            kept += 1
    return kept


@compiled(
    types.int64(
        MAP,
        MAP,
        FLAGS,
        types.float64,
        types.float64,
        types.float64,
        types.float64,
        types.int64,
        types.float64,
        types.float64,
    )
)
def has_gap(field_x, field_y, weak, start_x, start_y, along_x, along_y, steps, threshold, max_gap):
    """
    Return 1 if more than `max_gap` cells of a limb do not count, between two that do, else 0.

    The limb is walked in so many steps; NOT_FINITE if the fields that were read are not finite.
    """
    length = math.sqrt(along_x * along_x + along_y * along_y)
    most = max_gap * steps / length
    # Where the end counts, every hole is one between two that count: no need to look for another.
    end_x, end_y = start_x + along_x, start_y + along_y
    end_value = field_along(field_x, field_y, weak, end_x, end_y, along_x, along_y)
    end_counts = end_value > threshold * length
    gap, begun = 0, False
    for step in range(steps + 1):
        x, y = start_x + step / steps * along_x, start_y + step / steps * along_y
        value = field_along(field_x, field_y, weak, x, y, along_x, along_y)
        if not math.isfinite(value):
            return NOT_FINITE
        if value > threshold * length:
            if gap > most:
                return 1
            begun, gap = True, 0
        elif begun:
            gap += 1
            if gap > most and end_counts:
                return 1
    return 0


@compiled(
    types.int64(
        MAP,
        MAP,
        FLAGS,
        MAP,
        MAP,
        types.int64,
        types.float64,
        types.float64,
        types.int64,
        _PAIRS,
        types.float64[::1],
        types.int64[::1],
    )
)
def drop_gapped_pairs(
    field_x,
    field_y,
    weak,
    starts,
    ends,
    num_samples,
    threshold,
    max_gap,
    count,
    pairs,
    scores,
    misses,
):
    """
    Keep those of the first `count` limbs that have no hole, in order; count them, or NOT_FINITE.

    Samples far apart can step from one person to the next, so that long limbs are walked cell by
    cell.
    """
    kept = 0
    for c in range(count):
        start, end = pairs[c, 0], pairs[c, 1]
        start_x, start_y = float(starts[start, 0]), float(starts[start, 1])
        along_x, along_y = ends[end, 0] - start_x, ends[end, 1] - start_y
        length = math.sqrt(along_x * along_x + along_y * along_y)
        steps = max(num_samples - 1, math.ceil(length))
        if misses[c] > 0 or steps >= num_samples:
            gap = has_gap(
                field_x,
                field_y,
                weak,
                start_x,
                start_y,
                along_x,
                along_y,
                steps,
                threshold,
                max_gap,
            )
            if gap == NOT_FINITE:
                return NOT_FINITE
            if gap:
                continue
        pairs[kept, 0] = start
        pairs[kept, 1] = end
        scores[kept] = scores[c]
        kept += 1
    return kept


@compiled(
    types.int64(
        MAPS,
        PEAKS,
        COUNTS,
        TABLE,
        VALUES,
        types.float64,
        COUNTS,
        types.float64,
        types.float64,
        types.boolean,
        types.int64[:, ::1],
        types.float64[::1],
    )
)
def find_limbs(
    pafs,
    peaks,
    counts,
    limbs,
    parts,
    threshold,
    min_counts,
    max_gap,
    penalty,
    optimal,
    ends,
    scores,
):
    """
    Score and match limb by limb; fill ends (room, 3) with limb, start, end, and scores (room,).

    Returns the number of limbs found, or NOT_FINITE.
    """
    width, size = pafs.shape[2], pafs.shape[1] * pafs.shape[2]
    strong = np.zeros(size + width + 1, np.uint8)
    none_weak, weak = np.zeros(size, np.uint8), np.empty(size, np.uint8)
    most = max(np.int64(1), counts.max())
    room = most * most + 1  # one more: pairs are written before they are counted
    pairs, pair_scores, misses = (
        np.empty((room, 2), np.int64),
        np.empty(room),
        np.empty(room, np.int64),
    )
    taken = np.full((2, most), -1, np.int64)
    total = 0
    for limb in range(len(limbs)):
        start, end = limbs[limb, 0], limbs[limb, 1]
        num_starts, num_ends = counts[start], counts[end]
        if num_starts == 0 or num_ends == 0:
            continue
        field_x, field_y = pafs[limbs[limb, 2]], pafs[limbs[limb, 3]]
        start_peaks, end_peaks = peaks[start, :num_starts], peaks[end, :num_ends]
        may_miss = len(parts) - min_counts[limb]
        known_weak = none_weak
        if num_starts * num_ends > _FEW:
            mask_weak_cells(field_x, field_y, start_peaks, end_peaks, threshold, strong, weak)
            known_weak = weak
        if num_starts * num_ends > _CROWD:
            count = candidate_pairs(
                field_x,
                field_y,
                weak,
                start_peaks,
                end_peaks,
                parts,
                threshold,
                may_miss,
                pairs,
            )
        else:
            count = all_pairs(num_starts, num_ends, pairs)
        if count == NOT_FINITE:
            return NOT_FINITE
        count = score_pairs(
            field_x,
            field_y,
            known_weak,
            start_peaks,
            end_peaks,
            parts,
            threshold,
            may_miss,
            penalty,
            count,
            pairs,
            pair_scores,
            misses,
        )
        if count == NOT_FINITE:
            return NOT_FINITE
        count = drop_gapped_pairs(
            field_x,
            field_y,
            known_weak,
            start_peaks,
            end_peaks,
            len(parts),
            threshold,
            max_gap,
            count,
            pairs,
            pair_scores,
            misses,
        )
        if count == NOT_FINITE:
            return NOT_FINITE
        if optimal:
            count = match_optimal(pairs[:count], pair_scores[:count], num_starts, num_ends)
        else:
            count = match_greedy(pairs[:count], pair_scores[:count], taken, limb)
        for c in range(count):
            ends[total, 0] = limb
            ends[total, 1] = pairs[c, 0]
            ends[total, 2] = pairs[c, 1]
            scores[total] = pair_scores[c]
            total += 1
    return total
