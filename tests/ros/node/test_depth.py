"""What the node does with depth, cameras and frames, and without them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from openpose_ros.ros.messages.images import image_message
from openpose_ros.ros.node.camera import Camera
from openpose_ros.ros.node.core import PoseNode
from openpose_ros.ros.node.diagnostics import Status
from openpose_ros.ros.node.parameters import NodeParams
from openpose_ros.spatial import Transform
from tests.ros.fakes import TYPES, FakeTransport, header, image
from tests.ros.scenes import Scene, wait_until

SIZE = (320, 240)
START = 10**12
MS = 1_000_000
LONG_S = 1000.0  # longer than a parameter allows, so that no load of the machine matters


def picture(at_ms: float = 0.0, *, stamp_ns: int | None = None) -> Any:
    stamp = START + round(at_ms * MS) if stamp_ns is None else stamp_ns
    return image_message(TYPES, np.full((240, 320, 3), 128, np.uint8), header(stamp))


def depth(at_ms: float = 0.0, far: Any = 2000, encoding: str = '16UC1', **changes: Any) -> Any:
    """Return a wall as a depth image."""
    kind = np.uint16 if encoding == '16UC1' else np.float32
    size = changes.pop('size', SIZE)
    frame = changes.pop('frame', 'camera')
    pixels = np.full(size[::-1], far, kind)
    message = image(pixels, encoding, stamp_ns=START + round(at_ms * MS), **changes)
    message.header.frame_id = frame
    return message


def camera_info(
    focal: float = 250.0, size: tuple[int, int] = SIZE, frame: str = 'camera', **changes: Any
) -> Any:
    k = np.array([focal, 0, size[0] / 2 - 0.5, 0, focal, size[1] / 2 - 0.5, 0, 0, 1])
    values: dict[str, Any] = {
        'header': header(START, frame),
        'height': size[1],
        'width': size[0],
        'distortion_model': 'plumb_bob',
        'd': np.zeros(5),
        'k': k,
        'r': np.eye(3).ravel(),
        'p': np.insert(k, [3, 6, 9], 0.0),
        'binning_x': 0,
        'binning_y': 0,
        'roi': TYPES.RegionOfInterest(x_offset=0, y_offset=0, height=0, width=0, do_rectify=False),
    }
    return TYPES.CameraInfo(**{**values, **changes})


class Stage:
    """A node that wants depth, with a fake transport and two people."""

    def __init__(self, **params: Any) -> None:
        self.transport = FakeTransport()
        self.scene = Scene()
        self.node = PoseNode(
            self.transport, NodeParams(**{'depth': True, **params}), self.scene.open
        )
        self.node.configure()
        self.node.activate()

    @property
    def camera(self) -> Camera:
        """The only one; the same as long as the node has no other."""
        (camera,) = self.node.cameras
        return camera

    def status(self) -> Status:
        return self.node.diagnostics()['pose estimation']

    def show(self, message: Any) -> Any:
        """Hand an image over, wait until it is published, and return what was."""
        before = len(self.transport.of('persons'))
        self.camera.on_image(message)
        wait_until(lambda: len(self.transport.of('persons')) > before)
        return self.transport.of('persons')[-1]

    def pair(self, at_ms: float, message: Any = None) -> Any:
        """Hand over depth and an image of one time."""
        self.camera.on_depth_image(depth(at_ms) if message is None else message)
        return self.show(picture(at_ms))

    def warned(self) -> list[str]:
        return self.transport.said('warning')


@pytest.fixture
def stage(request: pytest.FixtureRequest) -> Iterator[Stage]:
    stage = Stage(**getattr(request, 'param', {}))
    yield stage
    stage.scene.may_end.release(1000)
    stage.node.shutdown()
    counts = stage.camera.counts()
    assert counts.received == counts.taken + counts.waiting + sum(counts.refused.values())
    assert counts.taken == sum(counts.outcomes.values()) + counts.replaced + counts.failed
    assert counts.failed == 0


@pytest.fixture
def patience(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let images wait for their depth as long as it takes."""
    put = stage.camera._slot.put
    monkeypatch.setattr(
        stage.camera._slot, 'put', lambda item, wait_s=0.0: put(item, LONG_S if wait_s else 0.0)
    )


def has_places(persons: Any) -> bool:
    """Tell whether positions are there, all or none, as the message says."""
    counts = {len(person.positions) for person in persons.persons}
    assert counts in ({0}, {18})
    assert len(persons.persons) == 2
    return counts == {18}


def check_places(persons: Any, far: float = 2.0, focal: float = 250.0) -> None:
    assert has_places(persons)
    known = 0
    for person in persons.persons:
        for keypoint, point in zip(person.keypoints, person.positions):
            if np.isnan(point.z):
                assert np.isnan([point.x, point.y]).all()
                continue
            known += 1
            assert point.z == pytest.approx(far, rel=1e-3)
            assert point.x == pytest.approx((keypoint.x - 159.5) / focal * far, abs=1e-3)
            assert point.y == pytest.approx((keypoint.y - 119.5) / focal * far, abs=1e-3)
    assert known > 20


# With depth


@pytest.mark.parametrize(
    'message',
    [depth(), depth(far=2.0, encoding='32FC1'), depth(size=(160, 120)), depth(size=(640, 480))],
    ids=['millimetres', 'metres', 'smaller', 'larger'],
)
def test_keypoints_get_their_places(stage: Stage, message: Any) -> None:
    stage.camera.on_camera_info(camera_info())
    check_places(stage.pair(0, message))
    assert stage.warned() == []
    values = stage.status().values
    assert (values['images with depth'], values['images without depth']) == ('1', '0')


def test_without_the_parameter_nothing_is_measured() -> None:
    plain = Stage(depth=False)
    assert [one.topic for one in plain.node.inputs()] == ['image', 'camera_info']
    assert not has_places(plain.show(picture()))
    assert plain.warned() == []
    plain.node.shutdown()


def test_what_is_subscribed_to(stage: Stage) -> None:
    names = [(one.topic + one.ending, one.type_name) for one in stage.node.inputs()]
    assert names == [
        ('image', 'sensor_msgs/msg/Image'),
        ('camera_info', 'sensor_msgs/msg/CameraInfo'),
        ('depth_image', 'sensor_msgs/msg/Image'),
        ('depth_camera_info', 'sensor_msgs/msg/CameraInfo'),
    ]
    packed = PoseNode(FakeTransport(), NodeParams(depth=True, depth_transport='compressedDepth'))
    assert packed.inputs()[2].type_name == 'sensor_msgs/msg/CompressedImage'
    assert packed.inputs()[2].ending == '/compressedDepth'


@pytest.mark.usefixtures('patience')
def test_an_image_waits_for_its_depth(stage: Stage) -> None:
    stage.camera.on_camera_info(camera_info())
    stage.camera.on_image(picture(33))
    assert stage.camera.counts().waiting == 1
    stage.camera.on_depth_image(depth(0))  # of another time
    assert stage.camera.counts().waiting == 1
    stage.camera.on_depth_image(depth(40))
    wait_until(lambda: len(stage.transport.of('persons')) == 1)
    check_places(stage.transport.of('persons')[0])


@pytest.mark.usefixtures('patience')
def test_depth_may_come_while_its_image_is_handed_over(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    stage.camera.on_camera_info(camera_info())
    measuring = stage.camera._measuring
    arrived = measuring.arrived

    def slowly(*arguments: Any) -> Any:
        found = arrived(*arguments)
        measuring.on_depth(depth(0))  # in another thread, before the image waits
        return found

    monkeypatch.setattr(measuring, 'arrived', slowly)
    stage.camera.on_image(picture(0))
    assert not stage.camera._slot._held
    wait_until(lambda: len(stage.transport.of('persons')) == 1)
    check_places(stage.transport.of('persons')[0])


@pytest.mark.usefixtures('patience')
def test_a_newer_image_takes_the_place_of_one_that_waits(stage: Stage) -> None:
    stage.camera.on_camera_info(camera_info())
    stage.camera.on_image(picture(0))
    stage.camera.on_image(picture(33))
    stage.camera.on_depth_image(depth(33))
    wait_until(lambda: len(stage.transport.of('persons')) == 1)
    check_places(stage.transport.of('persons')[0])
    assert stage.camera.counts().replaced == 1


@pytest.mark.usefixtures('patience')
def test_depth_that_takes_longer_than_a_frame_still_belongs(stage: Stage) -> None:
    stage.camera.on_camera_info(camera_info())
    for number in range(6):
        stage.camera.on_image(picture(33 * number))
        if number >= 2:
            stage.camera.on_depth_image(depth(33 * (number - 2)))
            wait_until(lambda: len(stage.transport.of('persons')) >= number - 1)  # noqa: B023
    stamps = [persons.header.stamp.nanosec // MS for persons in stage.transport.of('persons')]
    assert stamps == [0, 33, 66, 99]
    assert all(has_places(persons) for persons in stage.transport.of('persons'))
    assert stage.camera.counts().replaced == 0


@pytest.mark.parametrize(('apart_ms', 'paired'), [(20.0, True), (20.001, False)])
def test_stamps_may_be_apart_by_max_depth_dt(stage: Stage, apart_ms: float, paired: bool) -> None:
    stage.camera.on_camera_info(camera_info())
    stage.camera.on_depth_image(depth(apart_ms))
    assert has_places(stage.show(picture(0))) == paired


def test_depth_is_decoded_for_people_only(stage: Stage) -> None:
    stage.camera.on_camera_info(camera_info())
    stage.scene.trouble = lambda heatmaps: heatmaps.fill(0)
    broken = depth(0)
    broken.data = broken.data[:100]
    assert stage.pair(0, broken).persons == []
    assert stage.warned() == []


def test_max_age_leaves_time_to_wait(stage: Stage) -> None:
    stage.node.set_parameters({'max_age': 0.5, 'depth_wait': 0.3})
    stage.transport.clock_ns = START + 700 * MS
    stage.show(picture(0))
    stage.transport.clock_ns = START + 900 * MS
    stage.camera.on_image(picture(50))
    wait_until(lambda: stage.camera.counts().outcomes.get('too_old') == 1)


def test_without_depth_the_distance_is_estimated() -> None:
    stage = Stage(depth=False)
    assert np.isnan(mid_hips(stage.show(picture(0)))).all()  # nothing is known of the camera
    stage.camera.on_camera_info(camera_info())
    persons = stage.show(picture(33))
    assert not has_places(persons)
    assert (mid_hips(persons)[:, 2] > 0.1).any()
    stage.node.set_parameters({'monocular_distance': False})
    assert np.isnan(mid_hips(stage.show(picture(66)))).all()
    assert stage.warned() == []
    stage.node.shutdown()


def mid_hips(persons: Any) -> Any:
    places = [person.pose.pose.position for person in persons.persons]
    return np.array([(place.x, place.y, place.z) for place in places])


def test_the_mid_hip_is_behind_the_surface(stage: Stage) -> None:
    stage.camera.on_camera_info(camera_info())
    z = mid_hips(stage.pair(0))[:, 2]
    assert ((z > 2.0) & (z < 2.3)).all()


@pytest.mark.parametrize('stage', [{'target_frame': 'map'}], indirect=True)
def test_the_vertical_is_that_of_the_target_frame(stage: Stage) -> None:
    stage.camera.on_camera_info(camera_info())

    def upwards(persons: Any) -> Any:
        turn = persons.persons[0].pose.pose.orientation
        there = Transform(np.zeros(3), np.array([turn.x, turn.y, turn.z, turn.w]))
        return there.turn([0.0, 0.0, 1.0])

    np.testing.assert_allclose(upwards(stage.pair(0)), [0, -1, 0], atol=1e-6)
    half = np.radians(15 - 90) / 2  # a camera that looks down by 15 degrees
    down = Transform(np.zeros(3), np.array([np.sin(half), 0, 0, np.cos(half)]))
    stage.transport.transforms.add('map', 'camera', down, 0, static=True)
    expected = down.inverse().turn([0.0, 0.0, 1.0])
    assert expected[1] < -0.9
    assert abs(expected[2]) > 0.2
    np.testing.assert_allclose(upwards(stage.pair(33)), expected, atol=1e-6)


# Faults: one warning each, and 2D goes on


def goes_on(stage: Stage, expected: str, *messages: Any) -> None:
    """Show pairs; each gives people without places, and all of them one warning."""
    for number, message in enumerate(messages):
        assert not has_places(stage.pair(33 * number, message)), number
    warned = [line for line in stage.warned() if expected in line]
    assert len(warned) == 1, stage.warned()
    assert '\n' not in warned[0]


def comes_right(stage: Stage) -> None:
    """Show that all is well afterwards."""
    before = stage.warned()
    check_places(stage.pair(5000, depth(5000)))
    assert stage.warned() == before


def test_depth_that_never_comes(stage: Stage) -> None:
    stage.camera.on_camera_info(camera_info())
    for number in range(7):
        assert not has_places(stage.show(picture(33 * number)))
    assert ['no depth image comes' in line for line in stage.warned()] == [True]
    assert stage.status().values['images without depth'] == '7'
    comes_right(stage)


def test_depth_that_is_late(stage: Stage) -> None:
    stage.camera.on_camera_info(camera_info())
    for number in range(4):
        stage.camera.on_depth_image(depth(33 * (number - 4)))
        assert not has_places(stage.show(picture(33 * number)))
    assert ['did not come in time' in line for line in stage.warned()] == [True]
    comes_right(stage)


def test_images_and_depth_without_stamps(stage: Stage) -> None:
    stage.camera.on_camera_info(camera_info())
    for _ in range(3):
        unstamped = depth()
        unstamped.header.stamp = TYPES.Time(sec=0, nanosec=0)
        stage.camera.on_depth_image(unstamped)
        assert not has_places(stage.show(picture(stamp_ns=0)))
    lines = stage.warned()
    assert sum('no depth image belongs to it' in line for line in lines) == 1
    assert sum('it belongs to no image' in line for line in lines) == 1
    assert stage.camera.counts().waiting == 0


@pytest.mark.parametrize(
    ('make', 'expected'),
    [
        (lambda at: depth(at, encoding='16UC1', size=(320, 180)), '320x180'),
        (lambda at: depth(at, far=2), 'millimetres'),  # metres in 16UC1
        (lambda at: depth(at, far=2000.0, encoding='32FC1'), 'must hold metres'),
        (lambda at: depth(at, encoding='16UC1', step=10), 'step of 10'),
    ],
    ids=['another shape', 'metres in 16UC1', 'millimetres in 32FC1', 'a wrong step'],
)
def test_depth_that_cannot_be_used(stage: Stage, make: Any, expected: str) -> None:
    stage.camera.on_camera_info(camera_info())
    goes_on(stage, expected, *(make(33 * number) for number in range(3)))
    comes_right(stage)


@pytest.mark.parametrize(
    ('info', 'expected'),
    [
        (None, 'no message came on camera_info'),
        (camera_info(k=np.zeros(9)), 'not calibrated'),
        (camera_info(frame='other'), "of the frame 'other'"),
        (camera_info(size=(320, 180)), '320x180'),
        (camera_info(distortion_model='mystery', d=np.ones(3)), 'mystery'),
    ],
    ids=['never', 'uncalibrated', 'another frame', 'another size', 'another model'],
)
def test_camera_info_that_cannot_be_used(stage: Stage, info: Any, expected: str) -> None:
    if info is not None:
        stage.camera.on_camera_info(info)
    goes_on(stage, expected, *(depth(33 * number) for number in range(3)))
    stage.camera.on_camera_info(camera_info())
    comes_right(stage)


def test_camera_info_that_is_wrong_in_another_way_is_told_again(stage: Stage) -> None:
    wrong = [
        camera_info(d=np.full(5, np.nan)),
        camera_info(d=np.ones(3)),
        camera_info(distortion_model='mystery', d=np.ones(5)),
    ]
    for number in range(9):
        stage.camera.on_camera_info(wrong[number % 3])
        assert not has_places(stage.pair(33 * number))
    lines = [line for line in stage.warned() if 'camera_info cannot be used' in line]
    assert ['nan' in line for line in lines] == [True, False, False]
    assert 'has 3 coefficients' in lines[1]
    assert 'mystery' in lines[2]


def test_who_mends_one_thing_is_told_of_the_next(stage: Stage) -> None:
    """So a driver that starts late, and then is not synchronised, is told of twice."""
    stage.camera.on_camera_info(camera_info(k=np.zeros(9)))
    assert not has_places(stage.show(picture(0)))
    stage.camera.on_camera_info(camera_info(frame='other'))
    assert not has_places(stage.show(picture(33)))
    stage.camera.on_camera_info(camera_info())
    for number in range(2, 9):
        assert not has_places(stage.show(picture(33 * number)))
    for number in range(9, 13):
        stage.camera.on_depth_image(depth(33 * number - 300))
        assert not has_places(stage.show(picture(33 * number)))
    at_ms = 33 * 13
    assert not has_places(stage.pair(at_ms, depth(at_ms, far=2000.0, encoding='32FC1')))
    assert not has_places(stage.pair(at_ms + 33, depth(at_ms + 33, far=2)))
    expected = ('not calibrated', "of the frame 'other'", 'no depth image comes', 'come in time')
    for said in (*expected, 'must hold metres', 'must hold millimetres'):
        assert sum(said in line for line in stage.warned()) == 1, (said, stage.warned())
    assert len(stage.warned()) == 6
    comes_right(stage)


@pytest.mark.parametrize(
    ('far', 'encoding'), [(0, '16UC1'), (np.nan, '32FC1'), (np.inf, '32FC1'), (-1, '32FC1')]
)
def test_depth_that_knows_nothing_is_none(stage: Stage, far: float, encoding: str) -> None:
    stage.camera.on_camera_info(camera_info())
    blank = [depth(33 * number, far=far, encoding=encoding) for number in range(5)]
    goes_on(stage, 'nothing in it is known', *blank)
    comes_right(stage)


def test_camera_info_of_another_resolution_with_the_size_of_this_one_is_told(
    stage: Stage,
) -> None:
    k = np.array([500, 0, 319.5, 0, 500, 239.5, 0, 0, 1])
    stage.camera.on_camera_info(camera_info(k=k))
    for number in range(3):
        assert has_places(stage.pair(33 * number))
    (line,) = [line for line in stage.warned() if 'optical axis' in line]
    assert 'at 320, 240 of images of 320x240' in line


def test_camera_info_that_changes(stage: Stage) -> None:
    for number in range(4):
        focal = 250.0 + 10 * number
        stage.camera.on_camera_info(camera_info(focal))
        check_places(stage.pair(33 * number), focal=focal)
    assert ['changed' in line for line in stage.warned()] == [True]
    stage.camera.on_camera_info(camera_info(k=np.zeros(9)))
    assert not has_places(stage.pair(200))
    stage.camera.on_camera_info(camera_info())
    check_places(stage.pair(233))
    assert ['changed' in line for line in stage.warned()] == [True, False]


def test_what_lacks_at_the_start_only_is_not_worth_a_line(stage: Stage) -> None:
    assert not has_places(stage.show(picture(0)))
    assert not has_places(stage.pair(33))
    stage.camera.on_camera_info(camera_info())
    comes_right(stage)
    assert stage.warned() == []


def test_a_fault_that_comes_again_is_said_again(stage: Stage, monkeypatch: Any) -> None:
    stage.camera.on_camera_info(camera_info())
    monkeypatch.setattr(stage.camera._warn._throttle, '_period_s', 0.0)
    for start in (0, 10_000):
        for number in range(2):
            at_ms = start + 33 * number
            assert not has_places(stage.pair(at_ms, depth(at_ms, far=2)))
        check_places(stage.pair(start + 100))
    assert ['millimetres' in line for line in stage.warned()] == [True, True]


def test_one_line_tells_of_rectified_images_that_are_not_said_to_be(stage: Stage) -> None:
    stage.transport.topic = '/camera/image_rect'
    stage.camera.on_camera_info(camera_info())
    for number in range(3):
        check_places(stage.pair(33 * number))
    assert ['rectified' in line for line in stage.warned()] == [True]


def test_rectified_images_take_p(stage: Stage) -> None:
    stage.transport.topic = '/camera/image_rect'
    stage.node.set_parameters({'rectified': True})
    p = np.array([200.0, 0, 159.5, 0, 0, 200.0, 119.5, 0, 0, 0, 1, 0])
    stage.camera.on_camera_info(camera_info(p=p, d=np.array([-0.3, 0.1, 0, 0, 0])))
    check_places(stage.pair(0), focal=200.0)
    assert stage.warned() == []


# Depth of another frame

SHIFT = np.array([0.05, 0.0, 0.0])
STILL = np.array([0.0, 0, 0, 1])


def elsewhere(at_ms: float) -> Any:
    return depth(at_ms, frame='depth')


def test_depth_of_another_frame(stage: Stage) -> None:
    stage.camera.on_camera_info(camera_info())
    assert not stage.transport.listens_to_transforms
    goes_on(stage, 'came on depth_camera_info', *map(elsewhere, (0, 33, 66, 99)))
    assert stage.transport.listens_to_transforms
    stage.camera.on_depth_camera_info(camera_info(frame='depth'))
    for at_ms in (133, 166, 200, 233):
        assert not has_places(stage.pair(at_ms, elsewhere(at_ms)))
    warned = [line for line in stage.warned() if "'depth' is in 'camera'" in line]
    assert len(warned) == 1, stage.warned()
    stage.transport.transforms.add('camera', 'depth', Transform(SHIFT, STILL), 0, static=True)
    check_places(stage.pair(266, elsewhere(266)))
    assert stage.transport.asked[-1] == ('camera', 'depth', START + 266 * MS, 0.0)
    stage.node.deactivate()
    assert not stage.transport.listens_to_transforms


@pytest.mark.parametrize(
    ('frames', 'expected'),
    [
        (('camera', ''), "an image is of the frame 'camera', but its depth has no frame_id"),
        (('', 'depth'), "depth is of the frame 'depth', but its image has no frame_id"),
    ],
)
def test_depth_is_not_used_where_one_frame_is_not_named(
    stage: Stage, frames: tuple[str, str], expected: str
) -> None:
    stage.camera.on_camera_info(camera_info())

    def shown(at_ms: float, of_image: str, of_depth: str) -> Any:
        message = picture(at_ms)
        message.header.frame_id = of_image
        stage.camera.on_depth_image(depth(at_ms, frame=of_depth))
        return stage.show(message)

    for at_ms in (0, 33, 66):
        assert not has_places(shown(at_ms, *frames))
    assert sum(expected in line for line in stage.warned()) == 1, stage.warned()
    for at_ms, name in ((100, ''), (133, 'camera')):  # both of one camera, named or not
        assert has_places(shown(at_ms, name, name))
    assert not has_places(shown(166, *frames))


def test_a_transform_that_is_too_old(stage: Stage) -> None:
    stage.camera.on_camera_info(camera_info())
    stage.camera.on_depth_camera_info(camera_info(frame='depth'))
    stage.transport.transforms.add('camera', 'depth', Transform(SHIFT, STILL), START - 10**9)
    goes_on(stage, 'after the last', *map(elsewhere, (0, 33, 66, 99)))


@pytest.mark.parametrize(
    'wrong', [Transform(100 * SHIFT, STILL), Transform(SHIFT, np.array([0, 1.0, 0, 0]))]
)
def test_a_transform_by_which_depth_is_elsewhere(stage: Stage, wrong: Transform) -> None:
    stage.camera.on_camera_info(camera_info())
    stage.camera.on_depth_camera_info(camera_info(frame='depth'))
    stage.transport.transforms.add('camera', 'depth', wrong, 0, static=True)
    goes_on(stage, 'where people are', *map(elsewhere, (0, 33, 66, 99)))
    stage.transport.transforms.add('camera', 'depth', Transform(SHIFT, STILL), 0, static=True)
    check_places(stage.pair(133, elsewhere(133)))


@pytest.mark.parametrize('stage', [{'target_frame': 'map'}], indirect=True)
def test_frames_are_listened_to_while_one_is_wanted(stage: Stage) -> None:
    assert stage.transport.listens_to_transforms
    stage.node.set_parameters({'target_frame': ''})
    assert not stage.transport.listens_to_transforms
    stage.node.set_parameters({'target_frame': 'base_link'})
    assert stage.transport.listens_to_transforms
    stage.node.deactivate()
    assert not stage.transport.listens_to_transforms
    stage.node.activate()
    assert stage.transport.listens_to_transforms
    stage.node.cleanup()
    assert not stage.transport.listens_to_transforms


def test_depth_is_forgotten_between_activations(stage: Stage) -> None:
    stage.camera.on_camera_info(camera_info())
    check_places(stage.pair(0))
    stage.node.deactivate()
    stage.node.activate()
    stage.node.set_parameters({'depth_wait': 0.0})
    assert not has_places(stage.show(picture(0)))


@pytest.mark.parametrize('stage', [{'target_frame': 'map', 'tf_timeout': 0.0}], indirect=True)
def test_frame_that_is_another_one_in_each_image_is_told_once(stage: Stage) -> None:
    stage.transport.watched = {'target_pose'}
    for number in range(20):
        frame = f'camera_{number}'
        stage.camera.on_camera_info(camera_info(frame=frame))
        message = picture(100 * number)
        message.header.frame_id = frame
        stage.camera.on_depth_image(depth(100 * number, frame=frame))
        assert has_places(stage.show(message))
    wait_until(lambda: stage.camera.counts().outcomes.get('processed') == 20)
    lines = [line for line in stage.warned() if "is in 'map' is not known" in line]
    assert len(lines) == 1
    assert len(stage.camera._processing._frames._faults._seen) < 5
