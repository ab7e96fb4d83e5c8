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
_LOWEST = -700.0  # e to the power of less is hardly a number
_COSINES, _SINES = np.cos(ANGLES), np.sin(ANGLES)


@piece(types.float64(types.float64))
def exponential(x):
    """
    Return e to the power of what is not above 0: LLVM computes it of many at once, not math.exp.

    A few terms of the series of e^(x / 1024), squared ten times. Off by less than 1e-12 of it
    where x is above -40; what is below that is below 1e-17 here, too.
    """
    part = (x if x > _LOWEST else _LOWEST) / 1024
    terms = 1 + part / 6 * (1 + part / 7)
    power = 1 + part * (1 + part / 2 * (1 + part / 3 * (1 + part / 4 * (1 + part / 5 * terms))))
    for _ in range(10):
        power *= power
    return power


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
