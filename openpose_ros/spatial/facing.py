"""
Which way a torso faces, and how sure that is.

Of every angle it is asked how likely it makes what is seen: how far left and right shoulder and
hip are apart across the sight (they are named, so the order says front or back), how far along it
where depth is known, where the head looks, which mostly is about where the torso faces, and where
the toes point. Where one of the two is not known, the middle between both stands for it, which
networks find too: neck and mid-hip. What fits two angles leaves a wide spread, and never one of
them for sure.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from openpose_ros.spatial.angles import ANGLES, kernel, likely, summed_up
from openpose_ros.spatial.parts import PLACE
from openpose_ros.spatial.proportions import HIPS, SHOULDERS, TORSO
from openpose_ros.spatial.sight import Sight

Array = npt.NDArray[np.float64]

UNKNOWN = 1.5  # a wider spread says nothing; that of no evidence is 1.8

_LEFT = np.array([PLACE['left_shoulder'], PLACE['left_hip']])
_RIGHT = np.array([PLACE['right_shoulder'], PLACE['right_hip']])
_BACK = np.array([PLACE['left_heel'], PLACE['right_heel']])
_TOES = np.array([PLACE['left_big_toe'], PLACE['right_big_toe']])
_ENDS = np.array([PLACE['neck'], PLACE['mid_hip']])

APART = np.array([SHOULDERS, HIPS])
APART_SPREAD = np.array([0.10, 0.18])  # of people whose torso is as long
_GIRTH = np.array([0.06, 0.11])  # from joint to surface
SIZE_SPREAD = 0.10  # of people, where the torso's length is not seen
TORSO_SPREAD = 0.06  # of the length that a torso shows
SHORTEST, LONGEST = 0.5, 1.5  # else something else was seen
JOINT = 0.02  # where networks see a joint, beside the pixels' noise
_DEPTH = np.array([0.03, 0.04])  # of a difference of depths, beside the sensor's noise
_DEPTH_SIDEWAYS = np.array([0.06, 0.07])  # more of it, of who is seen from the side
SITTING = np.array([0.0, 0.15])  # and of who sits
DEPTH_NOISE = 0.006  # of the distance: of the mean of a window
# What half of a difference says of all of it varies twice as much: its variance is so many times
# that of a whole one.
HALVED = 4.0
FOOT, FOOT_SPREAD = 0.20, 0.10
SWAPPED = 0.004  # how likely it is, against what fits, that parts are swapped or another's
ROUGH = (_DEPTH[:, np.newaxis] + _DEPTH_SIDEWAYS[:, np.newaxis] * np.sin(ANGLES) ** 2) ** 2
LOOKS_AHEAD = kernel(0.6, 0.1)  # from the head to the torso

ACROSS = np.cos(ANGLES)
SINE = np.sin(ANGLES)
# The farther of two joints is seen through the body: as if a capsule lay around both.
ALONG = -np.sign(SINE) * np.maximum(
    APART[:, np.newaxis] * np.abs(SINE)
    + _GIRTH[:, np.newaxis] * (1 - 1 / np.maximum(np.abs(ACROSS), 1e-9)),
    0,
)


class Sizes(NamedTuple):
    """How large N people are, 1 as `proportions` has them: float64 (N,), and its spread."""

    size: Array
    spread: Array


def torso_facing(
    sight: Sight, head: Array, sizes: Sizes, sits: Array, cut: Array | None = None
) -> tuple[Array, Array]:
    """
    Return which way torsos face.

    Parameters
    ----------
    sight : Sight
        Of N people.
    head : float64 (N, G)
        How likely each of ANGLES is for where the head looks.
    sizes : Sizes
        Of the same people.
    sits : float64 (N,)
        From 0 to 1: whose thighs are before her hips, so that their depths say little.
    cut : float64 (N, G), optional
        What `edges.torsos_outside` returns.

    Returns
    -------
    float64 (N,)
        About the vertical, -pi to pi, 0 towards the camera, above 0 turned to her own left; NaN
        if nothing says it.
    float64 (N,)
        Standard deviation, radians.

    """
    size, size_spread = sizes
    pixel = sight.noise * sight.distance
    joint = (2 * (JOINT**2 + pixel**2))[:, np.newaxis, np.newaxis]
    across, halved = _difference(
        *(sight.offsets(places, sight.aside) for places in (_LEFT, _RIGHT, _ENDS))
    )
    expected = size[:, np.newaxis, np.newaxis] * APART[:, np.newaxis] * ACROSS
    spread = np.hypot(size_spread[:, np.newaxis], APART_SPREAD)[..., np.newaxis]
    logs = _logs(across - expected, halved * joint + (spread * expected) ** 2)
    left, right, middle = (sight.depths(at, sight.towards) for at in (_LEFT, _RIGHT, _ENDS))
    if left is not None and right is not None and middle is not None:
        along, halved = _difference(left, right, middle)
        noise = 2 * (DEPTH_NOISE * sight.distance)[:, np.newaxis, np.newaxis] ** 2
        expected = size[:, np.newaxis, np.newaxis] * ALONG
        logs = logs + _logs(along - expected, halved * (ROUGH + noise + _thighs(sits)))
    if not np.isnan(sight.directions[:, _TOES]).all():
        toes, heels = (sight.offsets(places, sight.aside) for places in (_TOES, _BACK))
        logs = logs + _logs((toes - heels)[..., np.newaxis] - FOOT * SINE, joint + FOOT_SPREAD**2)
    logs = logs + np.log(head @ LOOKS_AHEAD)
    if cut is not None:
        logs = logs + np.log(cut)
    angle, stddev = summed_up(likely(logs))
    nothing = (stddev > UNKNOWN) | np.isnan(sight.towards[:, 0])
    angle[nothing] = stddev[nothing] = np.nan
    return angle, stddev


def body_sizes(sight: Sight) -> Sizes:
    """Return how large people are: as their torsos are, if they are seen, and as most people."""
    ends = sight.directions[:, _ENDS] * sight.distance[:, np.newaxis, np.newaxis]
    off = ends[:, 0] - ends[:, 1]
    length = np.sqrt((off * off).sum(axis=1)) / TORSO
    shown = (length > SHORTEST) & (length < LONGEST)
    # A torso may lean, and looks shorter then; people differ, and by more.
    trust = SIZE_SPREAD**2 / (SIZE_SPREAD**2 + TORSO_SPREAD**2)
    return Sizes(
        np.where(shown, 1 + trust * (length - 1), 1),
        np.where(shown, np.sqrt(trust) * TORSO_SPREAD, np.hypot(SIZE_SPREAD, sight.spread)),
    )


def _thighs(sits: Array) -> Array:
    """Return by how much depths of shoulders and hips vary of who sits."""
    return np.asarray((SITTING * sits[:, np.newaxis]) ** 2)[..., np.newaxis]


def _difference(left: Array, right: Array, middle: Array) -> tuple[Array, Array]:
    """Return how far (N, M, 1) left parts are from right ones, and HALVED, or 1 of a whole one."""
    whole = left - right
    half = 2 * np.where(np.isnan(left), middle - right, left - middle)
    lacking = np.isnan(whole)
    seen, halved = np.where(lacking, half, whole), np.where(lacking, HALVED, 1)
    return seen[..., np.newaxis], halved[..., np.newaxis]


def _logs(off: Array, variances: Array) -> Array:
    """Return how likely (N, G) what is seen (N, M) is; NaN says nothing."""
    bells = np.exp(-0.5 * off * off / variances) * np.sqrt(
        variances.min(axis=-1, keepdims=True) / variances
    )
    return np.asarray(np.where(np.isnan(bells), 0, np.log(bells + SWAPPED)).sum(axis=1))
