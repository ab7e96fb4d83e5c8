"""Matching: which of the possible limbs of one kind are kept, so that no end is used twice."""

from __future__ import annotations

from numba import types
import numpy as np

from openpose_ros.parsing._kernels.compiling import COUNTS, NUMBERS, VALUES, piece
from openpose_ros.parsing._kernels.sorting import argsort_descending

END_BITS = 16  # a pair is one number: that of its start, and in so many bits that of its end
END_MASK = (1 << END_BITS) - 1


@piece(types.int64(COUNTS, VALUES, types.int64, NUMBERS, types.int64, types.int64, NUMBERS))
def match_greedy(pairs, scores, count, taken, most, stamp, order):
    """
    Keep the best of the first pairs, the best of the rest, and so on.

    taken (2 * most,) is scratch that holds `stamp` where a start or an end is used. Returns how
    many are kept, of which order (twice as many as pairs) has the places.
    """
    argsort_descending(scores, count, order)
    kept = 0
    for i in range(count):
        start, end = pairs[order[i]] >> END_BITS, most + (pairs[order[i]] & END_MASK)
        if taken[start] != stamp and taken[end] != stamp:
            taken[start] = stamp
            taken[end] = stamp
            order[kept] = order[i]
            kept += 1
    return kept


@piece(
    types.int64(
        *(COUNTS, VALUES, types.int64, types.int64, types.int64, NUMBERS, NUMBERS),
        types.Array(types.float64, 1, 'C'),
    ),
    alone=True,
)
def match_optimal(pairs, scores, count, num_starts, num_ends, order, numbers, reals):
    """
    Keep the pairs of the matching with the largest total score.

    The Hungarian method with potentials, one shortest augmenting path a row (Jonker and
    Volgenant, Computing 38, 1987). Two ends that are no pair count 0 and are not kept. Returns
    how many are, of which order has the places. numbers and reals are scratch: n * n + 3 n and
    3 n, with n one more than the larger number of ends.
    """
    wide = max(num_starts, num_ends) + 1  # 1-based; row 0 is nobody's, column 0 a path's start
    places = numbers[3 * wide :]
    row_of, came_from, in_tree = numbers[:wide], numbers[wide : 2 * wide], numbers[2 * wide :]
    row_potential, column_potential, slack = (
        reals[:wide],
        reals[wide : 2 * wide],
        reals[2 * wide :],
    )
    for i in range(wide * wide):
        places[i] = -1
    for c in range(count):
        places[((pairs[c] >> END_BITS) + 1) * wide + (pairs[c] & END_MASK) + 1] = c
    for c in range(wide):
        row_of[c] = 0
        row_potential[c] = column_potential[c] = 0.0
    for row in range(1, wide):
        row_of[0] = row
        column = 0
        for c in range(wide):
            slack[c] = np.inf
            in_tree[c] = 0
        while row_of[column] != 0:
            in_tree[column] = 1
            here = row_of[column]
            step, nearest = np.inf, 0
            for c in range(1, wide):
                if in_tree[c] != 0:
                    continue
                place = places[here * wide + c]
                profit = scores[place] if place >= 0 else 0.0
                cost = -profit - row_potential[here] - column_potential[c]
                if cost < slack[c]:
                    slack[c] = cost
                    came_from[c] = column
                if slack[c] < step:
                    step, nearest = slack[c], c
            for c in range(wide):
                if in_tree[c] != 0:
                    row_potential[row_of[c]] += step
                    column_potential[c] -= step
                else:
                    slack[c] -= step
            column = nearest
        while column != 0:
            row_of[column] = row_of[came_from[column]]
            column = came_from[column]
    kept = 0
    for c in range(1, wide):
        place = places[row_of[c] * wide + c]
        if place >= 0 and scores[place] > 0.0:
            order[kept] = place
            kept += 1
    return kept
