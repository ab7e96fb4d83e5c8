"""Small networks in ONNX Runtime after the conversion, and in OpenVINO before it."""

from __future__ import annotations

from collections import Counter

import cv2
import numpy as np
import onnx
import pytest

pytest.importorskip('openvino', reason='needs the extra openvino')

from openvino import opset8 as ops

from openpose_ros.engine.openvino import CORE
from openpose_ros.errors import ModelError
from openpose_ros.models import import_model
from tests.models.networks import onnx_outputs, openvino_outputs, picture, values, write_ir


def convolve(x, channels=4, kernel=3, **options):
    given = {'strides': [1, 1], 'pads': [1, 1], 'dilations': [1, 1], **options}
    weights = values(channels, x.get_output_partial_shape(0)[1].get_length(), kernel, kernel)
    pads = given.pop('pads')
    return ops.convolution(
        x,
        weights,
        given['strides'],
        pads,
        given.pop('end', pads),
        given['dilations'],
        given.get('auto_pad', 'EXPLICIT'),
    )


def group(x, channels=6, groups=3, **options):
    weights = values(groups, channels // groups, 3 // groups, 3, 3)
    return ops.group_convolution(
        x, weights, options.get('strides', [1, 1]), [1, 1], [1, 1], [1, 1]
    )


def upsample(x, weights, begin=(1, 1), end=(1, 1), padding=(0, 0), grouped=False):
    make = ops.group_convolution_backprop_data if grouped else ops.convolution_backprop_data
    options = {'strides': [2, 2], 'pads_begin': list(begin), 'pads_end': list(end)}
    return make(x, weights, output_padding=list(padding), dilations=[1, 1], **options)


def fake_quantize(x, low, high, out=None, levels=256):
    out_low, out_high = out or (low, high)
    limits = (np.float32(limit) for limit in (low, high, out_low, out_high))
    return ops.fake_quantize(x, *limits, levels)


def compressed(shape, axes, dtype=np.int8, zero=0.0, half=False, new_shape=None):
    """Return weights as IR has them: stored in 8 bits, converted, shifted, scaled, reshaped."""
    limits = np.iinfo(dtype)
    stored = np.random.default_rng(1).integers(limits.min, limits.max, shape).astype(dtype)
    sizes = [size if axis in axes else 1 for axis, size in enumerate(shape)]
    scale = values(*sizes, positive=True) * np.float32(0.02)
    found = ops.convert(ops.constant(stored), 'f32')
    found = ops.subtract(found, np.full(sizes, zero, np.float32))
    found = ops.multiply(found, scale)
    return found if new_shape is None else ops.reshape(found, np.int64(new_shape), True)


def channels(*numbers):
    return np.float32(numbers).reshape(1, -1, 1, 1)


NETWORKS = {
    'convolution': convolve,
    'a stride': lambda x: convolve(x, strides=[2, 3]),
    'dilations': lambda x: convolve(x, dilations=[2, 1], pads=[2, 1]),
    'pads that differ': lambda x: convolve(x, pads=[0, 2], end=[3, 1]),
    'same_upper': lambda x: convolve(x, kernel=2, strides=[2, 2], auto_pad='SAME_UPPER'),
    'same_lower': lambda x: convolve(x, kernel=2, strides=[2, 2], auto_pad='SAME_LOWER'),
    'same with dilations': lambda x: convolve(x, dilations=[2, 2], auto_pad='SAME_UPPER'),
    'same_lower with dilations': lambda x: convolve(
        x, kernel=2, dilations=[1, 3], auto_pad='SAME_LOWER'
    ),
    'valid': lambda x: convolve(x, auto_pad='VALID'),
    'a bias': lambda x: ops.add(convolve(x), channels(1, -2, 3, 0.5)),
    'a bias of three axes': lambda x: ops.add(convolve(x), values(4, 1, 1)),
    'one number for all channels': lambda x: ops.add(convolve(x), np.float32(2)),
    'no bias where a convolution is used twice': lambda x: (
        lambda y: ops.concat([ops.add(y, values(1, 4, 1, 1)), y], 1)
    )(convolve(x)),
    'two constants one after the other': lambda x: ops.add(
        ops.add(convolve(x), values(1, 4, 1, 1)), values(1, 4, 1, 1, seed=1)
    ),
    'a bias behind what becomes nothing': lambda x: (
        lambda y: [ops.add(ops.convert(y, 'f32'), values(1, 4, 1, 1)), ops.relu(y)]
    )(convolve(x)),
    'groups': group,
    'depthwise': lambda x: group(x, channels=3),
    'groups of two filters, and a stride': lambda x: group(x, strides=[2, 2]),
    'transposed': lambda x: upsample(x, values(3, 5, 3, 3)),
    'transposed with output padding': lambda x: upsample(x, values(3, 5, 3, 3), padding=(1, 0)),
    'transposed, pads that differ': lambda x: upsample(x, values(3, 5, 4, 4), (0, 1), (2, 1)),
    'transposed in groups': lambda x: upsample(x, values(3, 1, 2, 3, 3), grouped=True),
    'relu': ops.relu,
    'sigmoid': ops.sigmoid,
    'tanh': ops.tanh,
    'elu': lambda x: ops.elu(x, 0.7),
    'clamp': lambda x: ops.clamp(x, -0.25, 0.6),
    'prelu a channel': lambda x: ops.prelu(x, np.float32([0.1, -0.2, 0.3])),
    'prelu of four axes': lambda x: ops.prelu(x, channels(0.1, -0.2, 0.3)),
    'prelu of one number': lambda x: ops.prelu(x, np.float32([0.1])),
    'swish': ops.swish,
    'swish with a beta': lambda x: ops.swish(x, np.float32(1.5)),
    'hswish': ops.hswish,
    'add': lambda x: ops.add(x, ops.relu(x)),
    'subtract from a constant': lambda x: ops.subtract(np.float32(2), x),
    'multiply channels': lambda x: ops.multiply(x, channels(2, 3, -4)),
    'divide': lambda x: ops.divide(x, channels(2, 3, -4)),
    'maximum': lambda x: ops.maximum(x, channels(0.1, 0.2, 0.3)),
    'minimum': lambda x: ops.minimum(ops.tanh(x), x),
    'concat': lambda x: ops.concat([x, ops.relu(x), ops.tanh(x)], 1),
    'concat from the end': lambda x: ops.concat([x, ops.relu(x)], -3),
    'max pool': lambda x: ops.max_pool(x, [2, 2], [1, 1], [1, 1], [1, 1], [3, 3]),
    'max pool, ceil': lambda x: ops.max_pool(x, [2, 2], [1, 1], [0, 0], [0, 0], [2, 2], 'ceil'),
    'max pool, same': lambda x: ops.max_pool(
        x, [2, 2], [1, 1], [0, 0], [0, 0], [3, 3], 'floor', 'same_upper'
    ),
    'max pool, ceil and pads': lambda x: ops.max_pool(
        x, [2, 2], [2, 1], [1, 1], [0, 1], [3, 3], 'ceil'
    ),
    'average pool, ceil': lambda x: ops.avg_pool(x, [2, 2], [0, 0], [0, 0], [3, 3], False, 'ceil'),
    'average pool, ceil and pads': lambda x: ops.avg_pool(
        x, [2, 2], [1, 1], [1, 1], [3, 3], True, 'ceil'
    ),
    'average pool': lambda x: ops.avg_pool(x, [2, 2], [1, 1], [1, 1], [3, 3], True),
    'average pool with pads': lambda x: ops.avg_pool(x, [2, 2], [1, 1], [1, 1], [3, 3], False),
    'mean': lambda x: ops.multiply(x, ops.reduce_mean(x, np.int64([2, 3]), True)),
    'two results': lambda x: [ops.relu(x), ops.sigmoid(x)],
    'one tensor twice': lambda x: [ops.relu(x), convolve(x)],
    'weights in 8 bits': lambda x: ops.convolution(
        x, compressed((4, 3, 3, 3), [0]), [1, 1], [1, 1], [1, 1], [1, 1]
    ),
    'weights in unsigned bits around a zero point': lambda x: ops.convolution(
        x, compressed((4, 3, 3, 3), [0], np.uint8, 128), [1, 1], [1, 1], [1, 1], [1, 1]
    ),
    'weights of one scale a filter and channel': lambda x: ops.convolution(
        x, compressed((4, 3, 3, 3), [0, 1]), [1, 1], [1, 1], [1, 1], [1, 1]
    ),
    'weights in 8 bits, reshaped to groups': lambda x: ops.group_convolution(
        x, compressed((3, 1, 3, 3), [0], new_shape=[0, 1, 1, 3, 3]),
        [1, 1], [1, 1], [1, 1], [1, 1],
    ),
    'weights that FakeQuantize compresses': lambda x: ops.convolution(
        x,
        fake_quantize(ops.constant(values(4, 3, 3, 3)), -1, 1, levels=255),
        [1, 1], [1, 1], [1, 1], [1, 1],
    ),
}  # fmt: skip
QUANTIZED = {
    'unsigned': lambda x: fake_quantize(x, 0, 2.55),
    'signed': lambda x: fake_quantize(x, -1.28, 1.27),
    'a range a channel': lambda x: fake_quantize(x, channels(0, -1.28, 0), channels(1, 1.27, 0.4)),
    'a channel that is always 0': lambda x: fake_quantize(x, channels(0, 0, 0), channels(1, 0, 2)),
    '16 levels': lambda x: fake_quantize(x, -1, 1, levels=16),
    'other values come out': lambda x: fake_quantize(x, -1, 1, (0, 10)),
    '0 lies between two levels': lambda x: fake_quantize(x, -1, 1),
    'channels and 16 levels': lambda x: fake_quantize(
        x, channels(-1, -2, -3), channels(1, 2, 3), levels=16
    ),
}


def eight_bits(x, fake_quantize=fake_quantize):
    """Return what a quantised MobileNet has: depthwise inputs with a scale a channel."""
    x = fake_quantize(x, -2.56, 2.54)
    ones = ([1, 1], [1, 1], [1, 1], [1, 1])
    x = ops.add(ops.convolution(x, compressed((4, 3, 3, 3), [0]), *ones), values(1, 4, 1, 1))
    x = fake_quantize(ops.relu(x), channels(0, 0, 0, 0), channels(1, 2, 0.5, 3))
    weights = compressed((4, 1, 3, 3), [0], new_shape=[0, 1, 1, 3, 3])
    x = ops.add(ops.group_convolution(x, weights, *ones), values(1, 4, 1, 1, seed=1))
    x = fake_quantize(ops.relu(x), 0, 2.55)
    last = ops.convolution(x, compressed((5, 4, 3, 3), [0]), *ones)
    return ops.add(last, values(1, 5, 1, 1))


def used_twice(x):
    return [ops.add(x, values(1, 4, 1, 1)), ops.relu(x)]


def depthwise_input(x):
    """Return four channels in 8 bits, each with a scale of its own, from a convolution."""
    x, ones = fake_quantize(x, -2.56, 2.54), [1, 1]
    x = ops.convolution(x, compressed((4, 3, 3, 3), [0]), ones, ones, ones, ones)
    return fake_quantize(ops.relu(x), channels(0, 0, 0, 0), channels(1, 2, 0.5, 3))


def depthwise(x):
    weights = compressed((4, 1, 3, 3), [0], new_shape=[0, 1, 1, 3, 3])
    return ops.group_convolution(x, weights, [1, 1], [1, 1], [1, 1], [1, 1])


BESIDE_DEPTHWISE = {
    'one filter': lambda x: ops.convolution(
        depthwise_input(x), compressed((1, 4, 3, 3), [0]), [1, 1], [1, 1], [1, 1], [1, 1]
    ),
    'groups of two channels': lambda x: ops.group_convolution(
        depthwise_input(x), compressed((2, 2, 3, 3), [0], new_shape=[2, 1, 2, 3, 3]),
        [1, 1], [1, 1], [1, 1], [1, 1],
    ),
    'its input is used twice': lambda x: (lambda y: [depthwise(y), y])(depthwise_input(x)),
    'its input is used twice, once behind what becomes nothing': lambda x: (
        lambda y: [depthwise(ops.convert(y, 'f32')), y]
    )(depthwise_input(x)),
}  # fmt: skip


def maps_of_a_network(x):
    """Return heatmaps and PAFs of coco_18, of stride 8."""
    return [
        ops.convolution(x, values(count, 3, 8, 8) * 0.1, [8, 8], [0, 0], [0, 0], [1, 1])
        for count in (38, 19)
    ]


@pytest.mark.parametrize('version', [10, 11])
@pytest.mark.parametrize('name', NETWORKS)
def test_a_network_returns_the_same(tmp_path, name, version):
    ir = write_ir(tmp_path / 'a nét.xml', NETWORKS[name], version=version)
    converted = import_model(ir, precision='fp32')
    for size in ((19, 14), (8, 33)):  # not only the one that the IR was written for
        batch = picture(*size)
        expected = openvino_outputs(ir, batch)
        found = onnx_outputs(converted, batch)
        assert len(found) == len(expected)
        for one, other in zip(found, expected):
            np.testing.assert_allclose(one, other, atol=2e-5, rtol=1e-4)


@pytest.mark.parametrize('name', QUANTIZED)
def test_a_quantisation_returns_the_same(tmp_path, name):
    ir = write_ir(tmp_path / 'net.xml', QUANTIZED[name])
    batch = picture()
    [expected], [found] = openvino_outputs(ir, batch), onnx_outputs(import_model(ir), batch)
    # A value on the border of two levels may go to either.
    off = np.abs(found - expected) > 1e-5
    assert off.mean() < 0.01
    assert len(np.unique(found)) > 10


def test_eight_bits_stay_eight_bits(tmp_path):
    ir = write_ir(tmp_path / 'net.xml', eight_bits)
    batch = picture()
    [expected] = openvino_outputs(ir, batch)
    path = import_model(ir)
    [found] = onnx_outputs(path, batch)
    assert np.abs(found - expected).mean() < 0.01 * np.abs(expected).mean()
    graph = onnx.load(path).graph
    kinds = Counter(node.op_type for node in graph.node)
    assert kinds['QuantizeLinear'] == 3
    assert kinds['DequantizeLinear'] == 3 + 2 * 3, 'weights and biases, too'
    by_name = {tensor.name: tensor for tensor in graph.initializer}
    quantized = [node for node in graph.node if node.op_type == 'QuantizeLinear']
    assert all(not by_name[node.input[1]].dims for node in quantized), 'one scale, for speed'


@pytest.mark.parametrize('name', BESIDE_DEPTHWISE)
def test_scale_is_shared_with_nothing_but_a_depthwise_convolution(tmp_path, name):
    ir = write_ir(tmp_path / 'net.xml', BESIDE_DEPTHWISE[name])
    batch = picture()
    expected, found = openvino_outputs(ir, batch), onnx_outputs(import_model(ir), batch)
    for one, other in zip(expected, found):
        assert np.abs(one - other).mean() < 0.01 * np.abs(one).mean()


def test_quantisation_that_is_left_out_hides_no_user(tmp_path):
    def make(x):
        return used_twice(fake_quantize(convolve(x), -99, 99, levels=65536))

    ir = write_ir(tmp_path / 'net.xml', make)
    plain = write_ir(tmp_path / 'plain.xml', lambda x: used_twice(convolve(x)))
    found = onnx_outputs(import_model(ir, precision='fp32'), picture())
    for one, other in zip(openvino_outputs(plain, picture()), found):
        np.testing.assert_allclose(one, other, atol=2e-5, rtol=1e-4)


def test_layer_may_be_called_as_the_input(tmp_path):
    def make(x):
        layer = convolve(x)
        layer.set_friendly_name('data')
        return ops.relu(layer)

    ir = write_ir(tmp_path / 'net.xml', make)
    [expected], [found] = (
        openvino_outputs(ir, picture()),
        onnx_outputs(import_model(ir), picture()),
    )
    np.testing.assert_allclose(found, expected, atol=2e-5, rtol=1e-4)


def test_eight_bits_may_become_floats(tmp_path):
    ir = write_ir(tmp_path / 'net.xml', eight_bits)
    plain = write_ir(tmp_path / 'plain.xml', lambda x: eight_bits(x, lambda y, *ranges: y))
    path = import_model(ir, precision='fp32')
    [found], [expected] = onnx_outputs(path, picture()), openvino_outputs(plain, picture())
    np.testing.assert_allclose(found, expected, atol=1e-4, rtol=1e-4)
    kinds = {node.op_type for node in onnx.load(path).graph.node}
    assert kinds == {'Conv', 'Relu', 'Identity'}


@pytest.mark.parametrize('half', [False, True])
def test_a_network_may_be_stored_in_float16(tmp_path, half):
    ir = write_ir(tmp_path / 'net.xml', convolve, half=half)
    path = import_model(ir, precision='fp16')
    model = onnx.load(path)
    assert {tensor.data_type for tensor in model.graph.initializer} == {onnx.TensorProto.FLOAT16}
    [expected], [found] = openvino_outputs(ir, picture()), onnx_outputs(path, picture())
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, expected, atol=0.02)


def test_names_and_open_sizes_are_kept(tmp_path):
    path = import_model(write_ir(tmp_path / 'net.xml', lambda x: [ops.relu(x), convolve(x)]))
    graph = onnx.load(path).graph
    assert [item.name for item in graph.input] == ['data']
    assert [item.name for item in graph.output] == ['out_0', 'out_1']
    sizes = [dim.dim_param or dim.dim_value for dim in graph.input[0].type.tensor_type.shape.dim]
    assert sizes == [1, 3, 'height', 'width']


def test_the_same_ir_gives_the_same_bytes(tmp_path):
    ir = write_ir(tmp_path / 'net.xml', eight_bits)
    first = import_model(ir, tmp_path / 'a.onnx').read_bytes()
    assert import_model(ir, tmp_path / 'b.onnx').read_bytes() == first


@pytest.mark.parametrize(
    ('make', 'message'),
    [
        (
            lambda x: ops.softmax(ops.exp(x), 1),
            r'operations that are not known here: Exp \(opset1\), SoftMax \(opset8\); known are',
        ),
        (lambda x: ops.add(x, values(1, 3, 19, 14)), r'shape \(1, 3, 19, 14\) fixes the size'),
        (lambda x: ops.concat([x, x], 2), 'joins along axis 2, expected 1, the channels'),
        (lambda x: ops.reshape(x, np.int64([1, 3, 14, 19]), False), 'its input depends on the'),
        (lambda x: ops.convert(ops.convert(x, 'i32'), 'f32'), "converts the picture to 'i32'"),
        (
            lambda x: ops.max_pool(x, [2, 2], [1, 1], [0, 0], [0, 1], [2, 2], 'ceil'),
            r'its strides are \(2, 2\), expected at most \(2, 1\): as it rounds up, windows would',
        ),
        (
            lambda x: ops.max_pool(x, [3, 1], [1, 1], [0, 0], [0, 0], [2, 2], 'ceil', 'valid'),
            r'its strides are \(3, 1\), expected at most \(2, 2\)',
        ),
        (
            lambda x: ops.avg_pool(x, [3, 3], [0, 0], [0, 0], [2, 2], True, 'floor', 'same_lower'),
            r'its strides are \(3, 3\), expected at most \(2, 2\)',
        ),
        (
            lambda x: ops.avg_pool(x, [2, 2], [1, 1], [1, 1], [3, 3], False, 'ceil'),
            r'it rounds up and counts its pads \(1, 1, 1, 1\), expected either',
        ),
        (
            lambda x: ops.reduce_mean(x, np.int64([1]), True),
            'expected one over height and width',
        ),
    ],
)
def test_what_cannot_be_converted_is_named(tmp_path, make, message):
    ir = write_ir(tmp_path / 'net.xml', make)
    with pytest.raises(ModelError, match=message) as caught:
        import_model(ir)
    assert str(caught.value).startswith(f'cannot convert {ir}: ')
    assert '\n' not in str(caught.value)
    assert list(tmp_path.rglob('*.onnx*')) == []


def test_a_picture_of_other_channels_is_refused(tmp_path):
    ir = write_ir(tmp_path / 'net.xml', ops.relu, shape=(1, 1, 8, 8))
    with pytest.raises(ModelError, match=r'it takes f32 \(1, 1, 8, 8\), expected floats \(N, 3,'):
        import_model(ir)


def test_a_network_that_is_not_quantised_cannot_become_int8(tmp_path):
    ir = write_ir(tmp_path / 'net.xml', convolve)
    with pytest.raises(ModelError, match='it is not quantised and cannot become int8'):
        import_model(ir, precision='int8')


@pytest.mark.parametrize(('precision', 'tolerance'), [('fp32', 0.004), ('int8', 0.1)])
def test_the_published_network_returns_the_same(shared, tmp_path, precision, tolerance):
    """For float32 OpenVINO's FakeQuantize are taken out; it computes the weights in float16."""
    ir = shared / 'models/human-pose-estimation-0001-int8-ir/human-pose-estimation-0001.xml'
    path = import_model(ir, tmp_path / 'net.onnx', precision=precision)
    frame = cv2.resize(cv2.imread(str(shared / 'images/000000000785.jpg')), (328, 184))
    batch = frame.transpose(2, 0, 1)[None].astype(np.float32)
    if precision == 'int8':
        expected = openvino_outputs(ir, batch)
    else:
        model = CORE.read_model(ir)
        for node in model.get_ops():
            if node.get_type_name() == 'FakeQuantize':
                node.output(0).replace(node.input_value(0))
        model.reshape(batch.shape)
        exact = {'INFERENCE_PRECISION_HINT': 'f32'}
        expected = list(CORE.compile_model(model, 'CPU', exact)([batch]).values())
    found = onnx_outputs(path, batch)
    for channels_expected, one, other in zip((38, 19), found, expected):
        assert one.shape == other.shape == (1, channels_expected, 23, 41)
        assert np.abs(one - other).max() < tolerance
        assert np.corrcoef(one.ravel(), other.ravel())[0, 1] > 0.9995
