"""
PoseNet's maps of people who do not exist, with the truth known: for tests and the fake engine.

The maps follow PersonLab's ground truth (arXiv:1803.08225, section 3.1): within a disk around a
keypoint, offsets lead from each cell to it, and displacements to the keypoints that its limbs join
it to. Heatmaps fall off within the disk, so that each keypoint has one best cell.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from openpose_ros.skeletons import Skeleton

FloatArray = npt.NDArray[np.float32]


def render_posenet_maps(
    people_keypoints: npt.ArrayLike,
    skeleton: Skeleton,
    shape: tuple[int, int],
    *,
    stride: int = 16,
    sigma: float = 1.25,
    noise: float = 0.0,
    seed: int = 0,
) -> tuple[FloatArray, FloatArray, FloatArray, FloatArray]:
    """
    Draw the maps that a perfect network would return for these people.

    Every cell belongs to the person whose keypoint is nearest; where there is none with that
    keypoint, all is 0.

    Parameters
    ----------
    people_keypoints : float (N, K, 2 or 3)
        Rows x, y and perhaps score, in map cells; (0, 0) is the centre of the first cell. A
        keypoint is missing where x or y is NaN or the score is 0.
    skeleton : Skeleton
        Names the K keypoints; its limbs are the edges of the tree, with their channels.
    shape : (int, int)
        Height and width of the maps, cells.
    stride : int
        Pixels of the network's input a map cell.
    sigma : float
        Spread of the heatmaps, cells.
    noise : float
        Standard deviation of Gaussian noise: as it is on heatmaps, which stay within 0 and 1, and
        times the stride on offsets and displacements.
    seed : int
        Of the noise.

    Returns
    -------
    heatmaps : float32 (K, h, w)
        The caller owns all four.
    offsets : float32 (2 K, h, w)
        Pixels of the input: K of y, K of x.
    displacement_forward, displacement_backward : float32 (2 (K - 1), h, w)
        Pixels of the input.

    """
    people = np.array(people_keypoints, np.float64)
    if people.shape[2] == 3:
        people[people[..., 2] == 0, :2] = np.nan
    count, edges = skeleton.num_keypoints, 2 * skeleton.num_limbs
    y, x = np.mgrid[: shape[0], : shape[1]].astype(np.float64)
    heatmaps = np.zeros((count, *shape))
    offsets = np.zeros((2, count, *shape))
    forward, backward = np.zeros((edges, *shape)), np.zeros((edges, *shape))
    nearest = np.zeros((count, *shape), np.int64)
    for k in range(count):
        squares = (x - people[:, k, 0, None, None]) ** 2 + (y - people[:, k, 1, None, None]) ** 2
        squares = np.where(np.isnan(squares), np.inf, squares)
        if len(people):
            nearest[k] = squares.argmin(axis=0)
            heatmaps[k] = np.exp(-squares.min(axis=0) / sigma**2)
            offsets[0, k] = people[nearest[k], k, 1] - y
            offsets[1, k] = people[nearest[k], k, 0] - x
    for limb in skeleton.limbs if len(people) else ():
        for maps, start, end in (
            (forward, limb.start, limb.end),
            (backward, limb.end, limb.start),
        ):
            maps[limb.paf_x] = people[nearest[start], end, 0] - x
            maps[limb.paf_y] = people[nearest[start], end, 1] - y
    random = np.random.default_rng(seed)
    if noise:
        heatmaps += noise * random.standard_normal(heatmaps.shape)
        offsets += noise * random.standard_normal(offsets.shape)
        forward += noise * random.standard_normal(forward.shape)
        backward += noise * random.standard_normal(backward.shape)
    return (
        heatmaps.clip(0, 1).astype(np.float32),
        _in_pixels(offsets.reshape(-1, *shape), stride),
        _in_pixels(forward, stride),
        _in_pixels(backward, stride),
    )


def _in_pixels(maps: npt.NDArray[np.float64], stride: int) -> FloatArray:
    return np.nan_to_num(maps * stride).astype(np.float32)
