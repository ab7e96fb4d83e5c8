"""What the node gets from DDS: topics by its names, quality of service, time."""

from __future__ import annotations

from collections.abc import Iterator
import time
from typing import Any

import pytest

from openpose_ros.errors import ParameterError
from openpose_ros.ros.dds.endpoints import Profile
from openpose_ros.ros.dds.participant import Participant
from openpose_ros.ros.dds.transport import DdsTransport
from openpose_ros.ros.node.core import PoseNode
from openpose_ros.ros.node.names import Names
from openpose_ros.ros.node.parameters import NodeParams
from openpose_ros.ros.node.transport import OPTIONAL, OUTPUTS
from tests.ros.fakes import TYPES, header

pytestmark = pytest.mark.usefixtures('network')


@pytest.fixture
def participant() -> Iterator[Participant]:
    with Participant(Names.from_rules('openpose', ['__ns:=/front', 'image:=/camera/raw'])) as node:
        yield node


def transport(
    participant: Participant, settings: dict[str, Any] | None = None, images: str = 'raw'
) -> DdsTransport:
    return DdsTransport(participant, lambda level, text: None, settings or {}, {'': images})


def wait_for(condition: Any, participant: Participant) -> None:
    deadline = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < deadline, 'it did not come true in 20 s'
        participant.spin(0.05)


@pytest.mark.parametrize(
    ('images', 'topic'), [('raw', '/camera/raw'), ('compressed', '/camera/raw/compressed')]
)
def test_image_topic_is_remapped_before_its_ending(
    participant: Participant, images: str, topic: str
) -> None:
    assert transport(participant, images=images).image_topic() == topic


@pytest.mark.parametrize('kind', ['raw', 'compressedDepth'])
def test_cameras_are_listened_to_beside_their_images(participant: Participant, kind: str) -> None:
    node = PoseNode(transport(participant), NodeParams(depth=True, depth_transport=kind))
    transport(participant).subscribe(node.inputs())
    ending, packed = ('', 'Image') if kind == 'raw' else ('/compressedDepth', 'CompressedImage')
    expected = {
        '/camera/camera_info': 'CameraInfo',
        f'/front/depth_image{ending}': packed,
        '/front/depth_camera_info': 'CameraInfo',
    }
    with Participant(Names('viewer')) as viewer:
        offered = [
            viewer.publisher(topic, f'sensor_msgs/msg/{name}', Profile(1))
            for topic, name in expected.items()
        ]
        wait_for(lambda: all(one.subscribers() == 1 for one in offered), viewer)


def test_subscribers_are_counted_for_each_output(participant: Participant) -> None:
    found = transport(participant)
    with Participant(Names('viewer')) as viewer:
        viewer.subscribe(
            '/front/openpose/markers', 'visualization_msgs/msg/MarkerArray', Profile(1), print
        )
        wait_for(lambda: found.subscribers('markers') == 1, viewer)
        assert [output for output in OUTPUTS if found.subscribers(output)] == ['markers']


def test_outputs_are_those_that_are_asked_for(participant: Participant) -> None:
    assert transport(participant).outputs == set(OUTPUTS) - set(OPTIONAL)


def test_optional_output_has_its_quality_too(participant: Participant) -> None:
    settings = {'qos_overrides./front/openpose/detections.publisher.depth': 1}
    found = DdsTransport(participant, lambda *_: None, settings, {'': 'raw'}, ('detections',))
    assert 'detections' in found.outputs
    with pytest.raises(ParameterError, match='nothing to set'):
        transport(participant, settings)


def test_topic_beside_the_outputs_comes_and_goes(participant: Participant) -> None:
    found = transport(participant)
    came: list[Any] = []
    hri = found.package('hri_msgs')
    with Participant(Names('viewer')) as viewer:
        viewer.types.package('hri_msgs')
        name = 'hri_msgs/msg/IdsList'
        subscription = viewer.subscribe('/humans/bodies/tracked', name, Profile(5), came.append)
        outlet = found.advertise('/humans/bodies/tracked', name, 5)
        wait_for(lambda: outlet.subscribers() == 1, viewer)
        outlet.publish(hri.IdsList(header=header(), ids=['kqf1']))
        wait_for(lambda: len(came) == 1, viewer)
        outlet.close()
        wait_for(lambda: subscription.publishers() == 0, viewer)
    assert came[0].ids == ['kqf1']


def test_quality_is_overridden_by_the_full_name(participant: Participant) -> None:
    topic = 'qos_overrides./front/openpose/persons.publisher'
    settings = {
        f'{topic}.reliability': 'best_effort',
        f'{topic}.history': 'keep_last',
        f'{topic}.depth': 2,
    }
    transport(participant, settings)
    with Participant(Names('viewer')) as viewer:
        viewer.subscribe(
            '/front/openpose/persons', 'openpose_ros/msg/PersonArray', Profile(1), print
        )
        heard: list[str] = []
        wait_for(lambda: heard.extend(viewer.incompatible_qos()) or heard, viewer)
    assert 'offers less (reliability)' in heard[0]


@pytest.mark.parametrize(
    ('name', 'value', 'message'),
    [
        ('qos_overrides./camera/raw.subscription.depth', 0, "is '0', but must be 1 to 1000"),
        ('qos_overrides./camera/raw.subscription.reliability', 'high', 'reliable or best_effort'),
        ('qos_overrides./image.subscription.depth', 2, 'nothing to set.*topics are /camera/raw'),
        ('qos_overrides./camera/raw.subscription.deadline', 2, 'nothing to set.*reliability'),
        ('use_sim_time', 'yes', "use_sim_time is 'yes', but must be true or false"),
    ],
)
def test_wrong_setting_is_refused(
    participant: Participant, name: str, value: Any, message: str
) -> None:
    with pytest.raises(ParameterError, match=message):
        transport(participant, {name: value})


def test_time_is_the_machines(participant: Participant) -> None:
    assert abs(transport(participant).now_ns() - time.time_ns()) < 10**9


def test_sim_time_follows_the_clock(participant: Participant) -> None:
    found = transport(participant, {'use_sim_time': True})
    assert found.now_ns() == 0
    with Participant(Names('bag')) as bag:
        clock = bag.publisher('/clock', 'rosgraph_msgs/msg/Clock', Profile(1))
        wait_for(lambda: clock.subscribers() == 1, participant)
        for seconds in (100, 7):  # the bag begins again
            clock.publish(TYPES.Clock(clock=TYPES.Time(sec=seconds, nanosec=5)))
            wait_for(lambda seconds=seconds: found.now_ns() == seconds * 10**9 + 5, participant)
