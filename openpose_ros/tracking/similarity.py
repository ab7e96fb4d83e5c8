"""How much one pose is like another: object keypoint similarity."""

from __future__ import annotations

from functools import cache
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from openpose_ros.skeletons import Skeleton

FloatArray = npt.NDArray[np.float64]

# COCO's, pycocotools/cocoeval.py, Params.kpt_oks_sigmas (BSD-2-Clause).
_SIGMAS = {
    'nose': 0.026,
    'eye': 0.025,
    'ear': 0.035,
    'shoulder': 0.079,
    'elbow': 0.072,
    'wrist': 0.062,
    'hip': 0.107,
    'knee': 0.087,
    'ankle': 0.089,
}
# Parts that COCO does not have, as the one that is marked about as surely.
_ALIKE = {
    'neck': 'shoulder',
    'chest': 'hip',
    'mid_hip': 'hip',
    'heel': 'ankle',
    'big_toe': 'ankle',
    'small_toe': 'ankle',
    'head': 'ear',
    'head_top': 'ear',
}
_UNKNOWN_SIGMA = 0.107
# How much a part says of where the body is: arms and legs swing.
_STEADINESS = {'elbow': 0.2, 'knee': 0.2, 'wrist': 0.05, 'ankle': 0.05}

_BODY_OF_BOX = 0.53  # COCO's people fill so much of the boxes around their keypoints
_NARROWEST = 0.35  # square root of the area of who is seen from the side, in heights
_SHARPEST = 0.04  # the network finds eyes less exactly than people do
_ENOUGH = 4  # fewer parts in common are never quite the same


class Parts(NamedTuple):
    """
    What is known of the keypoints of a skeleton.

    Attributes
    ----------
    sigmas : float64 (K,)
        How far apart two people mark each, in square roots of the body's area.
    steadiness : float64 (K,)
        How much each says of where the body is, above 0 and up to 1.
    mirror : int64 (K,)
        The same part of the other side.

    """

    sigmas: FloatArray
    steadiness: FloatArray
    mirror: npt.NDArray[np.int64]


@cache
def parts_of(skeleton: Skeleton) -> Parts:
    """Return what is known of a skeleton's keypoints, by their names."""
    kinds = [_kind(name) for name in skeleton.keypoint_names]
    return Parts(
        np.array([_SIGMAS.get(kind, _UNKNOWN_SIGMA) for kind in kinds]),
        np.array([_STEADINESS.get(kind, 1.0) for kind in kinds]),
        np.array(skeleton.mirror, np.int64),
    )


def _kind(name: str) -> str:
    """Return which of COCO's parts a keypoint is like; itself if none."""
    either = name.removeprefix('left_').removeprefix('right_')
    return _ALIKE.get(either, either)


def body_sizes(points: FloatArray) -> FloatArray:
    """
    Return how large people are: the square roots of their areas.

    Parameters
    ----------
    points : float64 (N, K, 2)
        x, y; NaN where missing.

    Returns
    -------
    float64 (N,)
        In the unit of the points, at least 1e-6; 1e-6 of who has no more than one point.

    """
    # fmax and fmin prefer whatever is not NaN.
    sides = np.fmax(np.fmax.reduce(points, axis=1) - np.fmin.reduce(points, axis=1), 0)
    area = _BODY_OF_BOX * sides[:, 0] * sides[:, 1]
    return np.asarray(np.sqrt(np.maximum(area, (_NARROWEST * sides.max(axis=1)) ** 2)) + 1e-6)


def similarities(
    expected: FloatArray,
    sizes: FloatArray,
    variances: FloatArray,
    found: FloatArray,
    parts: Parts,
) -> tuple[FloatArray, FloatArray]:
    """
    Compare each expected pose with each that was found.

    Object keypoint similarity is the mean over the keypoints that both have of
    exp(-distance² / (2 size² (2 sigma)²)) (https://cocodataset.org/#keypoints-eval). Here the
    uncertainty of where somebody is widens the bell. Fewer than four common keypoints count as
    four: one alone fits anybody.

    Parameters
    ----------
    expected : float64 (T, K, 2)
        x, y; NaN where unknown.
    sizes : float64 (T,)
        Of the expected, as `body_sizes` returns them.
    variances : float64 (T, K)
        Of the place of each of the expected keypoints, along each axis.
    found : float64 (N, K, 2)
        As `expected`.
    parts : Parts
        Of their skeleton.

    Returns
    -------
    likeness : float64 (T, N)
        In [0, 1]: whether it may be them.
    density : float64 (T, N)
        In [0, 1]: how well it is them. The bell of one sigma, not of COCO's lenient two, is as
        high as it is narrow, and steady parts count more: who is expected just here goes before
        who might be anywhere.

    """
    apart = expected[:, np.newaxis] - found
    halved = -0.5 * (apart[..., 0] ** 2 + apart[..., 1] ** 2)
    missing = np.isnan(halved)
    np.copyto(halved, -np.inf, where=missing)
    likeness = np.exp(halved / (bell_widths(sizes, parts.sigmas) + variances)[:, np.newaxis])
    count = _comparable(missing)
    own = (np.maximum(parts.sigmas, _SHARPEST) * sizes[:, np.newaxis]) ** 2
    narrow = np.exp(halved / (own + variances)[:, np.newaxis])
    weights = parts.steadiness * own / (own + variances)
    density = (narrow @ weights[..., np.newaxis])[..., 0]
    steady = np.maximum(~missing @ parts.steadiness, min(_ENOUGH, len(parts.sigmas)))
    return likeness.sum(axis=2) / count, density / steady


def overlap(apart: FloatArray, widths: FloatArray) -> FloatArray:
    """
    Return how alike poses are of which the keypoints are that far apart.

    Parameters
    ----------
    apart : float64 (..., K, 2)
        NaN where one of the two misses the keypoint.
    widths : float64 (..., K)
        As `bell_widths` returns them.

    """
    distances = apart[..., 0] ** 2 + apart[..., 1] ** 2
    missing = np.isnan(distances)
    distances[missing] = np.inf
    return np.asarray(np.exp(-0.5 * distances / widths).sum(axis=-1) / _comparable(missing))


def bell_widths(sizes: FloatArray, sigmas: FloatArray) -> FloatArray:
    """Return the variances (N, K) that similarity allows the keypoints of people of such sizes."""
    return np.asarray((2 * sigmas * sizes[:, np.newaxis]) ** 2)


def _comparable(missing: npt.NDArray[np.bool_]) -> npt.NDArray[np.int64]:
    """Return by what to divide a sum over keypoints (..., K)."""
    keypoints = missing.shape[-1]
    common = keypoints - np.count_nonzero(missing, axis=-1)
    return np.asarray(np.maximum(common, min(_ENOUGH, keypoints)))


def displacements(expected: FloatArray, found: FloatArray, weights: FloatArray) -> FloatArray:
    """
    Return how far bodies are from where they were expected.

    Parameters
    ----------
    expected, found : float64 (..., K, 2)
        x, y; NaN where missing.
    weights : float64 (..., K)
        How much each keypoint says of it.

    Returns
    -------
    float64 (..., 2)
        The mean over the common keypoints; what lies far from the middle
        one, a keypoint of somebody else say, counts little. 0 without a common keypoint.

    """
    apart = found - expected
    shape = apart.shape
    apart = apart.reshape(-1, *shape[-2:])
    seen = ~np.isnan(apart[..., :1])
    if weights.shape != shape[:-1]:
        weights = np.broadcast_to(weights, shape[:-1])
    weights = seen * weights.reshape(-1, shape[-2], 1)
    ordered = np.sort(apart, axis=1)  # NaN last
    count = np.count_nonzero(seen, axis=1)[:, 0]
    median = ordered[np.arange(len(apart)), np.maximum(count - 1, 0) // 2]
    apart[np.isnan(apart)] = 0
    median[count == 0] = 0
    off = apart - median[:, np.newaxis]
    off = (off * off).sum(axis=2, keepdims=True)
    total = weights.sum(axis=1, keepdims=True) + 1e-9
    typical = (weights * off).sum(axis=1, keepdims=True) / total
    weights = weights / (1 + off / (typical + 1e-9))
    moved = (weights * apart).sum(axis=1) / (weights.sum(axis=1) + 1e-9)
    return np.asarray(moved.reshape(*shape[:-2], 2))
