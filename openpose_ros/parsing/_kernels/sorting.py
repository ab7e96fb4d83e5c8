"""
Sorting, as small as it can be compiled.

Indices are unsigned, so that none can count from the end: asking whether it does takes a fifth of
the time.
"""

from __future__ import annotations

from numba import types
import numpy as np

from openpose_ros.parsing._kernels.compiling import COUNTS, NUMBERS, VALUES, piece

_SHORT = 32  # measured: runs below this are made longer by insertion before they are merged


@piece(types.int64(VALUES, COUNTS, types.int64, types.int64))
def end_of_run(values, order, first, end):
    """Return behind what is in order already from the first place on; `end` is behind the last."""
    place = first + 1
    if place >= end:
        return end
    before = values[np.uint64(order[np.uint64(first)])]
    while place < end:
        value = values[np.uint64(order[np.uint64(place)])]
        if value > before:
            break
        before = value
        place += 1
    return place


@piece(types.void(VALUES, types.int64, NUMBERS))
def lengthen_runs(values, count, order):
    """Sort by insertion what is not in order, until runs are of some length."""
    first = 0
    while first < count:
        place = end_of_run(values, order, first, count)
        while place < count and place - first < _SHORT:
            mine, free = order[place], place
            value = values[np.uint64(mine)]
            while free > first and values[np.uint64(order[np.uint64(free - 1)])] < value:
                order[np.uint64(free)] = order[np.uint64(free - 1)]
                free -= 1
            order[np.uint64(free)] = mine
            place += 1
        first = place


@piece(types.void(VALUES, types.int64, NUMBERS), alone=True)
def argsort_descending(values, count, order):
    """
    Fill order with the places of the first values from largest to smallest, of equals the first.

    Behind these, order has room for as many numbers again, which are scratch.

    What is in order already is merged, two runs at a time: limbs come so, those of one kind after
    those of another. np.argsort compiles for 4 s, and again in every kernel that calls it.
    """
    for i in range(count):
        order[i] = i
    lengthen_runs(values, count, order)
    source, target = 0, count
    while end_of_run(values, order, source, source + count) < source + count:
        end, place = source + count, target
        right = source
        while right < end:
            left = right
            middle = right = end_of_run(values, order, left, end)
            last = end_of_run(values, order, middle, end)
            while left < middle and right < last:
                # No branch, which nobody could foresee.
                one, other = np.uint64(order[np.uint64(left)]), np.uint64(order[np.uint64(right)])
                is_first = values[one] >= values[other]
                order[np.uint64(place)] = one if is_first else other
                left += is_first
                right += not is_first
                place += 1
            for rest in range(left, middle):
                order[place] = order[rest]
                place += 1
            for rest in range(right, last):
                order[place] = order[rest]
                place += 1
            right = last
        source, target = target, source
    for i in range(count if source > 0 else 0):
        order[i] = order[count + i]
