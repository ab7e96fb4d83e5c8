"""People to messages and back, with the fields that msg/*.msg define."""

from __future__ import annotations

from dataclasses import fields, replace
from typing import Any

import numpy as np
import pytest

from openpose_ros.errors import SkeletonError
from openpose_ros.people import People
from openpose_ros.ros.dds.types import load_types
from openpose_ros.ros.messages.people import (
    nanoseconds,
    people_from_message,
    persons_message,
    skeleton_info_message,
    time_message,
)
from openpose_ros.skeletons import Skeleton, load_skeleton
from openpose_ros.spatial import Located
from openpose_ros.tracking import Coasting
from tests.ros.fakes import TYPES, header

SKELETON = load_skeleton('coco_18')


def two_people(skeleton: Skeleton = SKELETON) -> People:
    """Return a complete person, and one of whom only two keypoints were found."""
    count = skeleton.num_keypoints
    keypoints = np.random.default_rng(0).uniform(0, 500, (2, count, 3)).astype(np.float32)
    keypoints[..., 2] = 0.75
    keypoints[1, 2:] = np.nan, np.nan, 0
    return People(keypoints, np.array([0.9, 0.4], np.float32), skeleton)


def message_of(people: People) -> Any:
    return persons_message(TYPES, people, header(), (640, 480))


def through_cdr(message: Any, name: str) -> Any:
    """Serialise and read back, as ROS does."""
    store = load_types().store
    return store.deserialize_cdr(store.serialize_cdr(message, name), name)


def same(one: Any, other: Any) -> bool:
    """Compare messages of any depth; NaN is NaN."""
    if hasattr(one, '__dataclass_fields__'):
        names = [item.name for item in fields(one) if item.init]
        return all(same(getattr(one, name), getattr(other, name)) for name in names)
    if isinstance(one, list):
        return len(one) == len(other) and all(map(same, one, other))
    if isinstance(one, str):
        return one == other
    return np.array_equal(np.float32(one), np.float32(other), equal_nan=True)


def test_people_come_back() -> None:
    people = two_people()
    back = people_from_message(through_cdr(message_of(people), 'openpose_ros/msg/PersonArray'))
    np.testing.assert_array_equal(back.keypoints, people.keypoints)
    np.testing.assert_array_equal(back.scores, people.scores)
    assert back.keypoints.dtype == back.scores.dtype == np.float32
    assert back.skeleton == SKELETON


def test_nobody_comes_back() -> None:
    message = message_of(People.empty(SKELETON))
    assert message.persons == []
    back = people_from_message(message)
    assert back.keypoints.shape == (0, 18, 3)
    assert back.scores.shape == (0,)


def test_message_is_complete_on_the_wire() -> None:
    message = message_of(two_people())
    assert same(message, through_cdr(message, 'openpose_ros/msg/PersonArray'))


def test_header_is_the_images_own() -> None:
    stamped = header(1_700_000_000_123_456_789, 'front_camera_optical_frame')
    message = persons_message(TYPES, two_people(), stamped, (640, 480))
    assert message.header is stamped
    assert (message.image_width, message.image_height) == (640, 480)
    assert message.skeleton == 'coco_18'


def test_missing_looks_as_the_definition_says() -> None:
    whole, part = message_of(two_people()).persons
    for person in (whole, part):
        assert len(person.keypoints) == 18
        assert person.id == ''
        assert person.time_since_seen == 0
        for sequence in (person.positions, person.left_hand, person.right_hand, person.face):
            assert len(sequence) == 0
        position, orientation = person.pose.pose.position, person.pose.pose.orientation
        unknown = [
            *(position.x, position.y, position.z),
            *(orientation.x, orientation.y, orientation.z, orientation.w),
            *person.pose.covariance,
            *(person.velocity.x, person.velocity.y, person.velocity.z),
            *(person.gaze.x, person.gaze.y, person.gaze.z),
            *(person.facing, person.facing_stddev),
        ]
        assert len(unknown) == 51
        assert np.isnan(unknown).all()
    for keypoint in part.keypoints[2:]:
        assert np.isnan([keypoint.x, keypoint.y]).all()
        assert keypoint.score == 0
    assert all(keypoint.score == 0.75 for keypoint in part.keypoints[:2])


def everything_of_two() -> Located:
    """Return two people of whom all is known, each number another one."""
    numbers = iter(np.random.default_rng(1).uniform(-3, 3, (9, 2 * 54)))

    def some(*shape: int) -> np.ndarray[Any, Any]:
        return next(numbers)[: 2 * int(np.prod(shape))].reshape(2, *shape)

    positions = some(18, 3).astype(np.float32)
    shapes = ((3,), (6, 6), (4,), (3,), (3,), (), (), (2,))
    return Located(positions, *(some(*shape) for shape in shapes))


def numbers_of(message: Any) -> list[float]:
    return [getattr(message, name) for name in 'xyzw' if hasattr(message, name)]


def test_where_people_are_is_said() -> None:
    located = everything_of_two()
    message = persons_message(TYPES, two_people(), header(), (640, 480), located=located)
    assert located.positions is not None
    for index, person in enumerate(through_cdr(message, 'openpose_ros/msg/PersonArray').persons):
        positions = [numbers_of(point) for point in person.positions]
        np.testing.assert_array_equal(positions, located.positions[index])
        pose = person.pose
        np.testing.assert_array_equal(numbers_of(pose.pose.position), located.position[index])
        np.testing.assert_array_equal(
            numbers_of(pose.pose.orientation), located.orientation[index]
        )
        np.testing.assert_array_equal(pose.covariance, located.covariance[index].ravel())
        np.testing.assert_array_equal(numbers_of(person.velocity), located.velocity[index])
        np.testing.assert_array_equal(numbers_of(person.gaze), located.gaze[index])
        assert person.facing == np.float32(located.facing[index])
        assert person.facing_stddev == np.float32(located.facing_stddev[index])


def test_what_is_unknown_of_one_is_nan_in_her_place() -> None:
    position = np.array([[np.nan] * 3, [4, 5, 6]])
    located = replace(Located.unknown(2, 18), position=position)
    assert located.positions is not None
    located.positions[1, 3] = 1, 2, 3
    message = persons_message(TYPES, two_people(), header(), (640, 480), located=located)
    first, second = message.persons
    assert np.isnan([numbers_of(point) for point in first.positions]).all()
    assert len(second.positions) == 18
    assert numbers_of(second.positions[3]) == [1, 2, 3]
    assert np.isnan(numbers_of(second.positions[2])).all()
    assert numbers_of(second.pose.pose.position) == [4, 5, 6]
    assert np.isnan(numbers_of(second.pose.pose.orientation)).all()


def test_who_is_expected_has_a_pose_and_nothing_else() -> None:
    coasting = Coasting(
        ('kqf1', 'kqf2'), np.zeros((2, 18, 2)), np.zeros((2, 2)), np.array([0.5, 1.0]), (1, 2)
    )
    located = everything_of_two()
    message = persons_message(
        TYPES, People.empty(SKELETON), header(), (640, 480), coasting, expected=located
    )
    for index, person in enumerate(message.persons):
        assert numbers_of(person.pose.pose.position) == located.position[index].tolist()
        assert numbers_of(person.velocity) == located.velocity[index].tolist()
        assert len(person.positions) == 0
        assert np.isnan([*numbers_of(person.gaze), person.facing, person.facing_stddev]).all()


def test_located_must_be_of_these_people() -> None:
    with pytest.raises(ValueError, match='3 are located, but 2 people'):
        persons_message(TYPES, two_people(), header(), (640, 480), located=Located.unknown(3))


def test_box_is_around_what_was_found() -> None:
    people = two_people()
    part = message_of(people).persons[1]
    (x0, y0), (x1, y1) = people.keypoints[1, :2, :2]
    expected = [min(x0, x1), min(y0, y1), abs(x1 - x0), abs(y1 - y0)]
    np.testing.assert_allclose(part.bbox, expected, rtol=1e-6)
    assert part.bbox.dtype == np.float32
    people.keypoints[1] = np.nan, np.nan, 0
    assert np.isnan(message_of(people).persons[1].bbox).all()


def test_skeleton_of_ones_own() -> None:
    people = two_people(load_skeleton('mpi_15'))
    message = message_of(people)
    assert people_from_message(message).skeleton.name == 'mpi_15'
    message.skeleton = 'a_dog_of_mine'
    back = people_from_message(message, people.skeleton)
    np.testing.assert_array_equal(back.keypoints, people.keypoints)


def test_unknown_skeleton_is_named() -> None:
    message = message_of(two_people())
    message.skeleton = 'octopus'
    with pytest.raises(SkeletonError, match='octopus'):
        people_from_message(message)


def test_keypoints_of_another_skeleton_are_refused() -> None:
    message = message_of(two_people())
    message.persons[1].keypoints.pop()
    with pytest.raises(SkeletonError, match=r'17 keypoints.*coco_18 has 18'):
        people_from_message(message)


@pytest.mark.parametrize('name', ['coco_18', 'body_25', 'mpi_15'])
def test_skeleton_info(name: str) -> None:
    skeleton = load_skeleton(name)
    message = skeleton_info_message(TYPES, skeleton, time_message(TYPES, 12_000_000_034))
    back = through_cdr(message, 'openpose_ros/msg/SkeletonInfo')
    assert same(message, back)
    assert (back.header.stamp.sec, back.header.stamp.nanosec) == (12, 34)
    assert back.header.frame_id == back.hand.name == back.face.name == ''
    body = back.body
    assert body.name == name
    assert tuple(body.keypoint_names) == skeleton.keypoint_names
    assert tuple(body.mirror) == skeleton.mirror
    limbs = [(limb.start, limb.end) for limb in skeleton.limbs]
    assert list(zip(body.limb_from.tolist(), body.limb_to.tolist())) == limbs


@pytest.mark.parametrize('time_ns', [0, 1, 999_999_999, 10**9, 1_700_000_000_123_456_789])
def test_time_comes_back(time_ns: int) -> None:
    assert nanoseconds(time_message(TYPES, time_ns)) == time_ns
