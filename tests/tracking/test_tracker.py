"""Ids from frame to frame: births, coasting, deaths, stamps."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest

from openpose_ros.errors import ParameterError
from openpose_ros.people import People
from openpose_ros.skeletons import load_skeleton
from openpose_ros.tracking import Tracker, TrackingParams
from tests.tracking.poses import SKELETON, moved, people, standing

ANN, BEN = standing(200, 100, seed=1), standing(500, 120, 250, seed=2)
NOBODY = people()


def known(tracker: Tracker, *poses: np.ndarray, until_s: float = 0.4) -> tuple[str, ...]:
    """Let poses stand still until they have ids."""
    for stamp_s in np.arange(0, until_s + 0.01, 0.1):
        tracks = tracker.update(people(*poses), float(stamp_s))
    assert all(tracks.people.ids)
    return tracks.people.ids


def test_the_third_sighting_within_a_second_gives_an_id() -> None:
    tracker = Tracker()
    ids = [tracker.update(people(ANN), stamp_s).people.ids for stamp_s in (0.0, 0.4, 0.8, 1.2)]
    assert ids[:2] == [('',), ('',)]
    assert ids[2] == ids[3] != ('',)


def test_who_has_no_id_yet_is_known_by_a_number() -> None:
    tracker = Tracker()
    first = tracker.update(people(ANN), 0.0)
    both = tracker.update(people(BEN, ANN), 0.1)
    assert first.people.ids == ('',)
    assert first.numbers == both.numbers[1:]
    assert 0 < both.numbers[0] != both.numbers[1] > 0
    tracker.update(people(ANN), 0.2)
    hidden = tracker.update(people(BEN), 0.3)
    assert hidden.coasting.ids != ('',)
    assert (hidden.numbers, hidden.coasting.numbers) == (both.numbers[:1], first.numbers)
    tracker.reset()
    assert tracker.update(people(ANN), 0.4).numbers[0] not in both.numbers


def test_sightings_that_are_rare_give_none() -> None:
    tracker = Tracker()
    assert {tracker.update(people(ANN), 0.6 * i).people.ids for i in range(9)} == {('',)}


def test_ids_follow_people_whatever_their_order() -> None:
    tracker = Tracker()
    ann, ben = known(tracker, ANN, BEN)
    assert ann != ben
    assert tracker.update(people(BEN, ANN), 0.5).people.ids == (ben, ann)


def test_who_is_not_seen_coasts_where_expected_until_the_timeout() -> None:
    tracker = Tracker(TrackingParams(track_timeout=1.0))
    for i in range(10):
        tracks = tracker.update(people(moved(ANN, 10 * i), BEN), i / 10)
    ann, ben = tracks.people.ids
    assert tracks.velocities == pytest.approx(np.array([[100.0, 0], [0, 0]]), abs=8)
    assert len(tracks.coasting) == 0
    tracks = tracker.update(people(BEN), 1.4)
    assert tracks.people.ids == (ben,)
    assert tracks.coasting.ids == (ann,)
    assert tracks.coasting.time_since_seen == pytest.approx([0.5])
    assert tracks.coasting.velocities[0] == pytest.approx([100, 0], abs=8)
    assert tracks.coasting.keypoints.shape == (1, SKELETON.num_keypoints, 2)
    assert tracks.coasting.keypoints[0] == pytest.approx(moved(ANN, 140), abs=8)
    assert tracker.update(people(BEN), 1.85).coasting.ids == (ann,)
    assert tracker.update(people(BEN), 1.95).coasting.ids == ()
    for stamp_s in (2.0, 2.1, 2.2):
        tracks = tracker.update(people(moved(ANN, 200), BEN), stamp_s)
    assert tracks.people.ids[0] not in ('', ann)


def test_who_comes_back_in_time_is_the_same() -> None:
    tracker = Tracker()
    (ann,) = known(tracker, ANN)
    tracker.update(NOBODY, 0.5)
    assert tracker.update(people(ANN), 2.3).people.ids == (ann,)


@pytest.mark.parametrize('night_s', [2.5, 3600.0, 1e9])
def test_who_is_seen_after_a_night_without_frames_is_somebody_else(night_s: float) -> None:
    tracker = Tracker()
    (ann,) = known(tracker, ANN)
    tracks = tracker.update(people(ANN), 0.4 + night_s)
    assert tracks.people.ids == ('',)
    assert len(tracks.coasting) == 0
    assert np.isnan(tracks.velocities).all()
    tracker.update(people(ANN), 0.5 + night_s)
    (morning,) = tracker.update(people(ANN), 0.6 + night_s).people.ids
    assert morning not in ('', ann)


def test_frames_that_are_always_further_apart_than_the_timeout_are_no_nights() -> None:
    tracker = Tracker(TrackingParams(track_timeout=0.1))
    (ann,) = known(tracker, ANN)
    for stamp_s in (0.6, 0.8, 1.0, 1.4):
        assert tracker.update(people(ANN), stamp_s).people.ids == (ann,)


def test_who_was_never_confirmed_does_not_coast() -> None:
    tracker = Tracker()
    tracker.update(people(ANN), 0.0)
    tracker.update(people(ANN), 0.1)
    assert len(tracker.update(NOBODY, 0.2).coasting) == 0


def test_parameters_may_be_names_and_values() -> None:
    tracker = Tracker({'track_timeout': 0.5})
    assert tracker.params == TrackingParams(track_timeout=0.5)
    with pytest.raises(ParameterError, match='unknown parameter'):
        Tracker({'timeout': 0.5})
    with pytest.raises(ParameterError, match='are a float, but must be TrackingParams or'):
        Tracker(0.5)  # type: ignore[arg-type]
    tracker.params = {'track_timeout': 1.5}  # type: ignore[assignment]
    assert tracker.params == TrackingParams(track_timeout=1.5)
    with pytest.raises(ParameterError, match='are a NoneType, but must be TrackingParams or'):
        tracker.params = None  # type: ignore[assignment]
    assert len(tracker.update(NOBODY, 0.0).people) == 0


def test_what_is_no_people_is_refused_and_does_no_harm() -> None:
    tracker = Tracker()
    known(tracker, ANN)
    before = tracker.update(people(ANN), 0.5).people.ids
    for other in (None, [], people(ANN)[0], SimpleNamespace(people=people(ANN))):
        with pytest.raises(ParameterError, match=r'the people are a \w+, but must be People'):
            tracker.update(other, 0.6)  # type: ignore[arg-type]
    assert tracker.update(people(ANN), 0.6).people.ids == before


def test_the_timeout_changes_while_running() -> None:
    tracker = Tracker()
    (ann,) = known(tracker, ANN)
    tracker.params = TrackingParams(track_timeout=0.5)
    assert tracker.update(NOBODY, 0.8).coasting.ids == (ann,)
    assert tracker.update(NOBODY, 1.0).coasting.ids == ()


@pytest.mark.parametrize('back_s', [0.001, 0.3, 1e9])
def test_stamps_that_jump_back_start_anew(back_s: float) -> None:
    tracker = Tracker()
    (ann,) = known(tracker, ANN)
    tracks = tracker.update(people(ANN), 0.4 - back_s)
    assert tracks.people.ids == ('',)
    assert len(tracks.coasting) == 0
    tracker.update(people(ANN), 0.5 - back_s)
    (again,) = tracker.update(people(ANN), 0.6 - back_s).people.ids
    assert again not in ('', ann)


def test_stamps_since_1970_are_exact_enough() -> None:
    tracker = Tracker()
    ids = {tracker.update(people(ANN), 1.8e9 + i / 30).people.ids for i in range(30)}
    assert len(ids - {('',)}) == 1


def test_equal_stamps_are_no_fault() -> None:
    tracker = Tracker()
    (ann,) = known(tracker, ANN)
    assert tracker.update(people(ANN), 0.4).people.ids == (ann,)


@pytest.mark.parametrize('stamp_s', [float('nan'), float('inf'), None, 'x', 10**400])
def test_a_stamp_that_is_no_number_is_refused(stamp_s: float) -> None:
    with pytest.raises(ParameterError, match='stamp of a frame is'):
        Tracker().update(people(ANN), stamp_s)


def test_another_skeleton_starts_anew() -> None:
    tracker = Tracker()
    known(tracker, ANN)
    tracks = tracker.update(People.empty(load_skeleton('body_25')), 0.5)
    assert tracks.people.ids == ()
    assert len(tracks.coasting) == 0


def test_people_without_a_keypoint_are_nobody_and_do_no_harm() -> None:
    tracker = Tracker()
    (ann,) = known(tracker, ANN)
    tracks = tracker.update(people(np.full_like(ANN, np.nan), ANN), 0.5)
    assert tracks.people.ids == ('', ann)
    assert np.isnan(tracks.velocities[0]).all()


def test_ids_are_unique_over_all_trackers() -> None:
    ids = [known(Tracker(), ANN, BEN) for _ in range(3)]
    assert len({name for names in ids for name in names}) == 6


def test_people_are_only_read_and_keep_what_they_had() -> None:
    found = people(ANN, BEN, scores=[0.9, 0.4])
    before = found.keypoints.copy()
    tracks = Tracker(TrackingParams(keypoint_smoothing=True)).update(found, 0.0)
    assert np.array_equal(found.keypoints, before)
    assert tracks.people.scores.tolist() == found.scores.tolist()
    assert tracks.people.skeleton is found.skeleton


def test_smoothing_is_of_each_person_and_can_be_switched_on_and_off() -> None:
    random, tracker = np.random.default_rng(0), Tracker()
    spread = {}
    for smooths in (False, True):
        tracker.params = TrackingParams(keypoint_smoothing=smooths)
        seen = []
        for i in range(60):
            noisy = [pose + random.normal(0, 2, pose.shape) for pose in (ANN, BEN)]
            order = slice(None, None, 1 if i % 2 else -1)  # who is who, not which row
            tracks = tracker.update(people(*noisy[order]), i / 30 + 2 * smooths)
            seen.append(tracks.people.keypoints[order, :, :2])
        spread[smooths] = np.std(seen[20:], axis=0).mean()
    assert spread[True] < 0.5 * spread[False]


def test_somebody_else_far_away_is_new() -> None:
    tracker = Tracker()
    (ann,) = known(tracker, ANN)
    tracks = tracker.update(people(BEN), 0.5)
    assert tracks.people.ids == ('',)
    assert tracks.coasting.ids == (ann,)


def test_half_a_person_is_the_same_person() -> None:
    tracker = Tracker()
    (ann,) = known(tracker, ANN)
    legs = ANN.copy()
    legs[SKELETON.index('nose')] = np.nan
    legs[ANN[:, 1] < np.median(ANN[:, 1])] = np.nan
    assert tracker.update(people(legs), 0.5).people.ids == (ann,)
    assert tracker.update(people(ANN), 0.6).people.ids == (ann,)
