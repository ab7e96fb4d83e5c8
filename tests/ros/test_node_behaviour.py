"""
Both nodes over their real transports, with a camera and a listener in another process.

Only the network is fake: it shows people, waits or fails as a test wants. Every test runs for one
camera, and for one of three: the others play all the while, and shall change nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from importlib.util import find_spec
import json
from pathlib import Path
import queue
import subprocess
import sys
import threading
from time import monotonic, sleep
from typing import Any, NamedTuple
from unittest.mock import patch

import numpy as np
import pytest

from openpose_ros.errors import EngineError
from openpose_ros.ros.node.camera import Camera
from openpose_ros.ros.node.core import PoseNode
from openpose_ros.ros.node.diagnostics import ERROR, OK, Status, status_name
from openpose_ros.ros.node.parameters import NodeParams
from openpose_ros.ros.node.transport import named
from tests.ros.foreign import output_of, topic_of
from tests.ros.scenes import Scene

ROOT = Path(__file__).parents[2]
PATIENCE_S = 30.0  # for what must come; never waited for when all is well
ATTEMPTS = 3
RULES = ('__ns:=/front',)
Log = Callable[[str, str], None]


@contextmanager
def run_dds(scene: Scene, params: NodeParams, log: Log) -> Iterator[PoseNode]:
    """Run the node over DDS in a thread."""
    from openpose_ros.ros.dds.participant import Participant
    from openpose_ros.ros.dds.transport import DdsTransport
    from openpose_ros.ros.node.names import Names

    over = threading.Event()
    with Participant(Names.from_rules('openpose', RULES)) as participant:
        transport = DdsTransport(
            participant, log, {}, params.image_transports, params.optional_outputs
        )
        node = PoseNode(transport, params, scene.open)
        node.configure()
        node.activate()
        transport.subscribe(node.inputs())

        def spin() -> None:
            tick_s = 0.0
            while not over.is_set():
                transport.attend()
                participant.spin(0.02)
                if monotonic() > tick_s:
                    tick_s = monotonic() + 0.1
                    node.on_timer()

        spinning = threading.Thread(target=spin)
        spinning.start()
        try:
            yield node
        finally:
            over.set()
            spinning.join(PATIENCE_S)
            node.shutdown()
            assert not spinning.is_alive()


@contextmanager
def run_rclpy(scene: Scene, params: NodeParams, log: Log) -> Iterator[PoseNode]:
    """Run the lifecycle node with an executor in a thread."""
    import rclpy
    from rclpy.executors import ExternalShutdownException, SingleThreadedExecutor
    from rclpy.parameter import Parameter

    from openpose_ros.ros.rclpy.node import OpenPoseNode
    from openpose_ros.ros.rclpy.transport import RclpyTransport

    context = rclpy.Context()
    rclpy.init(context=context, args=['--ros-args', '-r', *RULES])
    given = [Parameter(name, value=value) for name, value in params.to_mapping().items()]
    with patch.object(RclpyTransport, 'log', staticmethod(log)):  # before anybody holds it
        node = OpenPoseNode(scene.open, context=context, parameter_overrides=given)
    node._transport.log = log
    executor = SingleThreadedExecutor(context=context)
    executor.add_node(node)
    node.create_timer(0.1, node._core.on_timer)  # tests have no time for one a second
    node.autostart()

    def spin() -> None:
        with suppress(ExternalShutdownException):
            executor.spin()

    spinning = threading.Thread(target=spin)
    spinning.start()
    try:
        yield node._core
    finally:
        executor.shutdown()
        spinning.join(PATIENCE_S)
        node.destroy_node()
        rclpy.try_shutdown(context=context)
        assert not spinning.is_alive()


RUNNERS = {'dds': run_dds, 'rclpy': run_rclpy}
NEEDS = {'dds': 'cyclonedds', 'rclpy': 'rclpy'}


def runner(name: str) -> Any:
    """Return a transport's name, to be skipped where it is not installed."""
    needed = NEEDS[name]
    there = find_spec(needed) is not None
    return pytest.param(name, marks=pytest.mark.skipif(not there, reason=f'needs {needed}'))


class Setting(NamedTuple):
    """
    What a test runs with.

    Attributes
    ----------
    transport : str
        One of RUNNERS.
    cameras : tuple of str
        Their names.
    camera : str
        That of the one which is looked at.

    """

    transport: str
    cameras: tuple[str, ...]
    camera: str

    def topic(self, name: str) -> str:
        """Return the name of one of the camera's topics."""
        return topic_of(self.camera, name)

    def output(self, name: str) -> str:
        """Return the name of one of the camera's results."""
        return output_of(self.camera, name)


class Foreign:
    """The process beside the node; see tests/ros/foreign.py."""

    def __init__(self, setting: Setting) -> None:
        others = [name for name in setting.cameras if name != setting.camera]
        self._process = subprocess.Popen(
            [
                *(sys.executable, '-m', 'tests.ros.foreign', setting.transport, setting.camera),
                *others,
            ],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=ROOT,
        )
        self._events: queue.Queue[dict[str, Any]] = queue.Queue()
        self._heard: list[dict[str, Any]] = []
        self._listener = threading.Thread(target=self._listen)
        self._listener.start()
        self.persons: list[dict[str, Any]] = []
        self.wait('matched')

    def publish(self, **command: Any) -> None:
        """Publish images (see `foreign.publish`), and wait until they are out."""
        self._tell(command)
        self.wait('published')

    def listen(self, topic: str, type_name: str) -> None:
        """Listen to a topic, whose name is that of the events."""
        self._tell({'listen': topic, 'type': type_name})
        self.wait('listening')

    def has_heard(self, topic: str) -> bool:
        """Tell whether a message of a topic waits to be read."""
        return any(found['event'] == topic for found in self._heard)

    def publishers(self, topic: str) -> int:
        """Return how many publish on a topic that is listened to."""
        self._tell({'count': topic})
        return int(self.wait('counted')['publishers'])

    def show(self, **command: Any) -> dict[str, Any]:
        """Publish an image with its depth (see `foreign.Stage`); return what the node says."""
        for _ in range(ATTEMPTS):  # as `Show.publish` does
            self._tell({'depth': command})
            stamp_ns = self.wait('shown')['stamp_ns']
            deadline_s = monotonic() + PATIENCE_S / ATTEMPTS
            while (found := self.next('persons', deadline_s)) is not None:
                if found['stamp_ns'] == stamp_ns:  # else of an image before, answered late
                    return found
        pytest.fail(f'no image was answered within {PATIENCE_S} s')

    def _tell(self, command: dict[str, Any]) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(command) + '\n')
        self._process.stdin.flush()

    def wait(self, event: str) -> dict[str, Any]:
        """Return the next event of a kind; those of topics are kept until they are waited for."""
        found = self.next(event, monotonic() + PATIENCE_S)
        if found is None:
            pytest.fail(f'no {event} came within {PATIENCE_S} s')
        return found

    def next(self, event: str, deadline_s: float) -> dict[str, Any] | None:
        """Return what `wait` does, or None where it does not come in time."""
        for found in self._heard:
            if found['event'] == event:
                self._heard.remove(found)
                return found
        while True:
            try:
                found = self._events.get(timeout=max(0.0, deadline_s - monotonic()))
            except queue.Empty:
                return None
            if found['event'] == 'persons':
                self.persons.append(found)
            if found['event'] == event:
                return found
            if found['event'].startswith('/'):
                self._heard.append(found)

    def close(self) -> None:
        assert self._process.stdin is not None
        self._process.stdin.close()
        assert self._process.wait(PATIENCE_S) == 0
        self._listener.join()

    def _listen(self) -> None:
        assert self._process.stdout is not None
        with self._process.stdout as lines:
            for line in lines:
                self._events.put(json.loads(line))


class Show:
    """The node, its network, its log, and the process beside it."""

    def __init__(
        self, scene: Scene, node: PoseNode, lines: list[Any], foreign: Foreign, setting: Setting
    ) -> None:
        self.scene = scene
        self.setting = setting
        self.node = node
        self.lines = lines
        self.foreign = foreign

    @property
    def camera(self) -> Camera:
        """The one that is looked at."""
        (found,) = (one for one in self.node.cameras if one.name == self.setting.camera)
        return found

    def status(self) -> Status:
        return self.node.diagnostics()[status_name(self.setting.camera)]

    def said(self, level: str) -> list[str]:
        """Return what was said of the node and of the camera, without the camera's name."""
        others = tuple(f'{name}: ' for name in self.setting.cameras if name != self.setting.camera)
        return [
            text.removeprefix(f'{self.setting.camera}: ')
            for said, text in self.lines
            if said == level and not text.startswith(others)
        ]

    def warnings(self) -> list[str]:
        return self.said('warning')

    def subscribers(self, output: str) -> int:
        return self.camera._transport.subscribers(output)

    def until(self, fact: Callable[[], bool]) -> None:
        deadline_s = monotonic() + PATIENCE_S
        while not fact():
            assert monotonic() < deadline_s, f'{self.camera.counts()}, {self.lines}'
            sleep(0.005)

    def publish(self, **fields: Any) -> None:
        """
        Publish one image, and wait until it is here.

        It is sent as sensors send it, best effort: on a machine that is busy enough it may be
        lost on its way, and is sent again then.
        """
        for _ in range(ATTEMPTS):
            before = self.camera.counts().received
            self.foreign.publish(**fields)
            deadline_s = monotonic() + PATIENCE_S / ATTEMPTS
            while monotonic() < deadline_s:
                if self.camera.counts().received > before:
                    return
                sleep(0.002)
        pytest.fail(f'no image came within {PATIENCE_S} s; {self.lines}')

    def is_served(self, **fields: Any) -> dict[str, Any]:
        """Publish one good image, and return what the node makes of it."""
        self.publish(**fields)
        found = self.foreign.wait('persons')
        assert found['people'] == 2
        return found

    def settle(self) -> None:
        """Wait until every image that arrived has met its fate, and check that none is lost."""
        self.until(lambda: not (self.camera.counts().waiting or self.camera.counts().in_flight))
        for one in self.node.cameras:  # the others go on
            counts = one.counts()
            assert counts.received == counts.taken + counts.waiting + sum(counts.refused.values())
        counts = self.camera.counts()
        assert counts.received == counts.taken + sum(counts.refused.values())
        ended = sum(counts.outcomes.values()) + counts.replaced + counts.failed
        assert counts.taken == ended


@pytest.fixture(autouse=True)
def network_of_its_own(monkeypatch: pytest.MonkeyPatch, domain: int) -> None:
    monkeypatch.setenv('ROS_AUTOMATIC_DISCOVERY_RANGE', 'LOCALHOST')


@contextmanager
def staged(setting: Setting, scene: Scene | None = None, **params: Any) -> Iterator[Show]:
    """Run a node and the process beside it."""
    scene, lines = scene or Scene(), []

    def log(level: str, text: str) -> None:
        lines.append((level, text))

    # A busy machine may need longer than usual from image to image.
    params = {'no_image_timeout': 2 * PATIENCE_S, **params}
    params = {'cameras': setting.cameras, 'target_camera': setting.camera, **params}
    with RUNNERS[setting.transport](scene, NodeParams(**params), log) as node:
        show = Show(scene, node, lines, Foreign(setting), setting)
        try:
            yield show
            show.settle()
        finally:
            show.foreign.close()
    assert scene.opened == scene.closed


@pytest.fixture(params=[('',), ('left', 'front', 'rear')], ids=['one', 'three'], scope='module')
def cameras(request: pytest.FixtureRequest) -> tuple[str, ...]:
    return tuple(request.param)


@pytest.fixture(params=[runner(name) for name in RUNNERS], scope='module')
def setting(request: pytest.FixtureRequest, cameras: tuple[str, ...]) -> Setting:
    return Setting(str(request.param), cameras, cameras[-1])


@pytest.mark.parametrize(
    'params',
    [
        pytest.param({}, id='2D'),
        pytest.param({'depth': True}, id='depth that never comes'),
        pytest.param(
            {'hand_model': 'drawn', 'hand_min_size': 1}, id='hands', marks=pytest.mark.slow
        ),
    ],
)
def test_slow_network_is_always_on_the_newest_image(
    setting: Setting, params: dict[str, Any]
) -> None:
    """Age: one inference, one period of the camera, and 50 ms; it does not grow."""
    delay_s, hz, seconds = 0.2, 30, 4
    with staged(setting, Scene(delay_s=delay_s), **params) as show:
        wait_s = show.node.params.depth_wait if show.node.params.depth else 0.0
        show.foreign.publish(times=hz * seconds, hz=hz)
        show.settle()
        counts = show.camera.counts()
        values = show.status().values
        show.publish()  # so that all that came before was told
        show.foreign.wait('persons')
    ages = np.array([told['age_s'] for told in show.foreign.persons])
    processed = counts.outcomes['processed']
    assert processed >= 0.5 * seconds / delay_s / len(setting.cameras)
    assert counts.replaced >= counts.received / 2
    # What an inference takes on this machine now; the limit itself is for a machine at rest
    # (benchmarks/node.py), here it has room for the others who use the processor.
    stages = [f'{stage} (ms, 95th percentile)' for stage in ('infer', 'hands')]
    inference_s = sum(float(values[stage]) for stage in stages if stage in values) / 1000
    assert ('hand_model' in params) == (stages[1] in values)
    limit_s = inference_s + 1 / hz + 0.05 + wait_s
    assert np.median(ages) <= limit_s
    assert np.median(ages[-5:]) <= np.median(ages[:5]) + inference_s
    assert len(ages) >= processed


def test_hands_come_with_people(setting: Setting) -> None:
    """The pictures are grey, so none of their keypoints is found; all of them are told."""
    with staged(setting, hand_model='drawn', hand_min_size=1) as show:
        assert show.is_served()['hands'] == 2 * 2 * 21
    with staged(setting) as show:
        assert show.is_served()['hands'] == 0


FAULTS = {
    'unknown encoding': ({'encoding': 'nonsense'}, "encoding is 'nonsense'"),
    'wrong step': ({'step': 100}, 'step is 100'),
    'zero size': ({'width': 0, 'height': 0, 'data': 0}, '0x0 pixels'),
    'one pixel': ({'width': 1, 'height': 1}, '1x1 pixels'),
    'truncated': ({'data': 1000}, '1000 bytes'),
}


def test_bad_images_are_warnings_and_counts(setting: Setting) -> None:
    with staged(setting) as show:
        show.is_served()
        for number, (fields, says) in enumerate(FAULTS.values(), start=1):
            show.publish(**fields)
            show.until(lambda number=number: show.camera.counts().failed == number)
            assert says in show.warnings()[-1]
            show.is_served()
    assert len(show.warnings()) == len(FAULTS)
    assert all('\n' not in text for text in show.warnings())


def test_engine_that_fails(setting: Setting) -> None:
    def nan(heatmaps: Any) -> None:
        heatmaps.fill(np.nan)

    def throw(_: Any) -> None:
        raise EngineError('the GPU fell off')

    with staged(setting) as show:
        for number, trouble in enumerate((nan, throw), start=1):
            show.scene.trouble = trouble
            show.publish()
            show.until(lambda number=number: show.camera.counts().failed == number)
            show.scene.trouble = lambda _: None
            show.is_served()
        assert len(show.warnings()) == 2
        show.scene.trouble = throw  # and keeps failing
        for number in range(3, 8):
            show.publish()
            show.until(lambda number=number: show.camera.counts().failed == number)
        status = show.status()
        assert status.level == ERROR
        assert 'the GPU fell off' in status.message
        show.scene.trouble = lambda _: None
        show.is_served()


def test_headers_sizes_and_cameras_may_change(setting: Setting) -> None:
    with staged(setting) as show:
        assert show.is_served(frame_id=200_000)['frame_id'] == 200_000
        for width, height in ((640, 480), (100, 301), (320, 240)):
            assert show.is_served(width=width, height=height)['size'] == [width, height]
        for camera in (0, 1, 0, 1):
            show.is_served(camera=camera)
        assert show.warnings() == []
        show.settle()
        assert show.camera.counts().outcomes == {'processed': 8}


def test_camera_that_stops_and_returns(setting: Setting) -> None:
    with staged(setting) as show:
        show.is_served()
        show.node.set_parameters({'no_image_timeout': 0.3})
        show.until(lambda: show.warnings() != [])
        assert f'no image on {setting.topic("image")}' in show.warnings()[0]
        assert 'has 2 publishers' in show.warnings()[0]
        assert show.status().message == 'no images'
        show.foreign.publish(times=10)
        again = f'images come again on {setting.topic("image")}'
        show.until(lambda: again in show.said('info'))
        show.until(lambda: show.status().level == OK)


def test_node_that_is_switched_off_and_on(setting: Setting) -> None:
    with staged(setting) as show:
        show.is_served()
        show.node.set_enabled(False)
        for number in range(1, 4):  # one by one: of several, a busy machine may see the last
            show.publish()
            show.until(lambda n=number: show.camera.counts().refused.get('disabled', 0) == n)
        show.node.set_enabled(True)
        show.is_served()
        show.node.deactivate()
        show.node.activate()
        show.is_served()
        show.settle()
        assert show.camera.counts().outcomes == {'processed': 3}


def test_lazy_node_works_while_somebody_listens(setting: Setting) -> None:
    with staged(setting, lazy=True) as show:
        show.is_served()
        show.foreign.close()
        show.until(lambda: not show.subscribers('persons'))
        show.foreign = Foreign(setting)
        show.is_served()


OTHERS = {'hri': 'hri_msgs', 'detections': 'vision_msgs', 'image_annotations': 'foxglove_msgs'}


def absent(setting: Setting) -> set[str]:
    """Return the packages of others that a transport has not here."""
    needed = set(OTHERS.values()) if setting.transport == 'rclpy' else set()
    return {name for name in needed if find_spec(name) is None}


def ids_there(show: Show, is_so: Callable[[list[str]], bool]) -> list[str]:
    """Publish images until the list of who is there is so, and return it."""
    deadline_s = monotonic() + PATIENCE_S
    while True:
        show.foreign.publish(times=6, hz=20)
        found: list[str] = show.foreign.wait('/humans/bodies/tracked')['message']['ids']
        if is_so(found):
            return found
        assert monotonic() < deadline_s, f'{found}, {show.lines}'


def test_bodies_come_and_go_as_rep_155_has_them(setting: Setting) -> None:
    if 'hri_msgs' in absent(setting):
        pytest.skip('needs hri_msgs')
    with staged(setting, tracking=True, hri=True, track_timeout=30.0) as show:
        show.foreign.listen('/humans/bodies/tracked', 'hri_msgs/msg/IdsList')
        ids = ids_there(show, lambda found: len(found) == 2 * len(setting.cameras))
        region, skeleton = (f'/humans/bodies/{ids[0]}/{what}' for what in ('roi', 'skeleton2d'))
        show.foreign.listen(region, 'hri_msgs/msg/NormalizedRegionOfInterest2D')
        show.foreign.listen(skeleton, 'hri_msgs/msg/Skeleton2D')
        show.until(lambda: show.foreign.publishers(region) == 1)
        show.until(lambda: show.foreign.publishers(skeleton) == 1)
        deadline_s = monotonic() + PATIENCE_S
        while not (show.foreign.has_heard(region) and show.foreign.has_heard(skeleton)):
            assert monotonic() < deadline_s, show.lines
            show.foreign.publish(times=5, hz=20)
        box = show.foreign.wait(region)['message']
        assert 0 <= box['xmin'] < box['xmax'] <= 1
        assert 0 <= box['ymin'] < box['ymax'] <= 1
        points = show.foreign.wait(skeleton)['message']['skeleton']
        assert len(points) == 18
        assert box['header']['frame_id'] == 'f' * 6
        show.node.set_parameters({'track_timeout': 0.1})
        show.scene.trouble = lambda heatmaps: heatmaps.fill(0)
        ids_there(show, lambda found: found == [])
        show.foreign.publish(times=5, hz=10)
        show.until(lambda: show.foreign.publishers(region) == 0)
        show.until(lambda: show.foreign.publishers(skeleton) == 0)


def test_people_are_detections_and_annotations_too(setting: Setting) -> None:
    if absent(setting) & {'vision_msgs', 'foxglove_msgs'}:
        pytest.skip('needs vision_msgs and foxglove_msgs')
    found_at, drawn_at = setting.output('detections'), setting.output('image_annotations')
    with staged(setting, detections=True, image_annotations=True) as show:
        show.foreign.listen(found_at, 'vision_msgs/msg/Detection2DArray')
        show.foreign.listen(drawn_at, 'foxglove_msgs/msg/ImageAnnotations')
        for output in ('detections', 'image_annotations'):
            show.until(lambda output=output: show.subscribers(output) == 1)
        show.publish()
        found = show.foreign.wait(found_at)['message']
        assert found['header']['frame_id'] == 'f' * 6
        assert len(found['detections']) == 2
        assert found['detections'][0]['results'][0]['hypothesis']['class_id'] == 'person'
        drawn = show.foreign.wait(drawn_at)['message']
        assert len(drawn['points']) == 2 * 2  # limbs and joints
        assert drawn['points'][0]['timestamp'] == found['header']['stamp']
        show.scene.trouble = lambda heatmaps: heatmaps.fill(0)
        show.publish()
        assert show.foreign.wait(found_at)['message']['detections'] == []
        assert show.foreign.wait(drawn_at)['message']['points'] == []
    assert show.warnings() == []


def test_gestures_are_told_for_every_image(setting: Setting) -> None:
    topic = setting.output('gestures')
    with staged(setting, gestures=True) as show:
        show.foreign.listen(topic, 'openpose_ros/msg/Gestures')
        show.until(lambda: show.subscribers('gestures') == 1)
        for _ in range(3):
            show.is_served()
        for _ in range(3):
            found = show.foreign.wait(topic)['message']
            assert found['header']['frame_id'] == 'f' * 6
            sizes = [len(found[name]) for name in ('ids', 'names', 'scores', 'directions')]
            assert len(set(sizes)) == 1


def test_packages_that_are_absent_are_a_line_each(setting: Setting) -> None:
    missing = absent(setting)
    if not missing:
        pytest.skip('hri_msgs, vision_msgs and foxglove_msgs are all here')
    asked = {output: True for output, package in OTHERS.items() if package in missing}
    with staged(setting, tracking=True, **asked) as show:
        show.is_served()
        assert not show.node._transport.outputs & asked.keys()
    said = [line for line in show.warnings() if 'is not installed' in line]
    assert sorted(line.split()[0] for line in said) == sorted(missing)


# Depth


def shown_until(
    show: Show, fact: Callable[[dict[str, Any]], bool], **command: Any
) -> list[dict[str, Any]]:
    """Show images with their depth until something holds of what is published."""
    deadline_s = monotonic() + PATIENCE_S
    found = [show.foreign.show(**command)]
    while not fact(found[-1]):
        assert monotonic() < deadline_s, (found[-1], show.lines)
        found.append(show.foreign.show(**command))
    return found


@pytest.mark.parametrize('packed', [False, True], ids=['raw', 'compressedDepth'])
def test_people_have_places_with_depth(setting: Setting, packed: bool) -> None:
    kind = 'compressedDepth' if packed else 'raw'
    with staged(setting, depth=True, depth_transport=kind, depth_wait=1.0) as show:
        for far in (2000, 2500):
            # What calibrates may come after its image.
            found = shown_until(show, lambda one: one['known'] > 0, far=far, packed=packed)[-1]
            assert (found['people'], found['positions']) == (2, 36)
            assert found['known'] > 20
            assert found['far'] == pytest.approx(far / 1000, rel=1e-3)


def test_people_are_published_without_depth_too(setting: Setting) -> None:
    with staged(setting, depth=True) as show:
        found = shown_until(show, lambda _: bool(show.warnings()), far=0)
        found += [show.foreign.show(far=0) for _ in range(3)]
        assert {(one['people'], one['positions']) for one in found} == {(2, 0)}
        assert ['no depth image comes' in line for line in show.warnings()] == [True]


def test_depth_without_a_calibration(setting: Setting) -> None:
    with staged(setting, depth=True, depth_wait=1.0) as show:
        found = shown_until(show, lambda _: bool(show.warnings()), infos=False)
        found += [show.foreign.show(infos=False) for _ in range(3)]
        assert {(one['people'], one['positions']) for one in found} == {(2, 0)}
        called = named(setting.camera, 'camera_info')
        assert [f'came on {called}, ' in line for line in show.warnings()] == [True]
        shown_until(show, lambda one: one['known'] > 0)


def test_depth_of_another_frame_needs_transforms(setting: Setting) -> None:
    with staged(setting, depth=True, depth_wait=1.0) as show:

        def is_told(_: Any) -> bool:
            return any(
                "where 'dddddd' is in 'ffffff' is not known" in it for it in show.warnings()
            )

        found = shown_until(show, is_told, frame_id='dddddd')
        assert {one['positions'] for one in found} == {0}
        lines = show.warnings()
        show.foreign.show(frame_id='dddddd', frames=['ffffff', 'dddddd'])
        found = shown_until(show, lambda one: one['known'] > 0, frame_id='dddddd')
        assert found[-1]['far'] == pytest.approx(2.0, rel=0.01)
        assert show.warnings() == lines


def test_bodies_are_frames_while_their_place_is_known(setting: Setting) -> None:
    with staged(
        setting, depth=True, depth_wait=1.0, tracking=True, track_timeout=30.0, publish_tf=True
    ) as show:
        show.foreign.listen('/tf', 'tf2_msgs/msg/TFMessage')
        deadline_s = monotonic() + PATIENCE_S
        while not show.foreign.has_heard('/tf'):  # until they have ids
            assert monotonic() < deadline_s, show.lines
            show.foreign.show(far=2000)
        frames = show.foreign.wait('/tf')['message']['transforms']
        assert 1 <= len(frames) <= 2
        for frame in frames:
            assert frame['child_frame_id'].startswith('body_')
            assert frame['header']['frame_id'] == 'f' * 6
            assert 2.0 < frame['transform']['translation']['z'] < 2.3  # inside the body
            turn = np.array([frame['transform']['rotation'][axis] for axis in 'xyzw'])
            assert np.linalg.norm(turn) == pytest.approx(1)
        ids = [frame['child_frame_id'] for frame in frames]
        found = show.foreign.show(far=2000)
        assert found['people'] == 2
        again = show.foreign.wait('/tf')['message']['transforms']
        assert {frame['child_frame_id'] for frame in again} >= set(ids)


# Whom to follow


def test_person_to_follow_and_the_spot_before_her(setting: Setting) -> None:
    poses = ('person_pose', 'target_pose')
    with staged(setting, depth=True, depth_wait=1.0, tracking=True, target_frame='m') as show:
        for name in poses:
            show.foreign.listen(f'/front/openpose/{name}', 'geometry_msgs/msg/PoseStamped')
        show.foreign.listen('/front/openpose/nearest_person', 'openpose_ros/msg/PersonArray')
        heard = (*poses, 'nearest_person')
        show.until(lambda: all(show.subscribers(name) for name in heard))
        found = show.foreign.show(frames=['m', 'ffffff'])
        nearest = show.foreign.wait('/front/openpose/nearest_person')['message']
        assert len(nearest['persons']) == 1
        deadline_s = monotonic() + PATIENCE_S
        while not show.foreign.has_heard('/front/openpose/target_pose'):
            assert monotonic() < deadline_s  # what calibrates, and /tf_static, may come later
            found = show.foreign.show()
        person, target = (show.foreign.wait(f'/front/openpose/{n}')['message'] for n in poses)
        assert found['people'] == 2
    for pose in (person, target):
        assert pose['header']['frame_id'] == 'm'
        assert pose['header']['stamp']['sec'] > 0
    here, there = (pose['pose']['position'] for pose in (person, target))
    assert there['z'] == 0
    assert np.hypot(here['x'] - there['x'], here['y'] - there['y']) == pytest.approx(1.2)
    quaternion = target['pose']['orientation']
    assert (quaternion['x'], quaternion['y']) == pytest.approx((0, 0), abs=1e-6)


@pytest.mark.skipif(find_spec('aiohttp') is None, reason='needs aiohttp')
def test_page_shows_images_and_changes_parameters(
    setting: Setting, monkeypatch: pytest.MonkeyPatch
) -> None:
    from openpose_ros.view.tokens import VARIABLE
    from tests.view.serving import TOKEN, Served

    monkeypatch.setenv(VARIABLE, TOKEN)
    with staged(setting, view='127.0.0.1:0', lazy=False) as show:
        view = show.node._view
        assert view._server is not None
        with Served(view._server, view).viewer() as viewer:
            place = setting.cameras.index(setting.camera)
            viewer.send(go=place)
            viewer.wait('status', lambda facts: facts['place'] == place)
            show.is_served()
            frame = viewer.wait('frame', lambda facts: facts['people'] != [])
            assert len(frame['people']) == 2
            assert setting.topic('image') in frame['name']
            viewer.send(set={'max_people': 1, 'peak_threshold': 0.25})
            viewer.wait('done')
            params = show.node.params
            assert (params.max_people, params.peak_threshold) == (1, 0.25)
            show.publish()
            assert show.foreign.wait('persons')['people'] == 1
            viewer.send(set={'max_people': 0, 'peak_threshold': 2.0})  # both or none
            assert 'peak_threshold' in viewer.wait('refused')['text']
            assert show.node.params == params
