"""Test pictures in disguise are found, others are not."""

from __future__ import annotations

import sys

import cv2
import numpy as np
import pytest

from training.leakage import Forbidden, difference_hash, main
from training.pack import make_picture, write_pack


def photograph(seed: int, size: tuple[int, int] = (240, 320)) -> np.ndarray:
    """Return smooth blobs of grey and colour, uint8 (*size, 3)."""
    rng = np.random.default_rng(seed)
    coarse = rng.integers(0, 256, (6, 8, 3)).astype(np.uint8)
    return cv2.resize(coarse, size[::-1], interpolation=cv2.INTER_CUBIC)


def squared(image: np.ndarray) -> np.ndarray:
    return cv2.resize(image, (208, 208), interpolation=cv2.INTER_AREA)


def middle(image: np.ndarray) -> np.ndarray:
    side = min(image.shape[:2])
    top, left = (image.shape[0] - side) // 2, (image.shape[1] - side) // 2
    return image[top : top + side, left : left + side]


def again(image: np.ndarray) -> np.ndarray:
    _, jpeg = cv2.imencode('.jpg', image, [cv2.IMWRITE_JPEG_QUALITY, 40])
    return cv2.imdecode(jpeg, cv2.IMREAD_COLOR)


@pytest.fixture
def tests() -> Forbidden:
    return Forbidden((f'test-{seed}.jpg', photograph(seed)) for seed in range(20))


@pytest.mark.parametrize(
    'disguise',
    [
        lambda image: image,
        lambda image: image[:, ::-1],  # mirrored
        squared,  # stretched to a square by its source
        lambda image: squared(image)[:, ::-1],
        middle,  # cut to a square
        lambda image: middle(image)[:, ::-1],
        again,  # encoded again
        lambda image: cv2.resize(image, (111, 83), interpolation=cv2.INTER_AREA),
        lambda image: np.clip(image * 0.7 + 20, 0, 255).astype(np.uint8),
    ],
)
def test_like_finds_a_test_picture_in_disguise(tests, disguise):
    name, bits = tests.like(disguise(photograph(7)))
    assert name == 'test-7.jpg'
    assert bits <= 8


def test_like_leaves_other_pictures_alone(tests):
    assert [tests.like(photograph(seed)) for seed in range(100, 200)] == 100 * [None]


def test_like_of_no_tests_is_none():
    assert Forbidden([]).like(photograph(0)) is None


def test_difference_hash_counts_rises_to_the_right():
    rising = np.tile(np.arange(0, 252, 28, dtype=np.uint8), (8, 1))
    assert difference_hash(rising) == 2**64 - 1
    assert difference_hash(rising[:, ::-1]) == 0
    rising[1:] = 0
    assert difference_hash(rising) == 0xFF << 56


def test_main_names_what_leaks_and_ends_with_1(tmp_path, monkeypatch, caplog):
    (tmp_path / 'tests').mkdir()
    cv2.imwrite(str(tmp_path / 'tests/a.png'), photograph(1))
    write_pack(tmp_path / 'pack', [make_picture(f'made/{n}', photograph(n)) for n in (0, 1, 2)])
    caplog.set_level('INFO')
    arguments = ['leakage', str(tmp_path / 'pack'), '--tests', str(tmp_path / 'tests')]
    monkeypatch.setattr(sys, 'argv', arguments)
    assert main() == 1
    assert 'made/1 is a.png' in caplog.text
    assert '3 pictures compared with 1, 1 alike' in caplog.text


def test_of_folders_without_pictures_is_an_error(tmp_path):
    with pytest.raises(FileNotFoundError, match='no pictures to compare with'):
        Forbidden.of_folders([tmp_path])
