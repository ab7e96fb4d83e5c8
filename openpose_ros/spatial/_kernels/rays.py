"""Rays of keypoints, between those of a table."""

from numba import types
import numpy as np

from openpose_ros.parsing._kernels.compiling import compiled
from openpose_ros.spatial.quick import CELL, OBLIQUE

_KEYPOINTS = types.Array(types.float32, 2, 'C', readonly=True)
_TABLE = types.Array(types.float64, 3, 'C', readonly=True)


@compiled(types.int64(_KEYPOINTS, _TABLE, types.float64[:, ::1]))
def find_rays(keypoints, table, rays):
    """
    Fill the rays of keypoints, NaN of those that were not found.

    Parameters
    ----------
    keypoints : float32 (M, 3)
        Pixels; of score 0: not found.
    table : float64 (rows, columns, 2)
        What `ray_table` returns.
    rays : float64 (M, 3)
        What is found: x, y, 1.

    Returns
    -------
    int
        How many of them the table does not have: their z is 0.

    """
    lacking = 0
    for keypoint in range(len(keypoints)):
        x = y = z = np.nan
        if keypoints[keypoint, 2] > 0:
            x = keypoints[keypoint, 0] / CELL + 1
            y = keypoints[keypoint, 1] / CELL + 1
        rays[keypoint, 0], rays[keypoint, 1] = x, y
        if x == x and y == y:
            z = 0.0
            if x >= 0 and x <= table.shape[1] - 1.001 and y >= 0 and y <= table.shape[0] - 1.001:
                z = 1.0
                column, row = np.int64(x), np.int64(y)
                x, y = x - column, y - row
                for axis in range(2):
                    above = (1 - x) * table[row, column, axis] + x * table[row, column + 1, axis]
                    row += 1
                    below = (1 - x) * table[row, column, axis] + x * table[row, column + 1, axis]
                    row -= 1
                    place = (1 - y) * above + y * below
                    rays[keypoint, axis] = place
                    if not abs(place) < OBLIQUE:  # or the table has no ray there
                        z = 0.0
            lacking += z == 0
        rays[keypoint, 2] = z
    return lacking
