"""Constant velocity, in real time."""

from __future__ import annotations

import numpy as np
import pytest

from openpose_ros.tracking.motion import Motion


def started(dimensions: int = 2) -> Motion:
    return Motion.starting(np.zeros((1, dimensions)), np.array([2.0]), np.array([100.0]))


@pytest.mark.parametrize('dimensions', [2, 3])
def test_steady_motion_is_followed_whatever_the_stamps(dimensions: int) -> None:
    random = np.random.default_rng(1)
    motion, velocity = started(dimensions), np.arange(1, dimensions + 1) * 30.0
    stamps = np.cumsum(random.uniform(0.01, 0.3, 60))
    last = 0.0
    for stamp in stamps:
        motion.predict(stamp - last, np.array([5.0]))
        seen = velocity * stamp + random.normal(0, 1, dimensions)
        motion.correct(slice(None), seen - motion.places, np.array([1.0]))
        last = stamp
    assert motion.velocities[0] == pytest.approx(velocity, abs=5)
    motion.predict(1.0, np.array([5.0]))
    assert motion.places[0] == pytest.approx(velocity * (last + 1), abs=6)


def test_time_that_passes_in_parts_is_the_same_time() -> None:
    whole, parts = started(), started()
    for motion in (whole, parts):
        motion.velocities[:] = [[30, -20]]
    whole.predict(0.7, np.array([40.0]))
    for part in (0.1, 0.25, 0.0, 0.35):
        parts.predict(part, np.array([40.0]))
    assert parts.places == pytest.approx(whole.places)
    assert parts.variances == pytest.approx(whole.variances)


def test_correction_is_the_kalman_filters() -> None:
    motion = started()
    motion.predict(0.5, np.array([10.0]))
    place, both, speed = motion.variances[0]
    covariance = np.array([[place, both], [both, speed]])
    gain = covariance[:, :1] / (place + 3.0**2)
    after = covariance - gain @ covariance[:1]
    added = motion.correct(slice(None), np.array([[8.0, -4.0]]), np.array([3.0]))
    assert added[0] == pytest.approx(gain * [8, -4])
    assert motion.variances[0] == pytest.approx([after[0, 0], after[0, 1], after[1, 1]])


def test_pushed_bodies_follow_at_once() -> None:
    calm, pushed = started(), started()
    for motion in (calm, pushed):
        motion.variances[:] = [[4.0, 0.0, 4.0]]
    pushed.unsettle(slice(None), 100.0, 0.1)
    for motion in (calm, pushed):
        motion.correct(slice(None), np.array([[100.0, 0.0]]), np.array([2.0]))
    assert calm.places[0, 0] < 60
    assert pushed.places[0, 0] > 95
    assert pushed.velocities[0, 0] == pytest.approx(1000, rel=0.1)


def test_no_variance_is_below_nothing_whatever_rounding_does() -> None:
    variances = np.array([[2.27995581e17, 6.83986742e18, 2.05196022e20]])
    motion = Motion(np.zeros((1, 2)), np.zeros((1, 2)), variances)
    motion.correct(slice(None), np.ones((1, 2)), np.array([0.2]))
    assert (motion.variances >= 0).all()
