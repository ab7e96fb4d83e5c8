"""How likely angles are, of the grid ANGLES."""

import math

from numba import types
import numpy as np

from openpose_ros.parsing._kernels.compiling import piece
from openpose_ros.spatial.angles import ANGLES

WEIGHTS = types.float64[::1]
COUNT = len(ANGLES)
_BIN = ANGLES[1] - ANGLES[0]
_NEAR = int(0.7 / _BIN)  # to the left and right of the likeliest: what is meant
_ALIKE = 1 + 1e-9  # as likely, but for rounding: then the first is taken
_LOWEST = -700.0  # e to the power of less is hardly a number
_SERIES = tuple(1 / math.factorial(term) for term in range(7, -1, -1))  # of e^x, backwards
_COSINES, _SINES = np.cos(ANGLES), np.sin(ANGLES)


@piece(types.float64(types.float64))
def exponential(x):
    """
    Return e to the power of what is not above 0: LLVM computes it of many at once, not math.exp.

    A few terms of the series of e^(x / 1024), squared ten times. Off by less than 1e-12 of it
    where x is above -40; what is below that is below 1e-17 here, too.
    """
    part = (x if x > _LOWEST else _LOWEST) / 1024
    power = _SERIES[0]
    for term in range(1, len(_SERIES)):
        power = power * part + _SERIES[term]
    for _ in range(10):
        power *= power
    return power


@piece(types.UniTuple(types.float64, 2)(WEIGHTS))
def summed_up(weights):
    """
    Return the angle that is meant, and how far off it may be.

    Parameters
    ----------
    weights : float64 (G,)
        How likely each of ANGLES is; of any sum.

    Returns
    -------
    float
        The middle of what is about the likeliest angle, -pi to pi.
    float
        Root of the mean squared error, everything considered that is likely, radians; 1.8 if
        nothing is known.

    """
    best, most, total, along, across, squares = 0, 0.0, 0.0, 0.0, 0.0, 0.0
    for place in range(COUNT):
        weight = weights[place]
        total += weight
        if weight > most * _ALIKE:
            best, most = place, weight
    for step in range(best - _NEAR, best + _NEAR + 1):
        place = step % COUNT
        along += weights[place] * _COSINES[place]
        across += weights[place] * _SINES[place]
    angle = math.atan2(across, along)
    for place in range(COUNT):
        off = math.pi - abs(math.pi - abs(ANGLES[place] - angle))  # the shorter way
        squares += weights[place] * off * off
    return angle, math.sqrt(squares / total + _BIN * _BIN / 12)
