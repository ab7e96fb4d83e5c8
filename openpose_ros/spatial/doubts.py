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
from openpose_ros.spatial.parts import places_of

Array = npt.NDArray[np.float64]
Index = npt.NDArray[np.int64]

# Left and right knees, and what is below them, are so far apart, or one was taken for the other.
LEGS_APART, LEGS_APART_IN_PROFILE = 0.12, 0.16  # metres
# Of who is seen from the side, left and right are one behind the other. Where both arms are as
# far away, one is mostly the torso beside which it is seen.
SIDEWAYS = 0.18  # metres across the sight from shoulder to shoulder, of who is seen so
ARMS_APART = 0.06  # metres along the sight
# In profile the nearer one of two limbs is what it seems to be; what is seen of the farther one is
# behind the middle of the body, unless a hand is held before it.
PROFILE, ARM_BEFORE = 0.5, 0.26  # cosines of facing: 60 to 120 degrees, 75 degrees
HAND = 0.06  # metres across the sight: a hip so near to a wrist may be hidden by a hand
_NEAR = 0.35  # metres: what is so near to the middle of a body needs no limb to be of it

_NOBODY: Index = np.zeros((2, 0), np.int64)


def undoubted(
    positions: Positions,
    doubtful: npt.NDArray[np.uint8],
    surface: Array,
    distance: Array,
    people: People,
) -> Positions:
    """
    Return positions, NaN where another part may be seen.

    Parameters
    ----------
    positions : float32 (N, K, 3)
        The surface under each keypoint, metres; only read.
    doubtful : uint8 (N, P)
        1 of the parts of `parts.NAMES` that may be another part of the same body, as
        `find_poses` says; what may be somebody else's is added.
    surface : float64 (N, P, 3)
        What is seen there: across the sight, towards the camera, up, metres; NaN where no depth
        is known.
    distance : float64 (N,)
        Of the people, horizontally, metres; NaN unknown.
    people : People
        The same N.

    """
    another = _of_another(surface, distance, people) if len(people) > 1 else _NOBODY
    doubtful[another[0], another[1]] = 1
    rows, parts = doubtful.nonzero()
    if not len(rows):
        return positions
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
