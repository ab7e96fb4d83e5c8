"""Whom the robot is to walk up to, and how long it stays with her."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from openpose_ros.spatial.choice import Candidates, Chooser, Wish

SIZE = (640, 480)
NOWHERE = float('nan')


def people(
    *distances: float,
    ids: Sequence[str] = ('a1', 'b2', 'c3', 'd4'),
    heights: Sequence[float] = (),
    middles: Sequence[float] = (),
    since_s: Sequence[float] = (),
) -> Candidates:
    """Return people straight ahead or beside each other, so many metres away."""
    count = len(distances)
    x = np.array([*middles] or [100.0 * (index + 1) for index in range(count)])
    tall = np.array([*heights] or [200.0] * count)
    boxes = np.stack([x - 25, 240 - tall / 2, np.full(count, 50.0), tall], axis=1)
    position = np.zeros((count, 3))
    position[:, 2] = distances
    position[np.isnan(position[:, 2])] = np.nan
    return Candidates(ids[:count], position, boxes, np.array([*since_s] or [0.0] * count))


def chosen(chooser: Chooser, people: Candidates, stamp_s: float, wish: Wish | None = None) -> str:
    place = chooser.choose(people, wish or Wish(), SIZE, stamp_s)
    return '' if place is None else people.ids[place]


def test_nearest_is_first_and_stays_while_another_is_hardly_nearer() -> None:
    chooser = Chooser()
    assert chosen(chooser, people(3.0, 2.0), 0.0) == 'b2'
    for tick in range(40):
        assert chosen(chooser, people(1.6, 2.0), 0.1 * tick) == 'b2'


def test_another_takes_over_when_she_was_nearer_for_half_a_second() -> None:
    chooser = Chooser()
    chosen(chooser, people(3.0, 2.0), 0.0)
    assert chosen(chooser, people(1.4, 2.0), 0.1) == 'b2'
    assert chosen(chooser, people(1.4, 2.0), 0.55) == 'b2'
    assert chosen(chooser, people(1.4, 2.0), 0.61) == 'a1'


def test_half_a_second_is_without_a_break() -> None:
    chooser = Chooser()
    chosen(chooser, people(3.0, 2.0), 0.0)
    for start in (0.1, 0.5, 0.9):
        assert chosen(chooser, people(1.4, 2.0), start) == 'b2'
        assert chosen(chooser, people(1.8, 2.0), start + 0.3) == 'b2'


def test_hysteresis_is_a_parameter() -> None:
    wish, chooser = Wish(hysteresis=0.1), Chooser()
    chosen(chooser, people(3.0, 2.0), 0.0, wish)
    chosen(chooser, people(1.8, 2.0), 0.1, wish)
    assert chosen(chooser, people(1.8, 2.0), 0.7, wish) == 'a1'


def test_who_is_lost_is_replaced_at_once_and_who_is_expected_is_not() -> None:
    chooser = Chooser()
    assert chosen(chooser, people(3.0, 2.0), 0.0) == 'b2'
    assert chosen(chooser, people(3.0, 2.0, since_s=(0, 1.2)), 1.2) == 'b2'
    assert chosen(chooser, people(3.0), 1.3) == 'a1'


def test_who_is_not_seen_is_chosen_by_nobody() -> None:
    assert chosen(Chooser(), people(3.0, 2.0, since_s=(0, 0.3)), 0.0) == 'a1'
    assert chosen(Chooser(), people(2.0, since_s=(0.3,)), 0.0) == ''


def test_who_has_no_id_is_told_by_her_place() -> None:
    chooser, nobody = Chooser(), ('', '', '')
    first = people(2.0, 3.0, ids=nobody)
    assert chooser.choose(first, Wish(), SIZE, 0.0) == 0
    assert chooser.choose(people(3.0, 2.1, ids=nobody), Wish(), SIZE, 0.1) == 1
    assert chooser.choose(people(3.1, ids=nobody), Wish(), SIZE, 0.3) is None  # missed for once
    assert chooser.choose(people(3.0, 2.2, ids=nobody), Wish(), SIZE, 0.4) == 1
    assert chooser.choose(people(3.1, ids=nobody), Wish(), SIZE, 1.0) == 0  # lost


def test_who_gets_an_id_stays_the_same() -> None:
    chooser = Chooser()
    assert chooser.choose(people(2.0, 3.0, ids=('', 'b2')), Wish(), SIZE, 0.0) == 0
    assert chooser.choose(people(3.0, 2.0, ids=('b2', 'a1')), Wish(), SIZE, 0.1) == 1
    assert chooser.choose(people(1.9, 3.4, ids=('b2', 'a1')), Wish(), SIZE, 0.2) == 1


def test_without_any_distance_the_tallest_box() -> None:
    chooser = Chooser()
    unknown = (NOWHERE, NOWHERE)
    assert chosen(chooser, people(*unknown, heights=(200, 260)), 0.0) == 'b2'
    assert chosen(chooser, people(*unknown, heights=(270, 260)), 0.1) == 'b2'
    assert chosen(chooser, people(*unknown, heights=(270, 260)), 0.9) == 'b2'  # hardly taller
    chosen(chooser, people(*unknown, heights=(300, 260)), 1.0)
    assert chosen(chooser, people(*unknown, heights=(300, 260)), 1.6) == 'a1'


def test_who_has_a_distance_goes_before_who_has_none() -> None:
    assert chosen(Chooser(), people(NOWHERE, 5.0, heights=(400, 100)), 0.0) == 'b2'


def test_most_central() -> None:
    wish, chooser = Wish('most_central'), Chooser()
    assert chosen(chooser, people(2.0, 4.0, middles=(100, 330)), 0.0, wish) == 'b2'
    chosen(chooser, people(2.0, 4.0, middles=(330, 500)), 0.1, wish)
    assert chosen(chooser, people(2.0, 4.0, middles=(330, 500)), 0.7, wish) == 'a1'


def test_one_by_id() -> None:
    wish, chooser = Wish('id', 'c3'), Chooser()
    assert chosen(chooser, people(2.0, 3.0), 0.0, wish) == ''
    assert chosen(chooser, people(2.0, 3.0, 9.0), 0.1, wish) == 'c3'
    assert chosen(chooser, people(2.0, 3.0), 0.2, Wish('id', '')) == ''
    assert chosen(chooser, people(2.0, 3.0, ids=('', '')), 0.3, Wish('id', '')) == ''


def test_other_wish_is_followed_at_once() -> None:
    chooser = Chooser()
    assert chosen(chooser, people(3.0, 2.0, middles=(320, 600)), 0.0) == 'b2'
    central = Wish('most_central')
    assert chosen(chooser, people(3.0, 2.0, middles=(320, 600)), 0.1, central) == 'a1'


def test_time_that_jumps_back_begins_anew() -> None:
    chooser = Chooser()
    assert chosen(chooser, people(3.0, 2.0), 100.0) == 'b2'
    assert chosen(chooser, people(1.7, 2.0), 1.0) == 'a1'


@pytest.mark.parametrize('target', ['nearest', 'most_central', 'id'])
def test_nobody(target: str) -> None:
    chooser = Chooser()
    for stamp_s in (0.0, 0.1):
        assert chooser.choose(people(), Wish(target, 'a1'), SIZE, stamp_s) is None
