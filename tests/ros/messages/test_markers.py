"""Markers: skeletons that cover the people of the picture, seen from the camera."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from openpose_ros.people import People
from openpose_ros.ros.dds.types import load_types
from openpose_ros.ros.messages.markers import Rays, marker_array, names_of, rays_of_camera
from openpose_ros.ros.messages.people import persons_message
from openpose_ros.skeletons import load_skeleton
from tests.ros.fakes import TYPES, header
from tests.ros.messages.scenes import persons_of, some_people, somewhere

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


# In the room


def in_room(*ids: str, before: Any = (), hidden: tuple[str, ...] = (), **changes: Any) -> Any:
    """Return the markers of people at 1, 2, 3 m, of whom keypoints have places; by their names."""
    people = some_people(*ids)
    located = somewhere(people)
    positions = np.full((len(people), 18, 3), (0, 2, 3), np.float32)
    positions[..., 0] = 0.1 * np.arange(18)
    positions[:, 0] = np.nan
    located = replace(located, **{'positions': positions, **changes})
    message = persons_of(people, located, hidden)
    found = marker_array(TYPES, message, SKELETON, RAYS, 0.05, before)
    store, name = load_types().store, 'visualization_msgs/msg/MarkerArray'
    store.serialize_cdr(found, name)  # it is complete
    assert all(one.header is message.header for one in found.markers)
    named = {(one.ns, one.id): one for one in found.markers}
    assert len(named) == len(found.markers)
    return named


def test_positions_in_metres_are_shown_where_they_are() -> None:
    found = in_room('kqf7')
    assert found['limbs', 0].action == found['joints', 0].action == DELETE
    joints = found['joints', 7].points
    expected = [(float(np.float32(0.1 * i)), 2.0, 3.0) for i in range(1, 18)]
    assert [(p.x, p.y, p.z) for p in joints] == expected
    drawn = [limb for limb in SKELETON.limbs if limb.drawn and 0 not in (limb.start, limb.end)]
    assert len(found['limbs', 7].points) == 2 * len(drawn)


def test_ids_are_those_of_the_persons_and_stay() -> None:
    one, other = in_room('kqf7', 'kqf12', ''), in_room('kqf12', '', 'kqf7')
    assert {number for _, number in one} == {0, 7, 12, -3}
    assert {number for _, number in other} == {0, 7, 12, -2}
    colours = {
        name: [(c.r, c.g, c.b) for c in (found['limbs', name].color for found in (one, other))]
        for name in (7, 12)
    }
    assert colours[7][0] == colours[7][1] != colours[12][0] == colours[12][1]


def test_who_is_gone_is_deleted() -> None:
    before = names_of(in_room('kqf7', 'kqf12').values())
    found = in_room('kqf12', before=before, hidden=('kqf7',))
    deleted = {name for name, one in found.items() if one.action == DELETE}
    assert deleted == {name for name in before if name.number == 7} | {
        ('limbs', 0),
        ('joints', 0),
    }
    assert {name.number for name in names_of(found.values())} == {12}


def test_arrows_point_where_somebody_goes_and_faces() -> None:
    """A half turn about the image's y, from REP 103's x: to the left of the picture."""
    velocity = np.array([(0.0, 0.0, -1.5), (0.0, 0.05, 0.0)])
    found = in_room('kqf7', 'kqf12', velocity=velocity)
    for name, tip in (('velocity', (0.25, 0.5, -0.5)), ('facing', (-0.35, 0.5, 1.0))):
        start, end = found[name, 7].points
        assert (start.x, start.y, start.z) == (0.25, 0.5, 1.0)
        assert (end.x, end.y, end.z) == pytest.approx(tip)
    # The second one hardly moves, and nobody knows where she faces.
    assert not {('velocity', 12), ('facing', 12)} & found.keys()


def test_label_is_above_the_head() -> None:
    found = in_room('kqf7', 'kqf12', '')
    texts = {number: one.text for (name, number), one in found.items() if name == 'label'}
    assert texts == {7: 'kqf7 1.1 m', 12: 'kqf12 2.1 m', -3: '3.1 m'}
    # The turned one's z is the frame's -z; of the other the image's up is taken.
    assert found['label', 7].pose.position.z == pytest.approx(3 - 0.25)
    assert found['label', 12].pose.position.y == pytest.approx(2 - 0.25)


def test_who_has_no_place_stays_on_the_plane() -> None:
    nowhere = np.full((2, 3), np.nan)
    positions = np.full((2, 18, 3), np.nan, np.float32)
    found = in_room('kqf7', 'kqf12', positions=positions, position=nowhere)
    assert set(found) == {('limbs', 0), ('joints', 0)}
    assert {p.z for p in found['joints', 0].points} == {1.0}
    assert len(found['joints', 0].points) == 36


def test_person_of_whom_only_the_hips_are_known_is_a_plane_at_their_depth() -> None:
    found = in_room('kqf7', 'kqf12', positions=None)
    assert {p.z for p in found['joints', 12].points} == {2.0}
    people = some_people('kqf7', 'kqf12')
    seen = [(500 * p.x / p.z + 320, 510 * p.y / p.z + 240) for p in found['joints', 12].points]
    np.testing.assert_allclose(seen, people.keypoints[1, :, :2], atol=1e-3)


def camera_info(*k: float) -> Any:
    return SimpleNamespace(k=np.array(k), width=640, height=480)


def test_rays_of_camera() -> None:
    assert rays_of_camera(camera_info(500, 0, 320, 0, 510, 240, 0, 0, 1)) == RAYS


@pytest.mark.parametrize('focal', [0.0, -1.0, float('nan'), 0.8, 1e-300, 1e300])
def test_camera_without_calibration_has_none(focal: float) -> None:
    assert rays_of_camera(camera_info(focal, 0, 320, 0, 510, 240, 0, 0, 1)) is None
