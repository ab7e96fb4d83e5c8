"""What /tf and /tf_static say, while somebody wants to know."""

from __future__ import annotations

from collections.abc import Callable
from time import monotonic, sleep
from typing import Any

from openpose_ros.errors import TransformError
from openpose_ros.ros.dds.endpoints import Profile, Subscription
from openpose_ros.ros.dds.participant import Participant
from openpose_ros.ros.messages.transforms import learn_transforms
from openpose_ros.ros.node.throttle import Throttle, Warnings
from openpose_ros.spatial import Transform, TransformBuffer

_TYPE = 'tf2_msgs/msg/TFMessage'
# As tf2_ros has them.
_TOPICS = {'/tf': Profile(100), '/tf_static': Profile(100, latched=True)}
_GLANCE_S = 0.002
_WARN_EVERY_S = 5.0


class Transforms:
    """
    Listens to transforms, and looks them up.

    Parameters
    ----------
    participant : Participant
        The node's.
    log : callable
        Takes a level and a line.

    Attributes
    ----------
    wanted : bool
        Whether to listen, from the next `attend` on; to be set from any thread.

    """

    def __init__(self, participant: Participant, log: Callable[[str, str], object]) -> None:
        self.wanted = False
        self._warn = Warnings(log, Throttle(_WARN_EVERY_S))
        self._participant = participant
        self._buffer = TransformBuffer()
        self._subscriptions: list[Subscription] = []

    def attend(self) -> None:
        """Listen, or listen no more; in the thread that receives."""
        if self.wanted and not self._subscriptions:
            self._subscriptions = [
                self._participant.subscribe(
                    self._participant.names.resolve(topic),
                    _TYPE,
                    profile,
                    self._on_static if profile.latched else self._on_moving,
                )
                for topic, profile in _TOPICS.items()
            ]
        elif not self.wanted and self._subscriptions:
            for subscription in self._subscriptions:
                self._participant.unsubscribe(subscription)
            self._subscriptions = []
            self._buffer = TransformBuffer()

    def lookup(self, target: str, source: str, stamp_ns: int, timeout_s: float) -> Transform:
        """
        Return what `Transport.transform` does; in the worker's thread.

        Raises
        ------
        TransformError
            If it is not known.

        """
        end_s = monotonic() + timeout_s
        while True:
            try:
                return self._buffer.lookup(target, source, stamp_ns)
            except TransformError:
                left_s = end_s - monotonic()
                if left_s <= 0:
                    raise
            sleep(min(_GLANCE_S, left_s))

    def forget(self) -> None:
        """Forget what moves: time jumped back."""
        self._buffer.clear()

    def _on_moving(self, message: Any) -> None:
        learn_transforms(self._buffer, message, static=False, warn=self._warn)

    def _on_static(self, message: Any) -> None:
        learn_transforms(self._buffer, message, static=True, warn=self._warn)
