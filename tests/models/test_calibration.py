"""From the parser's scores to those that are told, and back."""

from __future__ import annotations

import math

import numpy as np
import pytest

from openpose_ros.errors import ModelError
from openpose_ros.models import ScoreCalibration

SOME = [(8.0, -3.0), (15.0, -9.0), (0.1, 2.0), (3e-2, 0.0), (20.0, -9.0)]


@pytest.mark.parametrize(('slope', 'offset'), SOME)
def test_told_rises_strictly_and_stays_between_0_and_1(slope, offset):
    told = ScoreCalibration(slope, offset).told(np.linspace(0, 1, 10_001))
    assert told.dtype == np.float64
    assert (np.diff(told) > 0).all()
    assert told[0] > 0
    assert told[-1] < 1


@pytest.mark.parametrize(('slope', 'offset'), SOME)
def test_own_is_the_exact_inverse_of_told(slope, offset):
    calibration = ScoreCalibration(slope, offset)
    for score in np.linspace(0, 1, 101):
        assert calibration.own(float(calibration.told(score))) == pytest.approx(score, abs=1e-9)
    for told in (1e-12, 0.01, 0.2, 0.5, 0.99):
        assert calibration.told(calibration.own(told)) == pytest.approx(told, rel=1e-12)


def test_told_is_the_logistic_function():
    assert ScoreCalibration(8, -3).told([0.375, 0.5]) == pytest.approx(
        [0.5, 1 / (1 + math.exp(-1))]
    )


def test_everybody_passes_0_and_nobody_1():
    assert ScoreCalibration(8, -3).own(0) == -math.inf
    assert ScoreCalibration(8, -3).own(1) == math.inf


def test_scores_far_out_do_not_overflow():
    with np.errstate(all='raise', under='ignore'):
        assert ScoreCalibration(1e6, -5e5).told([0, 0.5, 1]).tolist() == [0, 0.5, 1]


@pytest.mark.parametrize(
    ('slope', 'offset'),
    [(0.0, 1.0), (-2.0, 1.0), (math.inf, 0.0), (math.nan, 0.0), (1.0, math.inf), (1.0, math.nan)],
)
def test_what_is_no_calibration_is_refused(slope, offset):
    with pytest.raises(ModelError, match=r'must be a slope above 0 and an offset, finite$'):
        ScoreCalibration(slope, offset)
