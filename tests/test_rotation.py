"""Turning pictures, and taking people back."""

from __future__ import annotations

import numpy as np
import pytest

from openpose_ros.people import People
from openpose_ros.rotation import rotate_upright, unrotate_people
from openpose_ros.skeletons import load_skeleton

SKELETON = load_skeleton('coco_18')


@pytest.mark.parametrize('degrees', [0, 90, 180, 270])
def test_keypoints_come_back_to_their_pixels(degrees: int) -> None:
    """A keypoint on a pixel of the upright picture goes back to where that pixel came from."""
    frame = np.zeros((30, 40, 3), np.uint8)
    frame[..., 0], frame[..., 1] = np.arange(30)[:, np.newaxis], np.arange(40)
    upright = rotate_upright(frame, degrees)
    rows, columns = np.random.default_rng(1).integers(0, 30, (2, 2, 18))
    keypoints = np.stack([columns, rows, np.ones((2, 18))], axis=2).astype(np.float32)
    people = People(keypoints, np.ones(2, np.float32), SKELETON)
    back = unrotate_people(people, degrees, (40, 30)).keypoints.astype(int)
    for before, after in zip(keypoints.reshape(-1, 3).astype(int), back.reshape(-1, 3)):
        np.testing.assert_array_equal(upright[before[1], before[0]], frame[after[1], after[0]])


def test_quarter_turn_is_clockwise() -> None:
    frame = np.zeros((10, 20, 3), np.uint8)
    frame[0, 0] = 255
    upright = rotate_upright(frame, 90)
    assert upright.shape == (20, 10, 3)
    assert upright[0, 9].all()


@pytest.mark.parametrize('degrees', [0, 90, 180, 270])
def test_what_is_missing_stays_missing(degrees: int) -> None:
    keypoints = np.full((1, 18, 3), np.nan, np.float32)
    keypoints[..., 2] = 0
    people = People(keypoints, np.ones(1, np.float32), SKELETON, overflow=3)
    back = unrotate_people(people, degrees, (40, 30))
    np.testing.assert_array_equal(back.keypoints, keypoints)
    assert back.keypoints.dtype == np.float32
    assert back.overflow == 3


def test_nobody_stays_nobody() -> None:
    assert len(unrotate_people(People.empty(SKELETON), 270, (40, 30))) == 0
