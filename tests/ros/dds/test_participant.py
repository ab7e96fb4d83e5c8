"""Messages between participants, in one process and in two, over loopback."""

from __future__ import annotations

from collections.abc import Callable, Iterator
import os
import subprocess
import sys
import threading
from time import monotonic
from typing import Any

from cyclonedds.builtin import BuiltinDataReader, BuiltinTopicDcpsPublication
from cyclonedds.domain import DomainParticipant
from cyclonedds.topic import Topic
import numpy as np
import pytest

from openpose_ros.errors import TransportError
from openpose_ros.ros.dds.endpoints import Profile, Publisher
from openpose_ros.ros.dds.participant import Participant
from openpose_ros.ros.messages.images import image_message
from openpose_ros.ros.node.names import Names
from tests.ros.fakes import TYPES, header

pytestmark = pytest.mark.usefixtures('network')

HEADER, IMAGE = 'std_msgs/msg/Header', 'sensor_msgs/msg/Image'
RELIABLE, LATCHED, LOSSY = Profile(5), Profile(1, latched=True), Profile(5, reliable=False)
PUBLISH_FROM_ANOTHER_PROCESS = """
import sys
from openpose_ros.ros.dds.participant import Participant
from openpose_ros.ros.dds.endpoints import Profile
from openpose_ros.ros.node.names import Names
with Participant(Names('far')) as far:
    publisher = far.publisher('/far', 'std_msgs/msg/Header', Profile(1, latched=True))
    stamp = far.types.classes.Time(sec=1, nanosec=2)
    publisher.publish(far.types.classes.Header(stamp=stamp, frame_id='weit weg \\N{CAMERA}'))
    print('published', flush=True)
    sys.stdin.readline()
"""


@pytest.fixture
def participant() -> Iterator[Participant]:
    with Participant(Names('here')) as here:
        yield here


@pytest.fixture
def other() -> Iterator[Participant]:
    with Participant(Names('there')) as there:
        yield there


def spin_until(participant: Participant, done: Callable[[], object]) -> list[str]:
    """Spin until something is so; return what was told meanwhile."""
    told, deadline = [], monotonic() + 20
    while not done():
        assert monotonic() < deadline, 'it did not come true in 20 s'
        told += participant.spin(0.05)
    return told


def matched(publisher: Publisher) -> Callable[[], bool]:
    return lambda: publisher.subscribers() > 0


def test_message_comes_as_it_was_sent(participant: Participant, other: Participant) -> None:
    came: list[Any] = []
    participant.subscribe('/a', HEADER, RELIABLE, came.append)
    publisher = other.publisher('/a', HEADER, RELIABLE)
    spin_until(participant, matched(publisher))
    for index in range(3):
        publisher.publish(header(index, f'frame {index}'))
    spin_until(participant, lambda: len(came) == 3)
    assert came == [header(index, f'frame {index}') for index in range(3)]


def test_large_image_comes_whole(participant: Participant, other: Participant) -> None:
    came: list[Any] = []
    subscription = participant.subscribe('/a', IMAGE, LOSSY, came.append)
    publisher = other.publisher('/a', IMAGE, RELIABLE)
    spin_until(participant, lambda: subscription.publishers() and publisher.subscribers())
    frame = np.random.default_rng(0).integers(0, 255, (720, 1280, 3), np.uint8)
    deadline = monotonic() + 20
    while not came and monotonic() < deadline:  # best effort may lose one
        publisher.publish(image_message(TYPES, frame, header()))
        participant.spin(0.2)
    assert came[0].data.tobytes() == frame.tobytes()


def test_message_of_another_process_comes(participant: Participant) -> None:
    far = subprocess.Popen(
        [sys.executable, '-c', PUBLISH_FROM_ANOTHER_PROCESS],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    with far:
        assert far.stdout is not None
        assert far.stdout.readline() == 'published\n'
        came: list[Any] = []
        participant.subscribe('/far', HEADER, LATCHED, came.append)  # later: it is latched
        spin_until(participant, lambda: came)
        far.communicate('end\n')
    assert far.returncode == 0
    assert came[0].frame_id == 'weit weg 📷'


def test_subscribers_and_publishers_are_counted(
    participant: Participant, other: Participant
) -> None:
    subscription = participant.subscribe('/a', HEADER, RELIABLE, print)
    assert subscription.publishers() == 0
    publisher = other.publisher('/a', HEADER, RELIABLE)
    spin_until(participant, lambda: subscription.publishers() == 1 == publisher.subscribers())
    participant.unsubscribe(subscription)
    spin_until(participant, lambda: publisher.subscribers() == 0)


def test_topic_that_is_withdrawn_is_gone_and_may_come_again(
    participant: Participant, other: Participant
) -> None:
    came: list[Any] = []
    subscription = participant.subscribe('/a', HEADER, RELIABLE, came.append)
    for index in range(3):
        before = len(other._entities)
        publisher = other.publisher('/a', HEADER, RELIABLE)
        spin_until(participant, matched(publisher))
        publisher.publish(header(index))
        spin_until(participant, lambda index=index: len(came) == index + 1)
        other.withdraw(publisher)
        spin_until(participant, lambda: subscription.publishers() == 0)
        assert len(other._entities) == before
        assert other.incompatible_qos() == []


def test_topics_may_come_and_go_while_another_thread_listens(
    participant: Participant, other: Participant
) -> None:
    over = threading.Event()
    troubles: list[Any] = []

    def listen() -> None:
        while not over.is_set():
            try:
                troubles.extend(participant.spin(0.001) + participant.incompatible_qos())
            except Exception as exc:  # noqa: BLE001  for the assertion
                troubles.append(exc)

    participant.subscribe('/b', HEADER, RELIABLE, lambda _: None)
    listening = threading.Thread(target=listen)
    listening.start()
    try:
        for index in range(50):
            publisher = participant.publisher(f'/a{index}', HEADER, RELIABLE)
            publisher.publish(header(index))
            participant.withdraw(publisher)
    finally:
        over.set()
        listening.join()
    assert troubles == []


def test_participant_that_leaves_is_missed_at_once(participant: Participant) -> None:
    subscription = participant.subscribe('/a', HEADER, RELIABLE, print)
    with Participant(Names('there')) as there:
        there.publisher('/a', HEADER, RELIABLE)
        spin_until(participant, lambda: subscription.publishers() == 1)
    # Its lease would end after 10 s.
    left = monotonic()
    spin_until(participant, lambda: subscription.publishers() == 0)
    assert monotonic() - left < 5


@pytest.mark.parametrize(
    ('offered', 'asked', 'policy'),
    [(LOSSY, RELIABLE, 'reliability'), (Profile(1), LATCHED, 'durability')],
)
def test_quality_that_does_not_fit_is_named(
    participant: Participant, other: Participant, offered: Profile, asked: Profile, policy: str
) -> None:
    participant.subscribe('/a', HEADER, asked, print)
    other.publisher('/a', HEADER, offered)
    heard: list[str] = []
    spin_until(participant, lambda: heard.extend(participant.incompatible_qos()) or heard)
    assert heard == [
        f'a publisher of /a offers less ({policy}) than this node does: it is not heard'
    ]
    served: list[str] = []
    spin_until(participant, lambda: served.extend(other.incompatible_qos()) or served)
    assert served == [
        f'a subscriber of /a asks for more ({policy}) than this node does: it is not served'
    ]
    assert participant.incompatible_qos() == []  # told once


def test_a_type_that_does_not_fit_is_told(participant: Participant, other: Participant) -> None:
    participant.subscribe('/a', HEADER, RELIABLE, print)
    other.publisher('/a', 'sensor_msgs/msg/Image', RELIABLE)
    heard: list[str] = []
    spin_until(participant, lambda: heard.extend(participant.incompatible_qos()) or heard)
    assert heard == ['a publisher of /a has another type than this node: it is not heard']
    served: list[str] = []
    spin_until(participant, lambda: served.extend(other.incompatible_qos()) or served)
    assert served == ['a subscriber of /a has another type than this node: it is not served']


def test_message_that_cannot_be_read_is_told_and_left_out(
    participant: Participant, other: Participant
) -> None:
    came: list[Any] = []
    participant.subscribe('/a', HEADER, RELIABLE, came.append)
    publisher = other.publisher('/a', HEADER, RELIABLE)
    spin_until(participant, matched(publisher))
    sample_type = participant.types.sample_type(HEADER)

    class Broken(sample_type):  # type: ignore[misc, valid-type]
        def serialize(self, *_: Any, **__: Any) -> bytes:
            return bytes(super().serialize()).replace(b'good', b'\xff\xfe\xfd\xfc')

    publisher.writer.write(Broken(header(1, 'good')))
    publisher.publish(header(2, 'better'))
    told = spin_until(participant, lambda: came)
    assert [message.frame_id for message in came] == ['better']
    assert len(told) == 1
    assert told[0].startswith('a message on /a cannot be read: ')


def test_endpoints_are_named_as_in_ros(participant: Participant) -> None:
    publisher = participant.publisher(
        '/openpose/persons', 'openpose_ros/msg/PersonArray', RELIABLE
    )
    domain = DomainParticipant(int(os.environ['ROS_DOMAIN_ID']))
    reader = BuiltinDataReader(domain, BuiltinTopicDcpsPublication)
    found: dict[str, Any] = {}

    def told() -> bool:
        found.update({endpoint.topic_name: endpoint for endpoint in reader.take(100)})
        return found.keys() >= {'ros_discovery_info', 'rt/openpose/persons'}

    spin_until(participant, told)
    persons = found['rt/openpose/persons']
    assert persons.type_name == 'openpose_ros::msg::dds_::PersonArray_'
    type_hash = participant.types.type_hash('openpose_ros/msg/PersonArray')
    (userdata,) = [policy for policy in persons.qos if 'Userdata' in type(policy).__name__]
    assert userdata.data == f'typehash={type_hash};'.encode()
    assert persons.key == publisher.writer.guid


def test_graph_names_the_node_and_what_it_has(
    participant: Participant, other: Participant
) -> None:
    told: dict[str, Any] = {}

    class Listener(Participant):
        def _topic(self, name: str, type_name: str) -> Topic[Any]:
            return super()._topic(name.replace('rt/', ''), type_name)

    with Listener(Names('listener')) as listener:
        listener.subscribe(
            '/ros_discovery_info',
            'rmw_dds_common/msg/ParticipantEntitiesInfo',
            LATCHED,
            lambda m: told.update({n.node_name: n for n in m.node_entities_info_seq}),
        )
        other.publisher('/a', HEADER, RELIABLE)
        other.subscribe('/b', HEADER, RELIABLE, print)
        spin_until(listener, lambda: 'there' in told and len(told['there'].reader_gid_seq) == 1)
    assert told['there'].node_namespace == '/'
    assert len(told['there'].writer_gid_seq) == 1


def test_bad_configuration_of_cyclone_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv('CYCLONEDDS_URI', '<CycloneDDS><Nonsense/></CycloneDDS>')
    with pytest.raises(TransportError, match=r'cannot join the ROS domain \d+: .*CYCLONEDDS_URI'):
        Participant(Names('here'))


def test_environment_is_left_as_it_was(participant: Participant) -> None:
    assert 'CYCLONEDDS_URI' not in os.environ


def test_types_on_a_topic_are_those_of_its_publishers(participant: Participant) -> None:
    with Participant(Names('camera')) as camera:
        assert participant.published_types('/cam') == set()
        camera.publisher('/cam', 'sensor_msgs/msg/CompressedImage', RELIABLE)
        spin_until(participant, lambda: bool(participant.published_types('/cam')))
        assert participant.published_types('/cam') == {'sensor_msgs/msg/CompressedImage'}
        camera.publisher('/cam', IMAGE, RELIABLE)
        spin_until(participant, lambda: len(participant.published_types('/cam')) == 2)
        assert participant.published_types('/ca') == set()
    spin_until(participant, lambda: not participant.published_types('/cam'))
