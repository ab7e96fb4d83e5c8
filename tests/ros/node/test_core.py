"""The node without a transport: what it does with images, whatever state it is in."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import permutations
import logging
import re
import signal
import threading
from time import sleep
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
import numpy as np
import pytest

from openpose_ros.engine import OnProgress
from openpose_ros.errors import (
    EngineError,
    MapsError,
    ModelError,
    ParameterError,
    TransitionError,
)
from openpose_ros.estimator import PoseEstimator
from openpose_ros.ros.messages import people_from_message
from openpose_ros.ros.messages.compressed import compressed_message
from openpose_ros.ros.messages.images import image_message
from openpose_ros.ros.node import camera, core, listening
from openpose_ros.ros.node.camera import Camera
from openpose_ros.ros.node.core import PoseNode
from openpose_ros.ros.node.diagnostics import ERROR, OK, WARN, Status
from openpose_ros.ros.node.parameters import NodeParams
from tests.ros.fakes import TYPES, FakeTransport, header, image
from tests.ros.scenes import PATIENCE_S, Scene, wait_until

VISUALIZATION = ('image_annotated', 'image_annotated/compressed', 'markers')


def picture(size: tuple[int, int] = (320, 240), stamp_ns: int = 5_000_000_007) -> Any:
    frame = np.full((size[1], size[0], 3), 128, np.uint8)
    return image_message(TYPES, frame, header(stamp_ns))


class Stage:
    """A node with a fake transport and a scene."""

    def __init__(self, **params: Any) -> None:
        self.transport = FakeTransport()
        self.scene = Scene()
        self.node = PoseNode(self.transport, NodeParams(**params), self.scene.open)

    @property
    def camera(self) -> Camera:
        """The only one; the same as long as the node has no other."""
        (camera,) = self.node.cameras
        return camera

    def status(self) -> Status:
        return self.node.diagnostics()['pose estimation']

    def activate(self) -> Stage:
        self.node.configure()
        self.node.activate()
        return self

    def show(self, message: Any = None) -> None:
        """Hand an image to the node and wait until it is done with it."""
        self.camera.on_image(picture() if message is None else message)
        wait_until(lambda: not (self.camera.counts().waiting or self.camera.counts().in_flight))

    def persons(self) -> list[Any]:
        return self.transport.of('persons')

    def processed(self) -> int:
        return self.camera.counts().outcomes.get('processed', 0)


@pytest.fixture
def stage() -> Iterator[Stage]:
    stage = Stage().activate()
    yield stage
    stage.scene.may_end.release(1000)
    stage.node.shutdown()
    assert stage.scene.opened == stage.scene.closed
    counts = stage.camera.counts()
    assert counts.received == counts.taken + sum(counts.refused.values())
    assert counts.taken == sum(counts.outcomes.values()) + counts.replaced + counts.failed


# What becomes of an image


def test_people_are_published_with_the_images_header(stage: Stage) -> None:
    message = picture()
    stage.show(message)
    (persons,) = stage.persons()
    assert persons.header is message.header
    assert (persons.image_width, persons.image_height) == (320, 240)
    people = people_from_message(persons)
    assert len(people) == 2
    assert people.skeleton.name == 'coco_18'
    assert (people.keypoints[..., 2] > 0).sum() > 20


def test_people_keep_their_ids_while_tracking_is_on(stage: Stage) -> None:
    stage.show(picture(stamp_ns=10**9))
    stage.node.set_parameters({'tracking': True})
    for tenth in range(1, 6):
        stage.show(picture(stamp_ns=10**9 + tenth * 10**8))
    ids = [[person.id for person in persons.persons] for persons in stage.persons()]
    assert ids[:3] == [['', '']] * 3
    assert ids[3] == ids[4] == ids[5]
    assert len({*ids[5], ''}) == 3
    assert people_from_message(stage.persons()[-1]).ids == tuple(ids[5])
    stage.node.set_parameters({'tracking': False})
    stage.show(picture(stamp_ns=10**9 + 6 * 10**8))
    assert [person.id for person in stage.persons()[-1].persons] == ['', '']


def test_images_of_another_size_do_not_hand_ids_to_whoever_has_those_pixels(stage: Stage) -> None:
    stage.node.set_parameters({'tracking': True})
    for tenth in range(4):
        stage.show(picture(stamp_ns=10**9 + tenth * 10**8))
    before = {person.id for person in stage.persons()[-1].persons}
    assert len(before - {''}) == 2
    for tenth in range(4, 8):
        stage.show(picture((640, 480), stamp_ns=10**9 + tenth * 10**8))
        assert not before & {person.id for person in stage.persons()[-1].persons}
    assert len({person.id for person in stage.persons()[-1].persons} - {''}) == 2
    (line,) = [line for line in stage.transport.said('warning') if 'pixels' in line]
    assert line.startswith('images have 640x480 pixels, after some of 320x240: everybody')


def test_who_is_hidden_is_published_last_until_the_timeout(stage: Stage) -> None:
    stage.node.set_parameters({'tracking': True, 'track_timeout': 0.5})
    for tenth in range(4):
        stage.show(picture(stamp_ns=10**9 + tenth * 10**8))
    ids = {person.id for person in stage.persons()[-1].persons}
    stage.scene.trouble = lambda heatmaps: heatmaps.fill(0)
    stage.transport.watched = {'image_annotated', 'markers'}
    stage.show(picture(stamp_ns=10**9 + 6 * 10**8))
    coasting = stage.persons()[-1]
    assert {person.id for person in coasting.persons} == ids
    for person in coasting.persons:
        assert person.time_since_seen == pytest.approx(0.3)
        assert person.score == 0
        assert np.isnan(np.array(person.bbox)).all()
        assert len(person.keypoints) == 18
        assert all(np.isnan(k.x) and np.isnan(k.y) and k.score == 0 for k in person.keypoints)
        assert len(person.positions) == 0
    assert len(people_from_message(coasting)) == 0
    assert len(stage.transport.of('image_annotated')) == 1
    stage.show(picture(stamp_ns=10**9 + 9 * 10**8))
    assert stage.persons()[-1].persons == []


def test_images_without_stamps_are_tracked_by_when_they_came(stage: Stage) -> None:
    stage.node.set_parameters({'tracking': True})
    for _ in range(3):
        stage.show(picture(stamp_ns=0))
    assert all(person.id for person in stage.persons()[-1].persons)


def test_nobody_is_published_too(stage: Stage) -> None:
    stage.scene.trouble = lambda heatmaps: heatmaps.fill(0)
    stage.show()
    (persons,) = stage.persons()
    assert persons.persons == []


def test_only_the_worker_runs_the_network(stage: Stage) -> None:
    stage.show()
    assert stage.scene.threads == {'openpose_ros worker'}


def test_newest_image_is_next(stage: Stage) -> None:
    stage.scene.gated = True
    for stamp_ns in (1, 2, 3, 4):
        stage.camera.on_image(picture(stamp_ns=stamp_ns))
        if stamp_ns == 1:
            assert stage.scene.begun.acquire(timeout=PATIENCE_S)
    stage.scene.may_end.release(2)
    wait_until(lambda: stage.processed() == 2)
    assert [message.header.stamp.nanosec for message in stage.persons()] == [1, 4]
    assert stage.camera.counts().replaced == 2


def test_pictures_are_made_only_when_watched(stage: Stage) -> None:
    stage.show()
    assert {output for output, _ in stage.transport.published} == {'persons', 'skeleton_info'}
    for output in VISUALIZATION:
        stage.transport.published.clear()
        stage.transport.watched = {output}
        stage.show()
        assert [name for name, _ in stage.transport.published] == ['persons', output]


def test_resolution_may_change_from_image_to_image(stage: Stage) -> None:
    for size in ((320, 240), (641, 479), (90, 400), (320, 240)):
        stage.show(picture(size))
    sizes = [(persons.image_width, persons.image_height) for persons in stage.persons()]
    assert sizes == [(320, 240), (641, 479), (90, 400), (320, 240)]


def test_compressed_images_are_read(stage: Stage) -> None:
    frame = np.full((240, 320, 3), 128, np.uint8)
    stage.show(compressed_message(TYPES, frame, header()))
    assert len(stage.persons()) == 1


@pytest.mark.parametrize('degrees', [90, 180, 270])
def test_results_are_in_the_pixels_of_the_image_as_it_came(degrees: int) -> None:
    """The same standing people, seen by a camera on its side."""
    upright, turned = Stage().activate(), Stage(rotate=degrees).activate()
    try:
        upright.show(picture((320, 240)))
        turned.show(picture((320, 240) if degrees == 180 else (240, 320)))
        (straight,), (lying,) = upright.persons(), turned.persons()
    finally:
        upright.node.shutdown()
        turned.node.shutdown()
    right, bottom = lying.image_width - 1, lying.image_height - 1
    for one, other in zip(straight.persons, lying.persons):
        for here, there in zip(one.keypoints, other.keypoints):
            x, y = there.x, there.y
            back = {90: (bottom - y, x), 180: (right - x, bottom - y), 270: (y, right - x)}
            if here.score:
                assert back[degrees] == pytest.approx((here.x, here.y), abs=1e-3)


# Faults: a warning, a count, and on with the next image


def spoil_with_nan(heatmaps: Any) -> None:
    heatmaps[0, 0] = np.nan


def throw(exc: BaseException) -> Callable[[Any], None]:
    def throwing(_: Any) -> None:
        raise exc

    return throwing


@pytest.mark.parametrize(
    ('trouble', 'says'),
    [
        (spoil_with_nan, 'finite|NaN'),
        (throw(EngineError('the GPU fell off')), 'the GPU fell off'),
        (throw(MapsError('no maps')), 'no maps'),
        (throw(RuntimeError('line one\nline two')), 'RuntimeError: line one line two'),
        (throw(MemoryError()), 'MemoryError'),
        (throw(SystemExit(1)), 'SystemExit'),
    ],
)
def test_engine_that_fails_once(stage: Stage, trouble: Any, says: str) -> None:
    stage.scene.trouble = trouble
    stage.show()
    assert stage.camera.counts().failed == 1
    assert stage.persons() == []
    stage.scene.trouble = lambda _: None
    stage.show()
    assert len(stage.persons()) == 1
    (warning,) = stage.transport.said('warning')
    assert re.search(says, warning)
    assert '\n' not in warning
    assert stage.status().level == WARN


def test_engine_that_keeps_failing(stage: Stage) -> None:
    stage.scene.trouble = throw(EngineError('the GPU fell off'))
    for _ in range(20):
        stage.show()
    status = stage.status()
    assert status.level == ERROR
    assert status.message == 'the last 20 images failed: the GPU fell off'
    assert status.values['last error'] == 'the GPU fell off'
    assert len(stage.transport.said('warning')) == 1  # the others were held back
    stage.scene.trouble = lambda _: None
    stage.show()
    assert stage.status().level == WARN
    assert len(stage.persons()) == 1


@pytest.mark.parametrize(
    'bad',
    [
        image(bytes(100), 'nonsense', (10, 10), step=10),
        image(bytes(100), 'bgr8', (100, 100), step=300),
        image(b'', 'bgr8', (0, 0), step=0),
        image(bytes(3), 'bgr8', (1, 1), step=3),
        image(bytes(30_000), 'bgr8', (100, 100), step=299),
        object(),  # no message at all
    ],
)
def test_bad_image(stage: Stage, bad: Any) -> None:
    stage.show(bad)
    assert stage.camera.counts().failed == 1
    assert len(stage.transport.said('warning')) == 1
    stage.show()
    assert len(stage.persons()) == 1


def test_different_faults_are_each_said(stage: Stage) -> None:
    for encoding, step in (('nonsense', 30), ('bgr8', 1), ('nonsense', 30), ('bgr8', 1)):
        stage.show(image(bytes(300), encoding, (10, 10), step=step))
    warnings = stage.transport.said('warning')
    assert [('encoding' in text, 'step' in text) for text in warnings] == [
        (True, False),
        (False, True),
    ]


def test_huge_frame_id_goes_through(stage: Stage) -> None:
    message = picture()
    message.header.frame_id = 'x' * 10**6
    stage.show(message)
    assert stage.persons()[0].header.frame_id == 'x' * 10**6


def test_publisher_that_raises_is_a_failure(stage: Stage) -> None:
    publish, stage.transport.publish = stage.transport.publish, throw(OSError('gone'))  # type: ignore[method-assign,assignment]
    stage.show()
    assert stage.camera.counts().failed == 1
    stage.transport.publish = publish  # type: ignore[method-assign]
    stage.show()
    assert stage.processed() == 1


def test_logger_that_raises_does_not_end_the_worker(stage: Stage) -> None:
    log, stage.transport.log = stage.transport.log, throw(OSError('gone'))  # type: ignore[method-assign,assignment]
    stage.show(image(b'', 'bgr8', (0, 0), step=0))
    stage.transport.log = log  # type: ignore[method-assign]
    stage.show()
    assert stage.processed() == 1


# Parameters while it runs


def test_thresholds_change_from_image_to_image(stage: Stage) -> None:
    stage.show()
    stage.node.set_parameters({'max_people': 1})
    stage.show()
    stage.node.set_parameters({'max_people': 0, 'min_score': 1.0})
    stage.show()
    assert [len(persons.persons) for persons in stage.persons()] == [2, 1, 0]


def test_pixels_that_are_allowed_change_from_image_to_image(stage: Stage) -> None:
    message = picture()
    pixels = message.width * message.height
    stage.node.set_parameters({'max_image_pixels': pixels - 1})
    stage.show()
    assert stage.camera.counts().failed == 1
    assert f'but at most {pixels - 1} are decoded' in stage.transport.said('warning')[0]
    stage.node.set_parameters({'max_image_pixels': pixels})
    stage.show()
    assert stage.processed() == 1


def test_damaged_jpegs_are_counted_and_said_once(
    stage: Stage, capfd: pytest.CaptureFixture[str]
) -> None:
    data = compressed_message(TYPES, np.zeros((240, 320, 3), np.uint8), header()).data
    cut = data[: len(data) * 3 // 4]
    for _ in range(3):
        message = TYPES.CompressedImage(header=header(), format='jpeg', data=cut)
        stage.show(message)
    assert stage.camera.counts().failed == 3
    [warning] = stage.transport.said('warning')
    assert 'the compressed image is damaged or cut off (Corrupt JPEG data' in warning
    assert capfd.readouterr().err == ''


def test_more_keypoints_than_the_skeleton_has_are_refused_live(stage: Stage) -> None:
    with pytest.raises(ParameterError, match=r'min_parts is 19, but .* coco_18 has 18 keypoints'):
        stage.node.set_parameters({'min_parts': 19, 'max_people': 1})
    assert (stage.node.params.min_parts, stage.node.params.max_people) == (3, 0)
    stage.node.set_parameters({'min_parts': 18})
    stage.show()
    assert stage.processed() == 1
    stage.node.cleanup()
    stage.node.set_parameters({'min_parts': 19})  # for another network, perhaps


def test_hands_are_published_where_a_network_looks_for_them() -> None:
    """The picture is grey, so that none of their keypoints is found; all of them are there."""
    stage = Stage(hand_model='drawn').activate()
    stage.show(picture((1280, 960)))
    (persons,) = stage.persons()
    for person in persons.persons:
        assert (len(person.left_hand), len(person.right_hand), len(person.face)) == (21, 21, 0)
        assert all(k.score == 0 and np.isnan(k.x) for k in person.left_hand)
    (info,) = stage.transport.of('skeleton_info')
    assert (info.hand.name, info.face.name) == ('hand_21', '')
    assert any('hands' in name for name in stage.status().values)
    stage.node.set_parameters({'max_crops': 1})
    stage.show(picture((1280, 960)))
    assert stage.processed() == 2
    assert any('were not looked at: max_crops' in line for line in stage.transport.said('warning'))
    stage.node.shutdown()


def test_what_the_network_is_shown_changes_live(stage: Stage) -> None:
    """The next image is looked at as asked; what does not fit together changes nothing."""
    before = len(stage.scene.threads)
    stage.show()
    stages = stage.status().values
    assert not any('merge' in name for name in stages)
    stage.node.set_parameters({'scale_number': 2, 'scale_gap': 0.5})
    stage.show()
    assert any('merge' in name for name in stage.status().values)
    with pytest.raises(ParameterError, match='take one of them'):
        stage.node.set_parameters({'tiles': True})
    stage.node.set_parameters({'tiles': True, 'scale_number': 1})
    stage.show()
    assert stage.processed() == 3
    assert len(stage.scene.threads) == max(before, 1)


def test_more_keypoints_than_the_skeleton_has_are_refused_when_it_is_loaded() -> None:
    node = PoseNode(FakeTransport(), NodeParams(backend='fake', min_parts=19))
    with pytest.raises(ParameterError, match=r'min_parts is 19, but .* coco_18 has 18 keypoints'):
        node.configure()
    assert node.state == 'unconfigured'
    node.shutdown()


def test_more_keypoints_than_the_skeleton_has_while_it_is_loaded_are_refused() -> None:
    stage = Stage()
    opened = stage.scene.open

    def open_slowly(params: NodeParams, on_build: OnProgress) -> PoseEstimator:
        stage.node.set_parameters({'min_parts': 19})
        return opened(params, on_build)

    stage.node = PoseNode(stage.transport, NodeParams(), open_slowly)
    with pytest.raises(ParameterError, match=r'min_parts is 19'):
        stage.node.configure()
    assert stage.scene.opened == stage.scene.closed == 1
    stage.node.shutdown()


def test_image_in_hand_keeps_its_parameters(stage: Stage) -> None:
    stage.scene.gated = True
    stage.camera.on_image(picture())
    assert stage.scene.begun.acquire(timeout=PATIENCE_S)
    stage.node.set_parameters({'max_people': 1})
    stage.scene.may_end.release(2)
    stage.show()
    assert [len(persons.persons) for persons in stage.persons()] == [2, 1]


def test_refused_parameters_change_nothing(stage: Stage) -> None:
    before = stage.node.params
    for values in (
        {'max_people': 1, 'peak_threshold': 7},
        {'max_people': 1, 'model': 'other.onnx'},
        {'max_people': 1, 'no_such': 1},
    ):
        with pytest.raises(ParameterError):
            stage.node.set_parameters(values)
    assert stage.node.params is before


def test_model_may_change_once_cleaned_up(stage: Stage) -> None:
    stage.node.cleanup()
    stage.node.set_parameters({'net_resolution': [320, 192]})
    stage.activate()
    assert stage.status().values['net resolution'] == '320x192'


def test_disabled_drops_images_and_keeps_the_network(stage: Stage) -> None:
    stage.node.set_enabled(False)
    stage.show()
    assert (stage.status().level, stage.status().message) == (OK, 'off: enabled is false')
    stage.node.set_enabled(True)
    stage.show()
    assert stage.status().message.endswith('images a second')
    assert len(stage.persons()) == 1
    assert stage.camera.counts().refused == {'disabled': 1}
    assert stage.scene.opened == 1


@pytest.mark.parametrize('output', ['persons', *VISUALIZATION])
def test_lazy_works_only_for_subscribers(stage: Stage, output: str) -> None:
    stage.node.set_parameters({'lazy': True})
    stage.show()
    assert stage.camera.counts().refused == {'nobody subscribes': 1}
    assert stage.status().message == 'at rest: nobody subscribes, and lazy is true'
    stage.camera._listening.silent = True
    assert stage.status().message == 'no images'
    stage.transport.watched = {output}
    stage.show()
    assert len(stage.persons()) == 1


@pytest.mark.parametrize(('camera_hz', 'max_rate'), [(30, 20), (30, 10), (30, 29), (30, 60)])
def test_max_rate_is_kept_on_average(
    monkeypatch: pytest.MonkeyPatch, camera_hz: int, max_rate: float
) -> None:
    stage = Stage(max_rate=max_rate)
    now = 5000.0
    monkeypatch.setattr(camera, 'monotonic', lambda: now)
    random = np.random.default_rng(0)
    for _ in range(10 * camera_hz):
        now += random.uniform(0.5, 1.5) / camera_hz
        stage.camera.on_image(picture())
    passed = stage.camera.counts().refused['paused']  # reached a worker that does not run
    expected = 10 * min(camera_hz, max_rate)
    assert 0.85 * expected <= passed <= 1.05 * expected


def test_lower_rate_than_before_does_not_block(monkeypatch: pytest.MonkeyPatch) -> None:
    stage = Stage(max_rate=0.001)
    now = 5000.0
    monkeypatch.setattr(camera, 'monotonic', lambda: now)
    stage.camera.on_image(picture())
    stage.node.set_parameters({'max_rate': 10})
    now += 0.2
    stage.camera.on_image(picture())
    assert stage.camera.counts().refused == {'paused': 2}


# Time


def test_image_that_is_too_old_is_dropped(stage: Stage) -> None:
    stage.node.set_parameters({'max_age': 0.5})
    stage.transport.clock_ns = 5_600_000_007
    stage.show()
    assert stage.camera.counts().outcomes == {'too_old': 1}
    assert 'max_age (0.5 s)' in stage.transport.said('warning')[0]
    stage.transport.clock_ns = 5_400_000_007
    stage.show()
    assert stage.processed() == 1


def test_clock_that_jumps_back_blocks_nothing(stage: Stage) -> None:
    """A bag that starts over: the stamp lies in the future, or the clock stands at zero."""
    stage.node.set_parameters({'max_age': 0.5, 'max_rate': 1000.0})
    for clock_ns in (5_100_000_007, 100_000_000, 0):
        stage.transport.clock_ns = clock_ns
        sleep(0.002)
        stage.show()
    assert stage.processed() == 3


def test_images_that_are_all_too_old_show_in_diagnostics(stage: Stage) -> None:
    stage.node.set_parameters({'max_age': 0.5})
    stage.transport.clock_ns = 9_000_000_007
    stage.show()
    assert stage.status().message == 'all images are too old'
    stage.transport.clock_ns = 5_100_000_007  # the bag starts over
    stage.node.on_timer()
    assert stage.status().level == OK


def test_stamps_ahead_show_in_diagnostics_until_the_clock_jumps_back(stage: Stage) -> None:
    stage.transport.clock_ns = 2_000_000_007
    stage.show()
    status = stage.status()
    assert (status.level, status.message[:24]) == (WARN, 'stamps are 3.0 s ahead: ')
    stage.transport.clock_ns = 1_000_000_007
    stage.node.on_timer()
    assert stage.status().level == OK


def test_node_without_time_says_so(stage: Stage) -> None:
    stage.transport.clock_ns = 0
    status = stage.status()
    assert (status.level, status.message[:17]) == (WARN, 'no time on /clock')
    stage.show()  # is of no age that anybody knows
    values = stage.status().values
    assert 'age (ms, median)' not in values
    assert values['images without a stamp'] == '0'
    assert stage.transport.said('warning') == []
    stage.transport.clock_ns = 5_250_000_007
    stage.show()
    assert stage.status().values['age (ms, median)'] == '250.00'


def test_image_without_a_stamp_is_never_too_old(stage: Stage) -> None:
    stage.node.set_parameters({'max_age': 0.001})
    for _ in range(3):
        stage.show(picture(stamp_ns=0))
    assert stage.processed() == 3
    assert [text for text in stage.transport.said('warning') if 'no stamp' in text] != []
    assert len(stage.transport.said('warning')) == 1
    assert stage.status().values['images without a stamp'] == '3'


def test_age_is_from_the_stamp_in_ros_time(stage: Stage) -> None:
    stage.transport.clock_ns = 5_250_000_007
    stage.show()
    assert stage.status().values['age (ms, median)'] == '250.00'


def test_silence_is_said_with_topic_and_publishers(monkeypatch: pytest.MonkeyPatch) -> None:
    stage = Stage(no_image_timeout=5.0)
    now = 5000.0
    for module in (camera, listening):
        monkeypatch.setattr(module, 'monotonic', lambda: now)
    stage.activate()
    try:
        now += 4.9
        stage.node.on_timer()
        assert stage.transport.said('warning') == []
        now += 0.2
        stage.node.on_timer()
        stage.node.on_timer()
        now += 1.0  # said with another number of seconds, it is the same warning
        stage.node.on_timer()
        (warning,) = stage.transport.said('warning')
        assert warning.startswith('no image on /camera/image, which has 1 publisher, for 5 s: ')
        assert stage.status().message == 'no images'
        stage.show()
        stage.node.on_timer()
        assert stage.transport.said('info')[-1] == 'images come on /camera/image'
        assert stage.status().level == OK
        now += 10
        stage.node.on_timer()
        stage.show()
        assert stage.transport.said('info')[-1] == 'images come again on /camera/image'
    finally:
        stage.node.shutdown()


def test_nobody_publishes_images(monkeypatch: pytest.MonkeyPatch) -> None:
    stage = Stage(no_image_timeout=1e-9)
    stage.transport.publishers = 0
    stage.activate()
    try:
        stage.node.on_timer()
    finally:
        stage.node.shutdown()
    (warning,) = stage.transport.said('warning')
    assert 'which has 0 publishers, for' in warning
    assert warning.endswith(': start the camera, or remap image')


@pytest.mark.parametrize('timeout', [0.0, 1e-9])
def test_silence_of_a_node_that_does_not_listen_is_none(timeout: float) -> None:
    stage = Stage(no_image_timeout=timeout)
    stage.node.configure()
    if timeout == 0:
        stage.node.activate()
    stage.node.on_timer()
    stage.node.shutdown()
    assert stage.transport.said('warning') == []


# States


def test_life_of_a_node() -> None:
    stage = Stage()
    node = stage.node
    assert node.state == 'unconfigured'
    node.configure()
    assert (node.state, stage.scene.opened) == ('inactive', 1)
    stage.show()
    node.activate()
    assert node.state == 'active'
    (info,) = stage.transport.of('skeleton_info')
    assert info.body.name == 'coco_18'
    assert info.header.stamp.sec == 6
    stage.show()
    node.deactivate()
    assert (node.state, stage.scene.closed) == ('inactive', 0)
    stage.show()
    node.activate()
    stage.show()
    node.cleanup()
    assert (node.state, stage.scene.closed) == ('unconfigured', 1)
    node.configure()
    node.shutdown()
    assert (node.state, stage.scene.opened, stage.scene.closed) == ('finalized', 2, 2)
    assert len(stage.persons()) == 2
    assert node.cameras[0].counts().refused == {'paused': 2}
    assert len(stage.transport.of('skeleton_info')) == 2


TRANSITIONS = ('configure', 'activate', 'deactivate', 'cleanup', 'shutdown')


@settings(max_examples=60, deadline=None)
@given(st.lists(st.sampled_from((*TRANSITIONS, 'image', 'timer')), max_size=12))
def test_any_order_of_transitions_survives(actions: list[str]) -> None:
    stage = Stage()
    expected = 'unconfigured'
    after = {
        ('configure', 'unconfigured'): 'inactive',
        ('activate', 'inactive'): 'active',
        ('deactivate', 'active'): 'inactive',
        **{('cleanup', state): 'unconfigured' for state in ('inactive', 'active')},
        **{('shutdown', state): 'finalized' for state in ('unconfigured', 'inactive', 'active')},
    }
    refused = {
        ('activate', 'unconfigured'),
        ('configure', 'finalized'),
        ('activate', 'finalized'),
    }
    try:
        for action in actions:
            if action in ('image', 'timer'):
                stage.show() if action == 'image' else stage.node.on_timer()
                stage.status()
            elif (action, expected) in refused:
                with pytest.raises(TransitionError, match=f'the node is {expected} and cannot'):
                    getattr(stage.node, action)()
            else:
                getattr(stage.node, action)()
                expected = after.get((action, expected), expected)
            assert stage.node.state == expected
            is_open = expected in ('inactive', 'active')
            assert stage.scene.opened - stage.scene.closed == is_open
    finally:
        stage.node.shutdown()
    assert stage.scene.opened == stage.scene.closed
    assert not [t for t in threading.enumerate() if t.name == 'openpose_ros worker']


def test_transitions_from_many_threads_at_once() -> None:
    stage = Stage()
    orders = list(permutations(('configure', 'activate', 'deactivate', 'cleanup')))[:8]

    def run(order: tuple[str, ...]) -> None:
        for name in order:
            try:
                getattr(stage.node, name)()
            except TransitionError:
                continue
            stage.camera.on_image(picture())

    threads = [threading.Thread(target=run, args=(order,)) for order in orders]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(PATIENCE_S)
        assert not thread.is_alive()
    stage.node.shutdown()
    assert stage.scene.opened == stage.scene.closed


def test_deactivate_publishes_the_image_in_hand_and_no_other(stage: Stage) -> None:
    stage.scene.gated = True
    stage.camera.on_image(picture(stamp_ns=1))
    assert stage.scene.begun.acquire(timeout=PATIENCE_S)
    stage.camera.on_image(picture(stamp_ns=2))
    ending = threading.Timer(0.05, stage.scene.may_end.release)
    ending.start()
    stage.node.deactivate()
    assert [message.header.stamp.nanosec for message in stage.persons()] == [1]
    counts = stage.camera.counts()
    assert (counts.in_flight, counts.waiting, counts.refused) == (0, 0, {'paused': 1})


@pytest.mark.parametrize('transition', ['deactivate', 'cleanup', 'shutdown'])
def test_engine_that_hangs_does_not_hang_the_node(
    monkeypatch: pytest.MonkeyPatch, transition: str
) -> None:
    monkeypatch.setattr(core, '_PATIENCE_S', 0.05)
    stage = Stage().activate()
    stage.scene.gated = True
    stage.camera.on_image(picture())
    assert stage.scene.begun.acquire(timeout=PATIENCE_S)
    getattr(stage.node, transition)()
    assert 'still being worked on' in stage.transport.said('warning')[0]
    stage.scene.may_end.release()
    stage.node.shutdown()
    wait_until(lambda: stage.scene.closed == 1)
    assert stage.persons() == []  # its result came too late
    assert stage.camera.counts().failed == 1


def test_result_of_a_former_life_is_not_published(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(core, '_PATIENCE_S', 0.05)
    stage = Stage().activate()
    stage.scene.gated = True
    stage.camera.on_image(picture(stamp_ns=1))
    assert stage.scene.begun.acquire(timeout=PATIENCE_S)
    stage.node.cleanup()
    stage.scene.gated = False
    stage.activate()
    stage.scene.may_end.release()
    wait_until(lambda: stage.scene.closed == 1)
    stage.show(picture(stamp_ns=2))
    stage.node.shutdown()
    assert [message.header.stamp.nanosec for message in stage.persons()] == [2]
    counts = stage.camera.counts()
    assert (counts.failed, counts.outcomes) == (1, {'processed': 1})


# Failures in configure


@pytest.mark.parametrize(
    ('params', 'exc', 'says'),
    [
        ({'model': 'no such model'}, ModelError, "the model 'no such model' is neither"),
        ({'backend': 'abacus'}, EngineError, "no backend 'abacus'; choose from"),
        ({'net_resolution': (641, 480)}, ParameterError, 'net_resolution is 641x480'),
        ({'precision': 'fp16'}, ParameterError, "precision is 'fp16', but .* runs in fp32"),
    ],
)
def test_configure_fails_with_one_line(params: dict[str, Any], exc: Any, says: str) -> None:
    node = PoseNode(FakeTransport(), NodeParams(**{'backend': 'fake', **params}))
    threads = threading.active_count()
    with pytest.raises(exc, match=says) as raised:
        node.configure()
    assert '\n' not in str(raised.value)
    assert node.state == 'unconfigured'
    assert threading.active_count() == threads


@pytest.mark.parametrize('when', ['open', 'warm up', 'introduction'])
def test_configure_that_fails_leaks_nothing_and_may_be_tried_again(when: str) -> None:
    stage = Stage()
    scene, trouble = stage.scene, throw(RuntimeError('odd'))
    node = PoseNode(
        stage.transport,
        NodeParams(),
        (lambda params, _: trouble(params)) if when == 'open' else scene.open,
    )
    log = stage.transport.log
    if when == 'warm up':
        scene.trouble = trouble
    elif when == 'introduction':
        stage.transport.log = lambda *_: trouble(None)  # type: ignore[method-assign]
    for _ in range(2):
        with pytest.raises(EngineError, match='cannot be loaded: RuntimeError: odd'):
            node.configure()
        assert node.state == 'unconfigured'
        assert scene.opened == scene.closed
    scene.trouble = lambda _: None
    stage.transport.log = log  # type: ignore[method-assign]
    if when != 'open':
        node.configure()
        assert node.state == 'inactive'
    node.shutdown()
    assert scene.opened == scene.closed


def test_progress_of_a_build_is_logged_and_shown() -> None:
    transport, scene, shown = FakeTransport(), Scene(), []

    def build(params: NodeParams, on_build: OnProgress) -> Any:
        for part in (0.0, 0.25, 0.5):
            on_build(part, 'tactics')
        logging.getLogger('openpose_ros.engine.x').info('why it was built')
        logging.getLogger('openpose_ros.engine.x').debug('a detail')
        return scene.open(params, on_build)

    node = PoseNode(transport, NodeParams(), build, shown.append)
    node.configure()
    _, building, why, _ = transport.said('info')
    assert building == 'building the engine, 0%: tactics'  # and no line a step
    assert why == 'why it was built'
    (status,) = shown[0].values()
    assert (len(shown), status.values['building the engine']) == (1, '0%: tactics')
    assert status.message == 'configuring'
    assert 'building the engine' not in node.diagnostics()['pose estimation'].values
    assert logging.getLogger('openpose_ros.engine').level == logging.NOTSET
    node.shutdown()


def test_build_ends_at_ctrl_c() -> None:
    ended = []

    def build(params: NodeParams, on_build: OnProgress) -> Any:
        main_thread = threading.main_thread().ident
        assert main_thread is not None
        signal.pthread_kill(main_thread, signal.SIGINT)
        try:
            for _ in range(int(1000 * PATIENCE_S)):
                on_build(0.1, 'tactics')
                sleep(0.001)
        except TransitionError as exc:
            ended.append(exc)
            raise

    node = PoseNode(FakeTransport(), NodeParams(), build)
    with pytest.raises(KeyboardInterrupt):
        node.configure()
    assert len(ended) == 1
    assert node.state == 'unconfigured'


def test_node_whose_gpu_was_lost_recovers_through_its_lifecycle() -> None:
    stage = Stage().activate()
    lost = EngineError('the GPU context is lost: clean up and configure the node again')
    stage.scene.trouble = throw(lost)
    for _ in range(3):
        stage.show()
    status = stage.status()
    assert status.level == ERROR
    assert 'clean up and configure the node again' in status.message
    stage.node.deactivate()
    stage.node.cleanup()
    assert stage.scene.opened == stage.scene.closed == 1
    stage.scene.trouble = lambda _: None
    stage.activate().show()
    assert stage.processed() == 1
    stage.node.shutdown()


def test_fixed_parameters_are_refused_while_it_loads() -> None:
    stage = Stage()
    stage.scene.gated = True
    loading = threading.Thread(target=stage.node.configure)
    loading.start()
    assert stage.scene.begun.acquire(timeout=PATIENCE_S)
    with pytest.raises(ParameterError, match='model cannot change'):
        stage.node.set_parameters({'model': 'other.onnx'})
    stage.node.set_parameters({'peak_threshold': 0.2})
    assert stage.node.state == 'configuring'
    stage.scene.may_end.release()
    loading.join(PATIENCE_S)
    assert stage.node.state == 'inactive'
    stage.node.shutdown()


def test_real_model_is_configured_from_parameters(
    shared: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv('OPENPOSE_ROS_MODEL_PATH', str(shared / 'models'))
    params = NodeParams(
        model='human-pose-estimation-0001', net_resolution=(-1, 128), threads=1, precision='fp32'
    )
    transport = FakeTransport()
    node = PoseNode(transport, params)
    node.configure()
    node.activate()
    node.cameras[0].on_image(picture())
    wait_until(lambda: node.cameras[0].counts().outcomes == {'processed': 1})
    node.shutdown()
    values = node.diagnostics()['pose estimation'].values
    assert values['state'] == 'finalized'
    _, took, runs = transport.said('info')
    assert took.startswith('backend auto took onnxruntime (CPUExecutionProvider) for human-pose')
    assert 'human-pose-estimation-0001 runs with ONNX Runtime' in runs


# Networks of another decoder

POSENET = 'posenet-mobilenet-v1-075'


def posenet_node(**params: Any) -> tuple[FakeTransport, PoseNode]:
    transport = FakeTransport()
    return transport, PoseNode(transport, NodeParams(model=POSENET, backend='fake', **params))


def test_node_takes_a_network_of_another_decoder() -> None:
    transport, node = posenet_node(min_parts=200)  # as in a file: not its, and ignored
    node.configure()
    node.activate()
    try:
        for number, params in enumerate(({}, {'max_poses': 1}), start=1):
            node.set_parameters(params)
            node.cameras[0].on_image(picture((640, 480)))
            wait_until(lambda number=number: len(transport.of('persons')) == number)  # type: ignore[misc]
        persons = transport.of('persons')
        assert [len(each.persons) for each in persons] == [3, 1]
        assert persons[0].skeleton == 'coco_17'
        assert 'min_parts' in node.ignored()
        with pytest.raises(ParameterError, match='min_parts is a parameter of another decoder'):
            node.set_parameters({'min_parts': 4, 'max_poses': 7})
        assert node.params.max_poses == 1
    finally:
        node.shutdown()
    assert node.ignored() == frozenset()


def test_parameters_of_another_decoder_are_refused_while_it_runs(stage: Stage) -> None:
    with pytest.raises(ParameterError, match='nms_radius is a parameter of another decoder'):
        stage.node.set_parameters({'nms_radius': 30.0})
    stage.node.set_parameters({'nms_radius': stage.node.params.nms_radius})  # no change
    stage.node.deactivate()
    stage.node.cleanup()
    stage.node.set_parameters({'nms_radius': 30.0})  # who knows which network comes


def test_parameters_of_another_decoder_that_were_given_by_name_are_refused() -> None:
    _, node = posenet_node()
    with pytest.raises(ParameterError, match='min_parts is a parameter of another decoder'):
        node.configure(assigned=['backend', 'min_parts'])
    assert node.state == 'unconfigured'
    node.configure(assigned=['backend', 'model', 'max_poses', 'single_person'])
    assert node.state == 'inactive'
    node.shutdown()
