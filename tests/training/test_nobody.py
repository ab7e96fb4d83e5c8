"""A picture goes in as one without people only if the teacher finds nobody at either size."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest

from training.leakage import Forbidden
from training.nobody import best_score, without_people
from training.pack import make_picture
from training.targets import render_maps


def noise(seed: int) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 255, (160, 120, 3)).astype(np.uint8)


def teacher_of(person: np.ndarray, *, sees_at: int | None):
    """Return a teacher that sees a person in pictures of one height alone."""

    def teacher(image: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        size = (image.shape[0] // 8, image.shape[1] // 8)
        there = person if image.shape[0] == sees_at else person[:0]
        maps = render_maps(there * np.float32((2, 2, 1)), size)
        return maps[:19], maps[19:]

    return teacher


@pytest.mark.parametrize(
    ('sees_at', 'outcome'),
    [
        (None, {'used': 1}),
        (320, {'the teacher finds somebody': 1}),  # at 1
        (640, {'the teacher finds somebody': 1}),  # at 2
    ],
)
def test_without_people_asks_the_teacher_at_two_sizes(person, sees_at, outcome):
    counts: Counter[str] = Counter()
    pictures = [make_picture('made', noise(0))]
    kept = list(without_people(pictures, teacher_of(person, sees_at=sees_at), None, counts))
    assert counts == outcome
    assert [picture.scale for picture in kept] == [2.0] * outcome.get('used', 0)


def test_without_people_leaves_test_pictures_out(person):
    counts: Counter[str] = Counter()
    forbidden = Forbidden([('test.png', noise(1))])
    pictures = [make_picture(f'made/{seed}', noise(seed)) for seed in (0, 1)]
    kept = list(without_people(pictures, teacher_of(person, sees_at=None), forbidden, counts))
    assert [picture.name for picture in kept] == ['made/0']
    assert counts == {'used': 1, 'like a test picture': 1}


def test_best_score_of_an_empty_picture_is_0(person):
    assert best_score(noise(0), teacher_of(person, sees_at=None), 1.0) == 0
    assert best_score(noise(0), teacher_of(person, sees_at=320), 2.0) > 0.5
