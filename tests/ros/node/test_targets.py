"""Whom the node chooses, and the poses that it publishes of her."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from openpose_ros.spatial import Transform
from tests.ros.node.test_depth import MS, START, Stage, camera_info, depth, picture

TOPICS = ('person_pose', 'target_pose', 'nearest_person')
# From an optical frame to one with z up, the camera 1 m above the ground, looking along x.
EYE = Transform(np.array([2.0, 1.0, 1.0]), np.array([-0.5, 0.5, -0.5, 0.5]))


@pytest.fixture
def stage(request: pytest.FixtureRequest) -> Iterator[Stage]:
    stage = Stage(**getattr(request, 'param', {}))
    stage.transport.watched = set(TOPICS)
    stage.camera.on_camera_info(camera_info())
    yield stage
    stage.node.shutdown()
    assert stage.camera.counts().failed == 0


def show(stage: Stage, at_ms: float = 0.0, far: int = 2000) -> Any:
    """Show two people before a wall as if they were on it; return what is said of them."""
    persons = stage.pair(at_ms, depth(at_ms, far))
    # What follows `persons` is there when the image is done.
    stage.node.set_parameters({})
    wait_done(stage)
    return persons


def wait_done(stage: Stage) -> None:
    from tests.ros.scenes import wait_until

    wait_until(lambda: not (stage.camera.counts().in_flight or stage.camera.counts().waiting))


def xyz(value: Any) -> Any:
    return np.array([value.x, value.y, value.z])


def turned(pose: Any, axis: Any) -> Any:
    q = pose.pose.orientation
    return Transform(np.zeros(3), np.array([q.x, q.y, q.z, q.w])).turn(axis)


def test_person_spot_and_nearest_are_one_person(stage: Stage) -> None:
    persons = show(stage)
    (person,), (target,), (nearest,) = (stage.transport.of(topic) for topic in TOPICS)
    assert nearest.header == persons.header
    assert (nearest.image_width, nearest.skeleton) == (320, persons.skeleton)
    (one,) = nearest.persons
    far = [np.linalg.norm(xyz(p.pose.pose.position)) for p in persons.persons]
    assert one == persons.persons[int(np.argmin(far))]
    np.testing.assert_allclose(xyz(person.pose.position), xyz(one.pose.pose.position), atol=1e-6)
    for pose in (person, target):
        assert pose.header.stamp == persons.header.stamp
        assert pose.header.frame_id == 'camera'
        np.testing.assert_allclose(turned(pose, [0, 0, 1.0]), [0, -1, 0], atol=1e-6)
    way = xyz(person.pose.position) - xyz(target.pose.position)
    assert np.linalg.norm(way) == pytest.approx(1.2)
    assert way[1] == pytest.approx(0)  # as high as her mid-hip
    np.testing.assert_allclose(turned(target, [1.0, 0, 0]), way / 1.2, atol=1e-6)
    np.testing.assert_allclose(turned(person, [1.0, 0, 0]), -way / 1.2, atol=1e-6)


def test_nothing_is_made_of_what_nobody_wants(stage: Stage) -> None:
    stage.transport.watched = set()
    show(stage)
    assert not any(stage.transport.of(topic) for topic in TOPICS)
    stage.transport.watched = {'target_pose'}
    show(stage, 100)
    assert [len(stage.transport.of(topic)) for topic in TOPICS] == [0, 1, 0]


@pytest.mark.parametrize('stage', [{'approach_distance': 0.8}], indirect=True)
def test_distance_is_a_parameter(stage: Stage) -> None:
    show(stage)
    (person,), (target,), _ = (stage.transport.of(topic) for topic in TOPICS)
    way = xyz(person.pose.position) - xyz(target.pose.position)
    assert np.linalg.norm(way) == pytest.approx(0.8)


@pytest.mark.parametrize('stage', [{'target_frame': 'map'}], indirect=True)
def test_with_a_frame_the_spot_is_on_its_ground(stage: Stage) -> None:
    for at_ms in (-100, 1000):
        stage.transport.transforms.add('map', 'camera', EYE, START + at_ms * MS)
    persons = show(stage)
    (person,), (target,), (nearest,) = (stage.transport.of(topic) for topic in TOPICS)
    assert {person.header.frame_id, target.header.frame_id} == {'map'}
    assert nearest.header.frame_id == 'camera'
    assert target.header.stamp == persons.header.stamp
    assert target.pose.position.z == 0
    expected = EYE.apply(xyz(nearest.persons[0].pose.pose.position))
    np.testing.assert_allclose(xyz(person.pose.position), expected, atol=1e-6)
    assert 3.5 < person.pose.position.x < 4.5  # 2 m before the camera, and inside
    q = target.pose.orientation
    assert (q.x, q.y) == pytest.approx((0, 0), abs=1e-6)


@pytest.mark.parametrize(
    'stage', [{'target_frame': 'camera'}, {'target_frame': '/camera'}], indirect=True
)
def test_the_camera_itself_is_known_without_tf(stage: Stage) -> None:
    show(stage)
    (person,), _, (nearest,) = (stage.transport.of(topic) for topic in TOPICS)
    expected = xyz(nearest.persons[0].pose.pose.position)
    np.testing.assert_allclose(xyz(person.pose.position), expected, atol=1e-6)
    assert stage.transport.asked == []
    assert stage.warned() == []


@pytest.mark.parametrize('stage', [{'target_frame': 'map'}], indirect=True)
def test_without_the_transform_there_is_no_pose_and_one_line(stage: Stage) -> None:
    for number in range(8):
        show(stage, 100 * number)
    assert not stage.transport.of('person_pose')
    assert not stage.transport.of('target_pose')
    assert len(stage.transport.of('nearest_person')) == 8
    assert len(stage.warned()) == 1
    assert "'map'" in stage.warned()[0]
    timeouts = {asked[3] for asked in stage.transport.asked}
    assert timeouts == {0.0, 0.05}  # before people are published nothing waits


@pytest.mark.parametrize('stage', [{'target_frame': 'map'}], indirect=True)
def test_tf_is_not_asked_for_what_nobody_wants(stage: Stage) -> None:
    stage.transport.watched = {'nearest_person'}
    show(stage)
    assert {asked[3] for asked in stage.transport.asked} == {0.0}


@pytest.mark.parametrize('stage', [{'tracking': True}], indirect=True)
def test_who_is_hidden_is_silent_after_half_a_second(stage: Stage) -> None:
    for number in range(6):
        show(stage, 100 * number)
    said = len(stage.transport.of('target_pose'))
    assert said == 6
    stage.scene.trouble = lambda heatmaps: heatmaps.fill(0)
    after = []
    for number in range(6, 16):
        before = len(stage.transport.of('target_pose'))
        stage.camera.on_image(picture(100 * number))
        wait_for(stage, number + 1)
        after.append(len(stage.transport.of('target_pose')) - before)
        persons = stage.transport.of('persons')[-1]
        assert len(persons.persons) == 2
        assert all(person.time_since_seen > 0 for person in persons.persons)
        assert all(np.isfinite(xyz(p.pose.pose.position)).all() for p in persons.persons)
        assert stage.transport.of('nearest_person')[-1].persons == []
    assert after == [1] * 4 + [0] * 6  # the last was seen at 500 ms; 1000 ms is too late


def wait_for(stage: Stage, count: int) -> None:
    from tests.ros.scenes import wait_until

    wait_until(lambda: len(stage.transport.of('persons')) >= count)
    wait_done(stage)


@pytest.mark.parametrize('stage', [{'tracking': True}], indirect=True)
def test_one_by_id_while_the_node_runs(stage: Stage) -> None:
    for number in range(4):
        persons = show(stage, 100 * number)
    ids = {person.id: xyz(person.pose.pose.position) for person in persons.persons}
    assert len(ids) == 2
    for number, (name, position) in enumerate(ids.items(), start=4):
        stage.node.set_parameters({'target': 'id', 'target_id': name})
        show(stage, 100 * number)
        said = xyz(stage.transport.of('person_pose')[-1].pose.position)
        np.testing.assert_allclose(said, position, atol=0.05)
    before = len(stage.transport.of('person_pose'))
    stage.node.set_parameters({'target_id': 'nobody1'})
    for number in range(7, 12):
        show(stage, 100 * number)
    wait_done(stage)
    assert len(stage.transport.of('person_pose')) == before
    (line,) = stage.transport.said('warning')
    assert "nobody is tracked as 'nobody1' (target_id)" in line
    stage.node.set_parameters({'target_id': name})
    show(stage, 1200)
    wait_done(stage)
    assert len(stage.transport.of('person_pose')) == before + 1
    assert stage.transport.said('warning') == [line]


@pytest.mark.parametrize('stage', [{'publish_tf': True}], indirect=True)
def test_who_wants_somebody_by_her_id_is_told_what_lacks(stage: Stage) -> None:
    def warned(**values: Any) -> list[str]:
        before = len(stage.transport.said('warning'))
        stage.node.set_parameters(values)
        return stage.transport.said('warning')[before:]

    assert warned(tracking=True) == []
    (line,) = warned(target='id')
    assert "target is 'id', but target_id is empty" in line
    assert warned(target_hysteresis=0.1) == []  # that was said
    assert warned(target_id='kqf1') == []
    (line,) = warned(tracking=False)
    assert line.startswith("publish_tf and target 'id': nobody has an id while tracking is false")
    assert warned(target='nearest') == ['publish_tf: ' + line.partition(': ')[2]]
    assert warned(tracking=True) == []


@pytest.mark.parametrize('stage', [{'target_frame': 'map', 'tf_timeout': 0.0}], indirect=True)
def test_image_without_a_frame_is_nowhere_and_says_what_helps(stage: Stage) -> None:
    stage.camera.on_camera_info(camera_info(frame=''))
    for number in range(4):
        message = picture(100 * number)
        message.header.frame_id = ''
        stage.camera.on_depth_image(depth(100 * number, frame=''))
        stage.show(message)
    wait_done(stage)
    assert stage.transport.of('target_pose') == []
    (line,) = stage.transport.said('warning')
    assert line.endswith('an image has no frame_id; let the camera driver set header.frame_id')


@pytest.mark.parametrize('stage', [{'tracking': True}], indirect=True)
def test_velocity_of_who_comes_nearer(stage: Stage) -> None:
    for number in range(15):
        persons = show(stage, 100 * number, far=3000 - 80 * number)
    for person in persons.persons:
        assert person.velocity.z == pytest.approx(-0.8, abs=0.3)
        assert person.pose.pose.position.z == pytest.approx(3 - 0.08 * 14 + 0.1, abs=0.15)


def test_without_a_camera_info_the_tallest_is_nearest(stage: Stage) -> None:
    blind = Stage(depth=False)
    blind.transport.watched = set(TOPICS)
    persons = blind.show(picture())
    wait_done(blind)
    (nearest,) = blind.transport.of('nearest_person')
    heights = [person.bbox[3] for person in persons.persons]
    assert nearest.persons == [persons.persons[int(np.argmax(heights))]]
    assert not blind.transport.of('person_pose')
    blind.node.shutdown()


@pytest.mark.parametrize('stage', [{'depth': False}], indirect=True)
def test_without_depth_by_proportions(stage: Stage) -> None:
    stage.show(picture())
    wait_done(stage)
    (person,) = stage.transport.of('person_pose')
    assert 0.5 < person.pose.position.z < 10
    persons = stage.transport.of('persons')[-1]
    assert all(one.positions == [] for one in persons.persons)
    covariance = persons.persons[0].pose.covariance.reshape(6, 6)
    assert covariance[2, 2] > 5 * covariance[0, 0]
    stage.node.set_parameters({'monocular_distance': False})
    stage.show(picture(100))
    wait_done(stage)
    assert len(stage.transport.of('person_pose')) == 1
    (line,) = stage.transport.said('warning')
    assert line.startswith('neither depth nor monocular_distance is true')


@pytest.mark.parametrize('stage', [{'depth': False}], indirect=True)
def test_who_waits_for_poses_is_told_what_they_lack(stage: Stage) -> None:
    stage.camera.on_camera_info(camera_info(k=np.zeros(9)))
    stage.transport.watched = {'nearest_person'}  # which is somebody all the same
    stage.show(picture())
    wait_done(stage)
    assert stage.transport.said('warning') == []
    stage.transport.watched = {'target_pose'}
    for number in range(1, 4):
        stage.show(picture(100 * number))
    wait_done(stage)
    assert stage.transport.of('target_pose') == []
    (line,) = stage.transport.said('warning')
    assert line.startswith('camera_info cannot be used: ')


def test_nobody_is_nearest(stage: Stage) -> None:
    stage.scene.trouble = lambda heatmaps: heatmaps.fill(0)
    show(stage)
    assert [message.persons for message in stage.transport.of('nearest_person')] == [[]]
    assert not stage.transport.of('person_pose')
