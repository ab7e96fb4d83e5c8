"""How large the windows are in which depth is looked up, and how much they see of a head."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from openpose_ros.spatial.angles import ANGLES

Array = npt.NDArray[np.float64]

REACH, RINGS = 0.04, 6  # metres around a keypoint, in so many samples outwards
ENOUGH = 40  # depths that are taken, from the keypoint outwards

# Half of a head's length and breadth, metres: Pheasant and Haslegrave, Bodyspace, 2006, chapter 7.
_LENGTH, _BREADTH = 0.095, 0.075
_RADIUS = float(np.sqrt(ENOUGH / np.pi)) * REACH / RINGS  # metres: mostly so much is seen
_HOLE = 0.012  # metres: so near to the edge of a head no depth is known
_OFF = 0.011  # metres by which keypoints are beside, standard deviation
_HIDDEN = -0.06  # metres: what is so much behind the middle of the head is hidden by it


def nearer(points: Array) -> Array:
    """
    Return by how much what windows see of heads is nearer than what they are on.

    A nose stands out of what is around it. Of an ear that is seen from the front or from behind,
    a window sees the head beside it, which is nearer. Heads are ellipses, seen from their height.

    Parameters
    ----------
    points : float64 (M, 2)
        Metres before and left of the middle of the head.

    Returns
    -------
    float64 (M, G)
        Metres, for each of ANGLES that the head may look; 0 where the head hides the point.

    """
    c, s = np.cos(ANGLES), np.sin(ANGLES)
    across = points[:, :1] * s + points[:, 1:] * c
    towards = points[:, :1] * c - points[:, 1:] * s
    edge = np.sqrt((_LENGTH * s) ** 2 + (_BREADTH * c) ** 2)
    # Chords of a disc beside the point: (keypoints, chords, M, G).
    off = np.linspace(-2, 2, 9)[:, np.newaxis, np.newaxis, np.newaxis]
    chord = np.linspace(-1, 1, 41)[:, np.newaxis, np.newaxis]
    place = across + _OFF * off + _RADIUS * chord
    weights = np.sqrt(1 - chord**2) * (np.abs(place) < edge - _HOLE)
    whole = weights.sum(axis=1)
    seen = (weights * _surface(place)).sum(axis=1) / np.maximum(whole, 1e-9)
    # Of windows of which little is on the head, nothing is said.
    bells = np.exp(-0.5 * off[:, 0] ** 2) * (whole > 0.2 * np.sqrt(1 - chord**2).sum())
    total = bells.sum(axis=0)
    mean = (bells * seen).sum(axis=0) / np.maximum(total, 1e-9)
    truth = np.maximum(towards, np.where(np.abs(across) < edge, _surface(across), -np.inf))
    return np.asarray(np.where((towards > _HIDDEN) & (total > 0), mean - truth, 0))


def _surface(across: Array) -> Array:
    """Return how near a head's surface is (..., G), that far across the sight; 0 beside it."""
    c, s = np.cos(ANGLES), np.sin(ANGLES)
    a = (c / _LENGTH) ** 2 + (s / _BREADTH) ** 2
    half = across * s * c * (1 / _LENGTH**2 - 1 / _BREADTH**2)
    rest = across**2 * ((s / _LENGTH) ** 2 + (c / _BREADTH) ** 2) - 1
    root = half * half - a * rest
    return np.asarray(np.where(root > 0, np.sqrt(np.maximum(root, 0)) - half, 0) / a)
