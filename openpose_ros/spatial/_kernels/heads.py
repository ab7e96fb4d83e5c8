"""Which way a head faces, by where nose, eyes and ears are beside each other."""

import math

from numba import types
import numpy as np

from openpose_ros.parsing._kernels.compiling import piece
from openpose_ros.spatial._kernels.angles import COUNT, PLANE, exponential
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

POINTS = types.Array(types.float64, 3, 'C', readonly=True)

_EXPECTED = np.stack([ASIDE, TOWARDS])  # (2, 5, G)
_PARTS = len(FACE)


@piece(types.float64(POINTS, types.int64, types.int64, types.int64, types.int64))
def share(parts, person, part, axis, count):
    """Return what a part of a face counts among so many that are seen."""
    place = parts[person, PLACES[part], axis]
    return 1.0 / count if place == place else 0.0


@piece(
    types.void(POINTS, types.int64, types.int64, types.float64, types.float64, PLANE),
)
def weigh_face(parts, person, axis, distance, noise, weights):
    """
    Multiply by how likely it is to see a face so, wherever the head is.

    Parameters
    ----------
    parts : float64 (N, P, 3)
        Where the parts of people are seen if axis is 0, what is seen there if it is 1, as
        `find_poses` has both.
    person, axis : int
        Of whom, and along which axis.
    distance : float
        Of her, metres.
    noise : float
        Of the directions, radians.
    weights : float64 (N, G)
        Of ANGLES.

    """
    scale, off = distance, POINT * POINT + noise * distance * noise * distance
    if axis == 1:
        scale, off = 1.0, DEPTH * DEPTH + DEPTH_NOISE * distance * DEPTH_NOISE * distance
    count, middle = 0, 0.0
    for part in range(_PARTS):
        place = scale * parts[person, PLACES[part], axis]
        if place == place:
            count += 1
            middle += place
    nose = share(parts, person, 0, axis, count)
    one_eye, other_eye = share(parts, person, 1, axis, count), share(parts, person, 2, axis, count)
    one_ear, other_ear = share(parts, person, 3, axis, count), share(parts, person, 4, axis, count)
    expected = _EXPECTED[axis]
    for part in range(_PARTS):
        place = scale * parts[person, PLACES[part], axis]
        if place == place:
            for angle in range(COUNT):  # the inner one, so that many are computed at once
                centre = nose * expected[0, angle]
                centre += one_eye * expected[1, angle] + other_eye * expected[2, angle]
                centre += one_ear * expected[3, angle] + other_ear * expected[4, angle]
                centred = expected[part, angle] - centre
                away = place - middle / count - centred
                spread = SIZE_SPREAD * centred
                bell = exponential(-0.5 * away * away / (off + spread * spread))
                weights[person, angle] *= bell + OUTLIER


@piece(
    types.float64(POINTS, types.int64, types.float64, types.float64, types.float64),
)
def nodding(sight, person, distance, noise, yaw):
    """
    Return by how much a head looks down, radians; NaN where fewer than two parts are seen.

    Parameters
    ----------
    sight, person, distance, noise
        As of `weigh_face`.
    yaw : float
        Which way the head looks.

    """
    x = y = z = 0.0
    count = 0
    for part in range(_PARTS):
        place = PLACES[part]
        if sight[person, place, 0] == sight[person, place, 0]:
            x += sight[person, place, 0]
            y += sight[person, place, 1]
            z += sight[person, place, 2]
            count += 1
    if count < 2:
        return np.nan
    # Sine and cosine of how far the head is above the camera.
    length = math.sqrt(x * x + y * y + z * z)
    raised = z / length
    level = math.sqrt(1 - raised * raised)
    c, s = math.cos(yaw), math.sin(yaw)
    # What explains the heights of the parts, which are about the head's own.
    off = factor = product = squares = 0.0
    for part in range(_PARTS):
        place = PLACES[part]
        height = level * sight[person, place, 2] + raised * sight[person, place, 1]
        if height == height:
            ahead = c * FACE[part, 0] - s * FACE[part, 1]
            seen = distance * height - level * FACE[part, 2] - raised * ahead
            turns = raised * c * FACE[part, 2] - level * FACE[part, 0]
            off += seen
            factor += turns
            product += seen * turns
            squares += turns * turns
    variance = POINT * POINT + noise * distance * noise * distance
    squares += variance / (PITCH_SPREAD * PITCH_SPREAD)
    return (product - off * factor / count) / (squares - factor * factor / count)
