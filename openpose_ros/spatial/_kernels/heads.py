"""Which way a head faces, by where nose, eyes and ears are beside each other."""

import math

from numba import types
import numpy as np

from openpose_ros.parsing._kernels.compiling import piece
from openpose_ros.spatial._kernels.angles import COUNT, WEIGHTS, exponential
from openpose_ros.spatial.gaze import (
    ASIDE,
    DEPTH,
    DEPTH_NOISE,
    FACE,
    OUTLIER,
    PITCH_SPREAD,
    PLACES,
    POINT,
    SIZE_SPREAD,
    TOWARDS,
)

POINTS = types.Array(types.float64, 2, 'C', readonly=True)

_EXPECTED = np.stack([ASIDE, TOWARDS])  # (2, 5, G)
_PARTS = len(FACE)
_X, _Y, _Z = np.ascontiguousarray(FACE.T)
_FIRST = int(PLACES[0])  # the others follow it


@piece(types.float64(types.float64, types.int64))
def share(place, count):
    """Return what a part of a face counts among so many that are seen."""
    return 1.0 / count if place == place else 0.0


@piece(types.void(POINTS, types.int64, types.float64, types.float64, WEIGHTS))
def weigh_face(parts, axis, distance, noise, weights):
    """
    Multiply by how likely it is to see a face so, wherever the head is.

    Parameters
    ----------
    parts : float64 (P, 3)
        Where the parts of somebody are seen if axis is 0, what is seen there if it is 1, as
        `find_poses` has both.
    axis : int
        Along which axis.
    distance : float
        Of her, metres.
    noise : float
        Of the directions, radians.
    weights : float64 (G,)
        Of ANGLES.

    """
    scale, off = distance, POINT * POINT + noise * distance * noise * distance
    if axis == 1:
        scale, off = 1.0, DEPTH * DEPTH + DEPTH_NOISE * distance * DEPTH_NOISE * distance
    count, middle = 0, 0.0
    for part in range(_PARTS):
        place = scale * parts[_FIRST + part, axis]
        if place == place:
            count += 1
            middle += place
    nose = share(parts[_FIRST, axis], count)
    one_eye, other_eye = (
        share(parts[_FIRST + 1, axis], count),
        share(parts[_FIRST + 2, axis], count),
    )
    one_ear, other_ear = (
        share(parts[_FIRST + 3, axis], count),
        share(parts[_FIRST + 4, axis], count),
    )
    expected = _EXPECTED[axis]
    for part in range(_PARTS):
        place = scale * parts[_FIRST + part, axis]
        if place == place:
            for angle in range(COUNT):  # the inner one, so that many are computed at once
                centre = nose * expected[0, angle]
                centre += one_eye * expected[1, angle] + other_eye * expected[2, angle]
                centre += one_ear * expected[3, angle] + other_ear * expected[4, angle]
                centred = expected[part, angle] - centre
                away = place - middle / count - centred
                spread = SIZE_SPREAD * centred
                bell = exponential(-0.5 * away * away / (off + spread * spread))
                weights[angle] *= bell + OUTLIER


@piece(
    types.float64(POINTS, types.float64, types.float64, types.float64),
)
def nodding(sight, distance, noise, yaw):
    """
    Return by how much a head looks down, radians; NaN where fewer than two parts are seen.

    Parameters
    ----------
    sight, distance, noise
        As of `weigh_face`.
    yaw : float
        Which way the head looks.

    """
    x = y = z = 0.0
    count = 0
    for part in range(_FIRST, _FIRST + _PARTS):
        aside = sight[part, 0]
        if aside == aside:
            x += aside
            y += sight[part, 1]
            z += sight[part, 2]
            count += 1
    if count < 2:
        return np.nan
    # Sine and cosine of how far the head is above the camera.
    raised = z / math.sqrt(x * x + y * y + z * z)
    level = math.sqrt(1 - raised * raised)
    c, s = math.cos(yaw), math.sin(yaw)
    # What explains the heights of the parts, which are about the head's own.
    off = factor = product = squares = 0.0
    for part in range(_PARTS):
        height = level * sight[_FIRST + part, 2] + raised * sight[_FIRST + part, 1]
        if height == height:
            before, above = _X[part], _Z[part]
            ahead = c * before - s * _Y[part]
            seen = distance * height - level * above - raised * ahead
            turns = raised * c * above - level * before
            off += seen
            factor += turns
            product += seen * turns
            squares += turns * turns
    variance = POINT * POINT + noise * distance * noise * distance
    squares += variance / (PITCH_SPREAD * PITCH_SPREAD)
    return (product - off * factor / count) / (squares - factor * factor / count)
