"""When a robot gets a goal: not for every spot, not twice at once, and not for nobody."""

from __future__ import annotations

from math import cos, sin

import pytest

from openpose_ros.ros.node.pursuit import MOVED_M, PERIOD_S, TURNED, Pursuit, Spot


def spot(x: float = 0.0, turned: float = 0.0, frame: str = 'odom') -> Spot:
    return Spot(frame, (x, 1.0, 0.0), (0.0, 0.0, sin(turned / 2), cos(turned / 2)))


def going(moves: bool = True) -> Pursuit:
    """Return one that was sent to a spot at 100 s."""
    pursuit = Pursuit(moves, 2.0)
    assert pursuit.on_spot(spot(), 100.0)
    return pursuit


@pytest.mark.parametrize(
    ('next_spot', 'is_sent'),
    [
        (spot(MOVED_M * 0.99), False),
        (spot(MOVED_M * 1.01), True),
        (spot(0, TURNED * 0.99), False),
        (spot(0, -TURNED * 1.01), True),
        (spot(frame='map'), True),
        # The same turn as another quaternion.
        (spot()._replace(turn=(0.0, 0.0, 0.0, -1.0)), False),
        # Numbers that rounding has made longer than a unit.
        (spot()._replace(turn=(0.0, 0.0, 0.0, 1.0 + 1e-9)), False),
    ],
)
@pytest.mark.parametrize('is_there', [False, True])
def test_goal_moves_with_the_spot(next_spot: Spot, is_sent: bool, is_there: bool) -> None:
    pursuit = going()
    if is_there:
        pursuit.on_end(reached=True)
    assert pursuit.on_spot(next_spot, 100.0 + PERIOD_S) is is_sent


def test_goals_do_not_come_too_often() -> None:
    pursuit = going()
    assert not pursuit.on_spot(spot(5), 100.0 + PERIOD_S * 0.99)
    assert pursuit.on_spot(spot(5), 100.0 + PERIOD_S)
    assert not pursuit.on_spot(spot(), 100.0 + PERIOD_S * 1.99)


def test_one_goal_stands_for_a_topic() -> None:
    pursuit = going(moves=False)
    for second in range(1, 60):
        assert not pursuit.on_spot(spot(second), 100.0 + second)
    pursuit.on_end(reached=False)  # she was lost, for Nav2
    assert pursuit.on_spot(spot(), 160.0)
    pursuit.on_end(reached=True)
    assert pursuit.on_spot(spot(), 161.0)


def test_goal_that_failed_is_tried_again() -> None:
    pursuit = going()
    pursuit.on_end(reached=False)
    assert not pursuit.on_spot(spot(), 100.5)
    assert pursuit.on_spot(spot(), 101.0)


@pytest.mark.parametrize('moves', [False, True])
def test_goal_is_taken_back_once_when_nobody_is_seen(moves: bool) -> None:
    pursuit = going(moves)
    assert not pursuit.gives_up(102.0)
    pursuit.on_spot(spot(), 101.0)
    assert not pursuit.gives_up(102.9)
    assert pursuit.gives_up(103.1)
    assert not pursuit.gives_up(104.0)
    assert pursuit.on_spot(spot(), 200.0)  # she is back


def test_robot_that_is_there_is_not_stopped() -> None:
    pursuit = going()
    pursuit.on_end(reached=True)
    assert not pursuit.gives_up(200.0)
