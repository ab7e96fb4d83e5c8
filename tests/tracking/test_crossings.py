"""People who cross, hide each other, and a camera that turns: nobody gets another's id."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from benchmarks.walkers import crossing, film, follow, swinging, turned_between

FEW, MANY = range(2), range(50)


def still(t: float) -> float:
    return 0.0


def switched(
    seeds: range,
    rate_hz: float,
    dropped: float,
    *,
    overtaking: bool = False,
    yaw: Callable[[float], float] = still,
) -> dict[int, dict[int, list[str]]]:
    """Return the ids of each walker for the seeds where somebody had more than one."""
    turns = yaw is not still
    seconds = (1.5, 4.5) if turns else (0.4, 5.6)
    found = {}
    for seed in seeds:
        walkers = crossing(seed, overtaking=overtaking, bystanders=turns)
        outcome = follow(
            film(walkers, seed, rate_hz=rate_hz, dropped=dropped, seconds=seconds, yaw=yaw)
        )
        assert all(outcome.ids.values()), f'seed {seed}: somebody never got an id'
        if outcome.switches:
            found[seed] = outcome.ids
    return found


@pytest.mark.parametrize('rate_hz', [30, 15, 5])
@pytest.mark.parametrize('dropped', [0.0, 0.3])
@pytest.mark.parametrize('overtaking', [False, True])
def test_crossing_with_a_second_of_occlusion(
    rate_hz: float, dropped: float, overtaking: bool
) -> None:
    assert not switched(FEW, rate_hz, dropped, overtaking=overtaking)


@pytest.mark.parametrize('rate_hz', [30, 15, 5])
@pytest.mark.parametrize('yaw', [swinging, turned_between])
def test_crossing_before_a_camera_that_turns(
    rate_hz: float, yaw: Callable[[float], float]
) -> None:
    assert not switched(FEW, rate_hz, 0.0, yaw=yaw)


@pytest.mark.slow
@pytest.mark.parametrize('rate_hz', [30, 15, 5])
@pytest.mark.parametrize('dropped', [0.0, 0.3])
@pytest.mark.parametrize('overtaking', [False, True])
def test_fifty_crossings(rate_hz: float, dropped: float, overtaking: bool) -> None:
    assert not switched(MANY, rate_hz, dropped, overtaking=overtaking)
