"""Bodies as REP 155 has them: who is there, and topics of their own for each of them."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
import threading
from time import monotonic
from typing import Any, NamedTuple

from openpose_ros.ros.messages.humans import ids_message, region_message, skeleton_message
from openpose_ros.ros.messages.seen import seen_persons
from openpose_ros.ros.node.transport import Outlet, Transport
from openpose_ros.skeletons import Skeleton

BODIES = '/humans/bodies'
_DEPTH = 5
_AGAIN_S = 1.0  # after which it is said again who is there
_NEARLY_S = 0.5  # a timer that comes about once a second shall not miss its turn by a hair


class _Topics(NamedTuple):
    """Those of one body."""

    roi: Outlet
    skeleton2d: Outlet


@dataclass(eq=False)
class _Seen:
    """Whom one camera sees."""

    ids: list[str] = field(default_factory=list)  # in its last image
    bodies: set[str] = field(default_factory=set)  # that have topics
    heard_s: float = 0.0


class Humans:
    """
    Publishes the bodies of all cameras; every method may be called from any thread.

    `/humans/bodies/tracked` says who is in the images: when that changes, and about once a second.
    `/humans/bodies/<id>/roi` and `…/skeleton2d` exist from the first image with that id until it
    is lost, and are silent while it is only expected somewhere.

    Parameters
    ----------
    transport : Transport
        Where to publish.
    hri : namespace
        The message classes of hri_msgs.
    clock : callable
        Tells the seconds that pass.

    """

    def __init__(
        self, transport: Transport, hri: Any, clock: Callable[[], float] = monotonic
    ) -> None:
        self._transport = transport
        self._hri = hri
        self._clock = clock
        self._tracked = transport.advertise(f'{BODIES}/tracked', 'hri_msgs/msg/IdsList', _DEPTH)
        self._bodies: dict[str, _Topics] = {}
        self._cameras: dict[Hashable, _Seen] = {}
        self._told: list[str] = []
        self._header: Any = None  # of the last image
        self._told_s = 0.0
        self._lock = threading.Lock()

    def publish(self, camera: Hashable, persons: Any, skeleton: Skeleton) -> None:
        """
        Publish who is in an image.

        Parameters
        ----------
        camera : hashable
            Whose image it is.
        persons : openpose_ros/PersonArray
            Who has no id is left out.
        skeleton : Skeleton
            The message's.

        """
        with self._lock:
            one = self._cameras.setdefault(camera, _Seen())
            self._header, one.heard_s = persons.header, self._clock()
            known = {person.id for person in persons.persons}
            seen = [person for person in seen_persons(persons) if person.id]
            one.ids = [person.id for person in seen]
            for name in one.ids:
                if name not in self._bodies:
                    self._bodies[name] = self._topics(name)
                    one.bodies.add(name)
            self._tell(_AGAIN_S)
            for person in seen:
                topics = self._bodies[person.id]
                topics.roi.publish(region_message(self._hri, persons, person))
                topics.skeleton2d.publish(skeleton_message(self._hri, persons, person, skeleton))
            self._withdraw(one, one.bodies - known)

    def on_timer(self, timeout_s: float) -> None:
        """
        Say again who is there; of a camera without an image for `timeout_s` seconds, nobody is.

        About once a second, in between images too.
        """
        with self._lock:
            for one in self._cameras.values():
                if self._clock() - one.heard_s > timeout_s:
                    self._empty(one)
            if self._header is not None:
                self._tell(_NEARLY_S)

    def forget(self, camera: Hashable) -> None:
        """Say that nobody is there any more, as far as one camera knows."""
        with self._lock:
            if camera in self._cameras:
                self._empty(self._cameras[camera])
                self._tell(_NEARLY_S)

    def is_heard(self) -> bool:
        """Tell whether somebody listens to who is there."""
        return self._tracked.subscribers() > 0

    def close(self) -> None:
        """Publish nothing more."""
        with self._lock:
            for one in self._cameras.values():
                self._empty(one)
            self._tracked.close()

    def _topics(self, name: str) -> _Topics:
        def topic(which: str, kind: str) -> Outlet:
            return self._transport.advertise(
                f'{BODIES}/{name}/{which}', f'hri_msgs/msg/{kind}', _DEPTH
            )

        return _Topics(
            topic('roi', 'NormalizedRegionOfInterest2D'), topic('skeleton2d', 'Skeleton2D')
        )

    def _tell(self, after_s: float) -> None:
        ids = [name for one in self._cameras.values() for name in one.ids]
        now_s = self._clock()
        if sorted(ids) != sorted(self._told) or now_s - self._told_s >= after_s:
            self._tracked.publish(ids_message(self._hri, self._header, ids))
            self._told_s = now_s
        self._told = ids

    def _empty(self, one: _Seen) -> None:
        one.ids = []
        self._withdraw(one, set(one.bodies))

    def _withdraw(self, one: _Seen, names: set[str]) -> None:
        one.bodies -= names
        for name in names:
            for outlet in self._bodies.pop(name):
                outlet.close()
