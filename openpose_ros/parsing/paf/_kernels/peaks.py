"""Peaks of heatmaps."""

from __future__ import annotations

import math

from numba import types
import numpy as np

from openpose_ros.parsing.paf._kernels.compiling import (
    MAP,
    MAPS,
    NMS_RADIUS,
    NOT_FINITE,
    PEAK_THRESHOLD,
    PEAK_THRESHOLD_BITS,
    ROW,
    SETTINGS,
    argsort_descending,
    compiled,
)

_EXPONENT = np.int32(0x7F800000)  # all set in a float32 that is NaN or infinite
_WITHOUT_SIGN = np.int32(0x7FFFFFFF)
_NUMBERS = types.int64[::1]
_SCRATCH = types.Tuple((types.float32[::1], types.uint8[::1], _NUMBERS, _NUMBERS, _NUMBERS))
_LOWEST = 1e-3  # below this a heatmap's logarithm is noise


@compiled(types.float64(types.float64, types.float64, types.float64))
def vertex(before, log_middle, after):
    """
    Return where the parabola through the logarithms of three neighbours has its maximum.

    Exact for samples of a Gaussian. In [-0.5, 0.5], relative to the middle one.
    """
    log_before, log_after = math.log(max(before, _LOWEST)), math.log(max(after, _LOWEST))
    curvature = log_before - 2.0 * log_middle + log_after
    if curvature >= 0.0:
        return 0.0
    return min(0.5, max(-0.5, 0.5 * (log_before - log_after) / curvature))


@compiled(types.UniTuple(types.float64, 2)(MAP, types.int64, types.int64))
def refine(heatmap, x, y):
    """Return the position of a maximum to a fraction of a cell; whole at the map's border."""
    height, width = heatmap.shape
    shift_x, shift_y = 0.0, 0.0
    log_value = math.log(max(heatmap[y, x], _LOWEST))
    if 0 < x < width - 1:
        shift_x = vertex(heatmap[y, x - 1], log_value, heatmap[y, x + 1])
    if 0 < y < height - 1:
        shift_y = vertex(heatmap[y - 1, x], log_value, heatmap[y + 1, x])
    return x + shift_x, y + shift_y


@compiled(types.int64(ROW, ROW, ROW, types.float32, types.uint8[::1], _NUMBERS, _NUMBERS))
def find_local_maxima(above, row, below, threshold, flags, words, columns):
    """
    Fill columns with the cells of a row that are above the threshold and their four neighbours.

    The first and the last need only be above the threshold. Returns how many there are. flags is
    scratch, 0 behind the row's width, and words the same memory, eight flags a word.
    """
    width = len(row)
    for x in range(1, width - 1):  # no branch: vector instructions
        value = row[x]
        flags[x] = (
            (value > threshold)
            & (value > row[x - 1])
            & (value > above[x])
            & (value >= row[x + 1])
            & (value >= below[x])
        )
    flags[0], flags[width - 1] = row[0] > threshold, row[width - 1] > threshold
    count = 0
    for word in range(len(words)):
        if words[word] != 0:  # few are
            for x in range(8 * word, 8 * word + 8):
                columns[count] = x
                count += flags[x]
    return count


@compiled(types.boolean(MAP, types.int64, types.int64, types.int64))
def is_maximum(heatmap, x, y, radius):
    """Say whether no cell of the window is larger and no earlier one (row by row) as large."""
    height, width = heatmap.shape
    value = heatmap[y, x]
    for row in range(max(0, y - radius), min(height, y + radius + 1)):
        for column in range(max(0, x - radius), min(width, x + radius + 1)):
            other = heatmap[row, column]
            if other > value:
                return False
            if other == value and (row < y or (row == y and column < x)):
                return False
    return True


@compiled(types.boolean(MAP, types.int64, types.int64))
def has_equal_neighbour(heatmap, x, y):
    height, width = heatmap.shape
    value = heatmap[y, x]
    for row in range(max(0, y - 1), min(height, y + 2)):
        for column in range(max(0, x - 1), min(width, x + 2)):
            if heatmap[row, column] == value and (row != y or column != x):
                return True
    return False


@compiled(
    types.UniTuple(types.float64, 3)(
        MAP, types.int64, types.int64, types.Array(types.uint8, 2, 'C'), types.int64[::1]
    )
)
def plateau(heatmap, x, y, visited, stack):
    """
    Walk over the equal, touching cells around a maximum, marking them in `visited`.

    Returns the mean of their refined positions and 1.0, or 0.0 if the plateau begins earlier.
    """
    height, width = heatmap.shape
    value = heatmap[y, x]
    start = y * width + x
    is_first = 1.0
    sum_x, sum_y, count = 0.0, 0.0, 0
    stack[0] = start
    waiting = 1
    visited[y, x] = 1
    while waiting > 0:
        waiting -= 1
        cell = stack[waiting]
        if cell < start:
            is_first = 0.0
        here_y, here_x = cell // width, cell % width
        refined_x, refined_y = refine(heatmap, here_x, here_y)
        sum_x += refined_x
        sum_y += refined_y
        count += 1
        for row in range(max(0, here_y - 1), min(height, here_y + 2)):
            for column in range(max(0, here_x - 1), min(width, here_x + 2)):
                if visited[row, column] == 0 and heatmap[row, column] == value:
                    visited[row, column] = 1
                    stack[waiting] = row * width + column
                    waiting += 1
    return sum_x / count, sum_y / count, is_first


@compiled(
    types.void(types.Array(types.float32, 2, 'C'), types.int64, types.int64, types.int64[::1])
)
def keep_strongest(found, count, room, order):
    """Fill order (room,) with the places of the strongest of the peaks found, rising."""
    scores, by_score = np.empty(count), np.empty(count, np.int64)
    for i in range(count):
        scores[i] = found[i, 2]
    argsort_descending(scores, by_score)
    is_kept = np.zeros(count, np.bool_)
    for i in range(room):
        is_kept[by_score[i]] = True
    place = 0
    for i in range(count):
        if is_kept[i]:
            order[place] = i
            place += 1


@compiled(
    types.int64(
        MAP,
        types.Array(types.int32, 2, 'C', readonly=True),
        types.float32,
        types.int32,
        types.int64,
        types.Array(types.float32, 2, 'C'),
        types.Array(types.uint8, 2, 'C'),
        _SCRATCH,
    )
)
def find_map_peaks(heatmap, bits, threshold, threshold_bits, radius, found, visited, scratch):
    """
    Fill found (room for every cell, 3) with x, y, score of one map's peaks, row by row.

    `visited` (h, w) is 0 before and after; `scratch` is find_peaks' own.
    Returns their number, or NOT_FINITE.
    """
    height, width = heatmap.shape
    lowest, flags, words, columns, stack = scratch
    count = 0
    any_plateau = False
    for y in range(height):
        # Without their signs, floats compare as integers do, NaN as the largest, and a loop over
        # integers becomes vector instructions: most rows end here.
        largest = np.int32(0)
        for x in range(width):
            largest = max(largest, bits[y, x] & _WITHOUT_SIGN)
        if largest >= _EXPONENT:
            return NOT_FINITE
        if largest <= threshold_bits:
            continue
        above = heatmap[y - 1] if y > 0 else lowest
        below = heatmap[y + 1] if y < height - 1 else lowest
        for c in range(
            find_local_maxima(above, heatmap[y], below, threshold, flags, words, columns)
        ):
            x = columns[c]
            if visited[y, x] or not is_maximum(heatmap, x, y, radius):
                continue
            if has_equal_neighbour(heatmap, x, y):
                any_plateau = True
                peak_x, peak_y, is_first = plateau(heatmap, x, y, visited, stack)
                if is_first == 0.0:
                    continue
            else:
                peak_x, peak_y = refine(heatmap, x, y)
            found[count, 0] = peak_x
            found[count, 1] = peak_y
            found[count, 2] = heatmap[y, x]
            count += 1
    if any_plateau:
        for y in range(height):
            for x in range(width):
                visited[y, x] = 0
    return count


@compiled(types.int64(MAPS, *SETTINGS, types.Array(types.float32, 3, 'C'), types.int64[::1]))
def find_peaks(heatmaps, whole, real, peaks, counts):
    """
    Fill peaks (K, room, 3) with x, y, score and counts (K,), row by row of each map.

    Where a map has more peaks than room the strongest stay. Returns how many were left out, or
    NOT_FINITE.
    """
    num_maps, height, width = heatmaps.shape
    room, bits = peaks.shape[1], heatmaps.view(np.int32)
    threshold = np.float32(real[PEAK_THRESHOLD])
    threshold_bits = np.int32(whole[PEAK_THRESHOLD_BITS])
    found = np.empty((height * width, 3), np.float32)
    visited = np.zeros((height, width), np.uint8)
    lowest = np.empty(width, np.float32)  # a row outside of the map
    for x in range(width):
        lowest[x] = -np.inf
    order, stack = np.empty(room, np.int64), np.empty(height * width, np.int64)
    flags = np.zeros((width + 7) // 8 * 8, np.uint8)
    scratch = (lowest, flags, flags.view(np.int64), np.empty(len(flags) + 1, np.int64), stack)
    left_out = 0
    for k in range(num_maps):
        count = find_map_peaks(
            heatmaps[k],
            bits[k],
            threshold,
            threshold_bits,
            whole[NMS_RADIUS],
            found,
            visited,
            scratch,
        )
        if count == NOT_FINITE:
            return NOT_FINITE
        kept = min(count, room)
        for i in range(kept):
            order[i] = i
        if count > room:
            left_out += count - room
            keep_strongest(found, count, room, order)
        for i in range(kept):
            peaks[k, i, 0] = found[order[i], 0]
            peaks[k, i, 1] = found[order[i], 1]
            peaks[k, i, 2] = min(found[order[i], 2], np.float32(1.0))
        counts[k] = kept
    return left_out
