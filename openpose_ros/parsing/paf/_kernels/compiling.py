"""How the kernels are compiled, the types of their arguments, and what two of them share."""

from __future__ import annotations

import numba
from numba import types
import numpy as np

from openpose_ros.parsing.paf._kernels.cache import keep_compiled

_OPTIONS = {'error_model': 'numpy', 'nogil': True}

MAPS = types.Array(types.float32, 3, 'C', readonly=True)
MAP = types.Array(types.float32, 2, 'C', readonly=True)
ROW = types.Array(types.float32, 1, 'C', readonly=True)
PEAKS = types.Array(types.float32, 3, 'C', readonly=True)
COUNTS = types.Array(types.int64, 1, 'C', readonly=True)
TABLE = types.Array(types.int64, 2, 'C', readonly=True)
VALUES = types.Array(types.float64, 1, 'C', readonly=True)
FLAGS = types.Array(types.uint8, 1, 'C', readonly=True)

# Settings come in two arrays, of whole and of real numbers; these are the places in them. They are
# two arguments for eleven: each costs its unpacking, and more while the processor's caches are
# cold.
SETTINGS = COUNTS, VALUES
MAX_PEAKS, NMS_RADIUS, PEAK_THRESHOLD_BITS, OPTIMAL, MIN_PARTS, MAX_PEOPLE = range(6)
PEAK_THRESHOLD, PAF_THRESHOLD, PAF_MAX_GAP, FREE_LENGTH, MIN_SCORE = range(5)

IS_COMPILED = not numba.config.DISABLE_JIT  # then signatures are checked at each call

NOT_FINITE = -1  # returned where a count is expected: a map holds NaN or infinity


def compiled(signature):
    """Compile now, or take what Numba's cache has."""

    def compile_function(function):
        if numba.config.DISABLE_JIT:
            return function
        dispatcher = numba.njit(**_OPTIONS)(function)
        keep_compiled(dispatcher)
        dispatcher.compile(signature)
        dispatcher.disable_compile()
        return dispatcher

    return compile_function


@compiled(types.void(VALUES, types.int64[::1]))
def argsort_descending(values, order):
    """
    Fill order with the places of the values from largest to smallest, of equals the first.

    Runs are merged from the bottom up, the first ones sorted by insertion; np.argsort does the
    same, but compiles for 4 s, and again in every kernel that calls it.
    """
    count, run = len(values), 16
    for start in range(0, count, run):
        for i in range(start, min(start + run, count)):
            place = i
            while place > start and values[order[place - 1]] < values[i]:
                order[place] = order[place - 1]
                place -= 1
            order[place] = i
    merged = np.empty(count if count > run else 0, np.int64)
    while run < count:
        for start in range(0, count, 2 * run):
            middle, end = min(start + run, count), min(start + 2 * run, count)
            left, right = start, middle
            for place in range(start, end):
                if right == end or (left < middle and values[order[left]] >= values[order[right]]):
                    merged[place] = order[left]
                    left += 1
                else:
                    merged[place] = order[right]
                    right += 1
        for place in range(count):
            order[place] = merged[place]
        run *= 2
