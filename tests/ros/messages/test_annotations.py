"""People as Foxglove draws them over the camera's image."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from openpose_ros.ros.dds.types import load_types
from openpose_ros.ros.messages.annotations import annotations_message
from openpose_ros.skeletons import load_skeleton
from tests.ros.messages.scenes import persons_of, some_people, somewhere

NAME = 'foxglove_msgs/msg/ImageAnnotations'
FOXGLOVE = load_types().package('foxglove_msgs')
SKELETON = load_skeleton('coco_18')
DRAWN = [limb for limb in SKELETON.limbs if limb.drawn]


def sent(persons: Any, threshold: float = 0.05) -> Any:
    store = load_types().store
    message = annotations_message(FOXGLOVE, persons, SKELETON, threshold)
    return store.deserialize_cdr(store.serialize_cdr(message, NAME), NAME)


def test_limbs_and_joints_lie_on_the_keypoints() -> None:
    """Foxglove counts from the corner of a pixel, our messages from its centre."""
    people = some_people('kqf1')
    persons = persons_of(people)
    found = sent(persons)
    lines, joints = found.points
    assert lines.type == FOXGLOVE.PointsAnnotation.LINE_LIST
    assert joints.type == FOXGLOVE.PointsAnnotation.POINTS
    assert lines.timestamp == joints.timestamp == persons.header.stamp
    assert len(lines.points) == 2 * len(lines.outline_colors) == 2 * len(DRAWN)
    pixels = people.keypoints[0, :, :2]
    for limb, start, end in zip(DRAWN, lines.points[::2], lines.points[1::2]):
        assert (start.x, start.y) == pytest.approx(pixels[limb.start] + 0.5)
        assert (end.x, end.y) == pytest.approx(pixels[limb.end] + 0.5)
    np.testing.assert_allclose([(p.x, p.y) for p in joints.points], pixels + 0.5)
    assert [round(255 * colour.r) for colour in joints.outline_colors] == [
        red for red, _, _ in SKELETON.colours
    ]
    assert {colour.a for colour in joints.outline_colors} == {1.0}
    assert joints.thickness > lines.thickness > 0


def test_what_was_not_found_is_not_drawn() -> None:
    people = some_people('kqf1')
    people.keypoints[0, 1] = np.nan, np.nan, 0  # the neck, where five limbs meet
    lines, joints = sent(persons_of(people)).points
    assert len(joints.points) == 17
    ends = [(p.x, p.y) for p in lines.points]
    assert len(ends) == 2 * sum(1 not in (limb.start, limb.end) for limb in DRAWN)
    assert np.isfinite(ends).all()


def test_labels_say_who_and_how_far() -> None:
    people = some_people('kqf1', 'kqf2', '')
    found = sent(persons_of(people, somewhere(people), hidden=('kqf7',)))
    assert [text.text for text in found.texts] == ['kqf1 1.1 m', 'kqf2 2.1 m', '3.1 m']
    assert [text.text for text in sent(persons_of(people)).texts] == ['kqf1', 'kqf2']


def test_label_stays_in_the_picture() -> None:
    people = some_people('kqf1')
    people.keypoints[..., 1] -= 50
    (text,) = sent(persons_of(people)).texts
    assert text.position.y >= text.font_size


def test_nobody() -> None:
    found = sent(persons_of(some_people(), hidden=('kqf7',)))
    assert (found.circles, found.points, found.texts) == ([], [], [])
