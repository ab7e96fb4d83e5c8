"""Object keypoint similarity, by names, for every skeleton."""

from __future__ import annotations

import numpy as np
import pytest

from openpose_ros.skeletons import load_skeleton
from openpose_ros.tracking.similarity import (
    bell_widths,
    body_sizes,
    displacements,
    overlap,
    parts_of,
    similarities,
)
from tests.tracking.poses import SKELETON, moved, standing

COCO = load_skeleton('coco_17')
# pycocotools, Params.kpt_oks_sigmas: nose, eyes, ears, shoulders, elbows, wrists, hips, knees,
# ankles.
OKS_SIGMAS = [26, 25, 25, 35, 35, 79, 79, 72, 72, 62, 62, 107, 107, 87, 87, 89, 89]


def test_sigmas_of_coco_are_those_of_its_evaluation() -> None:
    assert parts_of(COCO).sigmas.tolist() == [sigma / 1000 for sigma in OKS_SIGMAS]


@pytest.mark.parametrize(
    ('skeleton', 'part', 'alike'),
    [
        ('coco_18', 'neck', 'left_shoulder'),
        ('body_25', 'mid_hip', 'right_hip'),
        ('body_25', 'left_big_toe', 'left_ankle'),
        ('body_25', 'right_small_toe', 'left_ankle'),
        ('body_25', 'left_heel', 'left_ankle'),
        ('mpi_15', 'head', None),  # as ears, which it does not have
        ('mpi_15', 'chest', 'left_hip'),
    ],
)
def test_parts_that_coco_lacks_are_as_their_neighbours(
    skeleton: str, part: str, alike: str | None
) -> None:
    names = load_skeleton(skeleton)
    sigmas = parts_of(names).sigmas
    assert sigmas[names.index(part)] == (sigmas[names.index(alike)] if alike else 0.035)


def test_likeness_is_cocos_formula() -> None:
    pose = standing(100, 100)
    found = pose + np.random.default_rng(0).normal(0, 4, pose.shape)
    size = body_sizes(pose[np.newaxis])
    sigmas = parts_of(SKELETON).sigmas
    distances = ((found - pose) ** 2).sum(axis=1)
    expected = np.exp(-distances / (2 * size[0] ** 2 * (2 * sigmas) ** 2)).mean()
    likeness, _ = similarities(
        pose[np.newaxis], size, np.zeros((1, 18)), found[np.newaxis], parts_of(SKELETON)
    )
    assert likeness[0, 0] == pytest.approx(expected, rel=1e-5)
    same = overlap((found - pose)[np.newaxis], bell_widths(size, sigmas))
    assert same[0] == pytest.approx(expected, rel=1e-5)


def test_size_is_the_root_of_the_part_of_the_box_that_people_fill() -> None:
    wide = np.array([[[0.0, 0.0], [100.0, 200.0]]])
    assert body_sizes(wide)[0] == pytest.approx((0.53 * 100 * 200) ** 0.5)
    narrow = np.array([[[0.0, 0.0], [1.0, 200.0], [np.nan, np.nan]]])
    assert body_sizes(narrow)[0] == pytest.approx(70)


def test_one_common_keypoint_is_little_likeness() -> None:
    pose = standing(100, 100)
    alone = np.full_like(pose, np.nan)
    alone[3] = pose[3]
    likeness, _ = similarities(
        pose[np.newaxis],
        body_sizes(pose[np.newaxis]),
        np.zeros((1, 18)),
        alone[np.newaxis],
        parts_of(SKELETON),
    )
    assert likeness[0, 0] == pytest.approx(1 / 4)


def test_who_is_expected_just_here_goes_before_who_might_be_anywhere() -> None:
    pose = standing(100, 100)
    both = np.stack((pose, pose))
    variances = np.zeros((2, 18))
    variances[1] = 60**2
    likeness, density = similarities(
        both, body_sizes(both), variances, pose[np.newaxis], parts_of(SKELETON)
    )
    assert likeness[:, 0] == pytest.approx([1, 1])
    assert density[0, 0] > 10 * density[1, 0]


def test_displacement_is_that_of_the_body_not_of_a_limb() -> None:
    pose = standing(100, 100)
    found = moved(pose, 7, -3)
    found[SKELETON.index('left_wrist')] += 80
    found[SKELETON.index('left_eye')] = np.nan
    offset = displacements(pose[np.newaxis], found[np.newaxis], parts_of(SKELETON).steadiness)
    assert offset[0] == pytest.approx([7, -3], abs=0.3)


def test_displacement_without_a_common_keypoint_is_none() -> None:
    pose = standing(100, 100)
    offset = displacements(pose, np.full_like(pose, np.nan), parts_of(SKELETON).steadiness)
    assert offset.tolist() == [0, 0]
