"""Rays of keypoints, between those of a table."""

from numba import types
import numpy as np

from openpose_ros.parsing._kernels.compiling import compiled
from openpose_ros.spatial.quick import CELL, OBLIQUE

_KEYPOINTS = types.Array(types.float32, 3, 'C', readonly=True)
_TABLE = types.Array(types.float64, 3, 'C', readonly=True)


@compiled(types.int64(_KEYPOINTS, _TABLE, types.float64[:, :, ::1]))
def find_rays(keypoints, table, rays):
    """
    Fill the rays of keypoints, NaN of those that were not found.

    Parameters
    ----------
    keypoints : float32 (N, K, 3)
        Pixels; of score 0: not found.
    table : float64 (rows, columns, 2)
        What `ray_table` returns.
    rays : float64 (N, K, 3)
        What is found: x, y, 1.

    Returns
    -------
    int
        How many of them the table does not have: their z is 0.

    """
    lacking = 0
    for person in range(len(keypoints)):
        for keypoint in range(keypoints.shape[1]):
            x = y = z = np.nan
            if keypoints[person, keypoint, 2] > 0:
                x = keypoints[person, keypoint, 0] / CELL + 1
                y = keypoints[person, keypoint, 1] / CELL + 1
            if x == x and y == y:
                z = 0.0
                if 0 <= x <= table.shape[1] - 1.001 and 0 <= y <= table.shape[0] - 1.001:
                    z = 1.0
                    column, row = int(x), int(y)
                    x, y = x - column, y - row
                    for axis in range(2):
                        one, other = table[row, column, axis], table[row, column + 1, axis]
                        above = (1 - x) * one + x * other
                        one, other = table[row + 1, column, axis], table[row + 1, column + 1, axis]
                        place = (1 - y) * above + y * ((1 - x) * one + x * other)
                        rays[person, keypoint, axis] = place
                        if not abs(place) < OBLIQUE:  # or the table has no ray there
                            z = 0.0
                if z == 0:
                    lacking += 1
            else:
                rays[person, keypoint, 0] = rays[person, keypoint, 1] = np.nan
            rays[person, keypoint, 2] = z
    return lacking
