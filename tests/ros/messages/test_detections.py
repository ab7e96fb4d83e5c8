"""People as vision_msgs has detections."""

from __future__ import annotations

import math

import numpy as np

from openpose_ros.ros.dds.types import load_types
from openpose_ros.ros.messages.detections import detections_message
from tests.ros.messages.scenes import persons_of, some_people, somewhere

NAME = 'vision_msgs/msg/Detection2DArray'
VISION = load_types().package('vision_msgs')


def sent(persons: object) -> object:
    store = load_types().store
    message = detections_message(VISION, persons)
    return store.deserialize_cdr(store.serialize_cdr(message, NAME), NAME)


def test_each_person_in_the_image_is_a_detection() -> None:
    people = some_people('kqf1', '')
    persons = persons_of(people, somewhere(people), hidden=('kqf7',))
    found = sent(persons)
    assert found.header == persons.header
    assert [one.id for one in found.detections] == ['kqf1', '']
    for one, person, score in zip(found.detections, persons.persons, (0.9, 0.8)):
        assert one.header == persons.header
        (result,) = one.results
        assert result.hypothesis.class_id == 'person'
        np.testing.assert_allclose(result.hypothesis.score, score, rtol=1e-6)
        assert result.pose.pose.position == person.pose.pose.position
        x, y, width, height = person.bbox
        box = one.bbox
        assert (box.size_x, box.size_y, box.center.theta) == (width, height, 0.0)
        assert box.center.position.x - box.size_x / 2 == x
        assert box.center.position.y - box.size_y / 2 == y


def test_pose_that_nobody_knows_is_nan() -> None:
    (one,) = sent(persons_of(some_people('kqf1'))).detections
    assert math.isnan(one.results[0].pose.pose.position.z)
    assert np.isnan(one.results[0].pose.covariance).all()


def test_nobody() -> None:
    assert sent(persons_of(some_people())).detections == []
