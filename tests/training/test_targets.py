"""Rendered maps against a slow plain-Python twin of the paper's equations."""

from __future__ import annotations

import math

import numpy as np
import pytest

from openpose_ros.skeletons import load_skeleton
from training.targets import merge_maps, render_maps, render_mask

LIMBS = load_skeleton('coco_18').limbs


def naive_maps(people: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """Equations 6 to 9 of arXiv 1812.08008, cell by cell."""
    maps = np.zeros((57, *size))
    for row in range(size[0]):
        for column in range(size[1]):
            x, y = 8 * column + 4, 8 * row + 4
            for k in range(18):
                maps[k, row, column] = max(
                    (
                        math.exp(-((x - p[k][0]) ** 2 + (y - p[k][1]) ** 2) / (2 * 7.0**2))
                        for p in people
                        if p[k][2] > 0
                    ),
                    default=0,
                )
            maps[18, row, column] = 1 - max(maps[:18, row, column])
            for limb in LIMBS:
                vectors = [
                    naive_limb(p[limb.start], p[limb.end], x, y)
                    for p in people
                    if p[limb.start][2] > 0 and p[limb.end][2] > 0
                ]
                vectors = [v for v in vectors if v is not None]
                if vectors:
                    maps[19 + limb.paf_x, row, column] = sum(v[0] for v in vectors) / len(vectors)
                    maps[19 + limb.paf_y, row, column] = sum(v[1] for v in vectors) / len(vectors)
    return maps


def naive_limb(start, end, x, y):
    length = math.hypot(end[0] - start[0], end[1] - start[1])
    if length == 0:
        return None
    vx, vy = (end[0] - start[0]) / length, (end[1] - start[1]) / length
    along = (x - start[0]) * vx + (y - start[1]) * vy
    across = abs((x - start[0]) * vy - (y - start[1]) * vx)
    return (vx, vy) if 0 <= along <= length and across <= 8 else None


@pytest.mark.parametrize('seed', range(3))
def test_render_maps_random_people_equal_the_naive_twin(seed):
    rng = np.random.default_rng(seed)
    people = np.concatenate(
        [rng.uniform(-10, 110, (3, 18, 2)), rng.integers(-1, 3, (3, 18, 1))], axis=2
    ).astype(np.float32)
    # float32 keypoints: a cell whose centre lies on a limb's edge may fall on either side
    np.testing.assert_allclose(
        render_maps(people, (11, 13)), naive_maps(people, (11, 13)), atol=1e-5
    )


def test_render_maps_nobody_is_background():
    maps = render_maps(np.zeros((0, 18, 3), np.float32), (4, 5))
    assert maps[18].min() == 1
    assert np.abs(np.delete(maps, 18, axis=0)).max() == 0


def test_render_maps_two_people_average_their_vectors():
    people = np.zeros((2, 18, 3), np.float32)
    people[0, [1, 2]] = (4, 44, 2), (76, 44, 2)  # neck and right shoulder: to the right
    people[1, [1, 2]] = (44, 4, 2), (44, 76, 2)  # downwards, crossing it
    pafs = render_maps(people, (10, 10))[19:]
    limb = next(limb for limb in LIMBS if (limb.start, limb.end) == (1, 2))
    assert pafs[[limb.paf_x, limb.paf_y], 5, 5] == pytest.approx((0.5, 0.5))
    assert pafs[[limb.paf_x, limb.paf_y], 5, 1] == pytest.approx((1, 0))


def test_render_mask_unknown_keypoints_hide_themselves_and_their_limbs(person):
    person[0, 4, 2] = -1  # right wrist
    mask = render_mask(person, np.zeros((0, 4), np.float32), (30, 30))
    forearm = next(limb for limb in LIMBS if (limb.start, limb.end) == (3, 4))
    hidden = set(np.flatnonzero(mask[:, 8, 7] == 0))
    assert hidden == {4, 18, 19 + forearm.paf_x, 19 + forearm.paf_y}
    assert mask[:, 29, 29].min() == 1, 'far from the person everything is known'


def test_render_mask_ignored_box_hides_every_channel():
    mask = render_mask(
        np.zeros((0, 18, 3), np.float32), np.array([[16, 8, 31, 24]], np.float32), (5, 6)
    )
    assert mask[:, 1:3, 2:4].max() == 0
    assert mask.sum() == 57 * (30 - 4)


def test_merge_maps_keeps_the_surer_of_both(person):
    nobody = render_maps(person[:0], (20, 15))
    rendered = render_maps(person, (20, 15))
    np.testing.assert_array_equal(merge_maps(nobody, rendered), rendered)
    np.testing.assert_array_equal(merge_maps(rendered, nobody), rendered)
