"""The world around the node's own processing, where that is a bag."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from openpose_ros.frames import FrameArray
from openpose_ros.ros.messages.transforms import learn_transforms
from openpose_ros.ros.node.transport import OPTIONAL, OUTPUT_TYPES, OUTPUTS
from openpose_ros.ros.types.store import MessageTypes
from openpose_ros.spatial import Transform, TransformBuffer

# What is for people to look at is drawn again from the people, by whoever wants to see it.
_NOT_RECORDED = ('image_annotated', 'image_annotated/compressed', 'markers')


class Recorded(NamedTuple):
    """
    A message that is to be written.

    Attributes
    ----------
    topic, type_name : str
        Where, and what it is.
    data : bytes-like
        CDR.
    latched : bool
        Whether it is for who comes later, too.

    """

    topic: str
    type_name: str
    data: bytes | memoryview
    latched: bool


@dataclass
class World:
    """
    What all cameras of a bag have in common.

    Attributes
    ----------
    types : MessageTypes
    transforms : TransformBuffer
        What /tf and /tf_static said up to now.
    warn : callable
        Takes a line where what they say cannot be, or contradicts itself.
    log_ns : int
        The time of the log where the work is, nanoseconds: the time for all that is done there.
    kept : list of Recorded
        What was published by what is being done.

    """

    types: MessageTypes
    transforms: TransformBuffer
    warn: Callable[[str], object]
    log_ns: int = 0
    kept: list[Recorded] = field(default_factory=list)

    def clock(self) -> float:
        """Return the time of the log, seconds."""
        return self.log_ns / 1e9

    @contextmanager
    def publishing(self) -> Iterator[list[Recorded]]:
        """Collect what is published in here; of what fails nothing is left for the next one."""
        self.kept = []
        try:
            yield self.kept
        finally:
            self.kept = []

    def learn(self, message: Any, *, static: bool) -> None:
        """Take a TFMessage."""
        learn_transforms(self.transforms, message, static=static, warn=self.warn)


class BagTransport:
    """
    See `Transport`: what is published is kept until it is written.

    Parameters
    ----------
    world : World
        What it shares with other cameras.
    topic : str
        Of the images.
    name : callable
        Returns the full name of an output, '/openpose/persons' for 'persons', and of a topic
        with a / before it.
    optional : tuple of str
        Those of `OPTIONAL` that are wanted.
    say : callable
        Takes a line for the user.

    Attributes
    ----------
    frame : uint8 (H, W, 3) or Exception or None
        What `decode` returns, or raises.
    persons : openpose_ros/PersonArray or None
        As it was published last.

    """

    image_transport = 'raw'

    def __init__(
        self,
        world: World,
        topic: str,
        name: Callable[[str], str],
        optional: tuple[str, ...],
        say: Callable[[str], object],
    ) -> None:
        self.types = world.types.classes
        self.outputs = frozenset(
            output
            for output in OUTPUTS
            if output not in _NOT_RECORDED and (output not in OPTIONAL or output in optional)
        )
        self.frame: FrameArray | Exception | None = None
        self.persons: Any = None
        self._world = world
        self._topic = topic
        self._name = name
        self._say = say
        for output in optional:
            world.types.package(OUTPUT_TYPES[output].partition('/')[0])

    def keep(self, topic: str, type_name: str, message: Any, *, latched: bool = False) -> None:
        """Pack a message, and keep it."""
        data = self._world.types.store.serialize_cdr(message, type_name)
        self._world.kept.append(Recorded(topic, type_name, data, latched))

    def publish(self, output: str, message: Any) -> None:
        if output == 'persons':
            self.persons = message
        latched = output == 'skeleton_info'
        self.keep(self._name(f'~/{output}'), OUTPUT_TYPES[output], message, latched=latched)

    def package(self, name: str) -> Any:
        return self._world.types.package(name)

    def advertise(self, topic: str, type_name: str, depth: int) -> _Outlet:
        return _Outlet(self, self._name(topic), type_name)

    def subscribers(self, output: str) -> int:
        return int(output in self.outputs)

    def publishers_of_image(self) -> int:
        return 1

    def published_types(self, topic: str) -> set[str]:
        return set()

    def image_topic(self) -> str:
        return self._topic

    def listen_to_transforms(self, wanted: bool) -> None:
        """Do nothing: whether they are read is settled before."""

    def transform(self, target: str, source: str, stamp_ns: int, timeout_s: float) -> Transform:
        return self._world.transforms.lookup(target, source, stamp_ns)

    def now_ns(self) -> int:
        return self._world.log_ns

    def decode(self, message: Any, max_pixels: int) -> FrameArray:
        """Return what was decoded ahead."""
        if isinstance(self.frame, Exception):
            raise self.frame
        assert self.frame is not None
        return self.frame

    def log(self, level: str, text: str) -> None:
        if level in ('warning', 'error'):
            self._say(text)


@dataclass(frozen=True, eq=False)
class _Outlet:
    """See `Outlet`."""

    transport: BagTransport
    topic: str
    type_name: str

    def publish(self, message: Any) -> None:
        self.transport.keep(self.topic, self.type_name, message)

    def subscribers(self) -> int:
        return 1

    def close(self) -> None:
        """Do nothing: a topic of a bag stays."""
