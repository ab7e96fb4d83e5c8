"""Less jitter at rest, little lag in motion."""

from __future__ import annotations

import numpy as np
import pytest

from openpose_ros.tracking.smoothing import Smoothing

WHO, SIZES = np.array([0]), np.array([120.0])


def smoothed(points: np.ndarray, rate_hz: float) -> np.ndarray:
    smoothing = Smoothing.starting(1, points.shape[1])
    return np.array(
        [smoothing.smooth(WHO, p[None], SIZES, i / rate_hz)[0] for i, p in enumerate(points)]
    )


@pytest.mark.parametrize('rate_hz', [30, 15])
def test_jitter_at_rest_is_halved_at_least(rate_hz: int) -> None:
    noise = np.random.default_rng(0).normal(0, 2, (200, 18, 2))
    left = smoothed(300 + noise, rate_hz)[20:]
    assert left.std() < 0.5 * noise.std()
    assert left.mean() == pytest.approx(300, abs=0.5)


def test_lag_of_a_walk_is_less_than_a_frame_and_a_half() -> None:
    speed = 250.0  # pixels a second of who is 290 tall: 1.5 m/s
    x = speed * np.arange(90) / 30
    points = np.stack((x, np.full(90, 50.0)), axis=1)[:, np.newaxis]
    late = (x - smoothed(points, 30)[:, 0, 0])[30:] / speed
    assert late.max() < 1.5 / 30


def test_missing_keypoints_stay_missing_and_come_back_where_they_are() -> None:
    points = np.full((90, 1, 2), 100.0)
    points[30:60] = np.nan
    points[60:] = 400.0
    result = smoothed(points, 30)
    assert np.isnan(result[30:60]).all()
    assert result[60, 0] == pytest.approx([400, 400], abs=30)  # not from 100 in small steps
    assert result[70, 0] == pytest.approx([400, 400], abs=1)
