"""Transforms in ROS: heard by tf2_ros while they are wanted, and looked up in time."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from importlib.util import find_spec
import sys
import threading
from time import monotonic, sleep
from typing import Any

import numpy as np
import pytest

pytest.importorskip('rclpy', reason='needs rclpy')
if find_spec('tf2_ros') is None:
    pytest.skip('needs tf2_ros', allow_module_level=True)

from geometry_msgs.msg import TransformStamped
import rclpy
from rclpy.clock import ClockType
from rclpy.lifecycle import LifecycleNode
from rclpy.time import Time
from tf2_ros import StaticTransformBroadcaster, TransformBroadcaster

from openpose_ros.errors import TransformError
from openpose_ros.ros.rclpy.transforms import Heard, Transforms
from openpose_ros.spatial.transforms import UNHEARD
from tests.ros.scenes import PATIENCE_S

pytestmark = pytest.mark.usefixtures('domain')
START_S = 1000


def moved(parent: str, child: str, x: float, seconds: int = 0) -> Any:
    one = TransformStamped()
    one.header.frame_id, one.child_frame_id = parent, child
    one.header.stamp.sec = seconds
    one.transform.translation.x = x
    one.transform.rotation.w = 1.0
    return one


class Room:
    """The node whose transforms are tried, and one that says where things are."""

    def __init__(self, context: Any, rules: list[str]) -> None:
        arguments = ['--ros-args', *(word for rule in rules for word in ('-r', rule))]
        self.node = LifecycleNode('openpose', context=context, cli_args=arguments)
        self.robot = rclpy.create_node('robot', context=context, use_global_arguments=False)
        self.lines: list[tuple[str, str]] = []
        self.transforms = Transforms(self.node, lambda *line: self.lines.append(line))
        self.moving = TransformBroadcaster(self.robot)
        self.static = StaticTransformBroadcaster(self.robot)

    def until(self, fact: Callable[[], bool]) -> None:
        end_s = monotonic() + PATIENCE_S
        while not fact():
            assert monotonic() < end_s
            sleep(0.01)

    def knows(self, target: str, source: str, seconds: float) -> bool:
        try:
            self.transforms.lookup(target, source, round(seconds * 1e9), 0.0)
        except TransformError:
            return False
        return True

    def listeners(self, topic: str = '/tf') -> int:
        return int(self.robot.count_subscribers(topic))


@pytest.fixture
def room(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[Room]:
    monkeypatch.setenv('ROS_AUTOMATIC_DISCOVERY_RANGE', 'LOCALHOST')
    context = rclpy.Context()
    rules = ['__node:=openpose', *getattr(request, 'param', [])]
    # As `ros2 launch` gives them: to all nodes of the process.
    words = [word for rule in rules for word in ('-r', rule)]
    rclpy.init(context=context, args=['--ros-args', *words])
    room = Room(context, [])
    try:
        yield room
    finally:
        room.transforms.listen(False)
        room.node.destroy_node()
        room.robot.destroy_node()
        rclpy.try_shutdown(context=context)


def test_nothing_is_heard_until_it_is_wanted(room: Room) -> None:
    with pytest.raises(TransformError, match='nobody listens'):
        room.transforms.lookup('map', 'base', 0, 0.0)
    assert room.listeners() == room.listeners('/tf_static') == 0
    room.transforms.listen(True)
    room.transforms.listen(True)
    room.until(lambda: room.listeners() == room.listeners('/tf_static') == 1)
    names = room.robot.get_node_names()
    assert names.count('openpose') == 1  # that of the process renames no other node
    assert '_openpose_tf' in names
    room.transforms.listen(False)
    room.until(lambda: room.listeners() == room.listeners('/tf_static') == 0)
    room.until(lambda: '_openpose_tf' not in room.robot.get_node_names())


def test_frames_are_joined_and_interpolated(room: Room) -> None:
    room.static.sendTransform(moved('base', 'camera', 0.5))  # before anybody listens
    room.transforms.listen(True)
    room.until(lambda: room.listeners() == 1)
    room.moving.sendTransform(moved('map', 'base', 1.0, START_S))
    room.moving.sendTransform(moved('map', 'base', 3.0, START_S + 1))
    room.until(lambda: room.knows('map', 'camera', START_S + 1))
    found = room.transforms.lookup('map', '/camera', round((START_S + 0.25) * 1e9), 0.0)
    np.testing.assert_allclose(found.translation, [2.0, 0, 0])
    np.testing.assert_allclose(found.rotation, [0, 0, 0, 1])
    with pytest.raises(TransformError, match='extrapolation into the future') as caught:
        room.transforms.lookup('map', 'camera', (START_S + 2) * 10**9, 0.0)
    assert '\n' not in str(caught.value)
    with pytest.raises(TransformError, match='moon'):
        room.transforms.lookup('moon', 'camera', START_S * 10**9, 0.0)


def test_who_waits_gets_what_comes_meanwhile(room: Room) -> None:
    room.transforms.listen(True)
    room.until(lambda: room.listeners() == 1)
    found: list[Any] = []
    waiting = threading.Thread(
        target=lambda: found.append(
            room.transforms.lookup('map', 'base', START_S * 10**9, PATIENCE_S)
        )
    )
    waiting.start()
    room.moving.sendTransform(moved('map', 'base', 1.5, START_S))
    room.until(lambda: not waiting.is_alive())
    assert found[0].translation[0] == 1.5


@pytest.mark.parametrize('room', [['/tf:=/robot/tf']], indirect=True)
def test_rules_of_the_process_hold_for_the_listener(room: Room) -> None:
    room.transforms.listen(True)
    room.until(lambda: room.listeners('/robot/tf') == 1)
    assert room.listeners('/tf') == 0


def test_what_is_no_transform_is_told_and_left_out(room: Room) -> None:
    room.transforms.listen(True)
    room.until(lambda: room.listeners() == room.listeners('/tf_static') == 1)
    room.moving.sendTransform(moved('map', 'base', float('inf'), START_S))  # which tf2 takes
    room.static.sendTransform(moved('', 'base', 1.0))
    room.moving.sendTransform(moved('map', 'good', 1.0, START_S))
    room.until(lambda: room.knows('map', 'good', START_S))
    assert not room.knows('map', 'base', START_S)
    room.until(lambda: len(room.lines) == 2)
    for level, text in room.lines:
        assert level == 'warning'
        assert text.startswith('what is no transform is left out: ')


def test_image_from_before_all_time_is_no_failure(room: Room) -> None:
    room.static.sendTransform(moved('base', 'camera', 0.5))
    room.transforms.listen(True)
    room.until(lambda: room.knows('base', 'camera', START_S))
    with pytest.raises(TransformError, match='the stamp is -5 s'):
        room.transforms.lookup('base', 'camera', -5 * 10**9, 0.0)


def test_time_that_jumps_back_far_starts_anew(room: Room) -> None:
    room.static.sendTransform(moved('base', 'camera', 0.5))
    room.transforms.listen(True)
    room.until(lambda: room.listeners() == 1)
    room.moving.sendTransform(moved('map', 'base', 1.0, START_S))
    room.until(lambda: room.knows('map', 'camera', START_S))
    # As where a bag is played again without its clock, or once a clock is right.
    for later in range(3):
        room.moving.sendTransform(moved('map', 'base', 2.0, START_S - 60 + later))
    room.until(lambda: room.knows('map', 'camera', START_S - 58))
    assert not room.knows('map', 'camera', START_S)


def test_ros_time_that_jumps_back_is_enough(room: Room) -> None:
    room.transforms.listen(True)
    room.until(lambda: room.listeners() == 1)
    clock = room.node.get_clock()
    clock._set_ros_time_is_active(True)
    clock.set_ros_time_override(Time(seconds=START_S, clock_type=ClockType.ROS_TIME))
    room.moving.sendTransform(moved('map', 'base', 1.0, START_S))
    room.until(lambda: room.knows('map', 'base', START_S))
    clock.set_ros_time_override(Time(seconds=START_S - 1, clock_type=ClockType.ROS_TIME))
    assert not room.knows('map', 'base', START_S)


def test_listener_outlives_what_a_message_makes_of_it(
    room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    taken = Heard.set_transform

    def take(self: Heard, message: Any, authority: str) -> None:
        if message.child_frame_id == 'odd':
            raise UnicodeDecodeError('utf-8', b'\xff', 0, 1, 'invalid start byte')
        taken(self, message, authority)

    monkeypatch.setattr(Heard, 'set_transform', take)
    room.transforms.listen(True)
    room.until(lambda: room.listeners() == 1)
    room.moving.sendTransform(moved('map', 'odd', 1.0, START_S))
    room.moving.sendTransform(moved('map', 'base', 1.0, START_S))
    room.until(lambda: room.knows('map', 'base', START_S))
    assert 'a message on /tf cannot be taken: UnicodeDecodeError' in room.lines[0][1]


class Remembered:
    """What tf2's buffer would have been told."""

    def __init__(self) -> None:
        self.children: list[str] = []
        self.cleared = 0

    def set_transform(self, message: Any, authority: str) -> None:
        self.children.append(message.child_frame_id)

    def clear(self) -> None:
        self.cleared += 1


def test_two_clocks_for_one_frame_do_not_clear_the_others() -> None:
    buffer, lines, now_s = Remembered(), [], [100.0]
    heard = Heard(buffer, lambda text, kind='': lines.append(text), lambda: now_s[0])

    def hear(seconds: int) -> None:
        heard.set_transform(moved('map', 'base', 1.0, seconds), '')

    for _ in range(20):
        hear(START_S + 3600)
        hear(START_S)
    assert buffer.cleared == 0
    assert len(buffer.children) == 20
    assert "'base' is 3600.0 s older than one before" in lines[0]
    hear(START_S)
    hear(START_S)
    assert buffer.cleared == 1  # it is the time now
    for _ in range(20):
        for seconds in (3600, 0, 0, 0):
            hear(START_S + seconds)
    assert buffer.cleared == 1  # not all the time
    now_s[0] += 60
    hear(START_S)
    assert buffer.cleared == 2


def test_frame_of_two_parents_is_told() -> None:
    buffer, lines = Remembered(), []
    heard = Heard(buffer, lambda text, kind='': lines.append(text))
    for parent in ('map', 'map', 'odom', 'odom'):  # once: it moved
        heard.set_transform(moved(parent, 'base', 1.0, START_S), '')
    assert lines == []
    heard.set_transform(moved('map', 'base', 1.0, START_S), '')
    assert lines[0].startswith("the frame 'base' is in 'map' and in 'odom' by turns")
    assert len(buffer.children) == 5


def test_frames_of_who_left_are_forgotten() -> None:
    buffer = Remembered()
    heard = Heard(buffer, print)
    for number in range(2 * UNHEARD):
        heard.set_transform(moved('map', f'body_{number // 10}', 1.0, START_S), '')
    assert buffer.cleared == 1
    for _ in range(2 * UNHEARD):  # a robot's own, however many they are
        heard.set_transform(moved('map', 'base', 1.0, START_S), '')
    assert buffer.cleared <= 2


def test_without_tf2_ros_one_line_says_so(room: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, 'tf2_ros', None)
    room.transforms.listen(True)
    with pytest.raises(TransformError, match='apt install') as caught:
        room.transforms.lookup('map', 'base', 0, 0.0)
    assert '\n' not in str(caught.value)
