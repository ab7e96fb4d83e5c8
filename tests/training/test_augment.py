"""Geometry: what happens to a picture happens to its maps, left and right included."""

from __future__ import annotations

import numpy as np
import pytest

from training.augment import AugmentParams, move_people, random_view, transform
from training.dataset import MarkedPicture
from training.skeleton import mirror_maps
from training.targets import render_maps

FLIP = np.array([[-1.0, 0, 120], [0, 1, 0]])  # of a picture 120 pixels wide
KEEP = np.array([[1.0, 0, 0], [0, 1, 0]])
NOTHING = AugmentParams(scale=(1, 1), rotation_deg=0, flip=0, mosaic=0, colour=0)


def with_teacher(picture: MarkedPicture) -> MarkedPicture:
    """Return the picture with int8 maps in place of its people."""
    people = picture.people.copy()
    people[..., :2] += 0.5
    maps = render_maps(people, (20, 15))
    return MarkedPicture(picture.image, [(1.0, np.rint(maps * 127).astype(np.int8))])


@pytest.mark.parametrize('taught', [False, True])
def test_transform_flip_equals_mirrored_maps(pictures, taught):
    picture = with_teacher(pictures[1]) if taught else pictures[1]
    image, maps, _ = transform(picture, (160, 120), KEEP)
    flipped, flipped_maps, _ = transform(picture, (160, 120), FLIP)
    np.testing.assert_array_equal(flipped, image[:, ::-1])
    heatmaps, pafs = mirror_maps(maps[:19], maps[19:])
    np.testing.assert_allclose(flipped_maps, np.concatenate([heatmaps, pafs]), atol=1e-5)


def test_transform_flip_swaps_the_wrists(pictures):
    person = pictures[0].people[0]
    moved = move_people(pictures[0].people, FLIP)[0]
    # 4 and 7 are the right and the left wrist; what was right at x is left at width - x
    assert moved[7, 0] == pytest.approx(120 - (person[4, 0] + 0.5))
    assert moved[4, 0] == pytest.approx(120 - (person[7, 0] + 0.5))
    assert moved[0, 0] == pytest.approx(120 - (person[0, 0] + 0.5)), 'the nose has no partner'


@pytest.mark.parametrize('degrees', [0, 30, 90])
@pytest.mark.parametrize('flip', [1, -1])
def test_transform_teachers_maps_follow_the_keypoints(pictures, degrees, flip):
    angle = np.radians(degrees)
    linear = np.array(
        [[np.cos(angle) * flip, -np.sin(angle)], [np.sin(angle) * flip, np.cos(angle)]]
    )
    matrix = np.column_stack([linear, np.array([80, 80]) - linear @ (60, 80)])
    _, rendered, _ = transform(pictures[2], (160, 160), matrix)
    _, sampled, _ = transform(with_teacher(pictures[2]), (160, 160), matrix)
    for truth, got in zip(rendered[:18], sampled[:18], strict=True):
        if truth.max() > 0.5:  # peaks are where they would have been drawn
            assert np.abs(np.subtract(*map(peak, (truth, got)))).max() < 0.35
    # PAFs point the same way wherever both are strong
    both = np.abs(rendered[19:]) * np.abs(sampled[19:]) > 0.3
    assert both.sum() > 40
    assert (np.sign(rendered[19:]) == np.sign(sampled[19:]))[both].all()


def peak(plane: np.ndarray) -> np.ndarray:
    """Centre of mass around the highest cell."""
    y, x = np.unravel_index(plane.argmax(), plane.shape)
    part = np.clip(plane, 0.05, None) - 0.05
    rows, columns = np.mgrid[: plane.shape[0], : plane.shape[1]]
    part = part * ((np.abs(rows - y) <= 2) & (np.abs(columns - x) <= 2))
    return np.array([(part * rows).sum(), (part * columns).sum()]) / part.sum()


def test_random_view_without_change_is_the_picture(pictures):
    image, maps, mask = random_view(pictures[:1], (160, 120), np.random.default_rng(0), NOTHING)
    np.testing.assert_array_equal(image, pictures[0].image)
    people = pictures[0].people.copy()
    people[..., :2] += 0.5
    np.testing.assert_allclose(maps, render_maps(people, (20, 15)), atol=1e-5)
    assert mask.min() == 1


def test_random_view_same_generator_same_view(pictures):
    views = [
        random_view(pictures, (128, 128), np.random.default_rng(5), AugmentParams(mosaic=1))
        for _ in range(2)
    ]
    for first, second in zip(*views, strict=True):
        np.testing.assert_array_equal(first, second)
    assert views[0][0].shape == (128, 128, 3)
    assert views[0][1].shape == views[0][2].shape == (57, 16, 16)
