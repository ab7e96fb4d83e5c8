"""Assembly: held to the twin on connections full of contradictions, then the facts."""

from __future__ import annotations

from hypothesis import given
import numpy as np
import pytest

from openpose_ros.parsing import PafParams, parse_pafs
from openpose_ros.parsing.paf.assembly import assemble_people
from openpose_ros.parsing.paf.limbs import Connections
from tests.parsing.paf import naive, strategies
from tests.parsing.paf.agreement import check_assembly, check_people, peaks_of
from tests.parsing.paf.strategies import KITE

Rows = list[tuple[int, int, int, float]]  # limb, start peak, end peak, score

# Every peak at a place of its own, and no two people of one score.
PEAKS = [[(i, k, 0.3 + 0.1 * i + 0.0123 * 2**-k) for i in range(4)] for k in range(4)]
ANYBODY = PafParams(min_parts=1, min_score=0)
TOP_LEFT, TOP_RIGHT, LEFT_BOTTOM, BOTTOM_RIGHT = range(4)  # limbs; the last is redundant


def connections_of(rows: Rows) -> Connections:
    ends = np.array([row[:3] for row in rows], np.int64).reshape(-1, 3)
    return Connections(ends, np.array([row[3] for row in rows], np.float64))


def parts_of(rows: Rows, params: PafParams = ANYBODY) -> list[list[int]]:
    """Return the number of each person's peaks, -1 where missing."""
    people = assemble_people(peaks_of(PEAKS), connections_of(rows), KITE, params)
    number = np.where(people.keypoints[..., 2] > 0, people.keypoints[..., 0], -1)
    return [[int(index) for index in person] for person in number.tolist()]


@strategies.examples()
@given(strategies.connections(), strategies.params())
def test_people_agree_with_the_twin(rows, params):
    check_assembly(peaks_of(PEAKS), connections_of(rows), KITE, params)


def test_limbs_that_share_a_part_make_a_person():
    assert parts_of([(TOP_LEFT, 2, 1, 0.9), (TOP_RIGHT, 2, 3, 0.8)]) == [[2, 1, 3, -1]]


def test_limbs_that_share_none_make_two():
    assert parts_of([(TOP_LEFT, 1, 1, 0.9), (TOP_RIGHT, 2, 2, 0.8)]) == [
        [2, -1, 2, -1],
        [1, 1, -1, -1],
    ]


@pytest.mark.parametrize('score', [0.1, 0.95])  # whether it comes last or first
def test_a_redundant_limb_joins_two_halves(score):
    halves: Rows = [(TOP_RIGHT, 0, 0, 0.9), (LEFT_BOTTOM, 0, 0, 0.8)]
    assert len(parts_of(halves)) == 2
    assert parts_of([*halves, (BOTTOM_RIGHT, 0, 0, score)]) == [[0, 0, 0, 0]]


def test_a_connection_that_contradicts_a_stronger_one_is_dropped():
    person: Rows = [(TOP_LEFT, 0, 0, 0.9), (TOP_RIGHT, 0, 0, 0.8), (LEFT_BOTTOM, 0, 0, 0.7)]
    # The bottom of the person, but another right.
    assert parts_of([*person, (BOTTOM_RIGHT, 0, 1, 0.6)]) == [[0, 0, 0, 0]]
    # The other way round it is the left and the bottom that are parted.
    stronger: Rows = [*person, (BOTTOM_RIGHT, 0, 1, 0.75)]
    assert sorted(parts_of(stronger)) == [[-1, -1, 1, 0], [0, 0, 0, -1]]


def test_two_people_who_share_a_kind_of_part_are_not_joined():
    first: Rows = [(TOP_LEFT, 0, 0, 0.9), (TOP_RIGHT, 0, 0, 0.9)]
    second: Rows = [(LEFT_BOTTOM, 1, 1, 0.8)]
    assert sorted(parts_of([*first, *second, (BOTTOM_RIGHT, 1, 0, 0.7)])) == [
        [-1, 1, -1, 1],
        [0, 0, 0, -1],
    ]


def test_what_was_dropped_is_free_for_a_weaker_limb():
    rows: Rows = [
        (TOP_LEFT, 0, 0, 0.9),
        (TOP_RIGHT, 0, 0, 0.8),
        (LEFT_BOTTOM, 0, 0, 0.7),
        (BOTTOM_RIGHT, 0, 1, 0.6),  # dropped: the person has a right
        (TOP_RIGHT, 1, 1, 0.5),
    ]
    assert sorted(parts_of(rows)) == [[0, 0, 0, 0], [1, -1, 1, -1]]


def test_the_order_is_by_score_and_scores_are_means_over_all_keypoints():
    rows: Rows = [(TOP_LEFT, i, i, 0.9 - 0.1 * i) for i in range(4)]
    people = assemble_people(peaks_of(PEAKS), connections_of(rows), KITE, ANYBODY)
    assert people.keypoints[:, 0, 0].tolist() == [3, 2, 1, 0]
    sums = [(PEAKS[0][i][2] + PEAKS[1][i][2]) / KITE.num_keypoints for i in (3, 2, 1, 0)]
    np.testing.assert_allclose(people.scores, sums, rtol=1e-6)
    assert people.scores.dtype == people.keypoints.dtype == np.float32


def equals(rows: Rows) -> list[float]:
    """Return the first keypoint's x of each person, if all peaks have one score."""
    peaks = peaks_of([[(x, y, 0.5) for x, y, _ in some] for some in PEAKS])
    people = assemble_people(peaks, connections_of(rows), KITE, ANYBODY)
    assert len(set(people.scores.tolist())) == 1
    return [float(np.nanmin(person[:, 0])) for person in people.keypoints]


def test_people_of_one_score_are_in_the_order_of_their_strongest_limbs():
    rows: Rows = [(TOP_LEFT, i, i, score) for i, score in enumerate([0.7, 0.9, 0.6, 0.8])]
    assert equals(rows) == [1, 3, 0, 2]


def test_two_that_are_joined_take_the_place_of_the_stronger_one():
    first: Rows = [(LEFT_BOTTOM, 0, 0, 0.9), (TOP_RIGHT, 0, 0, 0.5), (TOP_LEFT, 0, 0, 0.4)]
    second: Rows = [(LEFT_BOTTOM, 1, 1, 0.8), (TOP_RIGHT, 1, 1, 0.7), (BOTTOM_RIGHT, 1, 1, 0.6)]
    assert equals([*first, *second]) == [0, 1]


def test_missing_keypoints_are_nan_with_score_zero():
    people = assemble_people(
        peaks_of(PEAKS), connections_of([(TOP_LEFT, 0, 0, 0.9)]), KITE, ANYBODY
    )
    assert np.isnan(people.keypoints[0, 2:, :2]).all()
    assert people.keypoints[0, 2:, 2].tolist() == [0, 0]
    assert not np.isnan(people.keypoints[0, :2]).any()


TWO: Rows = [(TOP_LEFT, 3, 3, 0.9), (TOP_RIGHT, 3, 3, 0.9), (TOP_LEFT, 0, 0, 0.9)]


@pytest.mark.parametrize(
    ('values', 'count'),
    [
        ({'min_parts': 2}, 2),
        ({'min_parts': 3}, 1),
        ({'min_parts': 4}, 0),
        ({'min_score': 0.15}, 2),
        ({'min_score': 0.2}, 1),
        ({'min_score': 0.5}, 0),
        ({'max_people': 0}, 2),  # all
        ({'max_people': 1}, 1),
        ({'max_people': 2}, 2),
    ],
)
def test_people_who_do_not_count_are_left_out_the_best_stay(values, count):
    parts = parts_of(TWO, PafParams(**{'min_parts': 1, 'min_score': 0.0, **values}))
    assert parts == [[3, 3, 3, -1], [0, 0, -1, -1]][:count]


def test_a_score_that_is_just_enough_is_enough():
    peaks = peaks_of([[(0, 0, 0.5)], [(1, 1, 0.5)], [], []])
    found = connections_of([(TOP_LEFT, 0, 0, 0.9)])
    for least, count in ((0.25, 1), (0.25001, 0)):
        params = PafParams(min_parts=2, min_score=least)
        assert len(assemble_people(peaks, found, KITE, params)) == count


def test_nobody_is_found_among_peaks_without_limbs():
    people = assemble_people(peaks_of(PEAKS), connections_of([]), KITE, ANYBODY)
    assert people.keypoints.shape == (0, 4, 3)
    assert people.scores.shape == (0,)


@strategies.examples(50)
@given(strategies.scenes())
def test_a_single_person_agrees_with_the_twin(scene):
    heatmaps = scene.heatmaps[: KITE.num_keypoints]
    room_for_one = PafParams(**{**vars(scene.params), 'max_peaks': 1, 'max_people': 0})
    params = PafParams(**{**vars(scene.params), 'single_person': True})
    people = parse_pafs(heatmaps, scene.pafs, KITE, params)
    assert people.overflow == 0
    check_people(people, naive.single_person(heatmaps, room_for_one))
