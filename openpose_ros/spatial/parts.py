"""The parts of a body that geometry asks for, whatever the skeleton: found by their names."""

from __future__ import annotations

from functools import cache

import numpy as np
import numpy.typing as npt

from openpose_ros.skeletons import Skeleton

Array = npt.NDArray[np.float64]

_SIDED = ('shoulder', 'hip', 'eye', 'ear', 'elbow', 'wrist', 'knee', 'ankle', 'heel', 'big_toe')
# In an order in which parts that are asked for together are slices, which cost a fifth of lists.
NAMES = (
    'neck',
    'mid_hip',
    *(f'{side}_{part}' for part in _SIDED[:2] for side in ('left', 'right')),
    'nose',
    *(f'{side}_{part}' for part in _SIDED[2:] for side in ('left', 'right')),
)
PLACE = {name: place for place, name in enumerate(NAMES)}
MIDDLES, LEFTS, RIGHTS = slice(0, 2), slice(2, 6, 2), slice(3, 6, 2)


@cache
def places_of(skeleton: Skeleton) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """
    Return which keypoints of a skeleton are the parts of NAMES.

    Returns
    -------
    int64 (P,)
        -1 where it has none.
    int64 (M,)
        The places in NAMES of those.

    """
    names = skeleton.keypoint_names
    places = [names.index(name) if name in names else -1 for name in NAMES]
    missing = [place for place, index in enumerate(places) if index < 0]
    return np.array(places), np.array(missing, np.int64)


def parts_in(points: npt.NDArray[np.floating], skeleton: Skeleton) -> Array:
    """
    Return the parts of NAMES.

    Parameters
    ----------
    points : float (N, K, D)
        One a keypoint; NaN where unknown.
    skeleton : Skeleton
        Names the K keypoints.

    Returns
    -------
    float64 (N, P, D)
        In the order of NAMES; NaN where the skeleton has no such keypoint. Neck and mid-hip are
        the middle between shoulders and hips, which they are held for, where both are known.

    """
    places, missing = places_of(skeleton)
    parts = np.asarray(points.take(places, axis=1), np.float64)  # -1 takes the last
    if len(missing):
        parts[:, missing] = np.nan
    return _with_middles(parts)


def parts_of_one_more(points: Array, skeleton: Skeleton) -> Array:
    """Return what `parts_in` does, more quickly, of (N, K + 1, D), of which the last is NaN."""
    return _with_middles(points.take(places_of(skeleton)[0], axis=1))


def _with_middles(parts: Array) -> Array:
    between = 0.5 * (parts[:, LEFTS] + parts[:, RIGHTS])
    np.copyto(parts[:, MIDDLES], between, where=between == between)
    return parts
