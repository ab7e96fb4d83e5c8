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
from openpose_ros.ros.node.transport import (
    IMAGES,
    OPTIONAL,
    OUTPUT_TYPES,
    Input,
    named,
    output_names,
)
from openpose_ros.spatial import Transform

_RESULTS, _LATCHED, _NEWEST = Profile(5), Profile(1, latched=True), Profile(1, reliable=False)
_PROFILES = {  # of all other outputs: that of results
    'image_annotated': SENSOR_DATA,
    'image_annotated/compressed': SENSOR_DATA,
    'skeleton_info': _LATCHED,
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
    image_transports : mapping of str to str
        'raw' or 'compressed', by the names of the cameras; as `NodeParams.image_transports`.
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
        image_transports: Mapping[str, str],
        optional: Collection[str] = (),
    ) -> None:
        self.types = participant.types.classes
        self.log = log
        self._participant = participant
        self._settings = dict(settings)
        self._sim_time_ns: int | None = None
        names = participant.names
        self._image_topics = {
            camera: self._resolved(named(camera, 'image'), IMAGES[images][0])
            for camera, images in image_transports.items()
        }
        self._images: dict[str, Subscription] = {}
        self._transforms = Transforms(participant, log)
        for output in optional:
            participant.types.package(OUTPUT_TYPES[output].partition('/')[0])
        self.outputs = frozenset(
            output for output in OUTPUT_TYPES if output not in OPTIONAL or output in optional
        )
        self._publishers = {
            name: self._publisher(
                names.resolve(f'~/{name}'), OUTPUT_TYPES[output], _PROFILES.get(output, _RESULTS)
            )
            for output in self.outputs
            for name in output_names(image_transports, output)
        }
        self._diagnostics = self._publisher(
            names.resolve('/diagnostics'), 'diagnostic_msgs/msg/DiagnosticArray', _RESULTS
        )
        self._profiles = {
            camera: self._profile(topic, 'subscription', _NEWEST)
            for camera, topic in self._image_topics.items()
        }
        if self._sim_time():
            self._sim_time_ns = 0
            participant.subscribe('/clock', 'rosgraph_msgs/msg/Clock', _NEWEST, self._on_clock)
        for name in self._settings:
            raise ParameterError(
                f"there is nothing to set by '{name}'; this node's topics are "
                f'{", ".join(sorted(self._topics()))}, their policies {", ".join(_OVERRIDES)}'
            )

    def subscribe(self, inputs: Iterable[Input]) -> None:
        """Listen to these from now on."""
        for one in inputs:
            if one.image:
                topic = self._participant.names.camera_info(one.topic, one.image)
            else:
                topic = self._resolved(one.topic, one.ending)
            camera = one.images_of
            profile = _NEWEST if camera is None else self._profiles[camera]
            subscription = self._participant.subscribe(topic, one.type_name, profile, one.callback)
            if camera is not None:
                self._images[camera] = subscription

    def publish(self, output: str, message: Any) -> None:
        self._publishers[output].publish(message)

    def publish_diagnostics(self, statuses: Mapping[str, Status]) -> None:
        """Publish how the node is doing, as `diagnostic_array` takes it."""
        stamp, node = time_message(self.types, self.now_ns()), self._participant.names.node
        self._diagnostics.publish(diagnostic_array(self.types, statuses, node=node, stamp=stamp))

    def package(self, name: str) -> Any:
        return self._participant.types.package(name)

    def advertise(self, topic: str, type_name: str, depth: int) -> _Outlet:
        topic = self._participant.names.resolve(topic)
        publisher = self._participant.publisher(topic, type_name, Profile(depth))
        return _Outlet(self._participant, publisher)

    def subscribers(self, output: str) -> int:
        publisher = self._publishers.get(output)
        return publisher.subscribers() if publisher else 0

    def publishers_of_image(self, camera: str = '') -> int:
        image = self._images.get(camera)
        return image.publishers() if image else 0

    def published_types(self, topic: str) -> set[str]:
        return self._participant.published_types(topic)

    def image_topic(self, camera: str = '') -> str:
        return self._image_topics[camera]

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

    def _resolved(self, topic: str, ending: str) -> str:
        names = self._participant.names
        # Twice, because image/compressed may have a rule of its own.
        return names.resolve(names.resolve(topic) + ending)

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
        return [*ours, self._diagnostics.topic, *self._image_topics.values()]


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
