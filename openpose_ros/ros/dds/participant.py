"""
A ROS 2 node's place on the network, by Cyclone DDS and without a ROS installation.

Topics, types, quality of service and announcements are those of rmw_cyclonedds, so that the nodes
of a ROS 2 system see this one as theirs: the topic /a is rt/a on the wire, its type pkg/msg/Type
is pkg::msg::dds_::Type_, and the endpoints' user data hold the type's hash.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
import os
import threading
from typing import Any

from cyclonedds.builtin import BuiltinDataReader, BuiltinTopicDcpsPublication
from cyclonedds.core import DDSException, Entity, InstanceState, WaitSet
from cyclonedds.domain import DomainParticipant
from cyclonedds.pub import DataWriter
from cyclonedds.qos import Policy, Qos
from cyclonedds.sub import DataReader
from cyclonedds.topic import Topic
from cyclonedds.util import duration
from rosbags.serde import SerdeError

from openpose_ros.closing import Closing
from openpose_ros.errors import TransportError
from openpose_ros.ros.dds.endpoints import Profile, Publisher, Subscription
from openpose_ros.ros.dds.environment import cyclone_config, domain_of
from openpose_ros.ros.dds.graph import (
    DISCOVERY_TOPIC,
    DISCOVERY_TYPE,
    PARTICIPANT_DATA,
    announce_node,
)
from openpose_ros.ros.dds.types import RosTypes, load_types, ros_type
from openpose_ros.ros.node.names import Names
from openpose_ros.ros.types.store import DEFAULT_DISTRO

_MOST_ENDPOINTS = 1000  # publishers of a whole robot
# The policies by which a reader and a writer may not fit, by DDS's numbers.
_POLICIES = {2: 'durability', 4: 'deadline', 6: 'ownership', 8: 'liveliness', 11: 'reliability'}
_TYPE = 24  # what Cyclone says of endpoints whose types differ


class Participant(Closing):
    """
    A node on the network: a context that leaves it at its end.

    Parameters
    ----------
    names : Names
        The node's.
    types : RosTypes, optional
        By default those of the distribution that ROS_DISTRO names, Jazzy where it names none.
    environment : mapping of str to str
        Where ROS_DOMAIN_ID and the others are looked up.

    Raises
    ------
    TransportError
        If the environment's values are wrong, or the network cannot be joined.

    """

    def __init__(
        self,
        names: Names,
        types: RosTypes | None = None,
        environment: Mapping[str, str] = os.environ,
    ) -> None:
        self.names = names
        self.types = types or load_types(environment.get('ROS_DISTRO') or DEFAULT_DISTRO)
        self._publishers: list[Publisher] = []
        self._subscriptions: list[Subscription] = []
        self._endpoints: BuiltinDataReader[Any] | None = None
        self._changing = threading.RLock()  # of what there is
        domain = domain_of(environment)
        with _configured(cyclone_config(environment)):
            try:
                self._participant = DomainParticipant(
                    domain, Qos(Policy.Userdata(PARTICIPANT_DATA))
                )
            except DDSException as exc:
                raise TransportError(
                    f'cannot join the ROS domain {domain}: {exc}; see the lines above, and '
                    'CYCLONEDDS_URI and ROS_AUTOMATIC_DISCOVERY_RANGE in the environment'
                ) from exc
        self._waitset = WaitSet(self._participant)
        self._entities: list[Entity] = [self._participant, self._waitset]
        self._graph = Publisher(
            DISCOVERY_TOPIC,
            self._writer(DISCOVERY_TOPIC, DISCOVERY_TYPE, Profile(1, latched=True)),
        )
        self._announce()

    def publisher(self, topic: str, type_name: str, profile: Profile) -> Publisher:
        """
        Publish on a topic.

        Parameters
        ----------
        topic : str
            Its full name, as `Names.resolve` returns it.
        type_name : str
            'sensor_msgs/msg/Image', say.
        profile : Profile
            Quality of service.

        """
        with self._changing:
            publisher = Publisher(topic, self._writer(f'rt{topic}', type_name, profile))
            self._publishers.append(publisher)
            self._announce()
        return publisher

    def withdraw(self, publisher: Publisher) -> None:
        """Publish on a topic no more; from any thread but those that still publish on it."""
        with self._changing:
            self._publishers.remove(publisher)
            self._forget(publisher.writer, publisher.writer.topic)
            self._announce()

    def subscribe(
        self, topic: str, type_name: str, profile: Profile, callback: Callable[[Any], None]
    ) -> Subscription:
        """Listen to a topic (see `publisher`): `spin` calls the callback with each message."""
        with self._changing:
            reader = DataReader(
                self._participant,
                self._topic(f'rt{topic}', type_name),
                profile.qos(self.types.type_hash(type_name)),
            )
            subscription = Subscription(topic, reader, callback)
            self._entities += [reader, subscription.condition]
            self._subscriptions.append(subscription)
            self._waitset.attach(subscription.condition)
            self._announce()
        return subscription

    def unsubscribe(self, subscription: Subscription) -> None:
        """Listen no more."""
        with self._changing:
            self._waitset.detach(subscription.condition)
            self._subscriptions.remove(subscription)
            reader = subscription.reader
            self._forget(subscription.condition, reader, reader.topic)
            self._announce()

    def spin(self, seconds: float) -> list[str]:
        """
        Wait for messages and deliver them.

        No signal handler may raise meanwhile: Cyclone's Python part, which calls Python while it
        takes a message, does not look whether that failed, and would crash.

        Parameters
        ----------
        seconds : float
            How long to wait for the first one.

        Returns
        -------
        list of str
            What came and was no message of its type, a line each.

        """
        troubles = []
        self._waitset.wait(duration(seconds=max(seconds, 0)))
        for subscription in list(self._subscriptions):
            try:
                subscription.deliver()
            except SerdeError as exc:
                troubles.append(f'a message on {subscription.topic} cannot be read: {exc}')
        return troubles

    def published_types(self, topic: str) -> set[str]:
        """Return the types that others publish on a topic, as ROS has them; see `publisher`."""
        return {kind for name, kind, _ in self._published() if name == f'rt{topic}'}

    def is_reliable(self, topic: str) -> bool:
        """Return whether all others who publish on a topic send lost packets again."""
        return all(reliable for name, _, reliable in self._published() if name == f'rt{topic}')

    def published_topics(self, type_names: Collection[str]) -> list[str]:
        """Return the topics on which others publish messages of one of these types, in order."""
        return sorted(
            {
                name.removeprefix('rt')
                for name, kind, _ in self._published()
                if kind in type_names and name.startswith('rt/')
            }
        )

    def _published(self) -> list[tuple[str, str, bool]]:
        """Return what is published: topics as they are on the wire, types, whether reliably."""
        if self._endpoints is None:
            self._endpoints = BuiltinDataReader(self._participant, BuiltinTopicDcpsPublication)
            self._entities.append(self._endpoints)
        return [
            (
                endpoint.topic_name,
                ros_type(endpoint.type_name),
                Policy.Reliability.BestEffort not in endpoint.qos,
            )
            for endpoint in self._endpoints.read(_MOST_ENDPOINTS)
            if endpoint.sample_info.valid_data
            and endpoint.sample_info.instance_state == InstanceState.Alive
        ]

    def incompatible_qos(self) -> list[str]:
        """Return who was met, since the last call, whose quality of service does not fit ours."""
        found = []
        for subscription in self._subscriptions:
            status = subscription.reader.get_requested_incompatible_qos_status()
            topic = subscription.topic
            found += _incompatible(
                status,
                f'a publisher of {topic} offers less',
                f'a publisher of {topic} has another type than this node: it is not heard',
                'heard',
            )
        with self._changing:
            for publisher in self._publishers:
                status = publisher.writer.get_offered_incompatible_qos_status()
                topic = publisher.topic
                found += _incompatible(
                    status,
                    f'a subscriber of {topic} asks for more',
                    f'a subscriber of {topic} has another type than this node: it is not served',
                    'served',
                )
        return found

    def close(self) -> None:
        """Leave the network; others see it at once."""
        for subscription in self._subscriptions:
            self._waitset.detach(subscription.condition)
        self._subscriptions.clear()
        # Each of them, although the participant takes all with it: what Python deletes later
        # would be looked up in a table that Cyclone frees with the last participant.
        _delete(*reversed(self._entities))
        self._entities.clear()

    def _writer(self, topic: str, type_name: str, profile: Profile) -> DataWriter[Any]:
        qos = profile.qos(self.types.type_hash(type_name))
        writer = DataWriter(self._participant, self._topic(topic, type_name), qos)
        self._entities.append(writer)
        return writer

    def _forget(self, *entities: Entity) -> None:
        for entity in entities:
            self._entities.remove(entity)
        _delete(*entities)

    def _topic(self, name: str, type_name: str) -> Topic[Any]:
        topic = Topic(self._participant, name, self.types.sample_type(type_name))
        self._entities.append(topic)
        return topic

    def _announce(self) -> None:
        self._graph.publish(
            announce_node(
                self.types,
                self.names,
                self._participant.guid,
                [subscription.reader.guid for subscription in self._subscriptions],
                [publisher.writer.guid for publisher in self._publishers],
            )
        )


def _incompatible(status: Any, what: str, other_type: str, consequence: str) -> list[str]:
    if not status.total_count_change:
        return []
    if status.last_policy_id == _TYPE:
        return [other_type]
    policy = _POLICIES.get(status.last_policy_id, f'policy {status.last_policy_id}')
    return [f'{what} ({policy}) than this node does: it is not {consequence}']


def _delete(*entities: Entity) -> None:
    """Delete now what Python would delete when nobody refers to it any more."""
    for entity in entities:
        entity.__del__()


@contextmanager
def _configured(config: str | None) -> Iterator[None]:
    """
    Let Cyclone find a configuration in its variable, where it reads it for a first participant.

    An explicit Domain would be a second owner of all the participants of this process.
    """
    if config is None:
        yield
        return
    before = os.environ.get('CYCLONEDDS_URI')
    os.environ['CYCLONEDDS_URI'] = config
    try:
        yield
    finally:
        if before is None:
            del os.environ['CYCLONEDDS_URI']
        else:
            os.environ['CYCLONEDDS_URI'] = before
