"""
Which places are not said, since another part of a body may be seen there, or somebody else.

A keypoint is a pixel or two off, and depth images have holes beside edges: what is next to a thin
part, and is seen all around the keypoint, is taken for it, and no depth around it tells. So is who
stands before somebody, where no limb would be too long.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from openpose_ros.people import People
from openpose_ros.spatial.located import Positions
from openpose_ros.spatial.parts import PLACE, places_of

Array = npt.NDArray[np.float64]
Index = npt.NDArray[np.int64]

# Left and right knees, and what is below them, are so far apart, or one was taken for the other.
_LEGS_APART = 0.12  # metres
# Of who is seen from the side, left and right are one behind the other. Where both arms are as
# far away, one is mostly the torso beside which it is seen.
_SIDEWAYS = 0.18  # metres across the sight from shoulder to shoulder, of who is seen so
_ARMS_APART = 0.06  # metres along the sight
_NEAR = 0.35  # metres: what is so near to the middle of a body needs no limb to be of it
_HAND = 0.06  # metres across the sight: a hip so near to a wrist may be hidden by a hand

_LEFT_SHOULDER, _RIGHT_SHOULDER = PLACE['left_shoulder'], PLACE['right_shoulder']
_HIPS = slice(PLACE['left_hip'], PLACE['right_hip'] + 1)
# Both hips beside the left wrist, then both beside the right one.
_HIPS_OF_PAIRS = np.array(2 * [PLACE['left_hip'], PLACE['right_hip']])
_WRISTS_OF_PAIRS = np.array([PLACE[f'{side}_wrist'] for side in ('left', 'right')]).repeat(2)
# Elbows, wrists; knees, ankles, heels and toes.
_LEFT = slice(PLACE['left_elbow'], PLACE['left_big_toe'] + 1, 2)
_RIGHT = slice(PLACE['right_elbow'], PLACE['right_big_toe'] + 1, 2)
_ARMS = 2
# Of arms what counts is along the sight alone, and how far apart, squared, each pair may be.
_COUNTING = np.ones((len(range(_LEFT.start, _LEFT.stop, 2)), 3))
_COUNTING[:_ARMS, ::2] = 0
_APART = np.full(len(_COUNTING), _LEGS_APART**2)
_APART[:_ARMS] = _ARMS_APART**2
_ONES, _ACROSS_AND_UP = np.ones(3), np.array([1.0, 0.0, 1.0])
_NOBODY: Index = np.zeros((2, 0), np.int64)


def undoubted(
    positions: Positions, sight: Array, surface: Array, distance: Array, people: People
) -> Positions:
    """
    Return positions, NaN where another part may be seen.

    Parameters
    ----------
    positions : float32 (N, K, 3)
        The surface under each keypoint, metres; only read.
    sight : float64 (N, P, 3)
        To the parts of `parts.NAMES`, horizontally of length 1: across the sight, towards the
        camera, up; NaN where they are not seen.
    surface : float64 (N, P, 3)
        What is seen there, along the same axes, metres; NaN where no depth is known.
    distance : float64 (N,)
        Of the people, horizontally, metres; NaN unknown.
    people : People
        The same N.

    """
    apart = surface[:, _LEFT] - surface[:, _RIGHT]
    doubts = (apart * apart * _COUNTING) @ _ONES < _APART
    wide = (sight[:, _LEFT_SHOULDER, 0] - sight[:, _RIGHT_SHOULDER, 0]) * distance
    doubts[:, :_ARMS] &= (np.abs(wide) < _SIDEWAYS)[:, np.newaxis]
    off = sight.take(_HIPS_OF_PAIRS, axis=1) - sight.take(_WRISTS_OF_PAIRS, axis=1)
    near = (off * off) @ _ACROSS_AND_UP < ((_HAND / distance) ** 2)[:, np.newaxis]
    hidden = near[:, :2] | near[:, 2:]
    another = _of_another(surface, distance, people) if len(people) > 1 else _NOBODY
    if not (doubts.any() or hidden.any() or another.size):
        return positions
    of_parts = np.zeros(surface.shape[:2], np.bool_)
    of_parts[:, _LEFT] = of_parts[:, _RIGHT] = doubts
    of_parts[:, _HIPS] = hidden
    of_parts[another[0], another[1]] = True
    rows, parts = of_parts.nonzero()
    keypoints = places_of(people.skeleton)[0][parts]  # -1 of none, of which no depth is known
    left = positions.copy()
    left[rows, keypoints] = np.nan
    return left


def _of_another(surface: Array, distance: Array, people: People) -> Index:
    """Return whose parts (2, M) are seen where another body is, far from their own."""
    ranges = np.sqrt(surface[..., 0] ** 2 + surface[..., 1] ** 2)
    rows, parts = (np.abs(ranges - distance[:, np.newaxis]) > _NEAR).nonzero()
    if not len(rows):
        return _NOBODY
    near = np.abs(ranges[rows, parts][:, np.newaxis] - distance) < _NEAR
    places = people.keypoints[rows, places_of(people.skeleton)[0][parts], :2]
    found = people.keypoints[..., 2:] > 0
    low = np.where(found, people.keypoints[..., :2], np.inf).min(axis=1)
    high = np.where(found, people.keypoints[..., :2], -np.inf).max(axis=1)
    within = (places[:, np.newaxis] >= low) & (places[:, np.newaxis] <= high)
    hers = (near & within.all(axis=2)).any(axis=1)  # not her own: that is farther away
    return np.stack([rows[hers], parts[hers]])
