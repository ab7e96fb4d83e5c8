"""What the tests of the node use in place of a network of nodes."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from openpose_ros.frames import FrameArray
from openpose_ros.ros.dds.types import load_types
from openpose_ros.ros.messages.images import decode_image
from openpose_ros.ros.node.transport import OPTIONAL, OUTPUTS
from openpose_ros.spatial import Transform, TransformBuffer

# rosbags' classes of the real messages: each field must be given.
TYPES = load_types().classes


def header(stamp_ns: int = 5_000_000_007, frame_id: str = 'camera') -> Any:
    stamp = TYPES.Time(sec=stamp_ns // 10**9, nanosec=stamp_ns % 10**9)
    return TYPES.Header(stamp=stamp, frame_id=frame_id)


def image(
    pixels: np.ndarray[Any, Any] | bytes,
    encoding: str,
    size: tuple[int, int] | None = None,
    *,
    step: int | None = None,
    is_bigendian: int = 0,
    stamp_ns: int = 5_000_000_007,
) -> Any:
    """Return an Image of rows of pixels, (H, W, …) of any dtype, or of bytes."""
    if isinstance(pixels, np.ndarray):
        pixels = np.ascontiguousarray(pixels)
        size = size or (pixels.shape[1], pixels.shape[0])
        step = step if step is not None else pixels.strides[0]
        pixels = pixels.tobytes()
    assert size is not None
    assert step is not None
    return TYPES.Image(
        header=header(stamp_ns),
        height=size[1],
        width=size[0],
        encoding=encoding,
        is_bigendian=is_bigendian,
        step=step,
        data=np.frombuffer(pixels, np.uint8) if pixels else np.zeros(0, np.uint8),
    )


class FakeOutlet:
    """
    A topic that remembers.

    Attributes
    ----------
    published : list of message
    watchers : int
    closed : bool

    """

    def __init__(self, type_name: str) -> None:
        self.type_name = type_name
        self.published: list[Any] = []
        self.watchers = 0
        self.closed = False

    def publish(self, message: Any) -> None:
        assert not self.closed
        # As a real one does it, so that a message that lacks something is found here.
        load_types().store.serialize_cdr(message, self.type_name)
        self.published.append(message)

    def subscribers(self) -> int:
        return self.watchers

    def close(self) -> None:
        assert not self.closed
        self.closed = True


class FakeTransport:
    """
    A transport that remembers, instead of a network.

    Attributes
    ----------
    published : list of (output, message)
    lines : list of (level, text)
    watched : set of str
        The outputs that have a subscriber.
    clock_ns : int
        ROS time.
    outputs : frozenset of str
        As in `Transport`.
    topic : str
        Of the images.
    transforms : TransformBuffer
        What is known of frames.
    listens_to_transforms : bool
        Whether they are wanted.
    asked : list of (target, source, stamp_ns, timeout_s)
        Which were looked up.
    absent : set of str
        Packages that are not installed.
    outlets : dict of str to FakeOutlet
        By topic, the last that was advertised.

    """

    types = TYPES

    def __init__(self, optional: Iterable[str] = ()) -> None:
        self.outputs = frozenset(OUTPUTS) - set(OPTIONAL) | set(optional)
        self.absent: set[str] = set()
        self.topic = '/camera/image'
        self.transforms = TransformBuffer()
        self.listens_to_transforms = False
        self.asked: list[tuple[str, str, int, float]] = []
        self.outlets: dict[str, FakeOutlet] = {}
        self.carried: dict[str, set[str]] = {}  # types that are published, by topic
        self.published: list[tuple[str, Any]] = []
        self.lines: list[tuple[str, str]] = []
        self.watched: set[str] = set()
        self.publishers = 1
        self.clock_ns = 6_000_000_007

    def publish(self, output: str, message: Any) -> None:
        self.published.append((output, message))

    def of(self, output: str) -> list[Any]:
        return [message for name, message in self.published if name == output]

    def said(self, level: str) -> list[str]:
        return [text for said, text in self.lines if said == level]

    def package(self, name: str) -> Any:
        return None if name in self.absent else load_types().package(name)

    def advertise(self, topic: str, type_name: str, depth: int) -> FakeOutlet:
        before = self.outlets.get(topic)
        assert before is None or before.closed
        self.outlets[topic] = FakeOutlet(type_name)
        return self.outlets[topic]

    def subscribers(self, output: str) -> int:
        return int(output in self.watched)

    def publishers_of_image(self, camera: str = '') -> int:
        return self.publishers

    def published_types(self, topic: str) -> set[str]:
        return self.carried.get(topic, set())

    def image_topic(self, camera: str = '') -> str:
        return f'/{camera}/image' if camera else self.topic

    def listen_to_transforms(self, wanted: bool) -> None:
        self.listens_to_transforms = wanted

    def transform(self, target: str, source: str, stamp_ns: int, timeout_s: float) -> Transform:
        self.asked.append((target, source, stamp_ns, timeout_s))
        return self.transforms.lookup(target, source, stamp_ns)

    def now_ns(self) -> int:
        return self.clock_ns

    def decode(self, message: Any, max_pixels: int) -> FrameArray:
        return decode_image(message, max_pixels)

    def log(self, level: str, text: str) -> None:
        self.lines.append((level, text))
