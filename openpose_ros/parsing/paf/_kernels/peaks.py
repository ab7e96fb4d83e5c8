"""Peaks of heatmaps."""

from __future__ import annotations

import math

from numba import types
import numpy as np

from openpose_ros.parsing._kernels.compiling import (
    MAP,
    MAPS,
    NOT_FINITE,
    NUMBERS,
    ROW,
    piece,
)
from openpose_ros.parsing._kernels.sorting import argsort_descending
from openpose_ros.parsing.paf._kernels.settings import (
    NMS_RADIUS,
    PEAK_THRESHOLD,
    SETTINGS,
)

MARKS = types.Array(types.uint8, 1, 'C')
FOUND = types.Array(types.float32, 2, 'C')
PEAKS = types.Array(types.float32, 3, 'C')
REALS = types.Array(types.float64, 1, 'C')
_LOWEST = 1e-3  # below this a heatmap's logarithm is noise


@piece(types.float64(types.float64))
def log_of(value):
    """Return the logarithm of a cell, not of less than _LOWEST."""
    return math.log(value if value > _LOWEST else _LOWEST)


@piece(types.float64(types.float64, types.float64, types.float64))
def vertex(before, log_middle, after):
    """
    Return where the parabola through the logarithms of three neighbours has its maximum.

    Exact for samples of a Gaussian. In [-0.5, 0.5], relative to the middle one.
    """
    log_before, log_after = log_of(before), log_of(after)
    curvature = log_before - 2.0 * log_middle + log_after
    if curvature >= 0.0:
        return 0.0
    place = 0.5 * (log_before - log_after) / curvature
    return -0.5 if place < -0.5 else 0.5 if place > 0.5 else place


@piece(types.int64(ROW, ROW, ROW, types.float32, MARKS, NUMBERS, NUMBERS))
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


@piece(types.UniTuple(types.int64, 2)(types.int64, types.int64, types.int64))
def around(place, radius, size):
    """Return the first and the last place of a window, of so many."""
    first, last = place - radius, place + radius
    return 0 if first < 0 else first, size - 1 if last >= size else last


@piece(types.int64(MAP, types.int64, types.int64, types.int64))
def count_maxima(heatmap, x, y, radius):
    """
    Return how many cells of the window are as large as this, which is the first of the largest.

    0 if a cell is larger, or an earlier one (row by row) as large.
    """
    height, width = heatmap.shape
    value, count = heatmap[y, x], 0
    first_row, last_row = around(y, radius, height)
    first_column, last_column = around(x, radius, width)
    for row in range(first_row, last_row + 1):
        for column in range(first_column, last_column + 1):
            other = heatmap[row, column]
            if other >= value:
                if other > value or row < y or (row == y and column < x):
                    return 0
                count += 1
    return count


@piece(types.UniTuple(types.float64, 2)(MAP, types.int64, types.int64))
def refined(heatmap, x, y):
    """Return where a maximum is between its neighbours."""
    height, width = heatmap.shape
    log_here, here_x, here_y = log_of(heatmap[y, x]), float(x), float(y)
    if 0 < x < width - 1:  # at the border it stays at the middle of the cell
        here_x += vertex(heatmap[y, x - 1], log_here, heatmap[y, x + 1])
    if 0 < y < height - 1:
        here_y += vertex(heatmap[y - 1, x], log_here, heatmap[y + 1, x])
    return here_x, here_y


@piece(types.UniTuple(types.float64, 3)(MAP, types.int64, types.int64, MARKS, NUMBERS))
def plateau(heatmap, x, y, visited, stack):
    """
    Walk over the equal, touching cells around a maximum.

    Returns the mean of their refined positions, and how many they are, or 0.0 if the plateau
    begins earlier. More than one are marked in `visited` (h * w).
    """
    height, width = heatmap.shape
    value = heatmap[y, x]
    start = y * width + x
    is_first = True
    sum_x, sum_y, count = 0.0, 0.0, 0.0
    stack[0] = start
    waiting = 1
    visited[start] = 1
    while waiting > 0:
        waiting -= 1
        cell = stack[waiting]
        if cell < start:
            is_first = False
        here_y, here_x = cell // width, cell % width
        refined_x, refined_y = refined(heatmap, here_x, here_y)
        sum_x += refined_x
        sum_y += refined_y
        count += 1.0
        first_row, last_row = around(here_y, 1, height)
        first_column, last_column = around(here_x, 1, width)
        for row in range(first_row, last_row + 1):
            for column in range(first_column, last_column + 1):
                near = row * width + column
                if heatmap[row, column] == value and visited[near] == 0:
                    visited[near] = 1
                    stack[waiting] = near
                    waiting += 1
    if count == 1.0:
        visited[start] = 0
    return sum_x / count, sum_y / count, count if is_first else 0.0


@piece(types.void(FOUND, types.int64, types.int64, REALS, NUMBERS))
def keep_strongest(found, count, room, scores, order):
    """
    Fill order (room,) with the places of the strongest of the peaks found, rising.

    scores is scratch for as many as were found, and order for twice as many.
    """
    for i in range(count):
        scores[i] = found[i, 2]
    argsort_descending(scores, count, order)
    for i in range(room):
        scores[i] = -order[i]
    argsort_descending(scores, room, order)
    for i in range(room):
        order[i] = -scores[order[i]]


@piece(
    types.int64(
        *(MAP, types.float32, types.int64, MARKS, NUMBERS, NUMBERS, ROW, MARKS, NUMBERS, FOUND),
    ),
)
def find_map_peaks(
    heatmap,
    threshold,
    radius,
    flags,
    words,
    columns,
    lowest,
    visited,
    stack,
    found,
):
    """
    Fill found (room for every cell, 3) with x, y, score of one map's peaks, row by row.

    `lowest` is a row outside of the map; `visited` is 0 before and after.
    Returns their number, or NOT_FINITE.
    """
    height, width = heatmap.shape
    count, zero = 0, np.float32(0.0)
    any_plateau = False
    for y in range(height):
        # Neither NaN nor infinity is 0 when taken from itself. Booleans that gather, unlike a
        # largest value, make the loop vector instructions: most rows end here.
        any_broken, any_strong = False, False
        for x in range(width):
            value = heatmap[y, x]
            any_broken |= value - value != zero
            any_strong |= value > threshold
        if any_broken:
            return NOT_FINITE
        if not any_strong:
            continue
        above = heatmap[y - 1] if y > 0 else lowest
        below = heatmap[y + 1] if y < height - 1 else lowest
        for c in range(
            find_local_maxima(above, heatmap[y], below, threshold, flags, words, columns)
        ):
            x = columns[c]
            if visited[y * width + x] != 0:
                continue
            maxima = count_maxima(heatmap, x, y, radius)
            if maxima > 0:
                cells, (peak_x, peak_y) = 1.0, refined(heatmap, x, y)
                if maxima > 1:  # few are
                    peak_x, peak_y, cells = plateau(heatmap, x, y, visited, stack)
                    any_plateau |= cells != 1.0
                if cells > 0.0:
                    found[count, 0] = peak_x
                    found[count, 1] = peak_y
                    found[count, 2] = heatmap[y, x]
                    count += 1
    if any_plateau:
        for cell in range(height * width):
            visited[cell] = 0
    return count


@piece(
    types.int64(*(MAPS, *SETTINGS, MARKS, NUMBERS, NUMBERS, REALS, ROW, FOUND, PEAKS, NUMBERS)),
)
def find_peaks(heatmaps, whole, real, marks, words, numbers, reals, lowest, found, peaks, counts):
    """
    Fill peaks (K, room, 3) with x, y, score and counts (K,), row by row of each map.

    The maps are the first of the heatmaps, as many as there are counts. Where one has more peaks
    than room the strongest stay. Returns how many were left out, or NOT_FINITE. The
    scratch is a Room's.
    """
    room, width = peaks.shape[1], 8 * len(words)
    order = numbers[width + 1 :]
    left_out, one = 0, np.float32(1.0)
    for k in range(len(counts)):
        count = find_map_peaks(
            heatmaps[k],
            np.float32(real[PEAK_THRESHOLD]),
            whole[NMS_RADIUS],
            marks[:width],
            words,
            numbers[: width + 1],
            lowest,
            marks[width:],
            order,
            found,
        )
        if count == NOT_FINITE:
            return NOT_FINITE
        kept = count
        if count > room:
            kept = room
            left_out += count - room
            keep_strongest(found, count, room, reals, order)
        for i in range(kept):
            source = order[i] if count > room else i
            peaks[k, i, 0] = found[source, 0]
            peaks[k, i, 1] = found[source, 1]
            score = found[source, 2]
            peaks[k, i, 2] = score if score < one else one
        counts[k] = kept
    return left_out
