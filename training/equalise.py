"""
Channels of a network brought to about the same range, so that int8 loses less.

Activations have one scale a tensor. Where one channel reaches 40 and another 0.5, the latter is
left three steps. Between two convolutions with a ReLU in between, a channel may be divided by a
factor in the first and multiplied by it in the second (Nagel et al., arXiv 1906.04721); the
network computes the same. That is done with what a depthwise convolution gets: its weights have a
scale a channel, as have those of the layer before, and lose nothing by it. Those of a mixing
convolution would (its weights of one output then differ more): of a base network half trained the
squared error of the PAFs, as a share of their square, was 0.064 so, 0.070 and 0.082 with a quarter
and half of it done before mixing convolutions too, 0.137 with nothing done (ranges from the
smallest to the largest value; 14 pictures for ranges, 10 others for the error).
"""

from __future__ import annotations

from collections.abc import Iterable
import copy
from typing import NamedTuple

import numpy as np
import onnx
from onnx import helper, numpy_helper
from onnxruntime import InferenceSession, SessionOptions

MOST = 64.0  # a factor's limit, for channels that are all but silent
_SILENT = 4


class Link(NamedTuple):
    """A tensor between two convolutions: its name, and the convolutions' places in the graph."""

    tensor: str
    before: int
    after: int


def links(model: onnx.ModelProto) -> list[Link]:
    """
    Return every tensor that is what a ReLU after a convolution hands to a depthwise one alone.

    Parameters
    ----------
    model : ModelProto
        Weights are initializers. Not changed.

    """
    nodes = model.graph.node
    shapes = {tensor.name: tensor.dims for tensor in model.graph.initializer}
    makers = {name: place for place, node in enumerate(nodes) for name in node.output}
    users: dict[str, list[int]] = {}
    for place, node in enumerate(nodes):
        for name in node.input:
            users.setdefault(name, []).append(place)
    given = {output.name for output in model.graph.output}
    found = []
    for node in nodes:
        if node.op_type != 'Relu':
            continue
        before, after = makers.get(node.input[0]), users.get(node.output[0], [])
        alone = users[node.input[0]] == [makers[node.output[0]]] and len(after) == 1
        if before is None or not alone or given & {node.input[0], node.output[0]}:
            continue
        convolutions = nodes[before].op_type == nodes[after[0]].op_type == 'Conv'
        if convolutions and shapes[nodes[after[0]].input[1]][1] == 1:
            found.append(Link(node.output[0], before, after[0]))
    return found


def channel_peaks(
    model: onnx.ModelProto, tensors: Iterable[str], batches: Iterable[np.ndarray], *, edge: int = 3
) -> dict[str, np.ndarray]:
    """
    Return the largest value of each channel.

    Parameters
    ----------
    model : ModelProto
        With one input. Not changed.
    tensors : iterable of str
        Values (1, C, h, w) of its graph.
    batches : iterable of float32 (1, 3, H, W)
        Its inputs.
    edge : int
        Cells at stride 8 that are left out on each side; see `training.quantise`.

    Returns
    -------
    dict of str to float32 (C,)

    """
    model = copy.deepcopy(model)
    names = list(tensors)
    del model.graph.output[:]
    model.graph.output.extend(helper.make_empty_tensor_value_info(name) for name in names)
    options = SessionOptions()
    options.log_severity_level = _SILENT
    session = InferenceSession(
        model.SerializeToString(), options, providers=['CPUExecutionProvider']
    )
    source = session.get_inputs()[0].name
    peaks: dict[str, np.ndarray] = {}
    for batch in batches:
        for name, value in zip(names, session.run(names, {source: batch}), strict=True):
            margin = edge * 8 * value.shape[2] // batch.shape[2]
            highest = value[0, :, margin:-margin, margin:-margin].max(axis=(1, 2))
            peaks[name] = np.maximum(peaks.get(name, highest), highest)
    return peaks


def equalise(model: onnx.ModelProto, batches: Iterable[np.ndarray]) -> onnx.ModelProto:
    """
    Return a network that computes the same, with channels of more equal range.

    Parameters
    ----------
    model : ModelProto
        Convolutions' weights and biases are initializers. Not changed.
    batches : iterable of float32 (1, 3, H, W)
        Inputs on which the ranges are measured.

    """
    model = copy.deepcopy(model)
    found = links(model)
    peaks = channel_peaks(model, [link.tensor for link in found], batches)
    weights = {t.name: numpy_helper.to_array(t).copy() for t in model.graph.initializer}
    nodes = model.graph.node
    for link in found:
        before, after = nodes[link.before], nodes[link.after]
        peak = np.maximum(peaks[link.tensor].astype(np.float64), 0)
        if not peak.any():
            continue
        factor = np.clip(peak / peak.max(), 1 / MOST, None).astype(np.float32)
        weights[before.input[1]] /= factor[:, None, None, None]
        weights[before.input[2]] /= factor
        weights[after.input[1]] *= factor[:, None, None, None]
    for tensor in model.graph.initializer:
        tensor.CopyFrom(numpy_helper.from_array(weights[tensor.name], tensor.name))
    return model
