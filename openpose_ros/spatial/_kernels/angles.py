"""How likely angles are, of the grid ANGLES."""

import math

from numba import types
import numpy as np

from openpose_ros.parsing._kernels.compiling import piece
from openpose_ros.spatial.angles import ANGLES

PLANE = types.float64[:, ::1]
COUNT = len(ANGLES)
_BIN = ANGLES[1] - ANGLES[0]
_NEAR = int(0.7 / _BIN)  # to the left and right of the likeliest: what is meant
_ALIKE = 1 + 1e-9  # as likely, but for rounding: then the first is taken
_COSINES, _SINES = np.cos(ANGLES), np.sin(ANGLES)


@piece(types.UniTuple(types.float64, 2)(PLANE, types.int64))
def summed_up(weights, row):
    """
    Return the angle that is meant, and how far off it may be.

    Parameters
    ----------
    weights : float64 (N, G)
        How likely each of ANGLES is; of any sum.
    row : int
        Which of the N.

    Returns
    -------
    float
        The middle of what is about the likeliest angle, -pi to pi.
    float
        Root of the mean squared error, everything considered that is likely, radians; 1.8 if
        nothing is known.

    """
    best, total, along, across, squares = 0, 0.0, 0.0, 0.0, 0.0
    for place in range(COUNT):
        total += weights[row, place]
        if weights[row, place] > weights[row, best] * _ALIKE:
            best = place
    for step in range(best - _NEAR, best + _NEAR + 1):
        weight = weights[row, step % COUNT]
        along += weight * _COSINES[step % COUNT]
        across += weight * _SINES[step % COUNT]
    angle = math.atan2(across, along)
    for place in range(COUNT):
        off = math.pi - abs(math.pi - abs(ANGLES[place] - angle))  # the shorter way
        squares += weights[row, place] * off * off
    return angle, math.sqrt(squares / total + _BIN * _BIN / 12)
