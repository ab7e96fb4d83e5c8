"""The rays of keypoints, which are asked for of every image."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from openpose_ros.spatial._kernels.rays import find_rays
from openpose_ros.spatial.cameras import Camera
from openpose_ros.spatial.quick import ray_table

Array = npt.NDArray[np.float64]


def keypoint_rays(camera: Camera, keypoints: npt.NDArray[np.float32]) -> Array:
    """
    Return what `quick_rays` does, several times as quickly.

    Parameters
    ----------
    camera : Camera
        The same object from call to call.
    keypoints : float32 (N, K, 3)
        x, y in pixels and the score; of score 0: not found.

    Returns
    -------
    float64 (N, K, 3)
        x, y, 1; NaN where there is no keypoint, or the lens sees nothing.

    """
    rays = np.empty(keypoints.shape, np.float64)
    _fill(camera, keypoints, False, rays)
    return rays


def keypoint_directions(
    camera: Camera, keypoints: npt.NDArray[np.float32], directions: Array
) -> None:
    """Fill unit vectors (N, K, 3) along what `keypoint_rays` returns."""
    _fill(camera, keypoints, True, directions)


def _fill(
    camera: Camera, keypoints: npt.NDArray[np.float32], are_units: bool, rays: Array
) -> None:
    table = ray_table(camera)
    flat = np.ascontiguousarray(keypoints).reshape(-1)
    if find_rays(flat, table.reshape(-1), table.shape[1], are_units, rays.reshape(-1)):
        lacking = rays[..., 2] == 0
        exact = camera.rays(keypoints[lacking, :2])
        if are_units:
            exact /= np.sqrt((exact * exact).sum(axis=1, keepdims=True))
        rays[lacking] = exact
