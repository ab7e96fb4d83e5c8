"""Rays of keypoints, between those of a table."""

import math

from numba import types
import numpy as np

from openpose_ros.parsing._kernels.compiling import VALUES, compiled
from openpose_ros.spatial.quick import CELL, OBLIQUE

_KEYPOINTS = types.Array(types.float32, 1, 'C', readonly=True)


@compiled(types.int64(_KEYPOINTS, VALUES, types.int64, types.int64, types.float64[::1]))
def find_rays(keypoints, table, columns, are_units, rays):
    """
    Fill the rays of keypoints, NaN of those that were not found.

    Parameters
    ----------
    keypoints : float32 (M * 3,)
        Pixels; of score 0: not found.
    table : float64 (rows * columns * 2,)
        What `ray_table` returns.
    columns : int
        Of that.
    are_units : int
        1: rays of length 1; 0: of z = 1.
    rays : float64 (M * 3,)
        What is found.

    Returns
    -------
    int
        How many of them the table does not have: their z is 0.

    """
    lacking, width = 0, 2 * columns
    # The middle of the table, in cells; a little less than it has, or the last cell lacks a side.
    middle_x, middle_y = (columns - 1.001) / 2, (len(table) / width - 1.001) / 2
    for first in range(0, len(keypoints), 3):
        x = y = np.nan
        if keypoints[first + 2] > 0:
            x = keypoints[first] / CELL + 1
            y = keypoints[first + 1] / CELL + 1
        z = 0 * (x + y)  # NaN where it was not found
        if abs(x - middle_x) <= middle_x and abs(y - middle_y) <= middle_y:
            column, row = np.int64(x), np.int64(y)
            x, y = x - column, y - row
            z, squares = 1.0, 1.0
            corner = row * width + 2 * column
            for axis in range(first, first + 2):
                above = (1 - x) * table[corner] + x * table[corner + 2]
                below = (1 - x) * table[corner + width] + x * table[corner + width + 2]
                place = (1 - y) * above + y * below
                rays[axis] = place
                squares += place * place
                if not abs(place) < OBLIQUE:  # or the table has no ray there
                    z = 0.0
                corner += 1
            if are_units and z > 0:
                z = 1 / math.sqrt(squares)
                rays[first] *= z
                rays[first + 1] *= z
        else:
            rays[first] = rays[first + 1] = z
        rays[first + 2] = z
        lacking += z == 0
    return lacking
