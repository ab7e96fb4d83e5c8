"""Gestures of bodies in space, as a camera finds them: the rules, and for how long they hold."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from benchmarks.bodies import Build, Stance
from benchmarks.scenes import LENS, Actor, Room, film, looking
from openpose_ros.skeletons import load_skeleton
from openpose_ros.spatial.gesture_watch import GestureWatch
from openpose_ros.spatial.gestures import Gesture
from openpose_ros.spatial.people import up_in_image
from tests.spatial.bodies import surfaces

SKELETONS = ('coco_18', 'coco_17', 'body_25', 'mpi_15', 'trt_pose_18')


def watched(
    stance: Callable[[float], Stance],
    *,
    heading: float = np.pi,
    seconds: float = 2.0,
    rate_hz: float = 15.0,
    deep: bool = True,
    ids: tuple[str, ...] = ('a1',),
    skeleton: str = 'coco_18',
    missed: float = 0.0,
) -> list[list[Gesture]]:
    """Return the gestures of each image of somebody who does something."""
    actor = Actor(Build(), lambda t: (2.5, 0.0, heading), stance)
    room = Room((actor,), LENS, lambda t: looking(0, 0, 1.2, 0, 0))
    watch, found = GestureWatch(), []
    for shot in film(
        room,
        1,
        seconds=seconds,
        rate_hz=rate_hz,
        skeleton=load_skeleton(skeleton),
        missed=missed,
    ):
        people = replace(shot.people, ids=ids)
        positions = surfaces(shot).positions if deep else None
        found.append(watch.update(people, positions, up_in_image(0), shot.stamp_s))
    return found


def arms(**does: str) -> Callable[[float], Stance]:
    return lambda t: Stance(arms=does)


def names(gestures: list[Gesture]) -> set[str]:
    return {gesture.name for gesture in gestures}


@pytest.mark.parametrize('skeleton', SKELETONS)
@pytest.mark.parametrize('deep', [True, False])
@pytest.mark.parametrize(
    ('stance', 'expected'),
    [
        (arms(), set()),
        (arms(left='raised'), {'hand_raised_left'}),
        (arms(right='raised'), {'hand_raised_right'}),
        (arms(left='raised', right='raised'), {'hand_raised_left', 'hand_raised_right'}),
        (arms(left='aside'), {'pointing_left'}),
        (arms(right='aside'), {'pointing_right'}),
        (arms(left='crossed', right='crossed'), {'arms_crossed'}),
        (lambda t: Stance('walking', 6 * t), set()),
        (lambda t: Stance('seated'), set()),
    ],
)
def test_each_gesture(
    skeleton: str, deep: bool, stance: Callable[[float], Stance], expected: set[str]
) -> None:
    images = watched(stance, deep=deep, skeleton=skeleton, rate_hz=6, seconds=1)
    assert names(images[-1]) == expected
    for gesture in images[-1]:
        assert gesture.id == 'a1'
        assert 0.4 <= gesture.score <= 1


@pytest.mark.parametrize('side', ['left', 'right'])
def test_who_waves(side: str) -> None:
    def waves(t: float) -> Stance:
        return Stance(arms={side: 'raised'}, wave=0.5 * float(np.sin(2 * np.pi * 1.5 * t)))

    last = watched(waves)[-1]
    assert names(last) == {'waving', f'hand_raised_{side}'}
    assert not any('waving' in names(found) for found in watched(arms(**{side: 'raised'})))


def test_waving_at_a_low_rate() -> None:
    def waves(t: float) -> Stance:
        return Stance(arms={'left': 'raised'}, wave=0.5 * float(np.sin(2 * np.pi * 0.9 * t)))

    assert 'waving' in names(watched(waves, rate_hz=5, seconds=3)[-1])


@pytest.mark.parametrize('turn', [0.0, 0.8, -0.8])
@pytest.mark.parametrize(('arm', 'way'), [('aside', 0.5 * np.pi), ('ahead', 0.0)])
def test_direction_of_who_points(turn: float, arm: str, way: float) -> None:
    images = watched(arms(left=arm), heading=np.pi + turn)
    pointing = [g for found in images for g in found if g.name == 'pointing_left']
    assert len(pointing) > 10
    heading = np.pi + turn + way  # in the world; the camera looks along its x
    true = np.array([-np.sin(heading), -0.05, np.cos(heading)])
    for gesture in pointing:
        assert np.linalg.norm(gesture.direction) == pytest.approx(1)
        assert np.array(gesture.direction) @ true > np.cos(np.radians(20))


def test_without_depth_nothing_points_anywhere() -> None:
    (gesture,) = watched(arms(right='aside'), deep=False)[-1]
    assert np.isnan(gesture.direction).all()


def test_of_who_raises_a_hand_no_direction_is_said() -> None:
    (gesture,) = watched(arms(right='raised'))[-1]
    assert np.isnan(gesture.direction).all()


@pytest.mark.parametrize('rate_hz', [30.0, 10.0])
def test_gesture_begins_and_ends_three_tenths_of_a_second_late(rate_hz: float) -> None:
    def between(t: float) -> Stance:  # the film begins at 1 s
        return Stance(arms={'left': 'raised'} if 1.45 <= t < 2.25 else {})

    images = watched(between, rate_hz=rate_hz)
    on = [1 + index / rate_hz for index, found in enumerate(images) if found]
    assert 1.7 < on[0] <= 1.45 + 0.3 + 2 / rate_hz
    assert 2.25 + 0.2 < on[-1] <= 2.25 + 0.3 + 1 / rate_hz
    assert len(on) == pytest.approx((on[-1] - on[0]) * rate_hz + 1)  # without a gap


def test_single_wrong_image_neither_begins_nor_ends_a_gesture() -> None:
    def flickers(t: float) -> Stance:
        return Stance(arms={'left': 'raised'} if round(t * 15) % 9 else {})

    images = watched(flickers, seconds=3)
    assert all(names(found) == {'hand_raised_left'} for found in images[15:])
    rarely = watched(lambda t: flickers(t) if round(t * 15) % 9 == 1 else Stance())
    assert not any(rarely)


def test_who_has_no_id_has_gestures_too() -> None:
    (gesture,) = watched(arms(left='raised'), ids=())[-1]
    assert gesture.id == ''


def test_parts_that_are_missed_end_nothing() -> None:
    images = watched(arms(left='raised'), missed=0.1, seconds=3)
    assert np.mean([bool(found) for found in images[8:]]) > 0.9


def test_time_that_jumps_back_begins_anew() -> None:
    shots = list(
        film(
            Room(
                (Actor(Build(), lambda t: (2.5, 0, np.pi), arms(left='raised')),),
                LENS,
                lambda t: looking(0, 0, 1.2, 0, 0),
            ),
            1,
            missed=0,
        )
    )
    watch = GestureWatch()
    for shot in shots[:10]:
        last = watch.update(shot.people, None, up_in_image(0), shot.stamp_s + 100)
    assert last
    assert not watch.update(shots[0].people, None, up_in_image(0), shots[0].stamp_s)


def test_nobody_makes_no_gesture() -> None:
    people = next(film(Room((), LENS, lambda t: looking(0, 0, 1, 0, 0)), 1)).people
    assert GestureWatch().update(people, None, up_in_image(0), 0.0) == []
