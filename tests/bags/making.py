"""Bags as recorders write them, small, for tests."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import cv2
import numpy as np
from rosbags.interfaces import Qos
from rosbags.rosbag2 import CompressionFormat, CompressionMode, Reader, StoragePlugin, Writer

from openpose_ros.bags.options import BagOptions
from openpose_ros.bags.report import BagReport
from openpose_ros.bags.work import process_bag
from openpose_ros.estimator import PoseEstimator
from openpose_ros.ros.messages.images import image_message
from openpose_ros.ros.node.parameters import NodeParams
from openpose_ros.ros.types.store import message_types

TYPES = message_types()
CLASSES = TYPES.classes
START_NS = 1_700_000_000_000_000_000
PERIOD_NS, DELAY_NS = 33_333_333, 5_000_000  # between images, and until they are recorded
MS = 1_000_000
IMAGE, COMPRESSED = 'sensor_msgs/msg/Image', 'sensor_msgs/msg/CompressedImage'
INFO, TF = 'sensor_msgs/msg/CameraInfo', 'tf2_msgs/msg/TFMessage'
PERSONS = 'openpose_ros/msg/PersonArray'
FAKE = NodeParams(backend='fake')  # three people who stand still, whatever the picture


class Line(NamedTuple):
    """A message for a bag: where, what, when."""

    topic: str
    type_name: str
    log_ns: int
    message: Any
    qos: Sequence[Qos] = ()


class Found(NamedTuple):
    """A message of a bag, unpacked."""

    topic: str
    log_ns: int
    message: Any


def header(stamp_ns: int, frame: str = 'camera') -> Any:
    stamp = CLASSES.Time(sec=stamp_ns // 10**9, nanosec=stamp_ns % 10**9)
    return CLASSES.Header(stamp=stamp, frame_id=frame)


def picture(shade: int = 128, size: tuple[int, int] = (64, 48)) -> np.ndarray[Any, Any]:
    return np.full((size[1], size[0], 3), shade, np.uint8)


def raw(
    number: int, topic: str = '/camera/image_raw', pixels: np.ndarray[Any, Any] | None = None
) -> Line:
    """Return the raw image of a number; its stamp is before its time in the log."""
    stamp_ns = START_NS + number * PERIOD_NS
    pixels = picture() if pixels is None else pixels
    message = image_message(CLASSES, pixels, header(stamp_ns))
    return Line(topic, IMAGE, stamp_ns + DELAY_NS, message)


def packed(number: int, topic: str = '/camera/image_raw/compressed', data: bytes = b'') -> Line:
    """Return the compressed image of a number."""
    stamp_ns = START_NS + number * PERIOD_NS
    data = data or cv2.imencode('.jpg', picture())[1].tobytes()
    message = CLASSES.CompressedImage(
        header=header(stamp_ns), format='jpeg', data=np.frombuffer(data, np.uint8)
    )
    return Line(topic, COMPRESSED, stamp_ns + DELAY_NS, message)


def text(number: int, topic: str = '/notes', qos: Sequence[Qos] = ()) -> Line:
    """Return a message that is no image."""
    log_ns = START_NS + number * PERIOD_NS + DELAY_NS + 1
    message = TYPES.package('std_msgs').String(data=f'note {number}')
    return Line(topic, 'std_msgs/msg/String', log_ns, message, qos)


def write_bag(
    path: Path,
    lines: Iterable[Line],
    *,
    storage: str = 'mcap',
    mode: CompressionMode = CompressionMode.NONE,
) -> Path:
    """Write a bag; lines are written in the order in which they come."""
    writer = Writer(path, version=9, storage_plugin=StoragePlugin[storage.upper()])
    writer.set_compression(mode, CompressionFormat.ZSTD)
    connections: dict[tuple[str, str], Any] = {}
    with writer:
        for line in lines:
            key = line.topic, line.type_name
            if key not in connections:
                connections[key] = writer.add_connection(
                    *key, typestore=TYPES.store, offered_qos_profiles=line.qos
                )
            data = TYPES.store.serialize_cdr(line.message, line.type_name)
            writer.write(connections[key], line.log_ns, data)
    return path


def read_bag(path: Path, topic: str | None = None) -> list[Found]:
    """Return what a bag holds, in order of its log, read by rosbags alone."""
    with Reader(path) as reader:
        return [
            Found(one.topic, log_ns, TYPES.store.deserialize_cdr(data, one.msgtype))
            for one, log_ns, data in reader.messages()
            if topic in (None, one.topic)
        ]


def topics_of(path: Path) -> dict[str, int]:
    """Return how many messages are on each topic."""
    with Reader(path) as reader:
        return {one.topic: one.msgcount for one in reader.connections}


def stamp_ns(message: Any) -> int:
    return int(message.header.stamp.sec) * 10**9 + int(message.header.stamp.nanosec)


@cache
def estimator() -> PoseEstimator:
    """Return the one of FAKE; it has no state."""
    return PoseEstimator.from_model(backend='fake')


def worked_on(
    source: Path, out: Path, lines: list[str] | None = None, **options: Any
) -> BagReport:
    """Work on a bag with FAKE; what is said goes to `lines`."""
    options.setdefault('params', FAKE)
    say = (lambda _: None) if lines is None else lines.append
    return process_bag(source, out, estimator(), BagOptions(**options), say=say)
