"""
The percentage of correct keypoints (PCK) on photographs of one annotated person each.

A keypoint is correct if it lies within 0.2 of the torso, the distance from the left shoulder to
the right hip, of where the annotation has it: PCK@0.2 as the literature on Leeds Sports Pose has
it (Yang and Ramanan, PAMI 2013, section 6.1), over its twelve joints besides the head. The neck
of that set is another one than ours.

Others on the picture may be found, too: the person who counts is the one found with the most
correct keypoints. A keypoint that was not found is a wrong one.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from openpose_ros.estimator import PoseEstimator
from openpose_ros.people import People
from training.pack import read_pack

PART_OF_TORSO = 0.2
_PARTS = ('shoulder', 'elbow', 'wrist', 'hip', 'knee', 'ankle')
JOINTS = tuple(f'{side}_{part}' for part in _PARTS for side in ('left', 'right'))


def count_correct(people: People, truth: np.ndarray) -> tuple[int, int]:
    """
    Count the keypoints of one picture.

    Parameters
    ----------
    people : People
        Who was found, in pixels of the picture.
    truth : float32 (K, 3)
        x_px, y_px, v of the annotated person, in the order of `people.skeleton`; v > 0 where
        marked.

    Returns
    -------
    (int, int)
        How many keypoints are correct, and how many are marked; (0, 0) without a torso.

    """
    index = people.skeleton.index
    ends = truth[[index('left_shoulder'), index('right_hip')]]
    marked = [joint for joint in map(index, JOINTS) if truth[joint, 2] > 0]
    if (ends[:, 2] <= 0).any():
        return 0, 0
    allowed = PART_OF_TORSO * np.hypot(*(ends[0, :2] - ends[1, :2]))
    return most_correct(people.keypoints[:, marked], truth[marked], allowed), len(marked)


def most_correct(keypoints: np.ndarray, truth: np.ndarray, allowed: float) -> int:
    """Return the most of keypoints (P, K, 3) that a person has within pixels of truth (K, 3)."""
    away = np.linalg.norm(keypoints[:, :, :2] - truth[:, :2], axis=2)
    correct = (away <= allowed).sum(axis=1)  # a missing keypoint is NaN, and NaN is not less
    return int(correct.max(initial=0))


def pck(estimator: PoseEstimator, pack: Path) -> float:
    """Return the PCK, in [0, 1], of an estimator on a pack of `training.sources`."""
    correct = marked = 0
    for picture in read_pack(pack):
        found, there = count_correct(estimator(picture.pixels()), picture.people[0])
        correct, marked = correct + found, marked + there
    return correct / marked
