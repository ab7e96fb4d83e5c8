"""
tf-pose-estimation's networks as frozen graphs, at any width, with weights drawn at random.

Written from tf_pose/network_*.py of ildoonet/tf-pose-estimation at 9aaf347, with the operations
that its published graphs have. Messages are protobuf's, of TensorFlow's schema; `record` runs the
same files in TensorFlow itself.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any
import zlib

import numpy as np

from tests.models.importing.schema import messages

TF = messages(Path(__file__).with_name('graph.proto'))
EIGHTH = 8
HEIGHT, WIDTH = 48, 64  # of the picture; multiples of 16, as networks with an enlargement need
LINEAR = np.float32(0.5**0.5)  # what He's weights are too much without a ReLU behind them
RELU6, RELU, NO_RELU = 'Relu6', 'Relu', ''


def drawn(name: str, *shape: int, low: float = -0.5, high: float = 0.5) -> Any:
    """Return numbers that only the name tells."""
    random = np.random.default_rng(zlib.crc32(name.encode()))
    return random.uniform(low, high, shape).astype(np.float32)


def weights(name: str, *shape: int) -> Any:
    """Return He-initialised weights (height, width, channels in, channels out)."""
    random = np.random.default_rng(zlib.crc32(name.encode()))
    return random.normal(0, np.sqrt(2 / np.prod(shape[:-1])), shape).astype(np.float32)


def depthwise_weights(name: str, *shape: int) -> Any:
    """Return He-initialised weights (height, width, channels, how many of each)."""
    made = weights(name, *shape[:2], 1, shape[2] * shape[3])
    return made.reshape(shape)


def picture(height: int = HEIGHT, width: int = WIDTH) -> Any:
    """Return a picture (1, height, width, 3), 0 to 255, float32."""
    random = np.random.default_rng(7)
    return random.integers(0, 256, (1, height, width, 3)).astype(np.float32)


class Net:
    """A GraphDef in the making."""

    def __init__(self, width: int = 1) -> None:
        self.graph = TF.GraphDef()
        self.graph.versions.producer = 716
        self.width = width
        self.channels: dict[str, int] = {}
        self.node('Placeholder', 'image', dtype='DT_FLOAT', shape=(-1, -1, -1, 3))
        self.channels['image'] = 3

    def node(self, kind: str, name: str, *inputs: str, **attributes: Any) -> str:
        made = self.graph.node.add(name=name, op=kind, input=inputs)
        for key, value in attributes.items():
            _set(made.attr[key], value)
        self.channels[name] = self.channels.get(inputs[0], 0) if inputs else 0
        return name

    def const(self, name: str, value: Any) -> str:
        array = np.asarray(value)
        kind = {'float32': 'DT_FLOAT', 'int32': 'DT_INT32'}[array.dtype.name]
        self.node('Const', name, dtype=kind, value=array)
        self.channels[name] = array.shape[-1] if array.ndim else 1
        return name

    def float_node(self, kind: str, name: str, *inputs: str, **attributes: Any) -> str:
        return self.node(kind, name, *inputs, T='DT_FLOAT', **attributes)

    def conv(
        self, name: str, before: str, outputs: int, kernel: int, stride: int = 1, **more: Any
    ) -> str:
        given = self.const(
            f'{name}/weights', weights(name, kernel, kernel, self.channels[before], outputs)
        )
        strides = [1, stride, stride, 1]
        attributes = {'strides': strides, 'padding': 'SAME', **more}
        made = self.float_node('Conv2D', f'{name}/Conv2D', before, given, **attributes)
        self.channels[made] = outputs
        return made

    def depthwise(self, name: str, before: str, kernel: int = 3, stride: int = 1) -> str:
        given = self.const(
            f'{name}/depthwise_weights',
            LINEAR * depthwise_weights(name, kernel, kernel, self.channels[before], 1),
        )
        return self.float_node(
            'DepthwiseConv2dNative',
            f'{name}/depthwise',
            before,
            given,
            strides=[1, stride, stride, 1],
            padding='SAME',
        )

    def bias(self, name: str, before: str) -> str:
        given = self.const(f'{name}/biases', drawn(f'{name}/biases', self.channels[before]))
        return self.float_node('BiasAdd', f'{name}/BiasAdd', before, given)

    def norm(self, name: str, before: str, *, is_training: bool = False) -> str:
        count = self.channels[before]
        parts = {
            'gamma': drawn(f'{name}/gamma', count, low=0.5, high=1.5),
            'beta': drawn(f'{name}/beta', count),
            'moving_mean': drawn(f'{name}/mean', count),
            'moving_variance': drawn(f'{name}/variance', count, low=0.5, high=1.5),
        }
        if is_training:  # TensorFlow wants none, as it takes the picture's own
            parts |= {'moving_mean': np.zeros(0, 'f4'), 'moving_variance': np.zeros(0, 'f4')}
        given = [self.const(f'{name}/BatchNorm/{part}', value) for part, value in parts.items()]
        return self.float_node(
            'FusedBatchNorm',
            f'{name}/BatchNorm/FusedBatchNorm',
            before,
            *given,
            epsilon=0.001,
            is_training=is_training,
        )

    def relu(self, name: str, before: str, kind: str = RELU) -> str:
        return self.float_node(kind, f'{name}/{kind}', before) if kind else before

    def concat(self, name: str, *parts: str) -> str:
        axis = self.const(f'{name}/axis', np.int32(3))
        made = self.float_node('ConcatV2', name, *parts, axis, N=len(parts), Tidx='DT_INT32')
        self.channels[made] = sum(self.channels[part] for part in parts)
        return made

    def separable(
        self,
        name: str,
        before: str,
        outputs: int,
        stride: int = 1,
        kind: str = RELU,
        size: int = 3,
    ) -> str:
        made = self.depthwise(f'{name}_depthwise', before, size, stride)
        made = self.conv(f'{name}_pointwise', made, outputs, 1)
        return self.relu(f'{name}_pointwise', self.norm(f'{name}_pointwise', made), kind)

    def size_of(self, name: str, source: str) -> str:
        """Add the height and width of a tensor."""
        shape = self.node('Shape', f'{name}/Shape', source, T='DT_FLOAT', out_type='DT_INT32')
        bounds = [
            self.const(f'{name}/{part}', np.array([value], np.int32))
            for part, value in (('begin', 1), ('end', 3), ('step', 1))
        ]
        return self.node(
            'StridedSlice', f'{name}/size', shape, *bounds, T='DT_INT32', Index='DT_INT32'
        )

    def stages(self, features: str, width: float) -> str:
        """Add the six stages of tf_pose/network_mobilenet_v2.py:40-84, PAFs and heatmaps."""
        ends = ['', '']
        before = features
        for stage in range(1, 7):
            prefix = f'Openpose/MConv_Stage{stage}'
            if stage > 1:
                before = self.concat(f'{prefix}_concat', *ends, features)
            made = []
            for branch, outputs in ((1, 38), (2, 19)):
                end = before
                widths = [128, 128, 128, 512 if stage == 1 else 128]
                for number, count in enumerate(widths, 1):
                    size = 3 if number < 4 else 1
                    some = max(int(count * width) // self.width, 4)
                    end = self.separable(f'{prefix}_L{branch}_{number}', end, some, size=size)
                name = f'{prefix}_L{branch}_5'
                made.append(self.separable(name, end, outputs, kind=NO_RELU, size=1))
            ends = made
        return self.concat('Openpose/concat_stage7', ends[1], ends[0])


def _set(attribute: Any, value: Any) -> None:
    if isinstance(value, bool):
        attribute.b = value
    elif isinstance(value, int):
        attribute.i = value
    elif isinstance(value, float):
        attribute.f = value
    elif isinstance(value, str) and value.startswith('DT_'):
        attribute.type = _NUMBERS[value]
    elif isinstance(value, str):
        attribute.s = value.encode()
    elif isinstance(value, tuple):
        for size in value:
            attribute.shape.dim.add(size=size)
    elif isinstance(value, list) and value and isinstance(value[0], str):
        attribute.list.s.extend(item.encode() for item in value)
    elif isinstance(value, list):
        attribute.list.i.extend(value)
    else:
        _set_tensor(attribute.tensor, value)


_NUMBERS = {'DT_FLOAT': 1, 'DT_INT32': 3}


def _set_tensor(tensor: Any, array: Any) -> None:
    """Fill a tensor as TensorFlow's make_tensor_proto does: bytes, or a list of one."""
    tensor.dtype = _NUMBERS['DT_FLOAT' if array.dtype == np.float32 else 'DT_INT32']
    for size in array.shape:
        tensor.tensor_shape.dim.add(size=size)
    if array.size > 1:
        tensor.tensor_content = array.tobytes()
    elif array.dtype == np.float32:
        tensor.float_val.extend(array.ravel().tolist())
    else:
        tensor.int_val.extend(array.ravel().tolist())


def mobilenet_thin(width: int = 1) -> Any:
    """Return tf_pose/network_mobilenet_thin.py, of widths 0.75 and 0.5."""
    net = Net(width)
    made = net.conv('MobilenetV1/Conv2d_0', 'image', max(24 // width, 4), 3, 2)
    made = net.relu('MobilenetV1/Conv2d_0', net.norm('MobilenetV1/Conv2d_0', made))
    kept = {}
    plan = [(64, 1), (128, 2), (128, 1), (256, 2), (256, 1), *[(512, 1)] * 6]
    for number, (outputs, stride) in enumerate(plan, 1):
        name = f'MobilenetV1/Conv2d_{number}'
        made = kept[number] = net.separable(name, made, int(outputs * 0.75) // width, stride)
    pool = net.float_node(
        'MaxPool',
        'Conv2d_3_pool',
        kept[3],
        ksize=[1, 2, 2, 1],
        strides=[1, 2, 2, 1],
        padding='SAME',
    )
    net.stages(net.concat('feat_concat', pool, kept[7], kept[11]), 0.5)
    return net.graph


def mobilenet(width: int = 1) -> Any:
    """Return tf_pose/network_mobilenet.py, of widths 0.75 and 1, which enlarges twice."""
    net = Net(width)
    made = net.conv('MobilenetV1/Conv2d_0', 'image', max(24 // width, 4), 3, 2)
    made = net.relu('MobilenetV1/Conv2d_0', net.norm('MobilenetV1/Conv2d_0', made))
    kept = {}
    plan = [(64, 1), (128, 2), (128, 2), (256, 2), (256, 1), *[(512, 1)] * 3]
    for number, (outputs, stride) in enumerate(plan, 1):
        name = f'MobilenetV1/Conv2d_{number}'
        made = kept[number] = net.separable(name, made, int(outputs * 0.75) // width, stride)
    pool = net.float_node(
        'MaxPool',
        'Conv2d_1_pool',
        kept[1],
        ksize=[1, 4, 4, 1],
        strides=[1, 4, 4, 1],
        padding='SAME',
    )
    two = net.const('upsample/factor', np.int32(2))
    size = net.node('Mul', 'upsample/mul', net.size_of('upsample', kept[7]), two, T='DT_INT32')
    large = net.float_node('ResizeBilinear', 'Conv2d_7_upsample', kept[7], size)
    net.channels[large] = net.channels[kept[7]]
    net.stages(net.concat('feat_concat', pool, kept[3], large), 1.0)
    return net.graph


def mobilenet_v2(width: int = 1) -> Any:
    """
    Return tf_pose/network_mobilenet_v2.py, of widths 0.5 and 0.5.

    As in the published graph, the normalisations of its backbone are still in training.
    """
    net = Net(width)

    def block(name: str, before: str, outputs: int, stride: int, expand: int) -> str:
        path = f'MobilenetV2/{name}'
        made = before
        if expand > 1:
            made = net.conv(f'{path}/expand', made, net.channels[made] * expand, 1)
            made = net.norm(f'{path}/expand', made, is_training=True)
            made = net.relu(f'{path}/expand', made, RELU6)
        made = net.depthwise(f'{path}/depthwise', made, 3, stride)
        made = net.norm(f'{path}/depthwise', made, is_training=True)
        made = net.relu(f'{path}/depthwise', made, RELU6)
        made = net.conv(f'{path}/project', made, outputs, 1)
        made = net.norm(f'{path}/project', made, is_training=True)
        if stride == 1 and net.channels[before] == outputs:
            made = net.float_node('Add', f'{path}/add', made, before)
        return made

    made = net.conv('MobilenetV2/Conv', 'image', max(16 // width, 4), 3, 2)
    made = net.relu('Conv', net.norm('MobilenetV2/Conv', made, is_training=True), RELU6)
    kept = {}
    plan = [(16, 1, 1), (24, 2, 6), (24, 1, 6), (32, 2, 6), (32, 1, 6), (32, 1, 6), (64, 2, 6)]
    plan += [(64, 1, 6), (64, 1, 6), (64, 1, 6), (96, 1, 6), (96, 1, 6), (96, 1, 6)]
    for number, (outputs, stride, expand) in enumerate(plan, 2):
        name = f'expanded_conv_{number - 2}'
        some = max(outputs // 2 // width, 4)
        made = kept[number] = block(name, made, some, stride, expand)
    size = net.size_of('upsample', kept[7])
    large = net.float_node('ResizeBilinear', 'layer_14/upsample', kept[14], size)
    net.channels[large] = net.channels[kept[14]]
    net.stages(net.concat('feat_concat', kept[7], large), 0.5)
    return net.graph


def cmu(width: int = 1, *, joined: bool = True) -> Any:
    """Return tf_pose/network_cmu.py, perhaps without what joins its outputs."""
    net = Net(width)
    scale = net.const('preprocess_divide/y', np.float32(1 / 256))
    shift = net.const('preprocess_subtract/y', np.float32(-0.5))
    made = net.float_node('Mul', 'preprocess_divide', 'image', scale)
    made = net.float_node('Add', 'preprocess_subtract', made, shift)

    def conv(name: str, before: str, outputs: int, kernel: int, *, last: bool = False) -> str:
        count = outputs if last else max(outputs // width, 4)
        given = net.bias(name, net.conv(name, before, count, kernel))
        return given if last else net.float_node('Relu', name, given)

    for block, widths in enumerate([[64] * 2, [128] * 2, [256] * 4, [512] * 2], 1):
        for number, outputs in enumerate(widths, 1):
            made = conv(f'conv{block}_{number}', made, outputs, 3)
        if block < 4:
            window = [1, 2, 2, 1]
            made = net.float_node(
                'MaxPool',
                f'pool{block}_stage1',
                made,
                ksize=window,
                strides=window,
                padding='VALID',
            )
    made = conv('conv4_3_CPM', made, 256, 3)
    features = before = conv('conv4_4_CPM', made, 128, 3)
    ends = ['', '']
    for stage in range(1, 7):
        if stage > 1:
            before = net.concat(f'concat_stage{stage}', *ends, features)
        for branch, outputs in ((1, 38), (2, 19)):
            end = before
            pattern = (
                f'conv5_{{}}_CPM_L{branch}' if stage == 1 else f'Mconv{{}}_stage{stage}_L{branch}'
            )
            plan = [(128, 3)] * 3 + [(512, 1)] if stage == 1 else [(128, 7)] * 5 + [(128, 1)]
            for number, (count, kernel) in enumerate(plan, 1):
                end = conv(pattern.format(number), end, count, kernel)
            name = pattern.format(len(plan) + 1)
            ends[branch - 1] = conv(name, end, outputs, 1, last=True)
    if joined:
        net.concat('Openpose/concat_stage7', ends[1], ends[0])
    return net.graph


NETWORKS = {
    'mobilenet_thin': mobilenet_thin,
    'mobilenet': mobilenet,
    'mobilenet_v2': mobilenet_v2,
    'cmu': cmu,
}
