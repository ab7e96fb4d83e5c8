"""What a bag holds: topics, messages, and lines about what of it is broken."""

from __future__ import annotations

from collections.abc import Callable
import threading
from typing import Any, NamedTuple, TypeAlias

Key: TypeAlias = tuple[str, str]  # a topic, and a type that is on it
_MOST_SAID = 1000  # lines that are not said again
FIRST_NS, LAST_NS = 0, 2**63 - 1  # of all times that a bag can hold


class Channel(NamedTuple):
    """
    What is on a topic in one type.

    Attributes
    ----------
    topic, type_name : str
        '/camera/image_raw' and 'sensor_msgs/msg/Image', say.
    total : int
        How many messages.
    definition, encoding : str
        The text that defines the type, and its language, 'ros2msg' or 'ros2idl'; both may be ''.
    digest : str
        Its hash as in REP-2016, or ''.
    qos : tuple of rosbags.interfaces.Qos
        What was offered.
    packed : str
        How messages are packed: 'cdr' as a rule.

    """

    topic: str
    type_name: str
    total: int
    definition: str = ''
    encoding: str = ''
    digest: str = ''
    qos: tuple[Any, ...] = ()
    packed: str = 'cdr'

    @property
    def key(self) -> Key:
        """Topic and type."""
        return self.topic, self.type_name


class Message(NamedTuple):
    """
    A message as it lies in a bag.

    Attributes
    ----------
    key : (str, str)
        Topic and type.
    log_ns : int
        When it was recorded, nanoseconds.
    data : bytes-like
        CDR.

    """

    key: Key
    log_ns: int
    data: bytes | memoryview


class Complaints:
    """
    Says each line once, and counts what is broken; from any thread.

    Parameters
    ----------
    say : callable
        Takes a line about what is broken.
    inform : callable, optional
        Takes a line about what is not; by default `say` does.

    Attributes
    ----------
    count : int
        How many different things are broken.

    """

    def __init__(
        self, say: Callable[[str], object], inform: Callable[[str], object] | None = None
    ) -> None:
        self._say = say
        self._inform = inform or say
        self._lock = threading.Lock()
        self._said: set[str] = set()
        self.count = 0

    def __call__(self, text: str) -> None:
        """Say what is broken."""
        self._tell(text, 1)

    def mention(self, text: str) -> None:
        """Say what is as it should be, and still worth a line."""
        self._tell(text, 0)

    def _tell(self, text: str, broken: int) -> None:
        with self._lock:
            if text in self._said:
                return
            if len(self._said) == _MOST_SAID:  # a bag can go on for days, and each be another
                self._said.clear()
            self._said.add(text)
            self.count += broken
        (self._say if broken else self._inform)(text)
