"""
The layers of a .prototxt as a `Graph`.

What they mean is said in src/caffe/proto/caffe.proto and src/caffe/layers of BVLC/caffe at
9b89154.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np

from openpose_ros.models.importing.caffe.prototxt import Fields
from openpose_ros.models.importing.deploy import FAMILIES_BY_CHANNELS, Layers, expected
from openpose_ros.models.importing.graph import Graph, Node
from openpose_ros.models.importing.limits import check_nodes
from openpose_ros.models.importing.operations import (
    Concat,
    Convolution,
    Operation,
    Pair,
    Pool,
    PRelu,
    Relu,
    Slice,
    channels_of,
)

_CHANNELS, _RANK = 1, 4  # of (N, C, H, W)
_SAME_AT_WORK = ('split', 'dropout')  # these change something in training only
_OF_OPENPOSE = {'conv4_4_CPM', 'conv5_3_CPM'}  # each of its networks has one of them


def build(net: Fields, layers: Layers) -> Graph:
    """
    Build the network of a .prototxt.

    Parameters
    ----------
    net : Fields
        A NetParameter.
    layers : Layers
        The weights.

    Raises
    ------
    ValueError
        If it has layers that are not known here (all are named), or that do not fit the weights.

    """
    used = [layer for name, layer in net.order if name in ('layer', 'layers') and _at_work(layer)]
    check_nodes(len(used))
    unknown = {layer.text('type')[:40] for layer in used} - {
        text for text in (layer.text('type') for layer in used) if _kind(text) in _KNOWN
    }
    if unknown:
        raise ValueError(
            f'it has layers that are not known here: {", ".join(sorted(unknown))}; known are '
            f'{", ".join(_KNOWN.values())}'
        )
    tops = {top for layer in used if _kind(layer.text('type')) == 'input' for top in _tops(layer)}
    pictures = [*net.texts('input'), *sorted(tops)]
    if len(pictures) != 1:
        raise ValueError(f'it has {len(pictures)} inputs, expected one picture')
    work = _Work(pictures[0], layers)
    for layer in used:
        if _kind(layer.text('type')) != 'input':
            try:
                work.add(layer)
            except ValueError as exc:
                raise ValueError(f"'{layer.text('name')[:80]}' {exc}") from exc
    return work.graph()


def _kind(text: str) -> str:
    """Return a type in one spelling: the new form has "PReLU", the old one POOLING."""
    return text.lower().replace('_', '')


def _at_work(layer: Fields) -> bool:
    """Whether a layer is there in the phase TEST."""
    included = [rule.text('phase') for rule in layer.messages('include')]
    excluded = [rule.text('phase') for rule in layer.messages('exclude')]
    phases = [text for text in included if text]
    return 'TEST' not in excluded and (not phases or 'TEST' in phases)


def _tops(layer: Fields) -> list[str]:
    return layer.texts('top')


class _Work:
    """A graph in the making: a layer may write over what it takes, a tensor here may not."""

    def __init__(self, picture: str, layers: Layers) -> None:
        self._picture, self._layers = picture, layers
        self._made = {picture: picture}  # the tensor that now has a name of Caffe's
        self._taken: set[str] = set()
        self._nodes: list[Node] = []
        self._names = {picture: 3}  # channels by the tensors that there are

    def add(self, layer: Fields) -> None:
        """Add a layer."""
        bottoms, tops = layer.texts('bottom'), _tops(layer)
        kind = _kind(layer.text('type'))
        for bottom in bottoms:
            if bottom not in self._made:
                raise ValueError(f"takes '{bottom[:80]}', which no layer before it makes")
        inputs = tuple(self._made[bottom] for bottom in bottoms)
        if not inputs or not tops or (len(inputs) > 1 and kind != 'concat'):
            raise ValueError(f'takes {len(inputs)} and makes {len(tops)} blobs')
        if kind in _SAME_AT_WORK:
            self._made.update((top, inputs[0]) for top in tops)
            return
        self._taken.update(inputs)
        if kind == 'slice':
            self._slice(layer, inputs, tops)
            return
        if len(tops) != 1:
            raise ValueError(f'makes {len(tops)} blobs, expected one')
        operation = _OPERATIONS[kind](layer, self._layers)
        self._made[tops[0]] = self._node(layer.text('name'), operation, inputs)

    def _node(self, name: str, operation: Operation, inputs: tuple[str, ...]) -> str:
        free, number = name, 1
        while free in self._names:
            number += 1
            free = f'{name}~{number}'
        self._names[free] = channels_of(operation, [self._names[given] for given in inputs])
        self._nodes.append(Node(free, operation, inputs))
        return free

    def _slice(self, layer: Fields, inputs: tuple[str, ...], tops: list[str]) -> None:
        given = layer.message('slice_param')
        _check_axis(given, 'slice_dim')
        count = self._names[inputs[0]]
        points = given.whole_numbers('slice_point')
        if not points and count % len(tops) == 0:
            points = [count * part // len(tops) for part in range(1, len(tops))]
        if len(points) != len(tops) - 1:
            raise ValueError(f'cuts {count} channels at {points[:10]} for {len(tops)} blobs')
        for top, start, stop in zip(tops, [0, *points], [*points, count]):
            self._made[top] = self._node(f'{layer.text("name")}~{top}', Slice(start, stop), inputs)

    def graph(self) -> Graph:
        """Return the network, whose outputs are what no layer takes."""
        outputs = {
            top: tensor
            for top, tensor in self._made.items()
            if tensor not in self._taken and tensor != self._picture
        }
        ends = [*dict.fromkeys(outputs.values())]
        graph = Graph(self._picture, tuple(self._nodes), outputs)
        if not _OF_OPENPOSE & set(graph.channels):
            return graph
        family, found = _openpose_outputs(graph, ends)
        return Graph(self._picture, graph.nodes, found or outputs, family)


def _openpose_outputs(graph: Graph, ends: list[str]) -> tuple[str, dict[str, str]]:
    """Return the family of a network by its outputs, and which they are."""
    nodes = {node.name: node for node in graph.nodes}
    if len(ends) == 1 and isinstance(nodes[ends[0]].operation, Concat):
        ends = [*nodes[ends[0]].inputs]
    counts = [graph.channels[end] for end in ends]
    for (heatmaps, pafs), family in FAMILIES_BY_CHANNELS.items():
        if sorted(counts) == sorted([heatmaps, pafs][: 1 + bool(pafs)]):
            found = {'heatmaps': ends[counts.index(heatmaps)]}
            if pafs:
                found['pafs'] = ends[counts.index(pafs)]
            return family, found
    return '', {}


def _check_axis(given: Fields, old: str) -> None:
    axis = given.whole('axis', given.whole(old, _CHANNELS))
    if axis not in (_CHANNELS, _CHANNELS - _RANK):
        raise ValueError(f'goes along axis {axis}, expected {_CHANNELS}, the channels')


def _pair(given: Fields, name: str, letter_before: str, default: int) -> Pair:
    """Return height and width of what is given for both, for each, or as two fields."""
    both = given.whole_numbers(name)
    fields = [f'{letter_before}_{axis}' for axis in 'hw']
    if any(given.texts(field) for field in fields):
        height, width = (given.whole(field, default) for field in fields)
        return height, width
    if len(both) > 2:
        raise ValueError(f'has {len(both)} sizes of {name}, expected one or two')
    values = both or [default]
    return values[0], values[-1]


def _convolution(layer: Fields, layers: Layers) -> Operation:
    given = layer.message('convolution_param')
    if given.whole('axis', _CHANNELS) != _CHANNELS:
        raise ValueError(f'goes along axis {given.text("axis")}, expected {_CHANNELS}')
    has_bias = given.flag('bias_term', True)
    arrays = expected(layers.get(layer.text('name'), ()), 1 + has_bias)
    weights = arrays[0]
    kernel = _pair(given, 'kernel_size', 'kernel', 0)
    wanted = (given.whole('num_output', 0), *kernel)
    if weights.ndim != _RANK or (weights.shape[0], *weights.shape[2:]) != wanted:
        raise ValueError(
            f'has weights of shape {weights.shape}, expected {wanted[0]} outputs and windows of '
            f'{kernel[0]}x{kernel[1]}, as the prototxt says'
        )
    top, left = _pair(given, 'pad', 'pad', 0)
    return Convolution(
        weights,
        arrays[1].ravel() if has_bias else None,
        strides=_pair(given, 'stride', 'stride', 1),
        pads=(top, left, top, left),
        dilations=_pair(given, 'dilation', 'dilation', 1),
        groups=given.whole('group', 1),
    )


def _relu(layer: Fields, layers: Layers) -> Operation:
    slope = layer.message('relu_param').number('negative_slope', 0)
    return PRelu(np.array([slope], np.float32)) if slope else Relu()


def _prelu(layer: Fields, layers: Layers) -> Operation:
    [slope] = expected(layers.get(layer.text('name'), ()), 1)
    return PRelu(slope.ravel())


def _pooling(layer: Fields, layers: Layers) -> Operation:
    given = layer.message('pooling_param')
    method = given.text('pool', 'MAX')
    if method not in ('MAX', '0') or given.flag('global_pooling', False):
        raise ValueError(f'pools {method[:40]}, expected MAX of a window')
    top, left = _pair(given, 'pad', 'pad', 0)
    return Pool(
        'max',
        _pair(given, 'kernel_size', 'kernel', 0),
        _pair(given, 'stride', 'stride', 1),
        (top, left, top, left),
        ceil=given.text('round_mode', 'CEIL') in ('CEIL', '0'),
    )


def _concat(layer: Fields, layers: Layers) -> Operation:
    _check_axis(layer.message('concat_param'), 'concat_dim')
    return Concat()


_OPERATIONS: Mapping[str, Callable[[Fields, Layers], Operation]] = {
    'convolution': _convolution,
    'relu': _relu,
    'prelu': _prelu,
    'pooling': _pooling,
    'concat': _concat,
}
_KNOWN = {
    'input': 'Input',
    'convolution': 'Convolution',
    'relu': 'ReLU',
    'prelu': 'PReLU',
    'pooling': 'Pooling',
    'concat': 'Concat',
    'split': 'Split',
    'dropout': 'Dropout',
    'slice': 'Slice',
}
