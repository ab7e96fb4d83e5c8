"""Limbs between peaks: scores along part affinity fields."""

from __future__ import annotations

import math

from numba import types
import numpy as np

from openpose_ros.parsing._kernels.compiling import (
    COUNTS,
    MAP,
    MAPS,
    NOT_FINITE,
    PEAKS,
    TABLE,
    VALUES,
    compiled,
)
from openpose_ros.parsing._kernels.matching import match_greedy, match_optimal

_ENDS = types.Array(types.float64, 2, 'C', readonly=True)
_WEAK = types.Array(types.int32, 2, 'C', readonly=True)
_SCORER = types.int64(
    MAP,
    MAP,
    _WEAK,
    MAP,
    MAP,
    VALUES,
    types.float64,
    types.int64,
    types.float64,
    types.float64,
    types.int64[:, ::1],
    types.float64[::1],
)


@compiled(types.UniTuple(types.float64, 2)(MAP, MAP, types.float64, types.float64))
def field_at(field_x, field_y, x, y):
    """Return the field at a point inside the map, bilinear between the four cells around it."""
    height, width = field_x.shape
    left, top = int(x), int(y)
    right, bottom = min(left + 1, width - 1), min(top + 1, height - 1)
    part_x, part_y = x - left, y - top
    upper_left = (1.0 - part_x) * (1.0 - part_y)
    upper_right = part_x * (1.0 - part_y)
    lower_left = (1.0 - part_x) * part_y
    lower_right = part_x * part_y
    value_x = (
        upper_left * field_x[top, left]
        + upper_right * field_x[top, right]
        + lower_left * field_x[bottom, left]
        + lower_right * field_x[bottom, right]
    )
    value_y = (
        upper_left * field_y[top, left]
        + upper_right * field_y[top, right]
        + lower_left * field_y[bottom, left]
        + lower_right * field_y[bottom, right]
    )
    return value_x, value_y


@compiled(
    types.void(
        MAP,
        MAP,
        types.float64,
        types.Array(types.uint8, 2, 'C'),
        types.Array(types.int32, 2, 'C'),
    )
)
def mark_weak(field_x, field_y, threshold, strong, weak):
    """
    Fill weak (h, w): 1 where no point from a cell to the next in x and y can count, else 0.

    No bilinear value is longer than the longest of its four corners. NaN is not weak.
    """
    height, width = field_x.shape
    limit = np.float32(threshold * threshold * 0.9999)  # below every rounding error
    for y in range(height):
        for x in range(width):
            square = field_x[y, x] * field_x[y, x] + field_y[y, x] * field_y[y, x]
            strong[y, x] = not square <= limit
    for y in range(height):
        below = min(y + 1, height - 1)
        for x in range(width - 1):
            weak[y, x] = 1 - (
                strong[y, x] | strong[y, x + 1] | strong[below, x] | strong[below, x + 1]
            )
        weak[y, width - 1] = 1 - (strong[y, width - 1] | strong[below, width - 1])


@compiled(
    types.void(
        types.float64,
        types.float64,
        types.float64,
        types.float64,
        _ENDS,
        VALUES,
        types.float64,
        types.int64,
        _WEAK,
        types.int64[::1],
        types.int64[::1],
    )
)
def count_misses(
    start_x, start_y, field_x, field_y, ends, parts, threshold, enough, weak, cells, misses
):
    """
    Fill misses with how many of both ends and the first `enough` samples cannot count.

    Neither loop has a branch, so that both become vector instructions: in a crowd this refuses
    nearly all of the many pairs at a tenth of the cost of sampling them.
    """
    width, num_ends = weak.shape[1], ends.shape[1]
    is_weak = weak.reshape(weak.size)
    for j in range(num_ends):
        along_x, along_y = ends[0, j] - start_x, ends[1, j] - start_y
        least = threshold * math.sqrt(along_x * along_x + along_y * along_y)
        first = field_x * along_x + field_y * along_y
        last = ends[2, j] * along_x + ends[3, j] * along_y
        misses[j] = (first <= least) + (last <= least)
    for sample in range(enough):
        part = parts[sample]
        for j in range(num_ends):
            x = start_x + part * (ends[0, j] - start_x)
            y = start_y + part * (ends[1, j] - start_y)
            cells[j] = int(y) * width + int(x)
        for j in range(num_ends):
            misses[j] += is_weak[cells[j]]


@compiled(
    types.int64(
        MAP,
        MAP,
        _WEAK,
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
    gap, begun = 0, False
    for step in range(steps + 1):
        x, y = start_x + step / steps * along_x, start_y + step / steps * along_y
        counts = False
        if weak[int(y), int(x)] == 0:
            here_x, here_y = field_at(field_x, field_y, x, y)
            value = here_x * along_x + here_y * along_y
            if not math.isfinite(value):
                return NOT_FINITE
            counts = value > threshold * length
        if counts:
            if gap > most:
                return 1
            begun, gap = True, 0
        elif begun:
            gap += 1
    return 0


@compiled(
    types.float64(
        MAP,
        MAP,
        _WEAK,
        types.float64,
        types.float64,
        types.float64,
        types.float64,
        VALUES,
        types.float64,
        types.int64,
        types.float64,
        types.float64,
    )
)
def score_pair(
    field_x,
    field_y,
    weak,
    start_x,
    start_y,
    end_x,
    end_y,
    parts,
    threshold,
    may_miss,
    max_gap,
    penalty,
):
    """Return a limb's score, 0 if it is none, or NaN if the fields it read are not finite."""
    along_x, along_y = end_x - start_x, end_y - start_y
    length = math.sqrt(along_x * along_x + along_y * along_y)
    if length == 0.0:
        return 0.0
    total, missed = 0.0, 0
    for sample in range(len(parts)):
        x, y = start_x + parts[sample] * along_x, start_y + parts[sample] * along_y
        if weak[int(y), int(x)] == 0:
            here_x, here_y = field_at(field_x, field_y, x, y)
            value = here_x * along_x + here_y * along_y  # along the limb, times its length
            if not math.isfinite(value):
                return np.nan
            if value > threshold * length:
                total += value
                continue
        missed += 1
        if missed > may_miss:
            return 0.0
    # Samples far apart can step from one person to the next, so that long limbs are walked cell
    # by cell.
    steps = max(len(parts) - 1, math.ceil(length))
    if missed > 0 or steps >= len(parts):
        gap = has_gap(
            field_x, field_y, weak, start_x, start_y, along_x, along_y, steps, threshold, max_gap
        )
        if gap == NOT_FINITE:
            return np.nan
        if gap:
            return 0.0
    score = total / (length * len(parts))
    if penalty > 0.0:
        score += min(penalty / length - 1.0, 0.0)
    return max(score, 0.0)


@compiled(_SCORER)
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
    penalty,
    pairs,
    scores,
):
    """
    Fill pairs (room, 2) and scores (room,) with the limbs among all pairs of ends, in order.

    `parts` are the samples' places from 0 to 1, the two ends last, before them in an order in
    which most pairs fail early. `penalty` is the length beyond which a limb loses score, or 0.
    Returns the number of limbs, or NOT_FINITE.
    """
    count = 0
    for i in range(len(starts)):
        x, y = float(starts[i, 0]), float(starts[i, 1])
        for j in range(len(ends)):
            end_x, end_y = float(ends[j, 0]), float(ends[j, 1])
            score = score_pair(
                field_x,
                field_y,
                weak,
                x,
                y,
                end_x,
                end_y,
                parts,
                threshold,
                may_miss,
                max_gap,
                penalty,
            )
            if score > 0.0:
                pairs[count, 0] = i
                pairs[count, 1] = j
                scores[count] = score
                count += 1
            elif math.isnan(score):
                return NOT_FINITE
    return count


@compiled(_SCORER)
def score_crowd(
    field_x,
    field_y,
    weak,
    starts,
    ends,
    parts,
    threshold,
    may_miss,
    max_gap,
    penalty,
    pairs,
    scores,
):
    """Do what score_pairs does, sooner if there are many pairs and `weak` is filled."""
    num_ends = len(ends)
    enough = min(may_miss + 3, len(parts) - 2)
    end_table = np.empty((4, num_ends))
    cells, misses = np.empty(num_ends, np.int64), np.empty(num_ends, np.int64)
    for j in range(num_ends):
        end_table[0, j], end_table[1, j] = ends[j, 0], ends[j, 1]
        end_table[2, j], end_table[3, j] = field_at(
            field_x, field_y, end_table[0, j], end_table[1, j]
        )
        if not math.isfinite(end_table[2, j] + end_table[3, j]):
            return NOT_FINITE
    count = 0
    for i in range(len(starts)):
        x, y = float(starts[i, 0]), float(starts[i, 1])
        here_x, here_y = field_at(field_x, field_y, x, y)
        if not math.isfinite(here_x + here_y):
            return NOT_FINITE
        count_misses(
            x, y, here_x, here_y, end_table, parts, threshold, enough, weak, cells, misses
        )
        for j in range(num_ends):
            if misses[j] > may_miss:
                continue
            end_x, end_y = end_table[0, j], end_table[1, j]
            score = score_pair(
                field_x,
                field_y,
                weak,
                x,
                y,
                end_x,
                end_y,
                parts,
                threshold,
                may_miss,
                max_gap,
                penalty,
            )
            if score > 0.0:
                pairs[count, 0] = i
                pairs[count, 1] = j
                scores[count] = score
                count += 1
            elif math.isnan(score):
                return NOT_FINITE
    return count


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
    strong = np.empty(pafs.shape[1:], np.uint8)
    none_weak, weak = np.zeros(pafs.shape[1:], np.int32), np.empty(pafs.shape[1:], np.int32)
    most = max(np.int64(1), counts.max())
    pairs, pair_scores = np.empty((most * most, 2), np.int64), np.empty(most * most)
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
        if num_starts * num_ends > 64:  # fewer pairs are scored before the map is marked
            mark_weak(field_x, field_y, threshold, strong, weak)
            count = score_crowd(
                field_x,
                field_y,
                weak,
                start_peaks,
                end_peaks,
                parts,
                threshold,
                may_miss,
                max_gap,
                penalty,
                pairs,
                pair_scores,
            )
        else:
            count = score_pairs(
                field_x,
                field_y,
                none_weak,
                start_peaks,
                end_peaks,
                parts,
                threshold,
                may_miss,
                max_gap,
                penalty,
                pairs,
                pair_scores,
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
