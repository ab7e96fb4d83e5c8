"""
What of people is outside the image, where it cannot be found.

A nose that is missed says that the head is turned away, but not where the image ends before it. A
shoulder that is missed beside the other says that it is beyond the edge, and so to which side.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt

from openpose_ros.people import People
from openpose_ros.skeletons import Skeleton
from openpose_ros.spatial.angles import ANGLES
from openpose_ros.spatial.cameras import Camera
from openpose_ros.spatial.facing import ACROSS, APART, APART_SPREAD, SIZE_SPREAD
from openpose_ros.spatial.gaze import ASIDE, FOUND, face_keypoints
from openpose_ros.spatial.located import Positions
from openpose_ros.spatial.parts import LEFTS, MIDDLES, PLACE, RIGHTS, places_of
from openpose_ros.spatial.sight import NOISE_PX

Array = npt.NDArray[np.float64]
Pixels = npt.NDArray[np.float32]
Index = npt.NDArray[Any]

_WITH_MIDDLES = np.array(
    [
        [PLACE[f'left_{part}'], PLACE[f'right_{part}'], PLACE[middle]]
        for part, middle in (('shoulder', 'neck'), ('hip', 'mid_hip'))
    ]
)
_SPREAD = np.hypot(SIZE_SPREAD, APART_SPREAD)
_FURTHEST = APART * (1 + 2 * _SPREAD)  # metres: so far apart are those of nearly all people
_NEAREST = 0.5  # metres: who is nearer shows no torso
_HEAD = 0.15  # radians: so far are parts of a head apart at 1.3 m


def near_edges(people: People, camera: Camera) -> bool:
    """Return whether parts of any face are so near to an edge that others may be outside."""
    face = people.keypoints.take(face_keypoints(people.skeleton)[0], axis=1)[..., :2]
    middle, inside = _inside(camera)
    return bool((np.abs(face - middle) > inside).any())  # NaN is not


def outside(people: People, camera: Camera, aside: Array, distance: Array) -> Array:
    """
    Return which parts of faces are outside the image, for each way that heads may look.

    Parameters
    ----------
    people : People
        N, in pixels of the camera's image.
    camera : Camera
        That took it.
    aside : float64 (N, 3)
        As of `Sight`.
    distance : float64 (N,)
        Of the people, horizontally, metres.

    Returns
    -------
    float64 (N, 5, G)
        1: outside, at that of ANGLES, by where the parts are that were found; else 0.

    """
    keypoints, which = face_keypoints(people.skeleton)
    face = people.keypoints.take(keypoints, axis=1).astype(np.float64)
    found = face[..., 2] > 0
    shares = found / np.maximum(found.sum(axis=1, keepdims=True), 1)
    centre, _ = _inside(camera)
    middle = (shares[..., np.newaxis] * np.where(found[..., np.newaxis], face[..., :2], 0)).sum(1)
    across = ASIDE - (shares @ ASIDE[which])[:, np.newaxis]  # (N, 5, G), from that middle
    metre = aside[:, :2] * camera.focal / distance[:, np.newaxis]
    off = (middle - centre)[:, np.newaxis, np.newaxis]
    off = np.abs(off + across[..., np.newaxis] * metre[:, np.newaxis, np.newaxis])
    return np.asarray((off > centre + 0.5).any(axis=3), np.float64)


def any_alone(directions: Array) -> bool:
    """Return whether of any pair one is seen (N, P, 3), and neither the other nor the middle."""
    x = directions[:, : RIGHTS.stop, 0]
    found = x == x
    return bool((~found[:, MIDDLES] & (found[:, LEFTS] | found[:, RIGHTS])).any())


def alone_at_edges(
    people: People, camera: Camera, positions: Positions | None
) -> npt.NDArray[np.bool_]:
    """
    Return whose other shoulder, and other hip, may be beyond the edge of the image.

    Parameters
    ----------
    people, camera
        As of `outside`.
    positions : float32 (N, K, 3) or None
        Where the keypoints are, as far as that is known.

    Returns
    -------
    bool (N, 2)
        Where one of two is found, near to an edge, and neither the other nor the middle between
        both: that says as much, whichever way she faces.

    """
    keypoints, known = _with_middles(people.skeleton)
    found = (people.keypoints[..., 2].take(keypoints, axis=1) > 0) & known
    alone = (found[..., 0] != found[..., 1]) & ~found[..., 2]
    if alone.any():
        row, pair, keypoint, _ = _found_of(alone, people)
        depth = np.full(len(row), _NEAREST)
        if positions is not None:
            depth = np.fmax(positions[row, keypoint, 2], _NEAREST)
        centre, _ = _inside(camera)
        off = np.abs(people.keypoints[row, keypoint, :2] - centre)
        reach = max(camera.focal) * _FURTHEST[pair] / depth
        alone[row, pair] = (off > centre - reach[:, np.newaxis]).any(axis=1)
    return np.asarray(alone)


def torsos_outside(
    alone: npt.NDArray[np.bool_], people: People, camera: Camera, aside: Array, distance: Array
) -> Array:
    """
    Return how likely it is that shoulders and hips are missed, for each way to face.

    Parameters
    ----------
    alone : bool (N, 2)
        What `alone_at_edges` returns.
    people, camera, aside, distance
        As of `outside`.

    Returns
    -------
    float64 (N, G)
        Of ANGLES: 1 where each that is missed beside the other would be outside the image.

    """
    cut = np.ones((len(people), len(ANGLES)))
    row, pair, keypoint, is_left = _found_of(alone, people)
    centre, _ = _inside(camera)
    known = people.keypoints[row, keypoint, :2] - centre.astype(np.float64)
    # From the one that is found to the other, metres, and pixels: (M, G, 2).
    across = np.where(is_left, -1, 1)[:, np.newaxis] * APART[pair, np.newaxis] * ACROSS
    metre = aside[row, :2] * camera.focal / distance[row, np.newaxis]
    off = across[..., np.newaxis] * metre[:, np.newaxis]
    spread = np.sqrt((off * _SPREAD[pair, np.newaxis, np.newaxis]) ** 2 + NOISE_PX**2)
    beyond = ((np.abs(known[:, np.newaxis] + off) - centre) / spread).max(axis=2)
    # As a logistic function has it, which differs by 0.01 from the normal one.
    is_outside = 1 / (1 + np.exp(-1.702 * beyond))
    # A shoulder and a hip are missed for the same reason: together they say as much as one.
    share = 1 / alone.sum(axis=1)[row, np.newaxis]
    np.multiply.at(cut, row, (1 - FOUND + FOUND * is_outside) ** share)
    return cut


def _found_of(alone: npt.NDArray[np.bool_], people: People) -> tuple[Index, Index, Index, Index]:
    """Return row, pair and keypoint (M,) of what is found of one of two, and if it is the left."""
    row, pair = alone.nonzero()
    left, right = _with_middles(people.skeleton)[0][pair, :2].T
    is_left = (left >= 0) & (people.keypoints[row, left, 2] > 0)
    return row, pair, np.where(is_left, left, right), is_left


@lru_cache(maxsize=8)
def _with_middles(skeleton: Skeleton) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.bool_]]:
    """Return the keypoints of left, right and middle (2, 3), and which of them there are."""
    keypoints = places_of(skeleton)[0][_WITH_MIDDLES]
    return keypoints, keypoints >= 0


@lru_cache(maxsize=8)
def _inside(camera: Camera) -> tuple[Pixels, Pixels]:
    """Return where the middle of a camera's image is, and how far from it no edge is near."""
    middle = (np.array(camera.size) - 1) / 2
    inside = middle - _HEAD * min(camera.focal)
    return middle.astype(np.float32), inside.astype(np.float32)
