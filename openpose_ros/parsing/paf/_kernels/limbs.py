"""Limbs between peaks: scores along part affinity fields."""

from __future__ import annotations

import math

from numba import types
import numpy as np

from openpose_ros.parsing._kernels.compiling import (
    COUNTS,
    FLAGS,
    MAP,
    MAPS,
    NOT_FINITE,
    NUMBERS,
    TABLE,
    VALUES,
    piece,
)
from openpose_ros.parsing.paf._kernels.matching import END_BITS, END_MASK, match_greedy
from openpose_ros.parsing.paf._kernels.pairs import (
    ENDS,
    candidate_pairs,
    field_along,
    look_at_peaks,
    mask_weak_cells,
)
from openpose_ros.parsing.paf._kernels.settings import (
    BY_PEAKS,
    FREE_LENGTH,
    PAF_MAX_GAP,
    PAF_THRESHOLD,
    SETTINGS,
)

_REALS = types.Array(types.float64, 1, 'C')
# Measured: with up to so many pairs of a limb, marking its map costs more than it saves, and with
# up to so many, going through them one by one costs less than refusing unlikely ones in bulk.
_FEW, _CROWD = 8, 16
# What a redundant limb counts of its score where peaks count: mostly the tree's come before it.
_REDUNDANT_SHARE = 0.5


@piece(
    types.int64(
        *(MAP, MAP, FLAGS, types.float64, types.float64, types.float64, types.float64),
        *(types.int64, types.float64, types.float64),
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


@piece(
    types.boolean(
        *(FLAGS, types.int64, types.float64, types.float64, types.float64, types.float64),
        *(types.int64, types.float64),
    )
)
def has_weak_gap(weak, width, start_x, start_y, along_x, along_y, steps, most):
    """
    Say whether more than `most` steps in a row are in weak cells, neither the first nor the last.

    Where both ends count that is a gap, and found without a look at the fields. From the last of
    so many steps back: where one is not weak, those before it cannot be such a row.
    """
    row = np.int64(most) + 1
    before, probe = 0, row
    while probe < steps:
        step = probe
        while step > before:
            x, y = start_x + step / steps * along_x, start_y + step / steps * along_y
            if weak[np.uint64(np.int64(y) * width + np.int64(x))] == 0:
                break
            step -= 1
        if step == before:
            return True
        before, probe = step, step + row
    return False


@piece(
    types.int64(
        *(MAP, MAP, FLAGS, ENDS, ENDS, VALUES, types.float64, types.int64, types.float64),
        *(types.float64, types.int64, NUMBERS, _REALS),
    ),
    early=True,  # a tenth of the time with fifty people
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
        start, end = pairs[c] >> END_BITS, pairs[c] & END_MASK
        start_x, start_y = starts[0, start], starts[1, start]
        end_x, end_y = ends[0, end], ends[1, end]
        along_x, along_y = end_x - start_x, end_y - start_y
        length = math.sqrt(along_x * along_x + along_y * along_y)
        if length == 0.0:
            continue
        least = threshold * length
        first = starts[2, start] * along_x + starts[3, start] * along_y
        last = ends[2, end] * along_x + ends[3, end] * along_y
        missed = 0 if first > least else 1
        if not last > least:
            missed += 1
        steps = num_samples - 1
        if length > steps:
            steps = math.ceil(length)
        walk = start_x, start_y, along_x, along_y, steps, threshold, max_gap
        is_long = steps >= num_samples
        walked = is_long and gap_first and last > least
        if walked:
            if first > least and has_weak_gap(
                weak,
                *(field_x.shape[1], start_x, start_y, along_x, along_y, steps),
                max_gap * steps / length,
            ):
                continue
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
        if length > free_length > 0.0:
            score += free_length / length - 1.0
        if score <= 0.0:
            continue
        if (is_long and not walked) or (missed > 0 and not is_long):
            gap = has_gap(field_x, field_y, weak, *walk)
            if gap == NOT_FINITE:
                return NOT_FINITE
            if gap:
                continue
        pairs[kept] = pairs[c]
        scores[kept] = score
        kept += 1
    return kept


@piece(types.void(MAPS, TABLE, types.int64, COUNTS, types.int64, _REALS))
def weigh_by_peaks(peaks, limbs, limb, pairs, count, scores):
    """Multiply so many scores by the cube root of what both ends have; less if redundant."""
    share = _REDUNDANT_SHARE if limbs[limb, 5] != 0 else 1.0
    for c in range(count):
        start = np.float64(peaks[limbs[limb, 0], pairs[c] >> END_BITS, 2])
        end = np.float64(peaks[limbs[limb, 1], pairs[c] & END_MASK, 2])
        scores[c] *= share * (start * end) ** (1.0 / 3.0)


@piece(
    types.int64(
        *(MAPS, MAPS, COUNTS, TABLE, types.int64, VALUES, *SETTINGS),
        *(types.Array(types.uint8, 1, 'C'), types.Array(types.float64, 2, 'C')),
        *(NUMBERS, NUMBERS, _REALS),
    )
)
def score_limb(
    pafs, peaks, counts, limbs, limb, parts, whole, real, marks, tables, numbers, pairs, scores
):
    """
    Fill pairs of peaks that may be one kind of limb, and the scores that they are taken by.

    numbers are scratch, two for each peak that there is room for. Returns how many pairs there
    are, or NOT_FINITE.
    """
    size, width = pafs.shape[1] * pafs.shape[2], pafs.shape[2]
    most, threshold = tables.shape[1], real[PAF_THRESHOLD]
    start, end = limbs[limb, 0], limbs[limb, 1]
    num_starts, num_ends = counts[start], counts[end]
    if num_starts == 0 or num_ends == 0:
        return 0
    unmarked, weak, start_table, end_table = marks[:size], marks[size:], tables[:4], tables[4:]
    field_x, field_y = pafs[limbs[limb, 2]], pafs[limbs[limb, 3]]
    may_miss = len(parts) - limbs[limb, 4]
    known_weak = unmarked
    if num_starts * num_ends > _FEW:
        mask_weak_cells(
            field_x,
            field_y,
            peaks[start],
            num_starts,
            peaks[end],
            num_ends,
            threshold,
            marks[2 * size :],
            weak,
        )
        known_weak = weak
    # Once the fields were read in the order of memory, which the processor foresees.
    if not (
        look_at_peaks(field_x, field_y, peaks[start], num_starts, start_table)
        and look_at_peaks(field_x, field_y, peaks[end], num_ends, end_table)
    ):
        return NOT_FINITE
    count = candidate_pairs(
        start_table,
        num_starts,
        end_table,
        num_ends,
        width,
        weak,
        parts,
        threshold,
        may_miss,
        num_starts * num_ends > _CROWD,
        numbers,
        numbers[most:],
        pairs,
    )
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
        real[FREE_LENGTH] * pafs.shape[1],
        count,
        pairs,
        scores,
    )
    if whole[BY_PEAKS] != 0:
        weigh_by_peaks(peaks, limbs, limb, pairs, count, scores)
    return count


@piece(
    types.void(
        *(types.int64, COUNTS, VALUES, COUNTS, types.int64),
        *(types.Array(types.int64, 2, 'C'), _REALS, types.int64),
    )
)
def keep_pairs(limb, pairs, scores, order, count, ends, strengths, total):
    """Add to ends (room, 3) and strengths, of which a total is filled, the pairs in order."""
    for c in range(count):
        pair = order[c]
        ends[total + c, 0] = limb
        ends[total + c, 1] = pairs[pair] >> END_BITS
        ends[total + c, 2] = pairs[pair] & END_MASK
        strengths[total + c] = scores[pair]


FIND_LIMBS = types.int64(
    *(MAPS, MAPS, COUNTS, TABLE, VALUES, *SETTINGS, types.Array(types.uint8, 1, 'C'), NUMBERS),
    *(_REALS, types.Array(types.float64, 2, 'C'), types.Array(types.int64, 2, 'C'), _REALS),
)


@piece(FIND_LIMBS)
def find_limbs(
    pafs, peaks, counts, limbs, parts, whole, real, marks, numbers, reals, tables, ends, strengths
):
    """
    Score and match limb by limb; fill ends (room, 3) with limb, start, end, and their strengths.

    marks, numbers, reals and tables are those of a Room, as wide as it has room for peaks.
    Returns the number of limbs found, or NOT_FINITE.
    """
    most = tables.shape[1]
    room = most * most + 1  # one more: pairs are written before they are counted
    pairs, order, taken = numbers[:room], numbers[room : 3 * room], numbers[3 * room :]
    for i in range(2 * most):
        taken[i] = -1
    total = 0
    for limb in range(len(limbs)):
        count = score_limb(
            pafs,
            peaks,
            counts,
            limbs,
            limb,
            parts,
            whole,
            real,
            marks,
            tables,
            taken[2 * most :],
            pairs,
            reals,
        )
        if count == NOT_FINITE:
            return NOT_FINITE
        count = match_greedy(pairs, reals, count, taken, most, limb, order)
        keep_pairs(limb, pairs, reals, order, count, ends, strengths, total)
        total += count
    return total
