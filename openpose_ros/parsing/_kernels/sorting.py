"""Sorting, as small as it can be compiled."""

from __future__ import annotations

from numba import types

from openpose_ros.parsing._kernels.compiling import NUMBERS, VALUES, piece


@piece(types.void(VALUES, types.int64, NUMBERS), alone=True)
def argsort_descending(values, count, order):
    """
    Fill order with the places of the first values from largest to smallest, of equals the first.

    Shell's sort with Knuth's gaps, which is sorting by insertion where there are few. np.argsort
    compiles for 4 s, and again in every kernel that calls it.
    """
    for i in range(count):
        order[i] = i
    gap = 1
    while 9 * gap < count:
        gap = 3 * gap + 1
    while gap > 0:
        for i in range(gap, count):
            mine, place = order[i], i
            while place >= gap:
                other = order[place - gap]
                if values[other] > values[mine] or (
                    values[other] == values[mine] and other < mine
                ):
                    break
                order[place] = other
                place -= gap
            order[place] = mine
        gap //= 3
