"""How a participant tells the ROS graph which node its readers and writers belong to."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any
from uuid import UUID

import numpy as np

from openpose_ros.ros.dds.types import RosTypes
from openpose_ros.ros.node.names import Names

# Not a ROS topic: its name on the wire has no prefix.
DISCOVERY_TOPIC = 'ros_discovery_info'
DISCOVERY_TYPE = 'rmw_dds_common/msg/ParticipantEntitiesInfo'
# Nodes without security are in the enclave of the root.
PARTICIPANT_DATA = b'enclave=/;'


def announce_node(
    types: RosTypes,
    names: Names,
    participant: UUID,
    readers: Iterable[UUID],
    writers: Iterable[UUID],
) -> Any:
    """
    Return the message by which `ros2 node list` and `ros2 topic info -v` name a node.

    Parameters
    ----------
    types : RosTypes
        The message's come from here.
    names : Names
        The node's.
    participant : UUID
        DDS's identifier (GUID) of the participant.
    readers, writers : iterable of UUID
        Those of the node's endpoints.

    """
    classes = types.classes
    # 24 bytes until Humble, 16 since Iron; DDS fills the first 16 of them.
    ((_, (_, (_, size))),) = types.store.fielddefs['rmw_dds_common/msg/Gid'][1]

    def gid(guid: UUID) -> Any:
        return classes.Gid(data=np.frombuffer(guid.bytes.ljust(size, b'\0'), np.uint8))

    node = classes.NodeEntitiesInfo(
        node_namespace=names.namespace,
        node_name=names.node,
        reader_gid_seq=[gid(guid) for guid in readers],
        writer_gid_seq=[gid(guid) for guid in writers],
    )
    return classes.ParticipantEntitiesInfo(gid=gid(participant), node_entities_info_seq=[node])
