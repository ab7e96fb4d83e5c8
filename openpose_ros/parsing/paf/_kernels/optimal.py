"""
The way from maps to people with optimal matching, compiled when somebody first asks for it.

It is `parse` with another matching, and would make the first start of everybody else longer.
"""

from __future__ import annotations

from openpose_ros.parsing._kernels.compiling import NOT_FINITE, compiled, piece
from openpose_ros.parsing.paf._kernels.limbs import FIND_LIMBS, keep_pairs, score_limb
from openpose_ros.parsing.paf._kernels.matching import match_optimal
from openpose_ros.parsing.paf._kernels.parse import (
    OVERFLOW_BITS,
    PAFS_NOT_FINITE,
    PARSE,
    TOO_FEW_ROWS,
    find_candidates,
    join_limbs,
)


@piece(FIND_LIMBS)
def find_limbs_optimally(
    pafs, peaks, counts, limbs, parts, whole, real, marks, numbers, reals, tables, ends, strengths
):
    """As `find_limbs`."""
    most = tables.shape[1]
    room = most * most + 1
    pairs, order, scratch = numbers[:room], numbers[room : 3 * room], numbers[3 * room :]
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
            scratch,
            pairs,
            reals,
        )
        if count == NOT_FINITE:
            return NOT_FINITE
        num_starts, num_ends = counts[limbs[limb, 0]], counts[limbs[limb, 1]]
        if count > 0:
            count = match_optimal(
                pairs, reals, count, num_starts, num_ends, order, scratch, reals[room:]
            )
        keep_pairs(limb, pairs, reals, order, count, ends, strengths, total)
        total += count
    return total


@compiled(PARSE)
def parse_optimally(
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
    """As `parse`."""
    strengths, scratch = reals[: len(ends)], reals[len(ends) :]
    left_out = find_candidates(
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
        tables,
    )
    if left_out < 0:
        return left_out
    connected = find_limbs_optimally(
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
