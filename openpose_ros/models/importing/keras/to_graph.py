"""From the layers of Keras, with their weights, to a `Graph`."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from openpose_ros.models.importing.graph import Graph, Node
from openpose_ros.models.importing.keras.config import KerasLayer, KerasModel
from openpose_ros.models.importing.keras.layers import LAYERS, Weights
from openpose_ros.models.importing.outputs import normalises, recognised

FAMILY = 'keras-openpose'
_REPRODUCTION = 'Mconv7_stage2_L1'  # a layer's name, as Caffe has it


def to_graph(model: KerasModel, weights: Mapping[str, Weights]) -> Graph:
    """
    Convert a network of the OpenPose family, or PoseNet.

    Parameters
    ----------
    model : KerasModel
        Its layers.
    weights : mapping of str to Weights
        By the name of the layer.

    Raises
    ------
    ValueError
        If there are layers that are not known here (all of them are named), or their weights are
        missing or do not fit.

    """
    is_reproduction = any(layer.name == _REPRODUCTION for layer in model.layers)
    known = {*LAYERS, 'InputLayer'} | ({'Lambda'} if is_reproduction else set())
    unknown = sorted({layer.kind[:40] for layer in model.layers} - known)
    if unknown:
        raise ValueError(
            f'it has layers that are not known here: {", ".join(unknown[:20])}; known are '
            f'{", ".join(sorted(LAYERS))}'
        )
    pictures = [layer.name for layer in model.layers if layer.kind == 'InputLayer']
    if len(pictures) != 1:
        raise ValueError(f'it has {len(pictures)} inputs, expected one picture')
    nodes: list[Node] = []
    made = {pictures[0]: pictures[0]}
    for layer in model.layers:
        if layer.kind != 'InputLayer':
            try:
                given = [made[name] for name in layer.inputs]
                made[layer.name] = _add(nodes, layer, given, weights.get(layer.name, {}))
            except ValueError as exc:
                raise ValueError(f"the {layer.kind[:40]} '{layer.name[:80]}': {exc}") from exc
            except KeyError as exc:
                raise ValueError(f'{layer.name[:80]} takes {exc}, which is no layer') from exc
    tensors = {name: made[name] for name in model.outputs}
    picture = pictures[0]
    own = is_reproduction and not normalises(picture, nodes)
    return recognised(picture, nodes, tensors, openpose=FAMILY if own else '')


def _add(nodes: list[Node], layer: KerasLayer, given: list[str], weights: Weights) -> str:
    """Add a layer's operations and return the tensor that it makes."""
    if layer.kind == 'Lambda':
        # Its code is Python's bytecode, which nothing here runs. The reproduction has it for what
        # its input needs (model/cmu_model.py:185 at 0f7f5dc), and so that is left to the manifest.
        if len(given) != 1 or nodes:
            raise ValueError('its code is not run here, and it is not the first of the network')
        return given[0]
    with np.errstate(all='ignore'):  # what is not finite is refused where it is written
        operations = LAYERS[layer.kind](layer, weights)
    if not operations and len(given) != 1:
        raise ValueError(f'it takes {len(given)} tensors, expected one')
    for number, operation in enumerate(operations, 1):
        name = layer.name if number == len(operations) else f'{layer.name}~{number}'
        nodes.append(Node(name, operation, tuple(given)))
        given = [name]
    return given[0]
