"""Several cameras of one node: each has its own, and none touches another."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from openpose_ros.errors import ParameterError
from openpose_ros.ros.node import camera as camera_module
from openpose_ros.ros.node import listening
from openpose_ros.ros.node.camera import Camera
from openpose_ros.ros.node.core import PoseNode
from openpose_ros.ros.node.diagnostics import ERROR, OK, WARN, Status
from openpose_ros.ros.node.listening import advice
from openpose_ros.ros.node.parameters import NodeParams
from openpose_ros.ros.node.transport import COMPRESSED
from tests.ros.fakes import FakeTransport, image
from tests.ros.node.test_core import picture
from tests.ros.node.test_depth import camera_info, check_places, depth
from tests.ros.node.test_depth import picture as picture_at
from tests.ros.scenes import PATIENCE_S, Scene, wait_until

NAMES = ('front', 'left', 'rear')
BROKEN = image(bytes(100), 'nonsense', (10, 10), step=10)


class Stage:
    """A node with three cameras, a fake transport and a scene."""

    def __init__(self, **params: Any) -> None:
        overrides = {name: value for name, value in params.items() if '.' in name}
        common = {name: value for name, value in params.items() if name not in overrides}
        optional = [name for name in ('gestures', 'detections') if params.get(name)]
        self.transport = FakeTransport(optional)
        self.scene = Scene()
        self.shown: list[dict[str, Status]] = []
        self.node = PoseNode(
            self.transport,
            NodeParams(**{'cameras': NAMES, 'overrides': overrides, **common}),
            self.scene.open,
            lambda statuses: self.shown.append(statuses),
        )
        self.node.configure()
        self.node.activate()

    def camera(self, name: str) -> Camera:
        (found,) = (camera for camera in self.node.cameras if camera.name == name)
        return found

    def status(self, name: str) -> Status:
        return self.node.diagnostics()[f'pose estimation of {name}']

    def show(self, name: str, message: Any = None) -> None:
        """Hand an image to a camera and wait until the node is done with it."""
        camera = self.camera(name)
        camera.on_image(picture() if message is None else message)
        wait_until(lambda: not (camera.counts().waiting or camera.counts().in_flight))

    def ids(self, name: str) -> set[str]:
        return {person.id for person in self.transport.of(f'{name}/persons')[-1].persons}


@pytest.fixture
def stage(request: pytest.FixtureRequest) -> Iterator[Stage]:
    stage = Stage(**getattr(request, 'param', {}))
    yield stage
    stage.scene.may_end.release(1000)
    stage.node.shutdown()
    assert stage.scene.opened == stage.scene.closed == 1
    for camera in stage.node.cameras:
        counts = camera.counts()
        assert counts.received == counts.taken + sum(counts.refused.values())
        assert counts.taken == sum(counts.outcomes.values()) + counts.replaced + counts.failed


def test_each_camera_has_topics_of_its_own(stage: Stage) -> None:
    for stamp, name in enumerate(NAMES, start=1):
        stage.show(name, picture(stamp_ns=stamp))
    published = [
        (output, message.header.stamp.nanosec)
        for output, message in stage.transport.published
        if output != 'skeleton_info'
    ]
    assert published == [('front/persons', 1), ('left/persons', 2), ('rear/persons', 3)]
    assert len(stage.transport.of('skeleton_info')) == 1
    assert stage.scene.threads == {'openpose_ros worker'}
    topics = [one.topic for one in stage.node.inputs()]
    assert topics == [f'{name}/{what}' for name in NAMES for what in ('image', 'camera_info')]
    stage.transport.watched = {'left/markers', 'left/image_annotated/compressed'}
    stage.transport.published.clear()
    for name in NAMES:
        stage.show(name)
    made = sorted(output for output, _ in stage.transport.published if 'persons' not in output)
    assert made == ['left/image_annotated/compressed', 'left/markers']


def test_each_input_is_its_cameras_alone(stage: Stage) -> None:
    for one in stage.node.inputs():
        if one.topic == 'left/image':
            one.callback(picture())
    wait_until(lambda: stage.camera('left').counts().outcomes == {'processed': 1})
    assert [stage.camera(name).counts().received for name in NAMES] == [0, 1, 0]


def test_images_that_fail_are_one_cameras_trouble(stage: Stage) -> None:
    for _ in range(3):
        stage.show('left', BROKEN)
        stage.show('front')
    assert [stage.status(name).level for name in NAMES] == [OK, ERROR, OK]
    assert stage.status('front').values['images failed'] == '0'
    assert stage.status('left').values['images failed'] == '3'
    (line,) = stage.transport.said('warning')
    assert line.startswith('left: dropped an image: ')
    stage.show('rear', BROKEN)  # is said too: it is another camera
    assert stage.transport.said('warning')[1].startswith('rear: dropped an image: ')
    stage.show('left')
    assert stage.status('left').level == WARN  # of late


def test_camera_that_stops_is_told_and_comes_back(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [1000.0]
    for module in (camera_module, listening):
        monkeypatch.setattr(module, 'monotonic', lambda: now[0])
    stage = Stage(no_image_timeout=5.0)
    for _ in range(7):
        now[0] += 1
        stage.show('front')
        stage.show('rear')
        stage.node.on_timer()
    found = [(stage.status(name).level, stage.status(name).message) for name in NAMES]
    assert found[1] == (WARN, 'no images')
    assert found[0][0] == found[2][0] == OK
    (line,) = stage.transport.said('warning')
    assert line.startswith('left: no image on /left/image, which has 1 publisher, for 6 s')
    assert stage.shown == []
    stage.show('left')
    (status,) = (shown['pose estimation of left'] for shown in stage.shown)
    assert status.level == OK  # told at once, not when the timer comes
    assert stage.status('left').level == OK
    assert 'left: images come on /left/image' in stage.transport.said('info')
    stage.node.shutdown()


def test_cameras_take_turns_while_the_network_is_slow(stage: Stage) -> None:
    stage.scene.gated = True
    stage.camera('front').on_image(picture(stamp_ns=1))
    assert stage.scene.begun.acquire(timeout=PATIENCE_S)
    for stamp_ns in range(2, 8):
        for name in NAMES:
            stage.camera(name).on_image(picture(stamp_ns=stamp_ns))
    for _ in range(3):
        stage.scene.may_end.release()
        assert stage.scene.begun.acquire(timeout=PATIENCE_S)
    stage.scene.may_end.release()
    wait_until(lambda: len(stage.transport.of('front/persons')) == 2)
    order = [
        (output, message.header.stamp.nanosec)
        for output, message in stage.transport.published
        if output.endswith('persons')
    ]
    assert order == [
        ('front/persons', 1),
        ('left/persons', 7),
        ('rear/persons', 7),
        ('front/persons', 7),
    ]
    counts = {name: stage.camera(name).counts() for name in NAMES}
    assert [counts[name].replaced for name in NAMES] == [5, 5, 5]
    assert [counts[name].received for name in NAMES] == [7, 6, 6]


@pytest.mark.parametrize('stage', [{'tracking': True}], indirect=True)
def test_ids_are_unique_over_all_cameras(stage: Stage) -> None:
    """The same two people before each camera: six ids, which stay."""
    for tenth in range(1, 7):
        for name in NAMES:
            stage.show(name, picture(stamp_ns=10**9 + tenth * 10**8))
        if tenth == 4:
            before = [stage.ids(name) for name in NAMES]
    assert [stage.ids(name) for name in NAMES] == before
    every = set.union(*before)
    assert len(every) == 6
    assert '' not in every


@pytest.mark.parametrize(
    'stage',
    [{'front.enabled': False, 'left.max_rate': 0.001, 'rear.rotate': 90}],
    indirect=True,
)
def test_what_is_said_of_one_camera_holds_for_it_alone(stage: Stage) -> None:
    for _ in range(2):
        for name in NAMES:
            stage.show(name, picture((240, 320)))
    counts = {name: stage.camera(name).counts() for name in NAMES}
    assert counts['front'].refused == {'disabled': 2}
    assert (counts['left'].outcomes, counts['left'].refused) == (
        {'processed': 1},
        {'above max_rate': 1},
    )
    assert counts['rear'].outcomes == {'processed': 2}
    lying, straight = (stage.transport.of(f'{name}/persons')[0] for name in ('rear', 'left'))
    nose = [message.persons[0].keypoints[0] for message in (lying, straight)]
    assert (nose[0].x, nose[0].y) != (nose[1].x, nose[1].y)
    stage.node.set_parameters({'front.enabled': None, 'left.max_rate': 0.0, 'enabled': False})
    stage.node.set_parameters({'left.enabled': True})
    for name in NAMES:
        stage.show(name)
    assert [stage.camera(name).counts().refused.get('disabled', 0) for name in NAMES] == [3, 0, 1]
    with pytest.raises(ParameterError, match=r'rear\.image_transport cannot change from None'):
        stage.node.set_parameters({'rear.image_transport': 'compressed', 'rotate': 90})
    assert stage.node.params.rotate == 0


@pytest.mark.parametrize('stage', [{'lazy': True}], indirect=True)
def test_camera_works_while_somebody_listens_to_it(stage: Stage) -> None:
    stage.transport.watched = {'left/persons'}
    for name in NAMES:
        stage.show(name)
    refused = [stage.camera(name).counts().refused for name in NAMES]
    assert refused == [{'nobody subscribes': 1}, {}, {'nobody subscribes': 1}]
    stage.transport.watched = {'target_pose'}  # which is of the first one
    for name in NAMES:
        stage.show(name)
    assert [len(stage.transport.of(f'{name}/persons')) for name in NAMES] == [1, 1, 0]


@pytest.mark.parametrize('stage', [{'depth': True, 'target_camera': 'left'}], indirect=True)
def test_person_to_follow_is_of_one_camera(stage: Stage) -> None:
    stage.transport.watched = {'nearest_person', 'person_pose'}
    for name in NAMES:
        stage.camera(name).on_camera_info(camera_info())
        stage.camera(name).on_depth_image(depth(33))
        stage.show(name, picture_at(33))
    assert len(stage.transport.of('nearest_person')) == len(stage.transport.of('person_pose')) == 1
    stage.node.set_parameters({'target_camera': ''})
    stage.show('left', picture_at(66))
    assert len(stage.transport.of('nearest_person')) == 1
    stage.show('front', picture_at(66))
    assert len(stage.transport.of('nearest_person')) == 2
    with pytest.raises(ParameterError, match="target_camera is 'right'"):
        stage.node.set_parameters({'target_camera': 'right'})


def test_advice_names_the_cameras_own_topics_and_parameters() -> None:
    transport = FakeTransport()
    assert advice('/left/image', 0, transport, 'raw', 'left').endswith('or remap left/image')
    transport.carried = {'/left/image/compressed': {COMPRESSED}}
    found = advice('/left/image', 0, transport, 'raw', 'left')
    assert found.endswith('is published: left.image_transport:=compressed')


@pytest.mark.parametrize('stage', [{'depth': True}], indirect=True)
def test_what_lacks_is_named_as_the_camera_has_it(stage: Stage) -> None:
    for at_ms in (0, 33, 66):
        stage.camera('left').on_depth_image(depth(at_ms))
        stage.show('left', picture_at(at_ms))
    (line,) = stage.transport.said('warning')
    assert line.startswith('left: no message came on left/camera_info, ')
    assert line.endswith('or remap left/camera_info')


@pytest.mark.parametrize('stage', [{'depth': True}], indirect=True)
def test_depth_is_that_of_the_same_camera(stage: Stage) -> None:
    stage.camera('left').on_camera_info(camera_info())
    stage.camera('left').on_depth_image(depth(33))
    stage.show('left', picture_at(33))
    stage.show('front', picture_at(33))
    check_places(stage.transport.of('left/persons')[0])
    (front,) = stage.transport.of('front/persons')
    assert {len(person.positions) for person in front.persons} == {0}


def test_transforms_are_heard_while_one_camera_needs_them() -> None:
    stage = Stage(depth=True)
    frames = [camera._processing._frames for camera in stage.node.cameras]
    for frame in frames[:2]:
        frame.want('depth', True)
    frames[0].want('depth', False)
    assert stage.transport.listens_to_transforms
    frames[1].want('depth', False)
    assert not stage.transport.listens_to_transforms
    stage.node.shutdown()


@pytest.mark.parametrize('stage', [{'tracking': True, 'hri': True}], indirect=True)
def test_bodies_of_all_cameras_are_told_together(stage: Stage) -> None:
    tracked = '/humans/bodies/tracked'
    for tenth in range(1, 5):
        for name in NAMES[:2]:
            stage.show(name, picture(stamp_ns=10**9 + tenth * 10**8))
    every = stage.ids('front') | stage.ids('left')
    outlets = stage.transport.outlets
    assert set(outlets[tracked].published[-1].ids) == every
    assert len(every) == 4
    # Who is gone from one camera's images leaves those of the other.
    left = stage.ids('left')
    stage.scene.trouble = lambda heatmaps: heatmaps.fill(0)
    stage.show('front', picture(stamp_ns=10**9 + 5 * 10**8))
    assert set(outlets[tracked].published[-1].ids) == left
    stage.show('front', picture(stamp_ns=100 * 10**9))
    open_ids = {
        topic.split('/')[3]
        for topic, one in outlets.items()
        if topic != tracked and not one.closed
    }
    assert open_ids == left
    stage.node.deactivate()
    assert outlets[tracked].published[-1].ids == []


@pytest.mark.parametrize('stage', [{'gestures': True, 'detections': True}], indirect=True)
def test_other_messages_are_each_cameras(stage: Stage) -> None:
    stage.transport.watched = {'front/gestures', 'rear/detections'}
    for name in NAMES:
        stage.show(name)
    made = sorted(output for output, _ in stage.transport.published if 'persons' not in output)
    assert made == ['front/gestures', 'rear/detections', 'skeleton_info']


def test_other_cameras_come_with_the_next_configure() -> None:
    stage = Stage()
    stage.show('front')
    with pytest.raises(ParameterError, match='cameras cannot change'):
        stage.node.set_parameters({'cameras': ['front', 'right']})
    stage.node.deactivate()
    stage.node.cleanup()
    stage.node.set_parameters({'cameras': ['front', 'right'], 'right.rotate': 180})
    assert list(stage.node.diagnostics()) == [
        'pose estimation of front',
        'pose estimation of right',
    ]
    stage.node.configure()
    stage.node.activate()
    stage.show('right')
    assert len(stage.transport.of('right/persons')) == 1
    assert stage.camera('right').params.rotate == 180
    stage.node.shutdown()
    assert stage.scene.opened == stage.scene.closed == 2


def test_one_camera_with_a_name() -> None:
    stage = Stage(cameras=('front',))
    stage.show('front')
    assert {output for output, _ in stage.transport.published} == {
        'front/persons',
        'skeleton_info',
    }
    assert list(stage.node.diagnostics()) == ['pose estimation of front']
    stage.node.shutdown()
