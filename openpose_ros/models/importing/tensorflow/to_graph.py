"""From the nodes of a TensorFlow graph to a `Graph`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import numpy as np

from openpose_ros.models.importing.graph import Graph
from openpose_ros.models.importing.outputs import has_depthwise, normalises, recognised
from openpose_ros.models.importing.tensorflow.conversion import Conversion, Value
from openpose_ros.models.importing.tensorflow.nodes import TensorFlowNode, ordered
from openpose_ros.models.importing.tensorflow.operations import OPERATIONS


def convert(
    nodes: Iterable[TensorFlowNode], outputs: Sequence[str]
) -> tuple[Conversion, Mapping[str, str]]:
    """
    Convert what outputs depend on.

    Returns
    -------
    conversion, tensors
        The name that each output has among the nodes of the conversion.

    Raises
    ------
    ValueError
        If there are operations that are not known here (all of them are named), or they
        contradict each other.

    """
    order = ordered(nodes, outputs)
    unknown = sorted({node.kind[:40] for node in order} - {*OPERATIONS})
    if any(kind.startswith('Var') for kind in unknown):
        raise ValueError(
            f'its weights are in other files, as {", ".join(unknown[:3])} says: freeze it first'
        )
    if unknown:
        raise ValueError(
            f'it has operations that are not known here: {", ".join(unknown[:20])}; known are '
            f'{", ".join(sorted(OPERATIONS))}'
        )
    work = Conversion()
    values: dict[str, Value] = {}
    for node in order:
        try:
            for name in node.inputs:
                if name not in values:
                    raise ValueError(f"it takes '{name[:80]}', which is not known")
            with np.errstate(all='ignore'):  # what is not finite is refused where it is written
                values[node.name] = OPERATIONS[node.kind](
                    work, node, [values[name] for name in node.inputs]
                )
        except (ValueError, OverflowError) as exc:
            raise ValueError(f"the {node.kind[:40]} '{node.name[:80]}': {exc}") from exc
    tensors = {}
    for name in outputs:
        value = values.get(name)
        if not isinstance(value, str):
            raise ValueError(f"its output '{name[:80]}' does not depend on a picture")
        tensors[name] = value
    return work, tensors


def to_graph(nodes: Sequence[TensorFlowNode], outputs: Sequence[str]) -> Graph:
    """
    Convert a network of the OpenPose family, or PoseNet.

    Parameters
    ----------
    nodes : sequence of TensorFlowNode
        In any order.
    outputs : sequence of str
        What the file says its outputs are, or those that nothing uses.

    Raises
    ------
    ValueError
        As `convert`; or if the outputs are not those of such a network.

    """
    work, tensors = convert(nodes, outputs)
    if has_depthwise(work.nodes):
        family = 'tf-openpose'
    elif normalises(work.picture, work.nodes):
        family = 'tf-openpose-cmu'
    else:
        family = 'openpose-coco'
    return recognised(work.picture, work.nodes, tensors, openpose=family)
