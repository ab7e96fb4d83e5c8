"""What /tf and /tf_static say, while somebody wants to know."""

from __future__ import annotations

from time import monotonic, sleep
from typing import Any

import numpy as np

from openpose_ros.errors import TransformError
from openpose_ros.ros.dds.endpoints import Profile, Subscription
from openpose_ros.ros.dds.participant import Participant
from openpose_ros.ros.messages.people import nanoseconds
from openpose_ros.spatial import Transform, TransformBuffer

_TYPE = 'tf2_msgs/msg/TFMessage'
# As tf2_ros has them.
_TOPICS = {'/tf': Profile(100), '/tf_static': Profile(100, latched=True)}
_GLANCE_S = 0.002


class Transforms:
    """
    Listens to transforms, and looks them up.

    Parameters
    ----------
    participant : Participant
        The node's.

    Attributes
    ----------
    wanted : bool
        Whether to listen, from the next `attend` on; to be set from any thread.

    """

    def __init__(self, participant: Participant) -> None:
        self.wanted = False
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
        self._add(message, static=False)

    def _on_static(self, message: Any) -> None:
        self._add(message, static=True)

    def _add(self, message: Any, *, static: bool) -> None:
        for one in message.transforms:
            shift, turn = one.transform.translation, one.transform.rotation
            transform = Transform(
                np.array([shift.x, shift.y, shift.z]),
                np.array([turn.x, turn.y, turn.z, turn.w]),
            )
            try:
                self._buffer.add(
                    one.header.frame_id,
                    one.child_frame_id,
                    transform,
                    nanoseconds(one.header.stamp),
                    static=static,
                )
            except TransformError:
                continue  # as tf2 leaves it out; who looks for it is told that it is not known
