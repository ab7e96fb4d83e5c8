"""Limbs between peaks: scores along part affinity fields."""

from __future__ import annotations

import math

from numba import types
import numpy as np

from openpose_ros.parsing.paf._kernels.compiling import (
    COUNTS,
    FLAGS,
    FREE_LENGTH,
    MAP,
    MAPS,
    NOT_FINITE,
    OPTIMAL,
    PAF_MAX_GAP,
    PAF_THRESHOLD,
    PEAKS,
    SETTINGS,
    TABLE,
    VALUES,
    compiled,
)
from openpose_ros.parsing.paf._kernels.matching import match_greedy, match_optimal
from openpose_ros.parsing.paf._kernels.pairs import (
    ENDS,
    all_pairs,
    candidate_pairs,
    field_along,
    look_at_peaks,
    mask_weak_cells,
)

_PAIRS = types.int64[:, ::1]
# Measured: with up to so many pairs of a limb, marking its map costs more than it saves, and with
# up to so many, going through them one by one costs less than refusing unlikely ones in bulk.
_FEW, _CROWD = 8, 16


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
        ENDS,
        ENDS,
        VALUES,
        types.float64,
        types.int64,
        types.float64,
        types.float64,
        types.int64,
        _PAIRS,
        types.float64[::1],
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
    max_gap,
    free_length,
    count,
    pairs,
    scores,
):
    """
    Keep those of the first `count` pairs that are limbs, in order, and fill their scores.

    `parts` are the samples' places from 0 to 1, in an order in which most pairs fail early, the
    ends last. `free_length` is the length beyond which a limb loses score, or 0. Samples far
    apart can step from one person to the next, so that long limbs are walked cell by cell.
    Returns how many pairs were kept, or NOT_FINITE.
    """
    kept, num_samples = 0, len(parts)
    # Where few samples must count most long pairs have them, of one person or another: they are
    # walked before they are sampled, if the end counts, or else the walk is long.
    gap_first = 2 * may_miss >= num_samples
    for c in range(count):
        start, end = pairs[c, 0], pairs[c, 1]
        start_x, start_y = starts[0, start], starts[1, start]
        end_x, end_y = ends[0, end], ends[1, end]
        along_x, along_y = end_x - start_x, end_y - start_y
        length = math.sqrt(along_x * along_x + along_y * along_y)
        if length == 0.0:
            continue
        least = threshold * length
        first = starts[2, start] * along_x + starts[3, start] * along_y
        last = ends[2, end] * along_x + ends[3, end] * along_y
        missed = int(not first > least) + int(not last > least)
        steps = max(num_samples - 1, math.ceil(length))
        walk = start_x, start_y, along_x, along_y, steps, threshold, max_gap
        is_long = steps >= num_samples
        walked = is_long and gap_first and last > least
        if walked:
            gap = has_gap(field_x, field_y, weak, *walk)
            if gap == NOT_FINITE:
                return NOT_FINITE
            if gap:
                continue
        total = 0.0
        for sample in range(num_samples - 2):
            if missed > may_miss:
                break
            part = parts[sample]
            x, y = (1.0 - part) * start_x + part * end_x, (1.0 - part) * start_y + part * end_y
            value = field_along(field_x, field_y, weak, x, y, along_x, along_y)
            if not math.isfinite(value):
                return NOT_FINITE
            if value > least:
                total += value
            else:
                missed += 1
        if missed > may_miss:
            continue
        if first > least:
            total += first
        if last > least:
            total += last
        score = total / (length * num_samples)
        if free_length > 0.0:
            score += min(free_length / length - 1.0, 0.0)
        if score <= 0.0:
            continue
        if (is_long and not walked) or (missed > 0 and not is_long):
            gap = has_gap(field_x, field_y, weak, *walk)
            if gap == NOT_FINITE:
                return NOT_FINITE
            if gap:
                continue
        pairs[kept, 0] = start
        pairs[kept, 1] = end
        scores[kept] = score
        kept += 1
    return kept


@compiled(
    types.int64(
        MAPS,
        PEAKS,
        COUNTS,
        TABLE,
        VALUES,
        *SETTINGS,
        types.int64[:, ::1],
        types.float64[::1],
    )
)
def find_limbs(pafs, peaks, counts, limbs, parts, whole, real, ends, scores):
    """
    Score and match limb by limb; fill ends (room, 3) with limb, start, end, and scores (room,).

    Returns the number of limbs found, or NOT_FINITE.
    """
    height, width = pafs.shape[1:]
    size = height * width
    threshold, free_length = real[PAF_THRESHOLD], real[FREE_LENGTH] * height
    strong = np.zeros(size + width + 1, np.uint8)
    none_weak, weak = np.zeros(size, np.uint8), np.empty(size, np.uint8)
    most = max(np.int64(1), counts.max())
    room = most * most + 1  # one more: pairs are written before they are counted
    pairs, pair_scores = np.empty((room, 2), np.int64), np.empty(room)
    start_room, end_room = np.empty(4 * most), np.empty(4 * most)
    taken = np.full((2, most), -1, np.int64)
    total = 0
    for limb in range(len(limbs)):
        start, end = limbs[limb, 0], limbs[limb, 1]
        num_starts, num_ends = counts[start], counts[end]
        if num_starts == 0 or num_ends == 0:
            continue
        field_x, field_y = pafs[limbs[limb, 2]], pafs[limbs[limb, 3]]
        may_miss = len(parts) - limbs[limb, 4]
        start_table = start_room[: 4 * num_starts].reshape(4, num_starts)
        end_table = end_room[: 4 * num_ends].reshape(4, num_ends)
        if not (
            look_at_peaks(field_x, field_y, peaks[start, :num_starts], start_table)
            and look_at_peaks(field_x, field_y, peaks[end, :num_ends], end_table)
        ):
            return NOT_FINITE
        known_weak = none_weak
        if num_starts * num_ends > _FEW:
            mask_weak_cells(field_x, field_y, start_table, end_table, threshold, strong, weak)
            known_weak = weak
        if num_starts * num_ends > _CROWD:
            count = candidate_pairs(
                start_table, end_table, width, weak, parts, threshold, may_miss, pairs
            )
        else:
            count = all_pairs(num_starts, num_ends, pairs)
        count = score_pairs(
            field_x,
            field_y,
            known_weak,
            start_table,
            end_table,
            parts,
            threshold,
            may_miss,
            real[PAF_MAX_GAP],
            free_length,
            count,
            pairs,
            pair_scores,
        )
        if count == NOT_FINITE:
            return NOT_FINITE
        if whole[OPTIMAL]:
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
