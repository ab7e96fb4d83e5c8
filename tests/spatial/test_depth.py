"""What depth images say."""

from __future__ import annotations

import numpy as np
import pytest

from openpose_ros.spatial.depth import DepthImage


def test_unknown_is_nan_in_metres() -> None:
    found = DepthImage(np.array([[0, 1500, 65535]], np.uint16)).metres()
    np.testing.assert_allclose(found, [[np.nan, 1.5, 65.535]], rtol=1e-6)
    raw = np.array([[0, -1, np.nan, np.inf, 1.5]], np.float32)
    np.testing.assert_array_equal(DepthImage(raw).metres(), np.float32([[np.nan] * 4 + [1.5]]))
    assert raw[0, 0] == 0


def test_other_kinds_are_refused() -> None:
    with pytest.raises(ValueError, match='float64'):
        DepthImage(np.zeros((4, 4)))  # type: ignore[arg-type]
    with pytest.raises(ValueError, match=r'\(4, 4, 1\)'):
        DepthImage(np.zeros((4, 4, 1), np.uint16))


def of(value: float, kind: str) -> DepthImage:
    pixels = np.zeros((64, 48), kind)
    pixels[:, 8:] = value
    return DepthImage(pixels)


@pytest.mark.parametrize(
    ('value', 'kind', 'said'),
    [
        (3000, 'uint16', ''),
        (3, 'uint16', '16UC1 must hold millimetres'),  # metres
        (3, 'float32', ''),
        (3000, 'float32', '32FC1 must hold metres'),  # millimetres
        (0, 'uint16', ''),  # nothing is known
        (np.nan, 'float32', ''),
    ],
)
def test_a_wrong_unit_is_told(value: float, kind: str, said: str) -> None:
    oddity = of(value, kind).oddity()
    assert said in oddity
    assert bool(said) == bool(oddity)


@pytest.mark.parametrize(
    ('value', 'kind'), [(0, 'uint16'), (np.nan, 'float32'), (np.inf, 'float32'), (-1, 'float32')]
)
def test_depth_without_anything_known_is_blank(value: float, kind: str) -> None:
    pixels = np.full((64, 48), value, kind)
    assert DepthImage(pixels).is_blank()
    pixels[3, 5] = 1
    assert not DepthImage(pixels).is_blank()
