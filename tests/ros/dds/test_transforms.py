"""Transforms over DDS: heard while they are wanted, and looked up in time."""

from __future__ import annotations

from collections.abc import Callable, Iterator
import threading
import time
from typing import Any

import numpy as np
import pytest

from openpose_ros.errors import TransformError
from openpose_ros.ros.dds.endpoints import Profile
from openpose_ros.ros.dds.participant import Participant
from openpose_ros.ros.dds.transforms import Transforms
from openpose_ros.ros.dds.types import load_types
from openpose_ros.ros.node.names import Names
from tests.ros.fakes import TYPES, header
from tests.ros.scenes import PATIENCE_S

pytestmark = pytest.mark.usefixtures('network')
START = 10**12
KIND = 'tf2_msgs/msg/TFMessage'


def message(parent: str, child: str, x: float, stamp_ns: int, w: float = 1.0) -> Any:
    transform = TYPES.Transform(
        translation=TYPES.Vector3(x=x, y=0.0, z=0.0),
        rotation=TYPES.Quaternion(x=0.0, y=0.0, z=0.0, w=w),
    )
    one = TYPES.TransformStamped(
        header=header(stamp_ns, parent), child_frame_id=child, transform=transform
    )
    return load_types().store.types[KIND](transforms=[one])


class Room:
    """A node that listens, and one that says where things are."""

    def __init__(self, node: Participant, robot: Participant) -> None:
        self.node = node
        self.lines: list[tuple[str, str]] = []
        self.transforms = Transforms(node, lambda *line: self.lines.append(line))
        self.moving = robot.publisher('/tf', KIND, Profile(100))
        self.static = robot.publisher('/tf_static', KIND, Profile(1, latched=True))

    def until(self, fact: Callable[[], bool]) -> None:
        end_s = time.monotonic() + PATIENCE_S
        while not fact():
            assert time.monotonic() < end_s
            self.transforms.attend()
            self.node.spin(0.02)

    def knows(self, target: str, source: str, stamp_ns: int) -> bool:
        try:
            self.transforms.lookup(target, source, stamp_ns, 0.0)
        except TransformError:
            return False
        return True


@pytest.fixture
def room() -> Iterator[Room]:
    with Participant(Names('openpose')) as node, Participant(Names('robot')) as robot:
        yield Room(node, robot)


def test_nothing_is_heard_until_it_is_wanted(room: Room) -> None:
    room.transforms.attend()
    assert room.moving.subscribers() == room.static.subscribers() == 0
    room.transforms.wanted = True
    room.until(lambda: room.moving.subscribers() == room.static.subscribers() == 1)
    room.transforms.wanted = False
    room.until(lambda: room.moving.subscribers() == room.static.subscribers() == 0)


def test_frames_are_joined_and_interpolated(room: Room) -> None:
    room.static.publish(message('base', 'camera', 0.5, 0))  # before anybody listens
    room.transforms.wanted = True
    room.until(lambda: room.moving.subscribers() == 1)
    room.moving.publish(message('map', 'base', 1.0, START))
    room.moving.publish(message('map', 'base', 3.0, START + 10**9))
    room.until(lambda: room.knows('map', 'camera', START + 10**9))
    found = room.transforms.lookup('map', 'camera', START + 250_000_000, 0.0)
    np.testing.assert_allclose(found.translation, [2.0, 0, 0])
    with pytest.raises(TransformError, match='after the last'):
        room.transforms.lookup('map', 'camera', START + 10**9 + 1, 0.0)
    with pytest.raises(TransformError, match="nothing was heard of 'moon'"):
        room.transforms.lookup('moon', 'camera', START, 0.0)
    room.transforms.forget()
    assert not room.knows('map', 'camera', START)
    assert room.knows('base', 'camera', START)


def test_who_waits_gets_what_comes_meanwhile(room: Room) -> None:
    room.transforms.wanted = True
    room.until(lambda: room.moving.subscribers() == 1)
    found: list[Any] = []
    waiting = threading.Thread(
        target=lambda: found.append(room.transforms.lookup('map', 'base', START, PATIENCE_S))
    )
    waiting.start()
    room.moving.publish(message('map', 'base', 1.5, START))
    room.until(lambda: not waiting.is_alive())
    assert found[0].translation[0] == 1.5


def test_a_transform_that_is_none_is_left_out(room: Room) -> None:
    room.transforms.wanted = True
    room.until(lambda: room.moving.subscribers() == 1)
    room.moving.publish(message('map', 'bad', float('nan'), START))
    room.moving.publish(message('map', 'flat', 0.0, START, w=0.0))
    room.moving.publish(message('map', 'good', 1.0, START))
    room.until(lambda: room.knows('map', 'good', START))
    assert not room.knows('map', 'bad', START)
    assert not room.knows('map', 'flat', START)
    ((level, text),) = room.lines  # the other one is held back
    assert level == 'warning'
    assert text.startswith("what is no transform is left out: the transform from 'bad' to 'map'")


def test_two_who_publish_one_frame_are_told(room: Room) -> None:
    room.transforms.wanted = True
    room.until(lambda: room.moving.subscribers() == 1)
    for number, parent in enumerate(('map', 'odom', 'map')):
        room.moving.publish(message(parent, 'base', 1.0, START + number))
    room.moving.publish(message('map', 'arm', 1.0, START))
    room.moving.publish(message('map', 'arm', 1.0, START - 3600 * 10**9))
    room.until(lambda: len(room.lines) == 2)
    (_, parents), (_, late) = room.lines
    assert parents.startswith("the frame 'base' is in 'map' and in 'odom' by turns")
    assert late.startswith("the transform of 'arm' is 3600.0 s older than one before")


def test_time_that_jumps_back_far_starts_anew(room: Room) -> None:
    room.transforms.wanted = True
    room.until(lambda: room.moving.subscribers() == 1)
    room.moving.publish(message('map', 'base', 1.0, START))
    room.until(lambda: room.knows('map', 'base', START))
    earlier = START - 60 * 10**9  # as where a bag is played again, without its clock
    for later in range(3):
        room.moving.publish(message('map', 'base', 2.0, earlier + later))
    room.until(lambda: room.knows('map', 'base', earlier + 2))
