"""Small graphs, each with an operation that the whole networks have not, or in another form."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from tests.models.importing.tensorflow.networks import Net, depthwise_weights, drawn, weights
from tests.models.importing.tensorflow.networks import picture as picture_of

CHANNELS = 19 + 38  # that what is read counts as heatmaps and PAFs
HEIGHT, WIDTH = 17, 25
RECORDED = slice(None, None, 8)  # of the channels: the others are made of the same ones


def picture() -> Any:
    """Return a picture of 16 k + 1 pixels, where SAME pads otherwise than for 16 k."""
    return picture_of(HEIGHT, WIDTH) / np.float32(128)


def _ended(net: Net, before: str) -> Any:
    """End a graph: a convolution to as many channels as are expected."""
    count = net.channels[before]
    given = net.const('end/weights', weights('end', 1, 1, count, CHANNELS))
    net.float_node('Conv2D', 'end', before, given, strides=[1, 1, 1, 1], padding='VALID')
    return net.graph


def _convolved(kernel: int, stride: int, **more: Any) -> Callable[[], Any]:
    def make() -> Any:
        net = Net()
        return _ended(net, net.conv('one', 'image', 6, kernel, stride, **more))

    return make


def _dilated(*, depthwise: bool, same: bool = True) -> Callable[[], Any]:
    """Return what tf.nn writes of a dilation of 2: the zeros it adds go by the picture's size."""

    def make() -> Any:
        net = Net()
        before = net.conv('one', 'image', 6, 3, 2)  # 9 x 13
        before = net.relu('one', before)
        edge = 2 if same else 0  # 9 + 2 + 3 and 9 + 0 + 1 are even, as 13 + 5 and 13 + 1 are
        block = net.const('block', np.array([2, 2], np.int32))
        pads = net.const('pads', np.array([[edge, edge + 1]] * 2, np.int32))
        crops = net.const('crops', np.array([[0, 1]] * 2, np.int32))
        types = {'T': 'DT_FLOAT', 'Tblock_shape': 'DT_INT32'}
        made = net.node(
            'SpaceToBatchND', 'spread', before, block, pads, Tpaddings='DT_INT32', **types
        )
        if depthwise:
            given = net.const('two/weights', depthwise_weights('two', 3, 3, 6, 1))
            kind = 'DepthwiseConv2dNative'
        else:
            given = net.const('two/weights', weights('two', 3, 3, 6, 6))
            kind = 'Conv2D'
        made = net.float_node(kind, 'two', made, given, strides=[1, 1, 1, 1], padding='VALID')
        made = net.bias('two', made)
        made = net.node('BatchToSpaceND', 'gather', made, block, crops, Tcrops='DT_INT32', **types)
        return _ended(net, net.relu('two', made, 'Relu6'))

    return make


def _pooled(kind: str, padding: str) -> Callable[[], Any]:
    def make() -> Any:
        net = Net()
        window = {'ksize': [1, 3, 3, 1], 'strides': [1, 2, 2, 1]}
        return _ended(net, net.float_node(kind, 'pool', 'image', padding=padding, **window))

    return make


def unfused() -> Any:
    """Return a batch normalisation as tf.nn.batch_normalization writes it, and activations."""
    net = Net()
    made = net.conv('one', 'image', 6, 3)
    variance = net.const('variance', drawn('variance', 6, low=0.5, high=1.5))
    given = net.float_node('Add', 'plus', variance, net.const('epsilon', np.float32(0.001)))
    given = net.float_node('Rsqrt', 'rsqrt', given)
    scale = net.float_node('Mul', 'scale', given, net.const('gamma', drawn('gamma', 6)))
    scaled = net.float_node('Mul', 'scaled', made, scale)
    mean = net.float_node('Mul', 'mean_scaled', net.const('mean', drawn('mean', 6)), scale)
    shift = net.float_node('Sub', 'shift', net.const('beta', drawn('beta', 6)), mean)
    made = net.float_node('Add', 'normal', scaled, shift)
    made = net.float_node('Identity', 'same', made)
    net.channels[made] = 6
    leaky = net.float_node('LeakyRelu', 'leaky', made, alpha=0.125)
    sigmoid = net.float_node('Sigmoid', 'sigmoid', made)
    both = net.float_node('AddV2', 'both', leaky, sigmoid)
    all_of = net.node('AddN', 'all', both, made, leaky, N=3, T='DT_FLOAT')
    return _ended(net, net.concat('joined', all_of, sigmoid))


def arithmetic() -> Any:
    """Return what graphs do to their pictures, from both sides of an operation."""
    net = Net()
    two = net.const('two', np.float32(2))
    few = net.const('few', drawn('few', 1, 1, 1, 3))
    made = net.float_node('RealDiv', 'divided', 'image', two)
    made = net.float_node('Sub', 'less', made, few)
    made = net.float_node('Sub', 'from', net.const('one', np.float32(1)), made)
    net.channels[made] = 3
    made = net.float_node('Mul', 'times', few, made)
    net.channels[made] = 3
    pads = net.const('pads', np.array([[0, 0], [1, 2], [3, 0], [0, 0]], np.int32))
    made = net.node('Pad', 'pad', made, pads, T='DT_FLOAT', Tpaddings='DT_INT32')
    return _ended(net, net.conv('conv', made, 4, 3, 2, padding='VALID'))


def _enlarged(kind: str, **more: Any) -> Callable[[], Any]:
    def make() -> Any:
        net = Net()
        small = net.conv('one', 'image', 6, 3, 1)
        pooled = net.conv('two', small, 6, 2, 2, padding='VALID')  # 8 x 12
        size = net.node(
            'Mul',
            'double',
            net.size_of('size', pooled),
            net.const('factor', np.int32(2)),
            T='DT_INT32',
        )
        made = net.float_node(kind, 'large', pooled, size, **more)
        net.channels[made] = 6
        return _ended(net, made)

    return make


def training() -> Any:
    """Return a normalisation that was frozen in training, without and with activation."""
    net = Net()
    made = net.norm('one', net.conv('one', 'image', 6, 3), is_training=True)
    return _ended(net, net.relu('one', made))


CASES: dict[str, Callable[[], Any]] = {
    'same, stride 2': _convolved(3, 2),
    'same, even kernel': _convolved(4, 2),
    'same, large stride': _convolved(3, 4),
    'same, dilated': _convolved(3, 1, dilations=[1, 2, 2, 1]),
    'valid': _convolved(5, 3, padding='VALID'),
    'explicit': _convolved(3, 2, padding='EXPLICIT', explicit_paddings=[0, 0, 1, 2, 0, 1, 0, 0]),
    'spread': _dilated(depthwise=False),
    'spread, depthwise': _dilated(depthwise=True),
    'spread, valid': _dilated(depthwise=False, same=False),
    'largest of same': _pooled('MaxPool', 'SAME'),
    'mean of same': _pooled('AvgPool', 'SAME'),
    'mean of valid': _pooled('AvgPool', 'VALID'),
    'unfused': unfused,
    'arithmetic': arithmetic,
    'linear': _enlarged('ResizeBilinear'),
    'linear, half pixels': _enlarged('ResizeBilinear', half_pixel_centers=True),
    'linear, aligned': _enlarged('ResizeBilinear', align_corners=True),
    'nearest': _enlarged('ResizeNearestNeighbor'),
    'nearest, half pixels': _enlarged('ResizeNearestNeighbor', half_pixel_centers=True),
    'in training': training,
}
