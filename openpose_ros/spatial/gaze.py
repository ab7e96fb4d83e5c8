"""Which way a head faces: from nose, eyes and ears, where they are seen and which are."""

from __future__ import annotations

from functools import cache

import numpy as np
import numpy.typing as npt

from openpose_ros.skeletons import Skeleton
from openpose_ros.spatial.angles import ANGLES, likely, summed_up
from openpose_ros.spatial.parts import NAMES, PLACE, places_of
from openpose_ros.spatial.sight import Sight

Array = npt.NDArray[np.float64]

_NAMES = ('nose', 'left_eye', 'right_eye', 'left_ear', 'right_ear')
PLACES = np.array([PLACE[name] for name in _NAMES])
_FACE = slice(PLACE['nose'], PLACE['right_ear'] + 1)
_BITS = 2 ** np.arange(len(_NAMES))
# Metres before, left of and above the middle between the ears: Pheasant and Haslegrave,
# Bodyspace, 2006, chapter 7 (head length 19 cm, breadth 15 cm, between the pupils 6.2 cm).
FACE = np.array(
    [
        [0.115, 0.0, -0.025],
        [0.075, 0.032, 0.015],
        [0.075, -0.032, 0.015],
        [0.0, 0.074, 0.0],
        [0.0, -0.074, 0.0],
    ]
)
SIZE_SPREAD = 0.08
POINT = 0.010  # where networks see a part, beside the pixels' noise
DEPTH = 0.03
DEPTH_NOISE = 0.006  # of the distance: of the mean of a window
OUTLIER = 0.05
SURE = 0.27  # radians: a head of which less is known is said to face nowhere
PITCH_SPREAD = 0.25

_C, _S = np.cos(ANGLES), np.sin(ANGLES)
ASIDE = np.outer(FACE[:, 0], _S) + np.outer(FACE[:, 1], _C)  # (5, G)
TOWARDS = np.outer(FACE[:, 0], _C) - np.outer(FACE[:, 1], _S)
# How well each part is turned to the camera, from -1 to 1, and how often it is found then: nose
# and eyes while less than a right angle away, ears somewhat more, of networks that guess a few.
_TURNED = np.array([_C, np.cos(ANGLES + 0.4), np.cos(ANGLES - 0.4), -_S, _S])
_LIMIT = np.array([[-0.1], [-0.1], [-0.1], [-0.2], [-0.2]])
FOUND, _GUESSED = 0.92, 0.06
_FOUND = _GUESSED + (FOUND - _GUESSED) / (1 + np.exp((_LIMIT - _TURNED) / 0.12))
_LOG_FOUND, _LOG_MISSING = np.log(_FOUND), np.log(1 - _FOUND)


@cache
def _has(skeleton: Skeleton) -> npt.NDArray[np.float64]:
    """Return 1 for each of _NAMES that a skeleton has, else 0."""
    return np.array([float(name in skeleton.keypoint_names) for name in _NAMES])


@cache
def face_keypoints(skeleton: Skeleton) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Return which keypoints of a skeleton are parts of the face, and which of these they are."""
    places = places_of(skeleton)[0][PLACES]
    which = np.flatnonzero(places >= 0)
    return places[which], which


def found_logs(directions: Array, skeleton: Skeleton, cut: Array | None = None) -> Array:
    """
    Return where heads may look, by which parts are found.

    Parameters
    ----------
    directions : float64 (N, P, 3)
        To the parts of `parts.NAMES`; NaN where they are not seen.
    skeleton : Skeleton
        Of the people: a part that it does not have is not missed.
    cut : float64 (N, 5, G), optional
        What `edges.outside` returns: what is outside is not missed.

    Returns
    -------
    float64 (N, G)
        Logarithms of how likely each of ANGLES is, but for a sum.

    """
    found = ~np.isnan(directions[:, PLACES, 0])
    has = _has(skeleton)
    logs = (has * found) @ _LOG_FOUND + (has * ~found) @ _LOG_MISSING
    if cut is not None:
        logs -= ((has * ~found)[..., np.newaxis] * cut * _LOG_MISSING).sum(axis=1)
    logs[~found.any(axis=1)] *= 0.3  # turned away, or outside the image, or in the dark
    return np.asarray(logs)


def found_weights(directions: Array, skeleton: Skeleton) -> Array:
    """Return what `found_logs` does, no logarithms; looked up, several times as quickly."""
    face = directions[:, _FACE, 0]
    return np.asarray(_weights(skeleton).take((face == face) @ _BITS, axis=0))


@cache
def _weights(skeleton: Skeleton) -> Array:
    """Return `found_logs` (2 ** 5, G), no logarithms: a bit for each part that is found."""
    is_found = (np.arange(2 ** len(_NAMES))[:, np.newaxis] & _BITS) > 0
    directions = np.zeros((len(is_found), len(NAMES), 3))
    directions[:, PLACES] = np.where(is_found, 0, np.nan)[..., np.newaxis]
    return np.asarray(np.exp(found_logs(directions, skeleton)))


def head_angles(sight: Sight, skeleton: Skeleton, cut: Array | None = None) -> Array:
    """
    Return where heads may look.

    Parameters
    ----------
    sight : Sight
        Of N people.
    skeleton : Skeleton
        Of the people: a part that it does not have is not missed.
    cut : float64 (N, 5, G), optional
        What `edges.outside` returns: what is outside is not missed.

    Returns
    -------
    float64 (N, G)
        How likely each of ANGLES is, about the vertical, 0 towards the camera, above 0 to her
        own left; all alike if nothing of the head is seen.

    """
    logs = found_logs(sight.directions, skeleton, cut)
    pixel = (sight.noise * sight.distance)[:, np.newaxis, np.newaxis]
    aside = sight.offsets(PLACES, sight.aside)
    logs += _logs(aside, ASIDE, POINT**2 + pixel**2)
    towards = sight.depths(PLACES, sight.towards)
    if towards is not None:
        noise = (DEPTH_NOISE * sight.distance)[:, np.newaxis, np.newaxis]
        logs += _logs(towards, TOWARDS, DEPTH**2 + noise**2)
    return likely(logs)


def _logs(seen: Array, expected: Array, variance: Array) -> Array:
    """Return how likely (N, G) places (N, 5) are, wherever the head is."""
    known = ~np.isnan(seen)
    count = np.maximum(known.sum(axis=1), 1)[:, np.newaxis]
    middle = np.where(known, seen, 0).sum(axis=1, keepdims=True) / count
    centred = expected - ((known @ expected) / count)[:, np.newaxis]
    off = (seen - middle)[..., np.newaxis] - centred
    spread = variance + (SIZE_SPREAD * centred) ** 2
    each = np.log(np.exp(-0.5 * off * off / spread) + OUTLIER)
    return np.asarray(np.where(known[..., np.newaxis], each, 0).sum(axis=1))


def gazes(sight: Sight, head: Array) -> Array:
    """
    Return which way heads face.

    Parameters
    ----------
    sight : Sight
        Of N people.
    head : float64 (N, G)
        What `head_angles` returns.

    Returns
    -------
    float64 (N, 3)
        Unit vectors; NaN where that is not known well enough.

    """
    yaw, spread = summed_up(head)
    directions = sight.directions[:, PLACES]
    found = ~np.isnan(directions[..., :1])
    middle = np.where(found, directions, 0).sum(axis=1)
    middle /= np.sqrt((middle * middle).sum(axis=1, keepdims=True))
    raised = (middle @ sight.up)[:, np.newaxis]  # sine of how far above the camera
    level = np.sqrt(1 - raised**2)
    above = level * sight.up + raised * sight.towards
    c, s = np.cos(yaw)[:, np.newaxis], np.sin(yaw)[:, np.newaxis]
    x, y, z = FACE.T
    upright = level * z + raised * (x * c - y * s)
    nodding = raised * c * z - level * x
    pitch = _slope(sight.offsets(PLACES, above) - upright, nodding, _pitch_noise(sight))
    ahead = c * sight.towards + s * sight.aside
    gaze = np.cos(pitch) * ahead - np.sin(pitch) * sight.up
    unknown = (spread > SURE) | (found.sum(axis=(1, 2)) < 2)
    gaze[unknown] = np.nan
    return np.asarray(gaze)


def _pitch_noise(sight: Sight) -> Array:
    return np.asarray(POINT**2 + (sight.noise * sight.distance[:, np.newaxis]) ** 2)


def _slope(seen: Array, factors: Array, variance: Array) -> Array:
    """Return the pitch (N, 1) that explains heights (N, 5), which are about the head's own."""
    known = ~np.isnan(seen)
    count = np.maximum(known.sum(axis=1, keepdims=True), 1)
    off = np.where(known, seen, 0)
    factors = np.where(known, factors, 0)
    off = np.where(known, off - off.sum(axis=1, keepdims=True) / count, 0)
    factors = np.where(known, factors - factors.sum(axis=1, keepdims=True) / count, 0)
    total = (factors * factors).sum(axis=1, keepdims=True) + variance / PITCH_SPREAD**2
    return np.asarray((factors * off).sum(axis=1, keepdims=True) / total)
