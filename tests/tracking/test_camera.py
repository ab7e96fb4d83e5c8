"""The motion that all people have in common."""

from __future__ import annotations

import numpy as np
import pytest

from openpose_ros.tracking.camera import common_part, jump, middle
from openpose_ros.tracking.similarity import body_sizes, parts_of
from tests.tracking.poses import SKELETON, moved, standing

CROWD = np.stack(
    [standing(200, 90, 250, 1), standing(420, 80, 300, 2), standing(560, 100, 220, 3)]
)
PARTS = parts_of(SKELETON)


@pytest.mark.parametrize('shift', [(-140.0, 0.0), (60.0, -35.0), (220.0, 5.0)])
def test_jump_is_what_brings_most_to_where_they_were_found(shift: tuple[float, float]) -> None:
    found = moved(CROWD, *shift)[[2, 0, 1]] + np.random.default_rng(0).normal(0, 3, CROWD.shape)
    assert jump(CROWD, body_sizes(CROWD), found, PARTS) == pytest.approx(shift, abs=4)


def test_jump_is_told_when_one_left_and_one_came() -> None:
    found = np.stack((*moved(CROWD[:2], -140), standing(640, 300, 150, 4)))
    assert jump(CROWD, body_sizes(CROWD), found, PARTS) == pytest.approx([-140, 0], abs=4)


def test_one_alone_tells_no_jump() -> None:
    assert jump(CROWD[:1], body_sizes(CROWD[:1]), CROWD[:1] + 100.0, PARTS) is None


@pytest.mark.parametrize(
    ('errors', 'least', 'most'),
    [
        ([[10, 0], [10.5, 0.2], [9.8, -0.1]], 0.99, 1),  # a camera that turns
        ([[12, 0], [0, 0]], 0, 0),  # one of two goes her own way
        ([[8, 1], [-8, 0], [1, -9]], 0, 0.3),  # noise
        ([[0, 0], [0, 0]], 0, 0),
    ],
)
def test_agreement(errors: list[list[float]], least: float, most: float) -> None:
    _, agreement = common_part(np.array(errors, np.float64))
    assert least <= agreement <= most


@pytest.mark.parametrize('count', [1, 2, 5, 6])
def test_middle_is_the_median(count: int) -> None:
    values = np.random.default_rng(count).normal(0, 1, (count, 2))
    assert middle(values) == pytest.approx(np.median(values, axis=0))
