"""Which pairs of peaks may be a limb: where a part affinity field is strong, where it is not."""

from __future__ import annotations

import math

from numba import types
import numpy as np

from openpose_ros.parsing._kernels.compiling import FLAGS, MAP, NUMBERS, VALUES, piece
from openpose_ros.parsing.paf._kernels.matching import END_BITS

ENDS = types.Array(types.float64, 2, 'C', readonly=True)
_ROOM = types.Array(types.float64, 2, 'C')
_MARKS = types.Array(types.uint8, 1, 'C')


@piece(types.UniTuple(types.float64, 2)(MAP, MAP, types.float64, types.float64))
def field_at(field_x, field_y, x, y):
    """Return the field at a point inside the map, bilinear between the four cells around it."""
    height, width = field_x.shape
    left, top = np.uint32(x), np.uint32(y)  # unsigned: no index can count from the end
    right = left + np.uint32(left < np.uint32(width - 1))
    bottom = top + np.uint32(top < np.uint32(height - 1))
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


@piece(types.float64(MAP, MAP, FLAGS, types.float64, types.float64, types.float64, types.float64))
def field_along(field_x, field_y, weak, x, y, along_x, along_y):
    """
    Return the field at a point along a limb, times the limb's length: a step of every walk.

    0, which never counts, where the cell is weak; what is not finite where the field is not.
    """
    if weak[np.uint64(np.int64(y) * field_x.shape[1] + np.int64(x))] != 0:
        return 0.0
    here_x, here_y = field_at(field_x, field_y, x, y)
    return here_x * along_x + here_y * along_y


@piece(types.boolean(MAP, MAP, MAP, types.int64, _ROOM))
def look_at_peaks(field_x, field_y, peaks, count, table):
    """Fill table (4, room) with x, y and the field of each peak; say whether it is finite."""
    total = 0.0
    for i in range(count):
        x, y = float(peaks[i, 0]), float(peaks[i, 1])
        here_x, here_y = field_at(field_x, field_y, x, y)
        table[0, i] = x
        table[1, i] = y
        table[2, i] = here_x
        table[3, i] = here_y
        total += 0.0 * here_x + 0.0 * here_y
    return total == 0.0


@piece(
    types.void(MAP, MAP, MAP, types.int64, MAP, types.int64, types.float64, _MARKS, _MARKS),
)
def mask_weak_cells(field_x, field_y, starts, num_starts, ends, num_ends, threshold, strong, weak):
    """
    Fill weak (h * w): 1 where no point from a cell to the next in x and y can count, else 0.

    No bilinear value is longer than the longest of its four corners. NaN is not weak. A row's last
    cell takes the next row's first for a neighbour, and is weak less often than it could be.
    Only the rows between starts and ends are filled, and one more on each side against rounding.
    strong is scratch, (h * w + w + 1), 0 behind the map.
    """
    height, width = field_x.shape
    top, bottom = height, 0
    for i in range(num_starts + num_ends):
        row = np.int64(starts[i, 1] if i < num_starts else ends[i - num_starts, 1])
        top, bottom = row if row < top else top, row if row > bottom else bottom
    top, bottom = top - 1 if top > 0 else 0, bottom + 2 if bottom + 2 < height else height
    limit = np.float32(threshold * threshold * 0.9999)  # below every rounding error
    first, cells = top * width, (bottom - top) * width
    # Slices, so that no index is a sum: only so the loops become vector instructions.
    here, right = strong[first:], strong[first + 1 :]
    below, beyond = strong[first + width :], strong[first + width + 1 :]
    filled = weak[first:]
    for row in range(top, bottom + 1 if bottom < height else height):
        row_x, row_y, marked = field_x[row], field_y[row], strong[row * width :]
        for column in range(width):
            square = row_x[column] * row_x[column] + row_y[column] * row_y[column]
            marked[column] = not square < limit
    for cell in range(cells):
        filled[cell] = 1 - (here[cell] | right[cell] | below[cell] | beyond[cell])


@piece(
    types.void(
        *(types.float64, types.float64, types.float64, types.float64, ENDS, types.int64, VALUES),
        *(types.float64, types.int64, types.int64, FLAGS, NUMBERS, NUMBERS),
    )
)
def count_weak_samples(
    start_x,
    start_y,
    field_x,
    field_y,
    ends,
    num_ends,
    parts,
    threshold,
    enough,
    width,
    weak,
    cells,
    misses,
):
    """
    Fill misses with how many of both ends and the first `enough` samples cannot count.

    Neither loop has a branch, so that both become vector instructions: in a crowd this refuses
    nearly all of the many pairs at a tenth of the cost of sampling them.
    """
    for j in range(num_ends):
        along_x, along_y = ends[0, j] - start_x, ends[1, j] - start_y
        least = threshold * math.sqrt(along_x * along_x + along_y * along_y)
        first = field_x * along_x + field_y * along_y
        last = ends[2, j] * along_x + ends[3, j] * along_y
        misses[j] = (first <= least) + (last <= least)
    for sample in range(enough):
        part = parts[sample]
        from_x, from_y = (1.0 - part) * start_x, (1.0 - part) * start_y
        for j in range(num_ends):
            x, y = from_x + part * ends[0, j], from_y + part * ends[1, j]
            cells[j] = np.int64(y) * width + np.int64(x)
        for j in range(num_ends):
            misses[j] += weak[np.uint64(cells[j])]


@piece(
    types.int64(
        *(ENDS, types.int64, ENDS, types.int64, types.int64, FLAGS, VALUES, types.float64),
        *(types.int64, types.boolean, NUMBERS, NUMBERS, NUMBERS),
    ),
)
def candidate_pairs(
    starts,
    num_starts,
    ends,
    num_ends,
    width,
    weak,
    parts,
    threshold,
    may_miss,
    in_bulk,
    cells,
    misses,
    pairs,
):
    """
    Fill pairs (room,) with all starts and ends, and count them.

    In bulk, only with those of which enough samples may count.
    """
    enough = may_miss + 3
    if enough > len(parts) - 2:
        enough = len(parts) - 2
    for j in range(num_ends):
        misses[j] = 0
    count = 0
    for i in range(num_starts):
        if in_bulk:
            count_weak_samples(
                starts[0, i],
                starts[1, i],
                starts[2, i],
                starts[3, i],
                ends,
                num_ends,
                parts,
                threshold,
                enough,
                width,
                weak,
                cells,
                misses,
            )
        for j in range(num_ends):
            pairs[count] = (i << END_BITS) | j
            count += misses[j] <= may_miss
    return count
