"""
Lenses: where a ray that an ideal pinhole would see at (x, y) comes out, and back.

The models are those of sensor_msgs/distortion_models. plumb_bob and rational_polynomial are
OpenCV's (docs, "Camera Calibration and 3D Reconstruction", detailed description), equidistant is
its fisheye model after Kannala and Brandt (PAMI 2006, "A Generic Camera Model and Calibration
Method").
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

Points = npt.NDArray[np.float64]  # (N, 2), where a ray meets the plane at z = 1

_ITERATIONS = 30
_CLOSE = 1e-9  # of the plane at z = 1; a millionth of a pixel


class Model(NamedTuple):
    """
    A model of lenses.

    Attributes
    ----------
    counts : tuple of int
        How many coefficients it may have; what is left out is 0.
    distort : callable
        Takes points and all coefficients, and returns the points as the lens shifts them.
    undistort : callable
        Takes shifted points and all coefficients, and returns what they were; NaN where nothing
        is shifted there.

    """

    counts: tuple[int, ...]
    distort: Callable[[Points, Points], Points]
    undistort: Callable[[Points, Points], Points]


def _radial(points: Points, d: Points) -> tuple[Points, Points]:
    """Return OpenCV's shifted points (N, 2), and the derivatives of each (N, 2, 2)."""
    x, y = points[:, 0], points[:, 1]
    k1, k2, p1, p2, k3, k4, k5, k6, s1, s2, s3, s4 = d
    r2 = x * x + y * y
    above = 1 + r2 * (k1 + r2 * (k2 + r2 * k3))
    below = 1 + r2 * (k4 + r2 * (k5 + r2 * k6))
    above_slope = k1 + r2 * (2 * k2 + r2 * 3 * k3)
    below_slope = k4 + r2 * (2 * k5 + r2 * 3 * k6)
    ratio = above / below
    slope = (above_slope - ratio * below_slope) / below  # of the ratio, by r2
    shifted = np.stack(
        [
            x * ratio + 2 * p1 * x * y + p2 * (r2 + 2 * x * x) + r2 * (s1 + r2 * s2),
            y * ratio + p1 * (r2 + 2 * y * y) + 2 * p2 * x * y + r2 * (s3 + r2 * s4),
        ],
        axis=1,
    )
    prism_x, prism_y = s1 + 2 * r2 * s2, s3 + 2 * r2 * s4
    derivative = np.empty((len(points), 2, 2))
    derivative[:, 0, 0] = ratio + 2 * x * (x * slope + prism_x) + 2 * p1 * y + 6 * p2 * x
    derivative[:, 0, 1] = 2 * y * (x * slope + prism_x) + 2 * p1 * x + 2 * p2 * y
    derivative[:, 1, 0] = 2 * x * (y * slope + prism_y) + 2 * p1 * x + 2 * p2 * y
    derivative[:, 1, 1] = ratio + 2 * y * (y * slope + prism_y) + 6 * p1 * y + 2 * p2 * x
    return shifted, derivative


def _distort_radial(points: Points, d: Points) -> Points:
    """Return what `_radial` does, without the derivatives, which take most of its time."""
    x, y = points[:, 0], points[:, 1]
    k1, k2, p1, p2, k3, k4, k5, k6, s1, s2, s3, s4 = d
    r2 = x * x + y * y
    ratio = 1 + r2 * (k1 + r2 * (k2 + r2 * k3))
    if k4 or k5 or k6:
        ratio = ratio / (1 + r2 * (k4 + r2 * (k5 + r2 * k6)))
    shifted = np.asarray(ratio[:, np.newaxis] * points, np.float64)
    if p1 or p2:
        xy = 2 * x * y
        shifted[:, 0] += p1 * xy + p2 * (r2 + 2 * x * x)
        shifted[:, 1] += p1 * (r2 + 2 * y * y) + p2 * xy
    if s1 or s2 or s3 or s4:
        shifted[:, 0] += r2 * (s1 + r2 * s2)
        shifted[:, 1] += r2 * (s3 + r2 * s4)
    return shifted


def _undistort_radial(shifted: Points, d: Points) -> Points:
    """Solve by Newton's method; beyond where the lens folds back nothing is seen: NaN."""
    points = shifted.copy()
    for _ in range(_ITERATIONS):
        found, slope = _radial(points, d)
        error = found - shifted
        determinant = slope[:, 0, 0] * slope[:, 1, 1] - slope[:, 0, 1] * slope[:, 1, 0]
        step = np.stack(
            [
                slope[:, 1, 1] * error[:, 0] - slope[:, 0, 1] * error[:, 1],
                slope[:, 0, 0] * error[:, 1] - slope[:, 1, 0] * error[:, 0],
            ],
            axis=1,
        )
        step /= np.where(determinant == 0, np.nan, determinant)[:, None]
        # A long step may jump over the edge of what the lens sees.
        length = np.linalg.norm(step, axis=1, keepdims=True)
        points = points - step * np.minimum(1, 0.5 / np.maximum(length, 1e-300))
    found, slope = _radial(points, d)
    is_solved = np.abs(found - shifted).max(axis=1) < _CLOSE
    is_seen = (np.linalg.det(np.nan_to_num(slope)) > 0) & (_ratio_slope(points, d) > 0)
    points[~(is_solved & is_seen)] = np.nan
    return points


def _ratio_slope(points: Points, d: Points) -> Points:
    """Return how the radius in the picture grows with that of the ray; from 0 on it folds back."""
    radius = np.linalg.norm(points, axis=1)
    # The whole way out must grow: a second branch may grow again behind a fold.
    steps = np.linspace(0, 1, 33)[None, :] * np.nan_to_num(radius)[:, None]
    r2 = steps * steps
    k1, k2, _, _, k3, k4, k5, k6 = d[:8]
    ratio = (1 + r2 * (k1 + r2 * (k2 + r2 * k3))) / (1 + r2 * (k4 + r2 * (k5 + r2 * k6)))
    grown = np.diff(steps * ratio, axis=1) / np.maximum(np.diff(steps, axis=1), 1e-300)
    lowest: Points = np.where(radius > 0, grown.min(axis=1), 1.0)
    return lowest


def _angle(theta: Points, d: Points) -> tuple[Points, Points]:
    """Return the shifted angle, and its derivative."""
    t2 = theta * theta
    k1, k2, k3, k4 = d[:4]
    shifted = theta * (1 + t2 * (k1 + t2 * (k2 + t2 * (k3 + t2 * k4))))
    slope = 1 + t2 * (3 * k1 + t2 * (5 * k2 + t2 * (7 * k3 + t2 * 9 * k4)))
    return shifted, slope


def _distort_angle(points: Points, d: Points) -> Points:
    radius = np.linalg.norm(points, axis=1)
    shifted = _angle(np.arctan(radius), d)[0]
    return points * np.where(radius > 0, shifted / np.maximum(radius, 1e-300), 1.0)[:, None]


def _undistort_angle(shifted: Points, d: Points) -> Points:
    radius = np.linalg.norm(shifted, axis=1)
    theta = np.minimum(radius, np.pi / 2)
    for _ in range(_ITERATIONS):
        found, slope = _angle(theta, d)
        theta = theta - np.clip((found - radius) / np.where(slope == 0, np.nan, slope), -0.5, 0.5)
    found, slope = _angle(theta, d)
    is_seen = (np.abs(found - radius) < _CLOSE) & (slope > 0) & (theta >= 0) & (theta < np.pi / 2)
    scale = np.where(radius > 0, np.tan(theta) / np.maximum(radius, 1e-300), 1.0)
    return shifted * np.where(is_seen, scale, np.nan)[:, None]


MODELS = {
    'plumb_bob': Model((0, 4, 5), _distort_radial, _undistort_radial),
    'rational_polynomial': Model((8, 12, 14), _distort_radial, _undistort_radial),
    'equidistant': Model((4,), _distort_angle, _undistort_angle),
}
_MOST = 12  # coefficients that are computed with


def padded(coefficients: Sequence[float]) -> Points:
    """Return coefficients with zeros for those that are left out, as the models take them."""
    values = np.zeros(_MOST)
    given = np.asarray(coefficients, np.float64)[:_MOST]
    values[: len(given)] = given
    return values
