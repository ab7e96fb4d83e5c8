"""
What of faces is outside the image, where it cannot be found.

A nose that is missed says that the head is turned away, but not where the image ends before it.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import numpy.typing as npt

from openpose_ros.people import People
from openpose_ros.spatial.cameras import Camera
from openpose_ros.spatial.gaze import ASIDE, face_keypoints

Array = npt.NDArray[np.float64]
Pixels = npt.NDArray[np.float32]

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


@lru_cache(maxsize=8)
def _inside(camera: Camera) -> tuple[Pixels, Pixels]:
    """Return where the middle of a camera's image is, and how far from it no edge is near."""
    middle = (np.array(camera.size) - 1) / 2
    inside = middle - _HEAD * min(camera.focal)
    return middle.astype(np.float32), inside.astype(np.float32)
