"""
How far somebody is by how large she looks: without depth, in a calibrated camera.

A part of a body looks at most as long as it is, and shorter when it points towards the camera. So
of each distance it is asked how likely the lengths are that are seen; the torso, which is mostly
upright, says most. What is left open, and how much people differ, is the spread. Children look
like grown-ups who are farther away: of a child of 1.2 m it says 1.4 times the distance.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from openpose_ros.spatial.parts import PLACE
from openpose_ros.spatial.proportions import SEGMENTS, STATURE_SPREAD

Array = npt.NDArray[np.float64]

_NEAREST, _FARTHEST, _STEP = 0.3, 60.0, 0.05  # metres; of the logarithm
_GRID = np.arange(np.log(_NEAREST), np.log(_FARTHEST), _STEP)
_TILT, _TILT_SPREAD = 0.02, 0.05  # by how much a part across the direction of sight is shortened
_ACROSS = np.where([s.upright for s in SEGMENTS], 0.98, 0.5)[:, np.newaxis]  # how often it is
_POINTING = 1.5  # else, how much less likely it is that a part looks shorter: a power
_LONGEST_NOISE = 0.5  # of a length: more says nothing
_NEVER = 1e-6  # so likely is what cannot be
_FEWEST = 2  # proportions
_ROOT = np.sqrt(2 * np.pi)

_START = np.array([PLACE[segment.start] for segment in SEGMENTS])
_END = np.array([PLACE[segment.end] for segment in SEGMENTS])
_LENGTH = np.array([segment.length for segment in SEGMENTS])
_SPREAD = np.array([segment.spread for segment in SEGMENTS])


def monocular_distances(directions: Array, noise: float) -> tuple[Array, Array]:
    """
    Return how far people are from the camera, by their proportions.

    Parameters
    ----------
    directions : float64 (N, P, 3)
        Unit vectors from the camera to the parts of `parts.NAMES`; NaN where they are not seen.
    noise : float
        Standard deviation of each direction along each axis, radians.

    Returns
    -------
    float64 (N,)
        Metres along the ray; NaN where fewer than two proportions are seen.
    float64 (N,)
        Standard deviation, metres: of the estimate and of people.

    """
    apart = directions[:, _END] - directions[:, _START]
    squared = (apart * apart).sum(axis=2)
    with np.errstate(invalid='ignore', divide='ignore'):
        # Noise across a segment makes it longer.
        length = np.sqrt(np.maximum(squared - 2 * noise**2, noise**2))
        noisy = np.minimum(np.sqrt(2) * noise / length, _LONGEST_NOISE)
        ratio = np.log(length / _LENGTH)[..., np.newaxis] + _GRID  # looks as long as it is: 0
    sigma = np.hypot(noisy, _SPREAD)[..., np.newaxis]
    steady = np.hypot(sigma, _TILT_SPREAD)
    with np.errstate(invalid='ignore'):
        across = np.exp(-0.5 * ((ratio + _TILT) / steady) ** 2) / (_ROOT * steady)
        beyond = np.maximum(ratio, 0) / sigma
        pointing = _POINTING * np.exp(_POINTING * np.minimum(ratio, 0) - 0.5 * beyond**2)
        logs = np.log(_ACROSS * across + (1 - _ACROSS) * pointing + _NEVER)
    seen = ~np.isnan(squared)
    total = np.where(seen[..., np.newaxis], logs, 0).sum(axis=1)
    weights = np.exp(total - total.max(axis=1, keepdims=True, initial=-np.inf))
    weights /= weights.sum(axis=1, keepdims=True)
    mean = weights @ _GRID
    variance = weights @ (_GRID**2) - mean**2
    spread = np.sqrt(np.maximum(variance, 0) + STATURE_SPREAD**2)
    distance = np.exp(mean)
    few = seen.sum(axis=1) < _FEWEST
    distance[few] = np.nan
    return distance, distance * spread
