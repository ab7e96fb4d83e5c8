"""Graphs that do not fit together are named as they are made."""

from __future__ import annotations

import numpy as np
import pytest

from openpose_ros.models.importing.graph import Graph, Node
from openpose_ros.models.importing.limits import MOST_NODES
from openpose_ros.models.importing.operations import (
    Add,
    Affine,
    Concat,
    Convolution,
    InstanceNormalisation,
    Pad,
    Pool,
    PRelu,
    Relu,
    Resize,
    Slice,
    batch_normalisation,
)


def ones(*shape):
    return np.ones(shape, np.float32)


def test_channels_are_those_of_each_tensor():
    nodes = (
        Node('a', Convolution(ones(6, 1, 3, 3), groups=3), ('data',)),
        Node('b', Concat(), ('a', 'data', 'a')),
        Node('c', Slice(1, 5), ('b',)),
        Node('d', Relu(), ('c',)),
        Node('e', Add(), ('d', 'c')),
    )
    graph = Graph('data', nodes, {'out': 'e'})
    assert graph.channels == {'data': 3, 'a': 6, 'b': 15, 'c': 4, 'd': 4, 'e': 4}


@pytest.mark.parametrize(
    ('operation', 'inputs', 'message'),
    [
        (Convolution(ones(4, 2, 1, 1)), ['data'], "'it' takes 3 channels in 1 groups"),
        (Convolution(ones(4, 1, 1, 1), groups=3), ['data'], 'takes 3 channels in 3 groups'),
        (Convolution(ones(4, 3, 1, 1), groups=0), ['data'], 'in 0 groups'),
        (Convolution(ones(0, 3, 1, 1)), ['data'], r'weights of shape \(0, 3, 1, 1\)'),
        (Convolution(ones(4, 3)), ['data'], 'expected four axes'),
        (Convolution(ones(4, 3, 1, 1), ones(3)), ['data'], r'a bias of shape \(3,\)'),
        (Convolution(ones(4, 3, 1, 1), strides=(0, 1)), ['data'], 'has a window of'),
        (Convolution(ones(4, 3, 1, 1), pads=(0, 0, -1, 0)), ['data'], 'pads from 0'),
        (Convolution(ones(4, 3, 1, 1), dilations=(1, 9999)), ['data'], 'at most 4096'),
        (Pool('max', (2, 0), (2, 2)), ['data'], r'a window of \(2, 0\)'),
        (Pad((0, 0, 0, -3)), ['data'], 'pads from 0'),
        (PRelu(ones(2)), ['data'], r'has \(2,\) numbers for 3 channels'),
        (Affine(ones(1), ones(4)), ['data'], r'has \(4,\) numbers for 3 channels'),
        (InstanceNormalisation(ones(3), ones(2), 0.1), ['data'], r'\(\(3,\), \(2,\)\) and'),
        (InstanceNormalisation(ones(3), ones(3), 0.0), ['data'], 'an epsilon of 0.0'),
        (Slice(2, 4), ['data'], 'takes channels 2 to 4 of 3'),
        (Slice(2, 2), ['data'], 'takes channels 2 to 2'),
        (Resize(0, 'nearest', 'asymmetric'), ['data'], 'enlarges 0 times'),
        (Add(), ['data', 'four'], 'adds tensors of 3, 4 channels'),
        (Relu(), ['data', 'data'], 'takes 2 tensors, expected one'),
        (Relu(), [], "'it' takes nothing"),
        (Relu(), ['later'], "'it' takes 'later', which nothing makes before"),
    ],
)
def test_an_operation_that_does_not_fit_is_named(operation, inputs, message):
    four = Node('four', Convolution(ones(4, 3, 1, 1)), ('data',))
    with pytest.raises(ValueError, match=message):
        Graph('data', (four, Node('it', operation, tuple(inputs))), {'out': 'it'})


@pytest.mark.parametrize(
    ('names', 'outputs', 'message'),
    [
        (['a', 'a'], {'out': 'a'}, "two of its operations are called 'a'"),
        (['data'], {'out': 'data'}, "called 'data'"),
        (['a', ''], {'out': 'a'}, "called ''"),
        (['a'], {}, 'it has no outputs'),
        (['a'], {'out': 'b'}, "its output 'b' is made by nothing"),
        (['a'], {'out': 'data'}, "its output 'data' is made by nothing"),
        ([f'n{at}' for at in range(MOST_NODES + 1)], {'out': 'n1'}, 'it has 10001 operations'),
    ],
)
def test_a_graph_that_does_not_hang_together_is_none(names, outputs, message):
    nodes = tuple(Node(name, Relu(), ('data',)) for name in names)
    with pytest.raises(ValueError, match=message):
        Graph('data', nodes, outputs)


def test_a_batch_normalisation_is_its_formula():
    affine = batch_normalisation([2, 3], [1, 0], [4, 5], [0.25, 1], 0)
    assert affine.scale.tolist() == [4, 3]
    assert affine.shift.tolist() == [1 - 16, -15]
    with pytest.raises(ValueError, match='a batch normalisation of 2, 2, 1, 2 channels'):
        batch_normalisation([1, 1], [1, 1], [1], [1, 1], 0)
    with pytest.raises(ValueError, match='a variance that is not above 0'):
        batch_normalisation([1], [1], [1], [-1], 1e-3)
