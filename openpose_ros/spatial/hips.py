"""Where the middle between the hips is, inside the body, and how sure that is."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from openpose_ros.spatial.parts import PLACE
from openpose_ros.spatial.proportions import (
    HALF_BREADTH,
    HALF_DEPTH,
    HALF_DEPTH_SPREAD,
    HIPS,
    SHOULDER_HALF_BREADTH,
    SHOULDER_HALF_DEPTH,
    SHOULDERS,
    THIGH,
    TORSO,
)
from openpose_ros.spatial.sight import Sight

Array = npt.NDArray[np.float64]

# Hips and shoulders, left and right, and what is asked where neither hip is known.
PAIRS = np.array(
    [[PLACE[f'{side}_{part}'] for side in ('left', 'right')] for part in ('hip', 'shoulder')]
)
_MID_HIP = PLACE['mid_hip']
# Of ellipses at hips and shoulders: half of their depth and breadth, and how far from their
# middle the joints are.
ELLIPSES = np.array(
    [
        [HALF_DEPTH, HALF_BREADTH, HIPS / 2],
        [SHOULDER_HALF_DEPTH, SHOULDER_HALF_BREADTH, SHOULDERS / 2],
    ]
)
_ENDS = np.array([PLACE[name] for name in ('mid_hip', 'left_hip', 'right_hip', 'neck')])
_THIGHS = np.array([PLACE[name] for name in ('left_hip', 'right_hip', 'left_knee', 'right_knee')])
UPRIGHT = 0.7  # thigh's lengths by which knees are below hips: who does not sit
THIGH_BEFORE = 0.10  # metres by which a thigh is before the hips, seen from the front
_DEPTH_NOISE = 0.006  # of the distance: of the mean of some windows
STRAIGHT = 0.02  # metres that shoulders may be behind the hips of who stands upright
HIDDEN = 0.13  # the most by which thighs are thought to hide hips, metres
BEHIND = 0.17  # the most by which shoulders are behind hips
LEAN_SPREAD = 0.10  # of a torso's upper end from above the lower one, metres
JOINT = 0.02  # where networks see hips, metres
GUESSED = 0.04  # of a middle of which one hip was seen, metres


class TorsoSurface(NamedTuple):
    """
    What is seen of N torsos, at hips and at shoulders.

    Attributes
    ----------
    ranges : float64 (N, 2)
        How far that is from the camera, horizontally, metres; NaN where no depth is known.
    sides : float64 (N, 2)
        1: at the left joint, -1: at the right one, 0: both, of which `ranges` is the mean.
    apart : float64 (N, 2)
        1: that is where joints are; 0: in the middle between them.

    """

    ranges: Array
    sides: Array
    apart: Array


def torso_surfaces(surface: Array, up: Array) -> TorsoSurface:
    """
    Return how far the surface of hips and of shoulders is from the camera, horizontally.

    Parameters
    ----------
    surface : float64 (N, P, 3)
        What is seen at the parts of `parts.NAMES`, metres; NaN where no depth is known.
    up : float64 (3,)
        The vertical.

    """
    ranges = _ranges(surface[:, PAIRS], up)
    known = ~np.isnan(ranges)
    count = known.sum(axis=2)
    mean = np.where(known, ranges, 0).sum(axis=2) / count
    apart = (count > 0).astype(np.float64)
    mean[:, 0] = np.where(count[:, 0] > 0, mean[:, 0], _ranges(surface[:, _MID_HIP], up))
    return TorsoSurface(mean, known[..., 0].astype(np.float64) - known[..., 1], apart)


def _ranges(points: Array, up: Array) -> Array:
    """Return how far points (..., 3) are from the camera, horizontally."""
    above = points @ up
    return np.asarray(np.sqrt((points * points).sum(axis=-1) - above * above))


def sitting(directions: Array, up: Array, distance: Array) -> Array:
    """
    Return how much people's thighs are stretched out, 0: they stand, 1: they sit.

    Parameters
    ----------
    directions : float64 (N, P, 3)
        To the parts of `parts.NAMES`, horizontally of length 1.
    up : float64 (3,)
        The vertical.
    distance : float64 (N,)
        Metres, horizontally.

    Returns
    -------
    float64 (N,)
        By how far the knees are below the hips; 0 where no thigh is seen.

    """
    heights = directions[:, _THIGHS] @ up
    drops = (heights[:, :2] - heights[:, 2:]) * (distance / THIGH)[:, np.newaxis]
    known = ~np.isnan(drops)
    drops[~known] = 0
    count = known.sum(axis=1)
    drop = np.where(count, drops.sum(axis=1) / count, UPRIGHT)
    return np.asarray(np.minimum(np.maximum(1 - drop / UPRIGHT, 0), 1))


def torso_distances(seen: TorsoSurface, facing: Array, sits: Array) -> tuple[Array, Array]:
    """
    Return how far mid-hips are from the camera, by the surface of hips and shoulders.

    The thighs of somebody who sits hide her hips: what is seen there is nearer. Where it is nearer
    than her shoulders all the same, the truth is held for the middle between both.

    Parameters
    ----------
    seen : TorsoSurface
        Of N people.
    facing : float64 (N,)
        Radians; NaN: as if from the front.
    sits : float64 (N,)
        What `sitting` returns.

    Returns
    -------
    float64 (N,), float64 (N,)
        Metres, horizontally, and the standard deviation; NaN where no depth is known.

    """
    facing = np.where(np.isnan(facing), 0, facing)
    ahead = np.cos(facing)
    hips, shoulders = (seen.ranges + _inside(seen, ahead, np.sin(facing))).T
    hips = hips + THIGH_BEFORE * sits * np.maximum(ahead, 0)
    behind = np.where(np.isnan(shoulders), 0, shoulders - hips)
    hidden = np.minimum(np.maximum((behind - STRAIGHT) / 2, 0), HIDDEN)
    by_hips = ~np.isnan(hips)
    found = np.where(by_hips, np.maximum(hips + hidden, hips + behind - BEHIND), shoulders)
    spread = np.where(by_hips, np.hypot(HALF_DEPTH_SPREAD, hidden / 2), LEAN_SPREAD)
    return found, np.where(np.isnan(found), np.nan, np.hypot(spread, _DEPTH_NOISE * found))


def _inside(seen: TorsoSurface, ahead: Array, aside: Array) -> Array:
    """
    Return how far (N, 2) behind what is seen of it the middle of an ellipse is.

    A joint is seen where its ray meets the ellipse. With a facing of cosine c (`ahead`) and sine
    s (`aside`) the ellipse is e = sqrt((b c)^2 + (d s)^2) wide to both sides, and the ray that
    passes x to the left of its middle meets it d b / e sqrt(1 - (x / e)^2) - x c s (b^2 - d^2)
    / e^2 before that. The left joint is at x = h c, and the right one as far to the right.
    """
    deep, broad, out = ELLIPSES.T
    c, s = ahead[..., np.newaxis], aside[..., np.newaxis]
    wide = (broad * c) ** 2 + (deep * s) ** 2
    x = seen.apart * out * c
    level = deep * broad * np.sqrt((1 - x * x / wide) / wide)
    return np.asarray(level - seen.sides * x * c * s * (broad**2 - deep**2) / wide)


def mid_hips(sight: Sight, facing: Array, sizes: Array) -> tuple[Array, Array]:
    """
    Return where the middle between the hips is.

    Parameters
    ----------
    sight : Sight
        Of N people; its distance and spread are those of the mid-hip.
    facing : float64 (N,)
        Radians, NaN unknown.
    sizes : float64 (N,)
        How large they are, 1 as `proportions` has them.

    Returns
    -------
    float64 (N, 3)
        In the image's frame, metres: in the direction of the hips if both are seen, else beside
        the one, else below the shoulders; NaN without them or a distance.
    float64 (N, 3, 3)
        Covariance, long along the direction of sight.

    """
    directions, distance = sight.directions[:, _ENDS], sight.distance[:, np.newaxis]
    left = np.where(
        np.isnan(facing)[:, np.newaxis],
        0,
        np.cos(facing)[:, np.newaxis] * sight.aside
        - np.sin(facing)[:, np.newaxis] * sight.towards,
    )
    half = (HIPS / 2 * sizes)[:, np.newaxis] * left
    guesses = (
        _beside(directions[:, 1], -half, distance),
        _beside(directions[:, 2], half, distance),
        directions[:, 3] * distance - TORSO * sizes[:, np.newaxis] * sight.up,
    )
    position = directions[:, 0] * distance
    blur = np.zeros(len(position))
    for guess, extra in zip(guesses, (GUESSED, GUESSED, LEAN_SPREAD)):
        lacking = np.isnan(position[:, 0])
        if not lacking.any():
            break
        position = np.where(lacking[:, np.newaxis], guess, position)
        blur = np.where(lacking, extra, blur)
    length = np.sqrt((position * position).sum(axis=1))
    along = position / length[:, np.newaxis]
    across = (sight.noise * length) ** 2 + JOINT**2 + blur**2
    longer = (sight.spread * length) ** 2
    covariance = across[:, np.newaxis, np.newaxis] * np.eye(3)
    covariance = covariance + longer[:, np.newaxis, np.newaxis] * (
        along[:, :, np.newaxis] * along[:, np.newaxis]
    )
    return position, covariance


def _beside(directions: Array, shift: Array, distance: Array) -> Array:
    """
    Return what is so much beside points (N, 3), and itself so far away; NaN where nothing is.

    Parameters
    ----------
    directions : float64 (N, 3)
        To the points, horizontally of length 1; how far away they are is not known.
    shift : float64 (N, 3)
        From the points, horizontally, metres.
    distance : float64 (N, 1)
        Of what is beside them, horizontally, metres.

    """
    nearer = (directions * shift).sum(axis=1, keepdims=True)
    squares = distance**2 + nearer**2 - (shift * shift).sum(axis=1, keepdims=True)
    ranges = np.sqrt(np.where(squares < 0, np.nan, squares)) - nearer
    return np.asarray(directions * ranges + shift)
