"""How the node publishes, asks and logs over DDS."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, replace
import time
from typing import Any

from openpose_ros.errors import ParameterError
from openpose_ros.ros.dds.endpoints import SENSOR_DATA, Profile, Publisher, Subscription
from openpose_ros.ros.dds.participant import Participant
from openpose_ros.ros.dds.transforms import Transforms
from openpose_ros.ros.messages.images import decode_image
from openpose_ros.ros.messages.people import nanoseconds, time_message
from openpose_ros.ros.node.diagnostics import Status, diagnostic_array
from openpose_ros.ros.node.transport import OPTIONAL, OUTPUT_TYPES, Input
from openpose_ros.spatial import Transform

_RESULTS, _LATCHED, _NEWEST = Profile(5), Profile(1, latched=True), Profile(1, reliable=False)
_PROFILES = {  # of all other outputs: that of results
    'image_annotated': SENSOR_DATA,
    'image_annotated/compressed': SENSOR_DATA,
    'skeleton_info': _LATCHED,
}
_IMAGES = {  # image_transport: what follows the topic's name, type
    'raw': ('', 'sensor_msgs/msg/Image'),
    'compressed': ('/compressed', 'sensor_msgs/msg/CompressedImage'),
}
_OVERRIDES: dict[
    str, tuple[str, dict[str, Any]]
] = {  # policy: its values, and what they are in a Profile
    'reliability': ('reliable', {'reliable': True, 'best_effort': False}),
    'durability': ('latched', {'transient_local': True, 'volatile': False}),
    'depth': ('depth', {str(depth): depth for depth in range(1, 1001)}),
    'history': ('', {'keep_last': None}),
}


class DdsTransport:
    """
    See `Transport`.

    Parameters
    ----------
    participant : Participant
        The node's.
    log : callable
        Takes a level and a line; see `Transport.log`.
    settings : mapping of str to object
        Parameters of the transport: `use_sim_time`, and as in ROS
        `qos_overrides.TOPIC.publisher.POLICY` and `….subscription.…`, with the topic's full name.
    image_transport : str
        'raw' or 'compressed'.
    optional : collection of str
        Those of `node.transport.OPTIONAL` that are published.

    Raises
    ------
    ParameterError
        If a setting is unknown or wrong.

    """

    decode = staticmethod(decode_image)

    def __init__(
        self,
        participant: Participant,
        log: Callable[[str, str], None],
        settings: Mapping[str, Any],
        image_transport: str,
        optional: Collection[str] = (),
    ) -> None:
        self.types = participant.types.classes
        self.log = log
        self.image_transport = image_transport
        self._participant = participant
        self._settings = dict(settings)
        self._sim_time_ns: int | None = None
        names = participant.names
        ending, self._image_type = _IMAGES[image_transport]
        # Twice, because image/compressed may have a rule of its own.
        self._image_topic = names.resolve(names.resolve('image') + ending)
        self._image: Subscription | None = None
        self._transforms = Transforms(participant)
        for output in optional:
            participant.types.package(OUTPUT_TYPES[output].partition('/')[0])
        self._publishers = {
            output: self._publisher(
                names.resolve(f'~/{output}'), kind, _PROFILES.get(output, _RESULTS)
            )
            for output, kind in OUTPUT_TYPES.items()
            if output not in OPTIONAL or output in optional
        }
        self.outputs = frozenset(self._publishers)
        self._diagnostics = self._publisher(
            names.resolve('/diagnostics'), 'diagnostic_msgs/msg/DiagnosticArray', _RESULTS
        )
        self._input = self._profile(self._image_topic, 'subscription', _NEWEST)
        if self._sim_time():
            self._sim_time_ns = 0
            participant.subscribe('/clock', 'rosgraph_msgs/msg/Clock', _NEWEST, self._on_clock)
        for name in self._settings:
            raise ParameterError(
                f"there is nothing to set by '{name}'; this node's topics are "
                f'{", ".join(sorted(self._topics()))}, their policies {", ".join(_OVERRIDES)}'
            )

    def subscribe(self, on_image: Callable[[Any], None], inputs: Iterable[Input] = ()) -> None:
        """
        Listen to the camera from now on.

        Parameters
        ----------
        on_image : callable
            Takes each image.
        inputs : iterable of Input
            What else to listen to.

        """
        names = self._participant.names
        self._image = self._participant.subscribe(
            self._image_topic, self._image_type, self._input, on_image
        )
        for one in inputs:
            if one.image:
                topic = names.camera_info(one.topic, one.image)
            else:
                topic = names.resolve(names.resolve(one.topic) + one.ending)
            self._participant.subscribe(topic, one.type_name, _NEWEST, one.callback)

    def publish(self, output: str, message: Any) -> None:
        self._publishers[output].publish(message)

    def publish_diagnostics(self, status: Status) -> None:
        """Publish how the node is doing."""
        stamp = time_message(self.types, self.now_ns())
        name = f'{self._participant.names.node}: pose estimation'
        self._diagnostics.publish(diagnostic_array(self.types, status, name=name, stamp=stamp))

    def package(self, name: str) -> Any:
        return self._participant.types.package(name)

    def advertise(self, topic: str, type_name: str, depth: int) -> _Outlet:
        topic = self._participant.names.resolve(topic)
        publisher = self._participant.publisher(topic, type_name, Profile(depth))
        return _Outlet(self._participant, publisher)

    def subscribers(self, output: str) -> int:
        publisher = self._publishers.get(output)
        return publisher.subscribers() if publisher else 0

    def publishers_of_image(self) -> int:
        return self._image.publishers() if self._image else 0

    def published_types(self, topic: str) -> set[str]:
        return self._participant.published_types(topic)

    def image_topic(self) -> str:
        return self._image_topic

    def listen_to_transforms(self, wanted: bool) -> None:
        self._transforms.wanted = wanted

    def transform(self, target: str, source: str, stamp_ns: int, timeout_s: float) -> Transform:
        return self._transforms.lookup(target, source, stamp_ns, timeout_s)

    def attend(self) -> None:
        """Subscribe to what is wanted by now; in the thread that receives."""
        self._transforms.attend()

    def now_ns(self) -> int:
        return time.time_ns() if self._sim_time_ns is None else self._sim_time_ns

    def _on_clock(self, message: Any) -> None:
        before, self._sim_time_ns = self._sim_time_ns, nanoseconds(message.clock)
        if before and self._sim_time_ns < before:
            self._transforms.forget()

    def _sim_time(self) -> bool:
        value = self._settings.pop('use_sim_time', False)
        if not isinstance(value, bool):
            raise ParameterError(f'use_sim_time is {value!r}, but must be true or false')
        return value

    def _publisher(self, topic: str, type_name: str, profile: Profile) -> Publisher:
        profile = self._profile(topic, 'publisher', profile)
        return self._participant.publisher(topic, type_name, profile)

    def _profile(self, topic: str, kind: str, profile: Profile) -> Profile:
        """Return a profile with what the settings override; it is taken out of them."""
        for policy, (field, values) in _OVERRIDES.items():
            name = f'qos_overrides.{topic}.{kind}.{policy}'
            if name not in self._settings:
                continue
            value = str(self._settings.pop(name))
            if value not in values:
                allowed = '1 to 1000' if policy == 'depth' else ' or '.join(values)
                raise ParameterError(f"{name} is '{value}', but must be {allowed}")
            if field:
                profile = replace(profile, **{field: values[value]})
        return profile

    def _topics(self) -> list[str]:
        ours = [publisher.topic for publisher in self._publishers.values()]
        return [*ours, self._diagnostics.topic, self._image_topic]


@dataclass(frozen=True, eq=False)
class _Outlet:
    """See `Outlet`."""

    participant: Participant
    publisher: Publisher

    def publish(self, message: Any) -> None:
        self.publisher.publish(message)

    def subscribers(self) -> int:
        return self.publisher.subscribers()

    def close(self) -> None:
        self.participant.withdraw(self.publisher)
