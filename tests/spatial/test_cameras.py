"""Cameras, held against OpenCV's own projections, and against themselves there and back."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import cv2
from hypothesis import given, settings
from hypothesis import strategies as st
import numpy as np
import pytest

from openpose_ros.errors import CameraError
from openpose_ros.spatial import Camera, camera_of_info

SIZE = (640, 480)
MATRIX = np.array([[520.0, 0, 310.5], [0, 515.0, 250.25], [0, 0, 1]])


def camera(model: str = 'plumb_bob', coefficients: Any = (), **changes: Any) -> Camera:
    values = {'size': SIZE, 'focal': (520.0, 515.0), 'centre': (310.5, 250.25), **changes}
    return Camera(model=model, coefficients=tuple(coefficients), **values)


def by_opencv(points: Any, model: str, coefficients: Any) -> Any:
    given = np.asarray(points, np.float64).reshape(-1, 1, 3)
    zero, d = np.zeros(3), np.array(coefficients, np.float64)
    if model == 'equidistant':
        return cv2.fisheye.projectPoints(given, zero, zero, MATRIX, d)[0].reshape(-1, 2)
    return cv2.projectPoints(given, zero, zero, MATRIX, d)[0].reshape(-1, 2)


# Of real lenses: a webcam, a wide one, a rational one, with prisms, a fisheye.
LENSES = [
    ('plumb_bob', (0.05, -0.12, 0.001, -0.0008, 0.02)),
    ('plumb_bob', (-0.31, 0.11, 0.0004, 0.0002, -0.015)),
    ('plumb_bob', (-0.2, 0.05, 0.001, 0.002)),
    ('rational_polynomial', (2.1, 0.9, 0.0002, -0.0001, 0.04, 2.4, 1.5, 0.2)),
    (
        'rational_polynomial',
        (0.3, 0.1, 0.001, 0.002, 0.02, 0.1, 0.05, 0.01, 1e-3, 2e-4, -1e-3, 1e-4),
    ),
    ('equidistant', (0.02, -0.01, 0.004, -0.0006)),
    ('equidistant', (-0.05, 0.01, 0.0, 0.0)),
]


@st.composite
def points_in_view(draw: st.DrawFn) -> Any:
    count = draw(st.integers(1, 12))
    seed = draw(st.integers(0, 2**32 - 1))
    random = np.random.default_rng(seed)
    depth = random.uniform(0.3, 20, (count, 1))
    return np.concatenate([random.uniform(-0.55, 0.55, (count, 2)) * depth, depth], axis=1)


@pytest.mark.parametrize(('model', 'coefficients'), [('plumb_bob', ()), *LENSES])
@settings(max_examples=40, deadline=None)
@given(points=points_in_view())
def test_projection_is_opencvs_and_rays_lead_back(
    model: str, coefficients: tuple[float, ...], points: Any
) -> None:
    lens = camera(model, coefficients)
    pixels = lens.project(points)
    expected = by_opencv(points, model, coefficients or (0,) * 5)
    np.testing.assert_allclose(pixels, expected, atol=1e-6)
    rays = lens.rays(pixels)
    np.testing.assert_allclose(rays * points[:, 2:], points, atol=1e-6 * points[:, 2:].max())


@pytest.mark.parametrize(('model', 'coefficients'), LENSES)
def test_rays_are_those_that_opencv_finds_over_the_whole_image(
    model: str, coefficients: tuple[float, ...]
) -> None:
    y, x = np.mgrid[0:480:20, 0:640:20]
    pixels = np.stack([x, y], axis=-1).astype(np.float64)
    rays = camera(model, coefficients).rays(pixels)
    assert rays.shape == (*pixels.shape[:2], 3)
    seen = ~np.isnan(rays[..., 0])
    assert seen.mean() > 0.9
    again = by_opencv(rays[seen], model, coefficients)
    np.testing.assert_allclose(again, pixels[seen], atol=1e-5)


def test_lens_that_folds_back_sees_nothing_beyond() -> None:
    lens = camera('plumb_bob', (-0.5, 0.0, 0.0, 0.0))  # the radius is largest at sqrt(2/3)
    assert np.isfinite(lens.project([0.8, 0.0, 1.0])).all()
    assert np.isnan(lens.project([0.9, 0.0, 1.0])).all()
    largest = 0.5443310539518174  # at that radius
    assert np.isfinite(lens.rays([310.5 + 520 * (largest - 0.01), 250.25])).all()
    assert np.isnan(lens.rays([310.5 + 520 * (largest + 0.01), 250.25])).all()


def test_what_is_not_in_front_or_not_known_is_nan() -> None:
    lens = camera()
    assert np.isnan(lens.project([[0, 0, -1], [0, 0, 0], [np.nan, 0, 1]])).all()
    assert np.isnan(lens.rays([[np.nan, 3]])).all()
    np.testing.assert_allclose(lens.rays([310.5, 250.25]), [0, 0, 1])
    assert lens.rays(np.zeros((2, 3, 2))).shape == (2, 3, 3)
    assert lens.project(np.ones((2, 3, 3))).shape == (2, 3, 2)


def test_skew_goes_there_and_back() -> None:
    lens = camera(skew=12.0)
    points = np.array([[0.2, -0.3, 2.0], [-0.5, 0.4, 3.0]])
    pixels = lens.project(points)
    np.testing.assert_allclose(pixels[0, 0], 520 * 0.1 + 12 * -0.15 + 310.5)
    np.testing.assert_allclose(lens.rays(pixels) * points[:, 2:], points)


@pytest.mark.parametrize(
    ('changes', 'says'),
    [
        ({'model': 'magic'}, "'magic', but must be one of plumb_bob"),
        ({'coefficients': (0.1, 0.2)}, 'has 2 coefficients, but takes 0 or 4 or 5'),
        ({'model': 'equidistant'}, 'equidistant has 0 coefficients, but takes 4'),
        ({'focal': (0.0, 500.0)}, 'is not calibrated'),
        ({'focal': (np.nan, 500.0)}, 'is not calibrated'),
        ({'coefficients': (np.inf, 0, 0, 0)}, 'of plumb_bob are inf, 0, 0, 0: .* not calibrated'),
        (
            {'model': 'rational_polynomial', 'coefficients': (0.1,) * 14},
            'the lens is tilted',
        ),
    ],
)
def test_camera_that_cannot_be(changes: dict[str, Any], says: str) -> None:
    with pytest.raises(CameraError, match=says):
        camera(**changes)


def region(**changes: int) -> SimpleNamespace:
    values = {'x_offset': 0, 'y_offset': 0, 'width': 0, 'height': 0, 'do_rectify': False}
    return SimpleNamespace(**{**values, **changes})


def info(**changes: Any) -> SimpleNamespace:
    values = {
        'width': 640,
        'height': 480,
        'distortion_model': 'plumb_bob',
        'd': [-0.2, 0.05, 0.001, 0.002, 0.0],
        'k': MATRIX.flatten(),
        'p': [500.0, 0, 300, 0, 0, 505.0, 240, 0, 0, 0, 1, 0],
        'binning_x': 0,
        'binning_y': 0,
        'roi': region(),
    }
    return SimpleNamespace(**{**values, **changes})


def test_info_becomes_a_camera() -> None:
    lens = camera_of_info(info())
    assert (lens.size, lens.focal, lens.centre) == (SIZE, (520.0, 515.0), (310.5, 250.25))
    assert lens.coefficients == (-0.2, 0.05, 0.001, 0.002, 0.0)
    rectified = camera_of_info(info(), rectified=True)
    assert (rectified.focal, rectified.centre) == ((500.0, 505.0), (300.0, 240.0))
    assert rectified.coefficients == ()


@pytest.mark.parametrize('factor', [0.25, 0.5, 2.0, 3.0])
def test_image_of_another_size_sees_the_same(factor: float) -> None:
    size = (round(640 * factor), round(480 * factor))
    point = [0.3, -0.2, 2.0]
    pixel = camera_of_info(info()).project(point)
    scaled = camera_of_info(info(), size).project(point)
    # Of an image that cv2.resize shrinks: by its pixels' edges.
    np.testing.assert_allclose(scaled, (pixel + 0.5) * factor - 0.5)


def test_region_and_binning_are_where_they_were_cut() -> None:
    roi = region(x_offset=100, y_offset=60, width=400, height=300)
    lens = camera_of_info(info(roi=roi, binning_x=2, binning_y=2))
    assert lens.size == (200, 150)
    point = [0.1, 0.05, 1.0]
    pixel = camera_of_info(info()).project(point)
    np.testing.assert_allclose(lens.project(point), (pixel - [100, 60] + 0.5) / 2 - 0.5)


def test_region_of_a_driver_that_says_the_regions_size_of_the_whole() -> None:
    roi = region(x_offset=100, y_offset=60, width=400, height=300)
    point = [0.1, 0.05, 1.0]
    np.testing.assert_allclose(
        camera_of_info(info(roi=roi, width=400, height=300)).project(point),
        camera_of_info(info(roi=roi)).project(point),
    )


@pytest.mark.parametrize(
    ('changes', 'says'),
    [
        ({'k': np.zeros(9)}, 'focal lengths of 0 and 0 pixels: the camera is not calibrated'),
        ({'distortion_model': 'magic'}, "'magic', but must be one of"),
        ({'width': 0}, 'images of 0x480 pixels'),
        ({'binning_x': 2**32 - 1}, 'images of 640x480 pixels, binned by 4294967295x1'),
        ({'d': [np.nan] * 5}, 'the coefficients of plumb_bob are nan, nan'),
        # In units of the image's side, or of another image.
        ({'k': MATRIX.flatten() / 640}, 'a focal length of 0.8.* pixels for a side of 640'),
        ({'k': MATRIX.flatten() * 1e300}, 'which no lens has'),
        ({'k': MATRIX.flatten() * 1e-300}, 'which no lens has'),
        ({'roi': region(x_offset=2**32 - 1)}, 'of interest .* 4294967935, but the image has 640'),
        ({'roi': region(y_offset=1000)}, 'the region of interest'),
        ({'roi': region(x_offset=600, width=100)}, 'ends at pixel 700, but the image has 640'),
    ],
)
def test_info_that_says_nothing(changes: dict[str, Any], says: str) -> None:
    with pytest.raises(CameraError, match=says):
        camera_of_info(info(**changes))


@pytest.mark.parametrize(
    ('model', 'd'),
    [
        ('', []),
        ('plumb_bob', []),
        ('plumb_bob', [0.0] * 5),
        ('rational_polynomial', [0.0] * 8),
        ('none', []),
        ('fisheye', [0.0] * 4),
        ('equidistant', []),
    ],
)
def test_info_without_distortion(model: str, d: list[float]) -> None:
    lens = camera_of_info(info(distortion_model=model, d=d))
    assert not any(lens.coefficients)
    assert np.isfinite(lens.rays([10.0, 20.0])).all()
