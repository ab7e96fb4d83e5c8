"""Quick rays and pixels are those of the camera."""

from __future__ import annotations

import numpy as np
import pytest

from openpose_ros.spatial import Camera
from openpose_ros.spatial.quick import quick_pixels, quick_rays

CAMERAS = {
    'pinhole': Camera((640, 480), (525, 520), (318, 242)),
    'plumb_bob': Camera(
        (640, 480), (525, 520), (318, 242), 0.5, 'plumb_bob', (-0.28, 0.08, 1e-3, -5e-4, 0.01)
    ),
    'rational_polynomial': Camera(
        (1280, 720),
        (640, 642),
        (640, 355),
        0.0,
        'rational_polynomial',
        (0.4, -2.6, 3e-4, 3e-4, 1.5, 0.28, -2.4, 1.4),
    ),
    'equidistant': Camera(
        (848, 800), (286, 286), (420, 400), 0.0, 'equidistant', (-8e-3, 4.6e-2, -4.5e-2, 8.4e-3)
    ),
}


def pixels_of(camera: Camera) -> np.ndarray[tuple[int, ...], np.dtype[np.float64]]:
    random = np.random.default_rng(0)
    return random.uniform([-0.5, -0.5], np.array(camera.size) - 0.5, (500, 2))


@pytest.mark.parametrize('name', CAMERAS)
def test_quick_rays_are_the_cameras(name: str) -> None:
    camera = CAMERAS[name]
    pixels = pixels_of(camera)
    exact, quick = camera.rays(pixels), quick_rays(camera, pixels)
    np.testing.assert_array_equal(np.isnan(quick), np.isnan(exact))
    seen = ~np.isnan(exact).any(axis=1)
    assert seen.sum() > 300
    oblique = np.hypot(exact[seen, 0], exact[seen, 1])
    error = np.abs(quick - exact)[seen, :2].max(axis=1) * camera.focal[0]
    assert (error / (1 + oblique**2)).max() < 0.05  # pixels at the axis


@pytest.mark.parametrize('name', CAMERAS)
def test_rays_beyond_the_image_and_of_nothing(name: str) -> None:
    camera = CAMERAS[name]
    pixels = np.array([[np.nan, np.nan], [np.nan, 5], [-200.0, 300.0], [5000.0, 5000.0]])
    np.testing.assert_array_equal(quick_rays(camera, pixels), camera.rays(pixels))
    assert quick_rays(camera, np.zeros((0, 18, 2))).shape == (0, 18, 3)


@pytest.mark.parametrize('name', CAMERAS)
def test_quick_pixels_come_back(name: str) -> None:
    camera = CAMERAS[name]
    pixels = pixels_of(camera)
    rays = camera.rays(pixels)
    seen = ~np.isnan(rays).any(axis=1)
    back = quick_pixels(camera, rays[seen] * np.linspace(0.3, 9, seen.sum())[:, np.newaxis])
    np.testing.assert_allclose(back, pixels[seen], atol=1e-3)


@pytest.mark.parametrize('name', CAMERAS)
def test_points_that_are_not_seen(name: str) -> None:
    camera = CAMERAS[name]
    behind = [[0.1, 0.2, -1.0], [0.1, 0.2, 0.0], [np.nan, 0, 1]]
    assert np.isnan(quick_pixels(camera, behind)).all()
    if name in ('plumb_bob', 'rational_polynomial'):  # which fold back
        assert np.isnan(quick_pixels(camera, [50.0, 50.0, 0.1])).all()
    if name == 'equidistant':
        return  # sees to the side
    at_the_rim = quick_pixels(camera, [50.0, 50.0, 0.1], held=True)
    assert (at_the_rim > np.array(camera.size) - 60).any()
