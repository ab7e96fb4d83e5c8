"""Who is there by her id, whichever camera sees her: frames of bodies, and hri's topics."""

from __future__ import annotations

from collections.abc import Callable, Hashable
import threading
from time import monotonic
from typing import Any

from openpose_ros.ros.messages.people import nanoseconds
from openpose_ros.ros.messages.transforms import body_transforms
from openpose_ros.ros.node.humans import Humans
from openpose_ros.ros.node.parameters import NodeParams
from openpose_ros.ros.node.transport import OTHERS, Outlet, Transport
from openpose_ros.skeletons import Skeleton

_FRAMES_DEPTH = 100  # as tf2_ros' broadcaster has it


class Bodies:
    """
    Publishes, for all cameras of a node together, what goes by the ids of people.

    The names of its topics have room for one publisher on a robot, and ids are unique over all
    cameras. Every method may be called from any thread.

    Parameters
    ----------
    transport : Transport
        Where to publish.
    clock : callable
        Tells the seconds that pass.

    """

    def __init__(self, transport: Transport, clock: Callable[[], float] = monotonic) -> None:
        self._transport = transport
        self._clock = clock
        self._lock = threading.Lock()
        self._users = 0
        self._tf2: Any = None
        self._frames: Outlet | None = None
        self._humans: Humans | None = None
        self._told_nameless = False
        self._told_needy = ''  # what was said of parameters that do not go together

    def open(self, params: NodeParams) -> None:
        """
        Publish what the parameters ask for, from now on; once for each camera.

        Of a package that is not installed, the transport tells, and nothing more comes of it.
        """
        with self._lock:
            if not self._users:
                self._begin(params)
            self._users += 1
        self.expect(params)

    def expect(self, params: NodeParams) -> None:
        """Tell whom nobody finds by the parameters of now, once while that is so."""
        line = _needy(params)
        if line and line != self._told_needy:
            self._transport.log('warning', line)
        self._told_needy = line

    def close(self) -> None:
        """Publish nothing more, when each camera has said so; once for each `open`."""
        with self._lock:
            self._users -= 1
            if self._users:
                return
            humans, self._humans = self._humans, None
            frames, self._frames = self._frames, None
        if humans:
            humans.close()
        if frames:
            frames.close()

    def publish(self, camera: Hashable, persons: Any, skeleton: Skeleton) -> None:
        """Publish who is in an image; as `Humans.publish` takes it."""
        frames, humans = self._frames, self._humans
        if frames and not persons.header.frame_id:
            self._tell_nameless()
        elif frames and nanoseconds(persons.header.stamp):  # 0 is no time for a frame
            found = body_transforms(self._transport.types, self._tf2, persons)
            if found.transforms:
                frames.publish(found)
        if humans:
            humans.publish(camera, persons, skeleton)

    def on_timer(self, params: NodeParams) -> None:
        """Do what is to be done about once a second."""
        humans = self._humans
        if humans:
            humans.on_timer(params.track_timeout)

    def forget(self, camera: Hashable) -> None:
        """Say that nobody is there, as far as one camera knows."""
        humans = self._humans
        if humans:
            humans.forget(camera)

    def is_heard(self) -> bool:
        """Tell whether somebody listens."""
        frames, humans = self._frames, self._humans
        return bool(frames and frames.subscribers()) or bool(humans and humans.is_heard())

    def _tell_nameless(self) -> None:
        if not self._told_nameless:
            self._told_nameless = True
            self._transport.log(
                'warning',
                'publish_tf: an image has no frame_id, so nobody in it has a frame; the camera '
                'driver must set header.frame_id',
            )

    def _begin(self, params: NodeParams) -> None:
        transport = self._transport
        hri = transport.package(OTHERS['hri']) if params.hri else None
        self._humans = None if hri is None else Humans(transport, hri, self._clock)
        self._tf2 = transport.package('tf2_msgs') if params.publish_tf else None
        if self._tf2 is not None:
            self._frames = transport.advertise('/tf', 'tf2_msgs/msg/TFMessage', _FRAMES_DEPTH)


def _needy(params: NodeParams) -> str:
    """Return in one line what goes by ids, but has none; '' where all is well."""
    needy = [name for name in ('hri', 'publish_tf') if getattr(params, name)]
    needy += ["target 'id'"] if params.target == 'id' else []
    if needy and not params.tracking:
        return (
            f'{" and ".join(needy)}: nobody has an id while tracking is false, so nobody is '
            'published there; set tracking to true'
        )
    if params.target == 'id' and not params.target_id:
        return (
            "target is 'id', but target_id is empty, so nobody is followed; set target_id to the "
            'id of somebody in persons'
        )
    return ''
