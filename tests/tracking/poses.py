"""Poses for tests of tracking."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from openpose_ros.engine.synthetic import scatter_people
from openpose_ros.people import People
from openpose_ros.skeletons import load_skeleton

FloatArray = npt.NDArray[np.float64]

SKELETON = load_skeleton('coco_18')


def standing(x: float, y: float, height: float = 300, seed: int = 0) -> FloatArray:
    """Return a pose (K, 2) of that height in pixels, its middle at x and its head at y."""
    pose = scatter_people(1, SKELETON, (120, 80), seed)[0, :, :2].astype(np.float64)
    pose -= [pose[:, 0].mean(), pose[:, 1].min()]
    return pose * (height / np.ptp(pose[:, 1])) + [x, y]


def moved(poses: FloatArray, x: float, y: float = 0.0) -> FloatArray:
    """Return poses (..., 2) moved to the right and down."""
    return np.asarray(poses + np.array([x, y]))


def people(*poses: FloatArray, scores: Sequence[float] = ()) -> People:
    """Return people with these poses; NaN is missing."""
    keypoints = np.zeros((len(poses), SKELETON.num_keypoints, 3), np.float32)
    for rows, pose in zip(keypoints, poses):
        rows[:, :2] = pose
        rows[:, 2] = np.where(np.isnan(pose[:, 0]), 0, 0.8)
    scores = scores or [0.8] * len(poses)
    return People(keypoints, np.array(scores, np.float32), SKELETON)
