"""Markers: skeletons that cover the people of the picture, seen from the camera."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from openpose_ros.people import People
from openpose_ros.ros.dds.types import load_types
from openpose_ros.ros.messages.markers import Rays, marker_array, rays_of_camera
from openpose_ros.ros.messages.people import persons_message
from openpose_ros.skeletons import load_skeleton
from tests.ros.fakes import TYPES, header

SKELETON = load_skeleton('coco_18')
RAYS = Rays((500.0, 510.0), (320.0, 240.0), (640, 480))
ADD, DELETE = 0, 2


def person(scores: float = 0.9) -> People:
    keypoints = np.random.default_rng(0).uniform(10, 400, (1, 18, 3)).astype(np.float32)
    keypoints[..., 2] = scores
    return People(keypoints, np.ones(1, np.float32), SKELETON)


def markers_of(
    people: People, rays: Rays | None = RAYS, size: tuple[int, int] = (640, 480)
) -> Any:
    message = persons_message(TYPES, people, header(), size)
    limbs, joints = marker_array(TYPES, message, SKELETON, rays, 0.05).markers
    assert (limbs.ns, joints.ns) == ('limbs', 'joints')
    assert limbs.header is joints.header is message.header
    return limbs, joints


def test_points_lie_on_the_rays_of_their_pixels() -> None:
    people = person()
    _, joints = markers_of(people)
    seen = [(500 * p.x / p.z + 320, 510 * p.y / p.z + 240) for p in joints.points]
    np.testing.assert_allclose(seen, people.keypoints[0, :, :2], atol=1e-3)
    assert {point.z for point in joints.points} == {1.0}


def test_limbs_are_those_that_are_drawn() -> None:
    limbs, joints = markers_of(person())
    drawn = [limb for limb in SKELETON.limbs if limb.drawn]
    assert len(limbs.points) == len(limbs.colors) == 2 * len(drawn)
    for limb, start, end in zip(drawn, limbs.points[::2], limbs.points[1::2]):
        assert (start, end) == (joints.points[limb.start], joints.points[limb.end])


def test_what_was_not_found_is_not_shown() -> None:
    people = person()
    people.keypoints[0, 1] = np.nan, np.nan, 0  # the neck, where five limbs meet
    people.keypoints[0, 4, 2] = 0.04  # a wrist, below the threshold
    limbs, joints = markers_of(people)
    assert len(joints.points) == len(joints.colors) == 16
    gone = sum({limb.start, limb.end} & {1, 4} != set() for limb in SKELETON.limbs if limb.drawn)
    assert len(limbs.points) == 2 * (17 - gone)
    assert np.isfinite([(p.x, p.y, p.z) for p in (*limbs.points, *joints.points)]).all()


def test_nobody_deletes_the_last_markers() -> None:
    assert [marker.action for marker in markers_of(person())] == [ADD, ADD]
    assert [marker.action for marker in markers_of(People.empty(SKELETON))] == [DELETE, DELETE]


def test_markers_are_complete_on_the_wire() -> None:
    message = persons_message(TYPES, person(), header(), (640, 480))
    markers = marker_array(TYPES, message, SKELETON, RAYS, 0.05)
    store, name = load_types().store, 'visualization_msgs/msg/MarkerArray'
    back = store.deserialize_cdr(store.serialize_cdr(markers, name), name)
    assert [marker.lifetime.sec > 0 for marker in back.markers] == [True, True]
    assert [marker.scale.x > 0 for marker in back.markers] == [True, True]
    assert back.markers[0].colors[0].a == 1.0


def test_calibration_of_a_larger_picture_is_scaled() -> None:
    """The same scene at half the size must look the same."""
    half = person()
    half.keypoints[..., :2] = (half.keypoints[..., :2] + 0.5) / 2 - 0.5
    _, whole_joints = markers_of(person())
    _, half_joints = markers_of(half, size=(320, 240))
    for one, other in zip(whole_joints.points, half_joints.points):
        assert (one.x, one.y) == pytest.approx((other.x, other.y), abs=1e-6)


@pytest.mark.parametrize(
    'rays',
    [None, RAYS._replace(size=(640, 640)), RAYS._replace(size=(0, 0))],
    ids=['none', 'another shape', 'no size'],
)
def test_without_calibration_a_lens_is_assumed(rays: Rays | None) -> None:
    people = person()
    people.keypoints[0, 0, :2] = 319.5, 239.5  # the middle
    people.keypoints[0, 1, :2] = 639.5, 239.5  # the right edge: 53 degrees are 1 : 2
    _, joints = markers_of(people, rays)
    assert (joints.points[0].x, joints.points[0].y) == pytest.approx((0, 0))
    assert joints.points[1].x == pytest.approx(0.5)


def test_positions_in_metres_are_shown_where_they_are() -> None:
    message = persons_message(TYPES, person(), header(), (640, 480))
    nan = float('nan')
    message.persons[0].positions = [
        TYPES.Point(x=0.1 * i, y=2.0, z=3.0 if i else nan) for i in range(18)
    ]
    _, joints = marker_array(TYPES, message, SKELETON, RAYS, 0.05).markers
    assert [(p.x, p.y, p.z) for p in joints.points] == [(0.1 * i, 2.0, 3.0) for i in range(1, 18)]


def camera_info(*k: float) -> Any:
    return SimpleNamespace(k=np.array(k), width=640, height=480)


def test_rays_of_camera() -> None:
    assert rays_of_camera(camera_info(500, 0, 320, 0, 510, 240, 0, 0, 1)) == RAYS


@pytest.mark.parametrize('focal', [0.0, -1.0, float('nan')])
def test_camera_without_calibration_has_none(focal: float) -> None:
    assert rays_of_camera(camera_info(focal, 0, 320, 0, 510, 240, 0, 0, 1)) is None
