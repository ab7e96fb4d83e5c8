"""ONNX that is written of a graph against the same graph by loops."""

from __future__ import annotations

import numpy as np
import onnx
import onnxruntime
import pytest

from openpose_ros.models.importing.folding import fold
from openpose_ros.models.importing.graph import Graph, Node
from openpose_ros.models.importing.operations import (
    Add,
    Affine,
    Concat,
    Convolution,
    Elu,
    InstanceNormalisation,
    Pad,
    Pool,
    PRelu,
    Relu,
    Resize,
    Sigmoid,
    Slice,
    batch_normalisation,
)
from openpose_ros.models.importing.writing import write_graph
from tests.models.importing import naive


def values(*shape, seed=0):
    return np.random.default_rng(sum(shape) + seed).normal(0, 0.5, shape).astype(np.float32)


def network(*operations):
    """Return a graph of operations of one input, one after the other."""
    nodes, before = [], 'picture'
    for number, operation in enumerate(operations):
        nodes.append(Node(f'at_{number}', operation, (before,)))
        before = f'at_{number}'
    return Graph('picture', tuple(nodes), {'maps': before})


def written(graph, precision='fp32'):
    return write_graph(graph, name='small', precision=precision, metadata={'who': 'a test'})


def onnx_outputs(content, picture):
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 2  # say if a graph is odd
    session = onnxruntime.InferenceSession(content, options, providers=['CPUExecutionProvider'])
    found = session.run(None, {session.get_inputs()[0].name: picture[None]})
    return {value.name: tensor[0] for value, tensor in zip(session.get_outputs(), found)}


CASES = {
    'convolution': [Convolution(values(4, 3, 3, 3), values(4), pads=(1, 1, 1, 1))],
    'no bias, even kernel': [Convolution(values(4, 3, 2, 4))],
    'strides and uneven pads': [
        Convolution(values(4, 3, 3, 5), strides=(2, 3), pads=(0, 1, 2, 3))
    ],
    'same': [Convolution(values(4, 3, 3, 3), values(4), strides=(2, 2), pads='same')],
    'same, larger stride': [Convolution(values(4, 3, 1, 1), strides=(2, 2), pads='same')],
    'same, even kernel': [Convolution(values(4, 3, 2, 4), pads='same')],
    'same, dilated': [Convolution(values(4, 3, 3, 3), pads='same', dilations=(2, 3))],
    'groups': [Convolution(values(6, 1, 3, 3), values(6), pads='same', groups=3)],
    'relu': [Relu()],
    'relu with a limit': [Relu(0.3)],
    'prelu, a slope a channel': [PRelu(values(3))],
    'prelu, one slope': [PRelu(values(1))],
    'elu': [Elu()],
    'sigmoid': [Sigmoid()],
    'pool, rounded up': [Pool('max', (2, 2), (2, 2), ceil=True)],
    'pool, rounded down': [Pool('max', (3, 2), (2, 2))],
    'pool, same': [Pool('max', (3, 3), (2, 2), pads='same')],
    'mean of what is in the picture': [Pool('mean', (3, 3), (1, 1), pads='same')],
    'slice': [Slice(1, 3)],
    'affine': [Affine(values(3), values(3, seed=1))],
    'affine, one number': [Affine(values(1), values(1, seed=1))],
    'instance normalisation': [InstanceNormalisation(values(3), values(3, seed=1), 1e-3)],
    'pad': [Pad((1, 2, 3, 0)), Pool('max', (3, 3), (2, 2))],
    'pad before a convolution': [Pad((1, 2, 3, 0)), Convolution(values(4, 3, 3, 3))],
    'pad before same': [Pad((1, 2, 3, 0)), Convolution(values(4, 3, 3, 3), pads='same')],
    'batch normalisation': [
        Convolution(values(4, 3, 3, 3)),
        batch_normalisation(values(4), values(4), values(4), abs(values(4)), 1e-3),
        Affine(values(4), values(1)),
        Relu(),
    ],
}


@pytest.mark.parametrize('size', [(8, 11), (9, 8)])
@pytest.mark.parametrize('operations', CASES.values(), ids=CASES)
def test_maps_are_those_of_the_graph(operations, size):
    picture = values(3, *size)
    graph = network(*operations)
    expected = naive.run(graph, picture)['maps']
    found = onnx_outputs(written(graph), picture)['maps']
    assert found.shape == expected.shape
    assert np.abs(found - expected).max() <= 1e-5 * np.abs(expected).max()


def branches():
    """Return a graph whose convolution has several users: nothing may be folded into it."""
    nodes = (
        Node('a', Convolution(values(4, 3, 1, 1)), ('picture',)),
        Node('b', Affine(values(4), values(4)), ('a',)),
        Node('c', Add(), ('a', 'b', 'a')),
        Node('d', Concat(), ('c', 'b', 'picture')),
        Node('e', Pad((1, 0, 0, 1)), ('picture',)),
        Node('f', Convolution(values(2, 3, 2, 2)), ('e',)),
        Node('g', Affine(values(2), values(2)), ('f',)),
        Node('h', Slice(0, 2), ('e',)),
    )
    return Graph('picture', nodes, {'d': 'd', 'f': 'f', 'a': 'g', 'again': 'g', 'h': 'h'})


def test_what_is_used_twice_is_not_changed():
    picture = values(3, 5, 6)
    graph = branches()
    expected = naive.run(graph, picture)
    found = onnx_outputs(written(graph), picture)
    assert list(found) == ['d', 'f', 'a', 'again', 'h']
    for name, maps in expected.items():
        assert np.abs(found[name] - maps).max() <= 1e-5, name
    assert len(fold(graph).nodes) == len(graph.nodes)


def test_convolutions_take_along_what_they_can():
    kinds = [
        type(node.operation).__name__
        for node in fold(network(*CASES['batch normalisation'])).nodes
    ]
    assert kinds == ['Convolution', 'Relu']
    kinds = [
        type(node.operation).__name__
        for node in fold(network(*CASES['pad before a convolution'])).nodes
    ]
    assert kinds == ['Convolution']


@pytest.mark.parametrize(
    ('operation', 'rows'),
    [
        (Resize(2, 'nearest', 'asymmetric'), [[0, 0, 1, 1]]),
        (Resize(2, 'linear', 'asymmetric'), [[0, 0.5, 1, 1]]),
        (Resize(2, 'linear', 'half_pixel'), [[0, 0.25, 0.75, 1]]),
        (Resize(2, 'linear', 'align_corners'), [[0, 1 / 3, 2 / 3, 1]]),
    ],
)
def test_an_enlargement_lies_where_it_says(operation, rows):
    picture = np.tile(np.array([0, 1], np.float32), (3, 2, 1))
    found = onnx_outputs(written(network(operation)), picture)['maps']
    assert np.allclose(found, np.tile(rows, (3, 4, 1)), atol=1e-6)


def test_number_height_and_width_are_open():
    model = onnx.load_from_string(written(network(*CASES['same'])))
    [given], [made] = model.graph.input, model.graph.output
    sizes = [dim.dim_param or dim.dim_value for dim in given.type.tensor_type.shape.dim]
    assert sizes == ['batch', 3, 'height', 'width']
    sizes = [dim.dim_param or dim.dim_value for dim in made.type.tensor_type.shape.dim]
    assert sizes == ['batch', 4, 'maps_height', 'maps_width']
    assert {item.key: item.value for item in model.metadata_props} == {'who': 'a test'}


def test_half_precision_keeps_float32_outside():
    graph = network(*CASES['batch normalisation'])
    picture = values(3, 6, 6)
    found = onnx_outputs(written(graph, 'fp16'), picture)['maps']
    assert found.dtype == np.float32
    assert np.abs(found - naive.run(graph, picture)['maps']).max() < 0.01


@pytest.mark.parametrize(
    ('operations', 'precision', 'message'),
    [
        ([Convolution(values(4, 3, 1, 1) * np.inf)], 'fp32', "'at_0': .* cannot hold"),
        ([Convolution(values(4, 3, 1, 1) * np.float32(1e6))], 'fp16', "'at_0': .*float16 cannot"),
        (
            [
                Convolution(values(4, 3, 3, 3)),
                Affine(np.float32([3e38]), values(1)),
                Affine(np.float32([3e38]), values(1)),
            ],
            'fp32',
            'cannot hold',
        ),
        (
            [Convolution(values(4, 3, 3, 3), strides=(2, 2), dilations=(2, 2), pads='same')],
            'fp32',
            "'at_0': it has dilations .* expected either",
        ),
        ([Pool('max', (2, 2), (3, 3), ceil=True)], 'fp32', 'would lie beside the picture'),
    ],
)
def test_what_cannot_be_written_is_named(operations, precision, message):
    with pytest.raises(ValueError, match=message):
        written(network(*operations), precision)
