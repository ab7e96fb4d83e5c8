"""Matching: which of the possible limbs of one kind are kept, so that no end is used twice."""

from __future__ import annotations

from numba import types
import numpy as np

from openpose_ros.parsing.paf._kernels.compiling import argsort_descending, compiled


@compiled(types.void(types.int64[:, ::1], types.float64[::1]))
def sort_pairs(pairs, scores):
    """Sort both by falling score, of equals the first."""
    if len(scores) > 32:
        order = np.empty(len(scores), np.int64)
        argsort_descending(scores, order)
        old_pairs, old_scores = pairs.copy(), scores.copy()
        for i in range(len(scores)):
            pairs[i, 0] = old_pairs[order[i], 0]
            pairs[i, 1] = old_pairs[order[i], 1]
            scores[i] = old_scores[order[i]]
        return
    for i in range(1, len(scores)):
        start, end, score = pairs[i, 0], pairs[i, 1], scores[i]
        place = i
        while place > 0 and scores[place - 1] < score:
            pairs[place, 0] = pairs[place - 1, 0]
            pairs[place, 1] = pairs[place - 1, 1]
            scores[place] = scores[place - 1]
            place -= 1
        pairs[place, 0] = start
        pairs[place, 1] = end
        scores[place] = score


@compiled(types.int64(types.int64[:, ::1], types.float64[::1], types.int64[:, ::1], types.int64))
def match_greedy(pairs, scores, taken, stamp):
    """
    Keep the best pair, the best of the rest, and so on, at the front; count them.

    taken (2, room) is scratch that holds `stamp` where a start or an end is used.
    """
    sort_pairs(pairs, scores)
    count = 0
    for c in range(len(scores)):
        start, end = pairs[c, 0], pairs[c, 1]
        if taken[0, start] != stamp and taken[1, end] != stamp:
            taken[0, start] = stamp
            taken[1, end] = stamp
            pairs[count, 0] = start
            pairs[count, 1] = end
            scores[count] = scores[c]
            count += 1
    return count


@compiled(types.int64(types.int64[:, ::1], types.float64[::1], types.int64, types.int64))
def match_optimal(pairs, scores, num_starts, num_ends):
    """
    Keep the pairs of the matching with the largest total score at the front; count them.

    The Hungarian method with potentials, one shortest augmenting path a row (Jonker and
    Volgenant, Computing 38, 1987). Two ends that are no pair count 0 and are not returned.
    """
    rows, columns = num_starts, num_ends
    by_row, by_column = 0, 1
    if rows > columns:
        rows, columns, by_row, by_column = columns, rows, 1, 0
    profit = np.zeros(
        (rows + 1, columns + 1)
    )  # 1-based; row 0 is nobody's, column 0 a path's start
    for c in range(len(scores)):
        profit[pairs[c, by_row] + 1, pairs[c, by_column] + 1] = scores[c]
    row_potential = np.zeros(rows + 1)
    column_potential = np.zeros(columns + 1)
    row_of = np.zeros(columns + 1, np.int64)
    came_from = np.zeros(columns + 1, np.int64)
    for row in range(1, rows + 1):
        row_of[0] = row
        column = 0
        slack = np.full(columns + 1, np.inf)
        in_tree = np.zeros(columns + 1, np.bool_)
        while row_of[column] != 0:
            in_tree[column] = True
            here = row_of[column]
            step, nearest = np.inf, 0
            for c in range(1, columns + 1):
                if in_tree[c]:
                    continue
                cost = -profit[here, c] - row_potential[here] - column_potential[c]
                if cost < slack[c]:
                    slack[c] = cost
                    came_from[c] = column
                if slack[c] < step:
                    step, nearest = slack[c], c
            for c in range(columns + 1):
                if in_tree[c]:
                    row_potential[row_of[c]] += step
                    column_potential[c] -= step
                else:
                    slack[c] -= step
            column = nearest
        while column != 0:
            row_of[column] = row_of[came_from[column]]
            column = came_from[column]
    count = 0
    for c in range(1, columns + 1):
        if profit[row_of[c], c] > 0.0:
            pairs[count, by_row] = row_of[c] - 1
            pairs[count, by_column] = c - 1
            scores[count] = profit[row_of[c], c]
            count += 1
    return count
