"""Where a node's messages go out and come in: quality of service, publishers, subscriptions."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from cyclonedds.core import DDSException, InstanceState, ReadCondition, SampleState, ViewState
from cyclonedds.internal import InvalidSample
from cyclonedds.pub import DataWriter
from cyclonedds.qos import Policy, Qos
from cyclonedds.sub import DataReader
from cyclonedds.util import duration

from openpose_ros.errors import TransportError

_ANY_SAMPLE = SampleState.Any | ViewState.Any | InstanceState.Any


@dataclass(frozen=True)
class Profile:
    """
    Quality of service, as far as a node chooses it.

    Attributes
    ----------
    depth : int
        How many messages are kept.
    reliable : bool
        Lost packets are sent again.
    latched : bool
        Who subscribes later gets the kept messages too (transient local).

    """

    depth: int
    reliable: bool = True
    latched: bool = False

    def qos(self, type_hash: str) -> Qos:
        """Return Cyclone's form, with the type's hash for other nodes."""
        history = Policy.History.KeepLast(self.depth)
        # A reader that hangs holds a large image up so long, then the image is dropped.
        reliable = Policy.Reliability.Reliable(duration(milliseconds=100))
        latched: list[Any] = [Policy.Durability.Volatile]
        if self.latched:
            service = Policy.DurabilityService(0, history, -1, -1, -1)
            latched = [Policy.Durability.TransientLocal, service]
        return Qos(
            history,
            reliable if self.reliable else Policy.Reliability.BestEffort,
            *latched,
            Policy.WriterDataLifecycle(autodispose=False),
            Policy.Userdata(f'typehash={type_hash};'.encode()),
        )


SENSOR_DATA = Profile(5, reliable=False)


class Publisher:
    """
    A topic to publish on; made by `Participant.publisher`.

    Attributes
    ----------
    topic : str
        Its full name.

    """

    def __init__(self, topic: str, writer: DataWriter[Any]) -> None:
        self.topic = topic
        self.writer = writer

    def publish(self, message: Any) -> None:
        """
        Send a message; it is serialised when this returns. From any thread.

        Raises
        ------
        TransportError
            If it cannot be sent: a subscriber does not keep up with what it asked for.

        """
        try:
            self.writer.write(self.writer.data_type(message))
        except DDSException as exc:
            raise TransportError(f'cannot publish on {self.topic}: {exc}') from exc

    def subscribers(self) -> int:
        """Return how many subscribe now, of those whose quality of service fits."""
        return int(self.writer.get_publication_matched_status().current_count)


class Subscription:
    """
    A topic to listen to; made by `Participant.subscribe`.

    Attributes
    ----------
    topic : str
        Its full name.

    """

    def __init__(
        self, topic: str, reader: DataReader[Any], callback: Callable[[Any], None]
    ) -> None:
        self.topic = topic
        self.reader = reader
        self.condition = ReadCondition(reader, _ANY_SAMPLE)
        self.callback = callback

    def publishers(self) -> int:
        """Return how many publish now, of those whose quality of service fits."""
        return int(self.reader.get_subscription_matched_status().current_count)

    def deliver(self) -> None:
        """Call the callback with each message that came."""
        while samples := self.reader.take(1):
            # Without a message it only tells that a publisher went away.
            if not isinstance(samples[0], InvalidSample):
                self.callback(samples[0].message)
