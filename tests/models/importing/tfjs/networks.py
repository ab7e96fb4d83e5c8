"""
PoseNet as TensorFlow.js' graph models, and a network of layers, with weights drawn at random.

The outputs, their names and their order are those of posenet/src/mobilenet.ts and resnet.ts of
tensorflow/tfjs-models at 18a7342. The files are written as tensorflowjs' converter writes them: a
GraphDef as protobuf's own JSON, without the values of its constants, which follow in files of
their own (tfjs-converter/python/tensorflowjs/write_weights.py and quantization.py at 0fc04d9).
`record` runs the same files in TensorFlow.js itself.
"""

from __future__ import annotations

from collections.abc import Mapping
import json
from pathlib import Path
from typing import Any

from google.protobuf import json_format
import numpy as np

from tests.models.importing.tensorflow.networks import Net, depthwise_weights, drawn, weights

EIGHTH = 8
POSENET = {
    'heatmap_2': 17,
    'offset_2': 34,
    'displacement_fwd_2': 32,
    'displacement_bwd_2': 32,
}


class _Fused(Net):
    """A graph whose convolutions do what follows them, as the converter's optimiser makes it."""

    def fused(
        self,
        name: str,
        before: str,
        outputs: int,
        kernel: int,
        then: str = 'Relu6',
        **more: Any,
    ) -> str:
        """Add a convolution, depthwise where `outputs` is 0."""
        count = self.channels[before]
        shape = (kernel, kernel, count, outputs or 1)
        # What a block of ResNet adds to its picture is kept small: sums of many would be large.
        factor = np.float32(0.2 if name.endswith('conv3/BiasAdd') else 1)
        made = weights(name, *shape) if outputs else depthwise_weights(name, *shape)
        given = self.const(f'{name}/weights', factor * made)
        bias = self.const(
            f'{name}/biases', np.float32(0.1) * drawn(f'{name}/biases', outputs or count)
        )
        made = self.float_node(
            '_FusedConv2D' if outputs else 'FusedDepthwiseConv2dNative',
            name,
            before,
            given,
            bias,
            **{'strides': [1, 1, 1, 1], 'padding': 'SAME', 'data_format': 'NHWC', **more},
            num_args=1,
            fused_ops=['BiasAdd', then] if then else ['BiasAdd'],
        )
        self.channels[made] = outputs or count
        return made


def mobilenet(stride: int, width: int = EIGHTH) -> Any:
    """Return MobileNet v1 of 13 pairs; what would be a stride beyond `stride` is a dilation."""
    net = _Fused()
    path = 'MobilenetV1'
    made = net.fused(f'{path}/Conv2d_0/Relu6', 'image', 32 // width, 3, strides=[1, 2, 2, 1])
    at, rate = 2, 1
    plan = [(64, 1), (128, 2), (128, 1), (256, 2), (256, 1), (512, 2), *[(512, 1)] * 5]
    plan += [(1024, 2), (1024, 1)]
    for number, (outputs, step) in enumerate(plan, 1):
        taken, dilation = (step, 1) if at * step <= stride else (1, rate)
        if at * step > stride:
            rate *= step
        at *= taken
        made = net.fused(
            f'{path}/Conv2d_{number}_depthwise',
            made,
            0,
            3,
            strides=[1, taken, taken, 1],
            dilations=[1, dilation, dilation, 1],
        )
        made = net.fused(f'{path}/Conv2d_{number}_pointwise/Relu6', made, outputs // width, 1)
    for name, outputs in POSENET.items():
        net.fused(f'{path}/{name}/BiasAdd', made, outputs, 1, '')
    return net.graph


def resnet(stride: int, width: int = EIGHTH) -> Any:
    """Return ResNet-50 v1 as slim writes it: strides at the end of a block, pads by hand."""
    net = _Fused()
    root = 'resnet_v1_50'

    def fixed(name: str, before: str, outputs: int, kernel: int, step: int, rate: int) -> str:
        if step == 1:
            dilations = [1, rate, rate, 1]
            return net.fused(name, before, outputs, kernel, 'Relu', dilations=dilations)
        edge = kernel // 2
        sizes = np.array([[0, 0], [edge, edge], [edge, edge], [0, 0]], np.int32)
        padded = net.node(
            'Pad',
            f'{name}/Pad',
            before,
            net.const(f'{name}/Pad/paddings', sizes),
            T='DT_FLOAT',
            Tpaddings='DT_INT32',
        )
        steps = [1, step, step, 1]
        return net.fused(name, padded, outputs, kernel, 'Relu', strides=steps, padding='VALID')

    made = fixed(f'{root}/conv1/Relu', 'image', 64 // width, 7, 2, 1)
    made = net.float_node(
        'MaxPool',
        f'{root}/pool1/MaxPool',
        made,
        ksize=[1, 3, 3, 1],
        strides=[1, 2, 2, 1],
        padding='SAME',
    )
    at, rate = 4, 1
    for block, (depth, units, last) in enumerate(
        [(64, 3, 2), (128, 4, 2), (256, 6, 2), (512, 3, 1)], 1
    ):
        for unit in range(1, units + 1):
            name = f'{root}/block{block}/unit_{unit}/bottleneck_v1'
            step = last if unit == units else 1
            taken, dilation = (step, rate) if at * step <= stride else (1, rate)
            outputs = 4 * depth // width
            window = {'ksize': [1, 1, 1, 1], 'strides': [1, taken, taken, 1], 'padding': 'SAME'}
            shortcut = made
            if net.channels[made] != outputs:
                steps = [1, taken, taken, 1]
                shortcut = net.fused(f'{name}/shortcut', made, outputs, 1, '', strides=steps)
            elif taken > 1:
                shortcut = net.float_node('MaxPool', f'{name}/shortcut', made, **window)
            inner = net.fused(f'{name}/conv1/Relu', made, depth // width, 1, 'Relu')
            inner = fixed(f'{name}/conv2/Relu', inner, depth // width, 3, taken, dilation)
            inner = net.fused(f'{name}/conv3/BiasAdd', inner, outputs, 1, '')
            made = net.float_node('AddV2', f'{name}/add', shortcut, inner)
            made = net.relu(name, made)
            if at * step > stride:
                rate *= step
            at *= taken
    names = {'heatmap_2': 'float_heatmaps', 'offset_2': 'float_short_offsets'}
    for name, outputs in POSENET.items():
        net.fused(names.get(name, f'{root}/{name}/BiasAdd'), made, outputs, 1, '')
    return net.graph


def layers(width: int = EIGHTH) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return a network of layers with heatmaps and PAFs: its topology, and its weights."""
    made: list[dict[str, Any]] = []
    held: dict[str, Any] = {}
    channels = {'image': 3}

    def add(kind: str, name: str, inputs: list[str], **config: Any) -> str:
        calls = [[[source, 0, 0, {}] for source in inputs]] if inputs else []
        made.append(
            {
                'name': name,
                'class_name': kind,
                'config': {'name': name, 'trainable': True, **config},
                'inbound_nodes': calls,
            }
        )
        if inputs:
            channels[name] = channels[inputs[0]]
        return name

    def keep(name: str, part: str, *shape: int, low: float = -0.5) -> None:
        key = f'{name}/{part}'
        if len(shape) < 4:
            held[key] = drawn(key, *shape, low=low)
        elif part == 'depthwise_kernel':
            held[key] = depthwise_weights(key, *shape)
        else:
            held[key] = weights(key, *shape)

    def conv(name: str, before: str, outputs: int, size: int, **more: Any) -> str:
        keep(name, 'kernel', size, size, channels[before], outputs)
        if more.get('use_bias', True):
            keep(name, 'bias', outputs)
        config = {
            'filters': outputs,
            'kernel_size': [size, size],
            'strides': [1, 1],
            'padding': 'same',
            'data_format': 'channels_last',
            'dilation_rate': [1, 1],
            'activation': 'linear',
            'use_bias': True,
            **more,
        }
        add('Conv2D', name, [before], **config)
        channels[name] = outputs
        return name

    def norm(name: str, before: str, **more: Any) -> str:
        for part in ('gamma', 'beta', 'moving_mean', 'moving_variance'):
            if not (part == 'gamma' and more.get('scale') is False):
                keep(name, part, channels[before], low=0.25 if part == 'moving_variance' else -0.5)
        config = {'axis': -1, 'momentum': 0.99, 'epsilon': 0.001, 'center': True, 'scale': True}
        return add('BatchNormalization', name, [before], **config, **more)

    dtype = {'dtype': 'float32', 'sparse': False}
    add('InputLayer', 'image', [], batch_input_shape=[None, None, None, 3], **dtype)
    pads = {'padding': [[0, 1], [0, 1]], 'data_format': 'channels_last'}
    end = add('ZeroPadding2D', 'pad', ['image'], **pads)
    end = conv('conv1', end, 32 // width, 3, strides=[2, 2], padding='valid', use_bias=False)
    end = add('ReLU', 'relu1', [norm('bn1', end)], max_value=6.0)
    keep('dw', 'depthwise_kernel', 3, 3, channels[end], 2)
    config = {'strides': [2, 2], 'padding': 'same', 'depth_multiplier': 2, 'use_bias': False}
    more = {'kernel_size': [3, 3], 'dilation_rate': [1, 1], 'activation': 'linear'}
    first = add('DepthwiseConv2D', 'dw', [end], **config, **more)
    channels[first] *= 2
    keep('sep', 'depthwise_kernel', 3, 3, channels[first], 1)
    keep('sep', 'pointwise_kernel', 1, 1, channels[first], 64 // width)
    keep('sep', 'bias', 64 // width)
    config = {'filters': 64 // width, 'strides': [1, 1], 'padding': 'same', 'depth_multiplier': 1}
    more = {'kernel_size': [3, 3], 'dilation_rate': [1, 1], 'activation': 'relu', 'use_bias': True}
    end = add('SeparableConv2D', 'sep', [first], **config, **more)
    channels[end] = 64 // width
    side = add('LeakyReLU', 'leaky', [conv('conv2', first, 64 // width, 1)], alpha=0.125)
    end = add('Add', 'add', [end, side])
    keep('prelu', 'alpha', 1, 1, channels[end])
    end = add('PReLU', 'prelu', [end], shared_axes=[1, 2])
    window = {'pool_size': [3, 3], 'strides': [2, 2], 'padding': 'same'}
    one = add('MaxPooling2D', 'max', [end], **window)
    two = add('AveragePooling2D', 'mean', [end], **window)
    end = add('Concatenate', 'join', [one, two], axis=-1)
    channels[end] *= 2
    end = add('Dropout', 'drop', [end], rate=0.5)
    large = add('UpSampling2D', 'up', [end], size=[2, 2], interpolation='nearest')
    end = add('Activation', 'act', [norm('bn2', large, **{})], activation='sigmoid')
    pafs = conv('pafs', end, 38, 3, dilation_rate=[2, 2])
    heatmaps = conv('heatmaps', end, 19, 1, activation='relu')
    config = {
        'name': 'model',
        'layers': made,
        'input_layers': [['image', 0, 0]],
        'output_layers': [[pafs, 0, 0], [heatmaps, 0, 0]],
    }
    model = {'class_name': 'Functional', 'config': config}
    return {'keras_version': '2.8.0', 'backend': 'tensorflow', 'model_config': model}, held


def quantised(array: Any, kind: str) -> tuple[Any, dict[str, Any]]:
    """Return a weight in less bits, and what says how; 0 stays 0 (quantization.py)."""
    if kind == 'float16':
        return array.astype(np.float16), {'dtype': 'float16', 'original_dtype': 'float32'}
    most = np.iinfo(kind).max
    low, high = min(float(array.min()), 0.0), max(float(array.max()), 0.0)
    scale = (high - low) / most or 1.0
    low = -round(-low / scale) * scale
    stored = np.clip(np.round((array - low) / scale), 0, most).astype(kind)
    return stored, {'dtype': kind, 'min': low, 'scale': scale, 'original_dtype': 'float32'}


def write(
    folder: Path,
    held: Mapping[str, Any],
    topology: Mapping[str, Any],
    *,
    kind: str = '',
    shard: int = 1 << 22,
    **more: Any,
) -> Path:
    """Write model.json and its files of weights, `shard` bytes each; return the first."""
    entries, content = [], b''
    for name, array in held.items():
        entry: dict[str, Any] = {'name': name, 'shape': [*array.shape], 'dtype': array.dtype.name}
        if kind and array.dtype == np.float32:
            array, entry['quantization'] = quantised(array, kind)
        entries.append(entry)
        content += array.tobytes()
    count = -(-len(content) // shard)
    paths = [f'group1-shard{number}of{count}.bin' for number in range(1, count + 1)]
    for number, path in enumerate(paths):
        (folder / path).write_bytes(content[number * shard : (number + 1) * shard])
    document = {
        'format': 'graph-model' if 'node' in topology else 'layers-model',
        'generatedBy': '2.3.1',
        'convertedBy': 'TensorFlow.js Converter v1.7.0',
        **more,
        'modelTopology': topology,
        'weightsManifest': [{'paths': paths, 'weights': entries}],
    }
    path = folder / 'model.json'
    path.write_text(json.dumps(document), 'utf-8')
    return path


def write_graph_model(folder: Path, graph: Any, *, signed: bool = True, **more: Any) -> Path:
    """Write a graph model; unless it is signed, its outputs are what nothing uses."""
    held = {}
    for node in graph.node:
        if node.op == 'Const':
            tensor = node.attr['value'].tensor
            dtype = {1: np.float32, 3: np.int32}[tensor.dtype]
            shape = [dim.size for dim in tensor.tensor_shape.dim]
            held[node.name] = np.frombuffer(tensor.tensor_content, dtype).reshape(shape)
            tensor.ClearField('tensor_content')
    signature = {}
    if signed:
        used = {name for node in graph.node for name in node.input}
        ends = [node.name for node in graph.node if node.name not in used]
        outputs = {f'{name}:0': {'name': f'{name}:0', 'dtype': 'DT_FLOAT'} for name in ends}
        inputs = {'image:0': {'name': 'image:0', 'dtype': 'DT_FLOAT'}}
        signature = {'signature': {'inputs': inputs, 'outputs': outputs}}
    return write(folder, held, json_format.MessageToDict(graph), **more, **signature)
