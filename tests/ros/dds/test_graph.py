"""What the ROS graph is told of a node."""

from __future__ import annotations

from uuid import UUID

import pytest

from openpose_ros.ros.dds.graph import announce_node
from openpose_ros.ros.dds.types import load_types
from openpose_ros.ros.node.names import Names

PARTICIPANT, READER, WRITER = (UUID(int=number) for number in (1, 2, 3))


@pytest.mark.parametrize(('distro', 'padding'), [('humble', 8), ('jazzy', 0)])
def test_announcement_names_the_node_and_its_endpoints(distro: str, padding: int) -> None:
    names = Names('openpose', '/front')
    types = load_types(distro)
    message = announce_node(types, names, PARTICIPANT, [READER], [WRITER, READER])
    (node,) = message.node_entities_info_seq
    assert (node.node_namespace, node.node_name) == ('/front', 'openpose')
    assert message.gid.data.tobytes() == PARTICIPANT.bytes + bytes(padding)
    assert [gid.data.tobytes()[:16] for gid in node.reader_gid_seq] == [READER.bytes]
    assert [gid.data.tobytes()[:16] for gid in node.writer_gid_seq] == [WRITER.bytes, READER.bytes]
    sample = types.sample_type('rmw_dds_common/msg/ParticipantEntitiesInfo')
    assert sample.deserialize(sample(message).serialize()).message.gid.data.size == 16 + padding
