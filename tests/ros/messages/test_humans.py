"""Bodies as hri_msgs has them."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from openpose_ros.ros.dds.types import load_types
from openpose_ros.ros.messages.humans import (
    PARTS,
    ids_message,
    region_message,
    skeleton_message,
)
from openpose_ros.skeletons import available_skeletons
from tests.ros.fakes import header
from tests.ros.messages.scenes import SIZE, persons_of, some_people

HRI = load_types().package('hri_msgs')


def sent(message: Any, name: str) -> Any:
    store = load_types().store
    name = f'hri_msgs/msg/{name}'
    return store.deserialize_cdr(store.serialize_cdr(message, name), name)


@pytest.mark.parametrize('name', available_skeletons())
def test_keypoints_are_taken_by_their_names(name: str) -> None:
    """OpenPose has the right eye before the left one, hri_msgs the left one first."""
    people = some_people('kqf1', skeleton=name)
    persons = persons_of(people)
    message = skeleton_message(HRI, persons, persons.persons[0], people.skeleton)
    found = sent(message, 'Skeleton2D')
    assert found.header == persons.header
    assert len(found.skeleton) == 18
    names = people.skeleton.keypoint_names
    for part in PARTS:
        point = found.skeleton[getattr(HRI.Skeleton2D, part.upper())]
        if part not in names:
            assert (point.x, point.y, point.c) == (0, 0, 0), part
            continue
        x, y, score = people.keypoints[0, names.index(part)].tolist()
        assert (point.x, point.y) == pytest.approx(((x + 0.5) / SIZE[0], (y + 0.5) / SIZE[1]))
        assert point.c == pytest.approx(score)


def test_left_eye_is_the_left_eye() -> None:
    """With numbers, so that no table of ours can hide a swap."""
    people = some_people('kqf1')  # coco_18: 14 is the right eye, 15 the left one
    persons = persons_of(people)
    found = skeleton_message(HRI, persons, persons.persons[0], people.skeleton).skeleton
    for ours, theirs in ((14, 15), (15, 14), (16, 17), (17, 16), (0, 0), (2, 2), (5, 5)):
        assert found[theirs].c == pytest.approx(people.keypoints[0, ours, 2]), (ours, theirs)


def test_constants_of_another_version_are_followed() -> None:
    """As OpenPose has them, should hri_msgs ever do so."""

    class Skeleton2D(HRI.Skeleton2D):
        RIGHT_EYE, LEFT_EYE, RIGHT_EAR, LEFT_EAR = 14, 15, 16, 17

    hri = SimpleNamespace(**{**vars(HRI), 'Skeleton2D': Skeleton2D})
    people = some_people('kqf1')
    persons = persons_of(people)
    found = skeleton_message(hri, persons, persons.persons[0], people.skeleton).skeleton
    assert [point.c for point in found] == pytest.approx(people.keypoints[0, :, 2].tolist())


def test_what_was_not_found_is_nothing() -> None:
    people = some_people('kqf1')
    people.keypoints[0, 3] = np.nan, np.nan, 0
    persons = persons_of(people)
    message = skeleton_message(HRI, persons, persons.persons[0], people.skeleton)
    elbow = sent(message, 'Skeleton2D').skeleton[3]
    assert (elbow.x, elbow.y, elbow.c) == (0, 0, 0)


def test_region_is_the_box_in_parts_of_the_image() -> None:
    people = some_people('kqf1')
    people.keypoints[0, 0, :2] = -3, 200  # a nose a little outside
    people.keypoints[0, 1, :2] = 319.5, 239.5
    people.keypoints[0, 2:] = np.nan, np.nan, 0
    persons = persons_of(people)
    found = sent(region_message(HRI, persons, persons.persons[0]), 'NormalizedRegionOfInterest2D')
    assert (found.xmin, found.xmax, found.ymax) == pytest.approx((0, 0.5, 0.5))
    assert found.ymin == pytest.approx(200.5 / 480)
    assert found.c == pytest.approx(0.9)


def test_who_is_there() -> None:
    found = sent(ids_message(HRI, header(), ('kqf1', 'kqf2')), 'IdsList')
    assert (found.ids, found.header) == (['kqf1', 'kqf2'], header())
