"""Crops: which pixel of the frame each pixel of a crop is, mirrored or not."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st
import numpy as np
import pytest

from openpose_ros.parts.crops import cut, to_frame

squares = st.tuples(st.floats(-50, 80), st.floats(-50, 80), st.floats(20, 90))


def test_a_crop_of_its_own_size_is_the_frame_there() -> None:
    frame = np.random.default_rng(0).integers(0, 256, (60, 80, 3), np.uint8)
    square = np.array([20, 10, 32], np.float32)
    crop = cut(frame, square, (32, 32), mirrored=False)
    np.testing.assert_array_equal(crop, frame[10:42, 20:52])
    mirrored = cut(frame, square, (32, 32), mirrored=True)
    np.testing.assert_array_equal(mirrored, frame[10:42, 20:52][:, ::-1])


def test_beside_the_frame_it_is_black() -> None:
    frame = np.full((40, 40, 3), 255, np.uint8)
    crop = cut(frame, np.array([-16, -16, 32], np.float32), (32, 32), mirrored=False)
    assert not crop[:15, :15].any()
    assert crop[17:, 17:].min() == 255


@settings(deadline=None)
@given(squares, st.booleans())
def test_corners_of_a_crop_are_those_of_its_square(
    square: tuple[float, float, float], mirrored: bool
) -> None:
    x, y, side = square
    matrix = to_frame(np.array(square, np.float32), (184, 184), mirrored=mirrored)
    corners = np.array([[-0.5, -0.5, 1], [183.5, 183.5, 1]]) @ matrix.T
    left, right = (x + side, x) if mirrored else (x, x + side)
    wanted = [[left - 0.5, y - 0.5], [right - 0.5, y + side - 0.5]]
    np.testing.assert_allclose(corners, wanted, atol=1e-3)


@pytest.mark.parametrize('side', [100, 400])
def test_what_is_shrunk_is_not_aliased(side: int) -> None:
    """A fine pattern becomes its mean, where single samples would show stripes."""
    frame = np.zeros((400, 400, 3), np.uint8)
    frame[:, ::2] = 255
    crop = cut(frame, np.array([0, 0, side], np.float32), (32, 32), mirrored=False)
    assert np.abs(crop[2:-2, 2:-2].astype(int) - 127).max() < 90
