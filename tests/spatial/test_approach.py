"""The spot before somebody: where it is, and that it moves smoothly."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from benchmarks.scenes import looking
from openpose_ros.spatial import Transform
from openpose_ros.spatial.approach import Approach, Standing
from openpose_ros.spatial.located import Located
from openpose_ros.spatial.orientations import orientations

UP = np.array([0.0, -1.0, 0.0])  # of an upright image
AHEAD = np.array([0.0, 0.0, 1.0])
UNKNOWN = float('nan')


def stand(
    approach: Approach,
    facing: float,
    *,
    stddev: float = 0.1,
    turning: tuple[float, float] = (0.0, 0.1),
    at: Any = (0.0, 0.3, 3.0),
    eye: Transform | None = None,
    distance: float = 1.2,
    stamp_s: float = 0.0,
    up: Any = UP,
) -> Standing:
    """Return the spot before somebody in the camera's frame who faces so far from the camera."""
    position = np.array(at)
    towards = -position + (position @ up) * up
    towards = (towards / np.linalg.norm(towards))[np.newaxis]
    located = replace(
        Located.unknown(1),
        position=position[np.newaxis],
        orientation=orientations(np.array([facing]), towards, np.asarray(up)),
        facing_stddev=np.array([stddev]),
        turning=np.array([turning]),
    )
    standing = approach.stand(
        located,
        0,
        to_frame=eye,
        up=np.asarray(up),
        frame='' if eye is None else 'map',
        distance=distance,
        stamp_s=stamp_s,
    )
    assert standing is not None
    return standing


def axis(orientation: Any, which: Any = (1.0, 0.0, 0.0)) -> Any:
    return Transform(np.zeros(3), orientation).turn(which)


def test_without_a_frame_the_spot_is_as_high_as_her_hips() -> None:
    standing = stand(Approach(), 0.0)
    np.testing.assert_allclose(standing.spot, [0, 0.3, 1.8], atol=1e-9)
    np.testing.assert_allclose(axis(standing.spot_orientation), AHEAD, atol=1e-9)
    np.testing.assert_allclose(axis(standing.spot_orientation, (0, 0, 1.0)), UP, atol=1e-9)
    np.testing.assert_allclose(axis(standing.person_orientation), -AHEAD, atol=1e-9)


def test_her_left_is_at_the_cameras_right() -> None:
    standing = stand(Approach(), 0.5)  # turned to her own left
    np.testing.assert_allclose(
        standing.spot, [1.2 * np.sin(0.5), 0.3, 3 - 1.2 * np.cos(0.5)], atol=1e-9
    )


@pytest.mark.parametrize('facing', [0.0, 0.7, -1.5, 3.0])
@pytest.mark.parametrize('distance', [0.3, 1.2, 4.0])
def test_in_a_frame_the_spot_is_on_the_ground(facing: float, distance: float) -> None:
    eye = looking(1.0, -2.0, 1.2, 0.6, 0.1)
    up = eye.inverse().turn([0.0, 0, 1])
    standing = stand(Approach(), facing, eye=eye, up=up, distance=distance)
    assert standing.spot[2] == 0
    np.testing.assert_allclose(standing.person, eye.apply([0.0, 0.3, 3.0]))
    way = (standing.person - standing.spot) * [1, 1, 0]
    assert np.linalg.norm(way) == pytest.approx(distance)
    np.testing.assert_allclose(axis(standing.spot_orientation), way / distance, atol=1e-9)
    assert standing.spot_orientation[:2] == pytest.approx([0, 0], abs=1e-9)  # yaw only
    line = (eye.translation - standing.person)[:2]
    turn = np.arctan2(*(-way)[1::-1]) - np.arctan2(*line[::-1])
    assert abs((turn - facing + np.pi) % (2 * np.pi) - np.pi) < 1e-6


@pytest.mark.parametrize(('facing', 'stddev'), [(UNKNOWN, UNKNOWN), (2.0, 0.61)])
def test_whose_facing_is_not_known_is_met_on_the_line_to_the_camera(
    facing: float, stddev: float
) -> None:
    standing = stand(Approach(), facing, stddev=stddev)
    np.testing.assert_allclose(standing.spot, [0, 0.3, 1.8], atol=1e-9)


def off_the_line(standing: Standing) -> float:
    return float(np.arctan2(standing.spot[0], 3 - standing.spot[2]))


def test_change_to_the_line_takes_a_second_and_has_a_hysteresis() -> None:
    approach, turn = Approach(), 1.0
    said = [off_the_line(stand(approach, turn, stddev=0.55, stamp_s=0.0))]
    assert said[0] == 0.0  # not sure enough to begin with
    for tick in range(1, 40):
        spread = 0.49 if tick < 15 else 0.59 if tick < 20 else 0.61
        said.append(off_the_line(stand(approach, turn, stddev=spread, stamp_s=0.1 * tick)))
    assert said[5] == pytest.approx(0.5)
    assert said[10] == pytest.approx(1.0)
    assert said[19] == pytest.approx(1.0)  # 0.59 is sure enough to go on
    assert said[25] == pytest.approx(0.4)
    assert said[30] == pytest.approx(0.0)


def test_back_of_somebody_is_left_by_one_way() -> None:
    """Between 179 and -179 degrees nothing jumps while the rule changes."""
    approach = Approach()
    last = stand(approach, np.pi - 0.05, stddev=0.55).spot
    for tick in range(1, 20):
        facing = np.pi - 0.05 if tick % 2 else -np.pi + 0.05
        spot = stand(approach, facing, stddev=0.3, stamp_s=0.1 * tick).spot
        assert np.linalg.norm(spot - last) < 1.2 * (0.1 * np.pi + 0.1) + 0.05
        last = spot


def test_noise_moves_the_spot_no_more_than_a_little() -> None:
    approach, random = Approach(), np.random.default_rng(1)
    last, noise = None, np.zeros(4)
    for tick in range(200):
        # Of what is smoothed: each image's noise is mostly that of the one before.
        noise = 0.8 * noise + 0.6 * random.normal(0, [0.015, 0.015, 0.015, 0.04])
        at = np.array([0, 0.3, 3.0]) + noise[:3]
        spot = stand(approach, 0.4 + noise[3], at=at, stamp_s=tick / 15).spot
        if last is not None:
            assert np.linalg.norm(spot - last) < 0.05
        last = spot
    assert np.linalg.norm(spot - [1.2 * np.sin(0.4), 0.3, 3 - 1.2 * np.cos(0.4)]) < 0.15


def test_spot_follows_who_walks_and_who_turns() -> None:
    for speed, spin in ((1.2, 0.0), (0.0, 1.0)):
        approach = Approach()
        for tick in range(45):
            t = tick / 15
            at = (speed * (t - 1.5), 0.3, 3.0)
            spot = stand(approach, spin * t, turning=(spin, 0.2), at=at, stamp_s=t).spot
        person = np.array([speed * (t - 1.5), 0.3, 3.0])
        line = np.arctan2(person[0], person[2])
        ahead = np.array([-np.sin(line - spin * t), 0, -np.cos(line - spin * t)])
        assert np.linalg.norm(spot - person - 1.2 * ahead) < 0.1


def test_spot_keeps_up_with_who_surely_turns() -> None:
    for doubt in (0.1, 8.0):
        approach = Approach()
        for index in range(12):
            facing = 0.12 * index - 0.5
            got = stand(approach, facing, turning=(1.2, doubt), stamp_s=0.1 * index).spot
            expected = stand(Approach(), facing).spot
            late = np.linalg.norm(got - expected)
        assert late < 0.03 if doubt < 1 else late > 0.5


def test_another_distance_holds_at_once() -> None:
    approach = Approach()
    for tick, distance in enumerate((1.2, 1.2, 3.0, 0.5)):
        spot = stand(approach, 0.0, distance=distance, at=(0, 0.3, 5), stamp_s=0.1 * tick).spot
        np.testing.assert_allclose(spot, [0, 0.3, 5 - distance], atol=1e-9)


def test_somebody_else_or_another_time_owes_nothing_to_what_was() -> None:
    approach = Approach()
    stand(approach, 0.0)
    approach.reset()
    assert stand(approach, 0.0, at=(2.0, 0.3, 3.0), stamp_s=0.1).spot[0] > 1.0
    assert stand(approach, 0.0, at=(-2.0, 0.3, 3.0), stamp_s=-5.0).spot[0] < -1.0
    assert stand(approach, 0.0, at=(2.0, 0.3, 3.0), stamp_s=10.0).spot[0] > 1.0


@pytest.mark.parametrize('at', [(UNKNOWN, UNKNOWN, UNKNOWN), (0.0, 2.0, 0.0)])
def test_who_is_nowhere_or_right_below_the_camera_is_not_met(at: Any) -> None:
    standing = Approach().stand(
        replace(Located.unknown(1), position=np.array([at])),
        0,
        to_frame=None,
        up=UP,
        frame='',
        distance=1.0,
        stamp_s=0.0,
    )
    assert standing is None
