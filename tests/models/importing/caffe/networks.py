"""
OpenPose's networks as Caffe has them, at any width, with weights drawn at random.

Written from models/*/pose_deploy*.prototxt of CMU-Perceptual-Computing-Lab/openpose at 5c5d965, by
loops of its own; `python -m tests.models.importing.caffe.record FOLDER` compares them, layer by
layer, where FOLDER holds that repository. Messages are protobuf's, of upstream's schema.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from tests.models.importing.schema import messages

CAFFE = messages(Path(__file__).with_name('caffe.proto'))
EIGHTH = 8
HEIGHT, WIDTH = 45, 38  # of the picture: pools round up at 45, and at the 19 that becomes of 38


class _Net:
    def __init__(self, width: int) -> None:
        self.message = CAFFE.NetParameter(input=['image'], input_dim=[1, 3, HEIGHT, WIDTH])
        self.width = width

    def layer(self, name: str, kind: str, bottoms: list[str], top: str) -> Any:
        return self.message.layer.add(name=name, type=kind, bottom=bottoms, top=[top])

    def conv(
        self, name: str, bottom: str, outputs: int, kernel: int, *, last: bool = False
    ) -> str:
        made = self.layer(name, 'Convolution', [bottom], name).convolution_param
        made.num_output = outputs if last else max(outputs // self.width, 1)
        made.pad.append(kernel // 2)
        made.kernel_size.append(kernel)
        return name

    def relu(self, name: str, blob: str, kind: str = 'ReLU') -> None:
        self.layer(name, kind, [blob], blob)

    def pool(self, name: str, bottom: str) -> str:
        made = self.layer(name, 'Pooling', [bottom], name).pooling_param
        made.pool, made.kernel_size, made.stride = 0, 2, 2
        return name

    def concat(self, name: str, bottoms: list[str], top: str = '') -> str:
        self.layer(name, 'Concat', bottoms, top or name).concat_param.axis = 1
        return top or name

    def vgg(
        self, blocks: list[list[int]], relu: str, pool: str, prelu: tuple[str, ...] = ()
    ) -> str:
        blob = 'image'
        for block, widths in enumerate(blocks, 1):
            for number, outputs in enumerate(widths, 1):
                at = f'{block}_{number}'
                blob = self.conv(f'conv{at}', blob, outputs, 3)
                kind = 'PReLU' if f'conv{at}' in prelu else 'ReLU'
                self.relu(
                    f'p{relu.format(at)}' if kind == 'PReLU' else relu.format(at), blob, kind
                )
            if block <= 3:
                blob = self.pool(pool.format(block), blob)
        return blob


def two_branches(width: int, pafs: int, heatmaps: int, stages: int) -> Any:
    """Return COCO's or MPI's."""
    net = _Net(width)
    blob = net.vgg([[64, 64], [128, 128], [256] * 4, [512, 512]], 'relu{}', 'pool{}_stage1')
    for name, outputs in (('4_3_CPM', 256), ('4_4_CPM', 128)):
        blob = net.conv(f'conv{name}', blob, outputs, 3)
        net.relu(f'relu{name}', blob)
    features, ends = blob, [blob, blob]
    for number, (outputs, kernel) in enumerate([(128, 3)] * 3 + [(512, 1), (0, 1)], 1):
        for branch in (0, 1):
            name = f'5_{number}_CPM_L{branch + 1}'
            last = (pafs, heatmaps)[branch]
            ends[branch] = net.conv(
                f'conv{name}', ends[branch], outputs or last, kernel, last=not outputs
            )
            if outputs:
                net.relu(f'relu{name}', ends[branch])
    for stage in range(2, stages + 1):
        joined = net.concat(f'concat_stage{stage}', [*ends, features])
        ends = [joined, joined]
        for number, (outputs, kernel) in enumerate([(128, 7)] * 5 + [(128, 1), (0, 1)], 1):
            for branch in (0, 1):
                name = f'{number}_stage{stage}_L{branch + 1}'
                last = (pafs, heatmaps)[branch]
                ends[branch] = net.conv(
                    f'Mconv{name}', ends[branch], outputs or last, kernel, last=not outputs
                )
                if outputs:
                    net.relu(f'Mrelu{name}', ends[branch])
    net.concat('concat_stage7', ends[::-1], 'net_output')
    return net.message


def one_branch(width: int, heatmaps: int, relu: str, concat: str, pool: str, names: Any) -> Any:
    """Return that of a hand or a face, whose layers without weights have other names."""
    net = _Net(width)
    blob = net.vgg([[64, 64], [128, 128], [256] * 4, [512] * 4, [512, 512]], relu, pool)
    features = net.conv('conv5_3_CPM', blob, 128, 3)
    net.relu(names('5_3_CPM'), features)
    blob = net.conv('conv6_1_CPM', features, 512, 1)
    net.relu(names('6_1_CPM'), blob)
    blob = net.conv('conv6_2_CPM', blob, heatmaps, 1, last=True)
    for stage in range(2, 7):
        blob = net.concat(concat.format(stage), [blob, features])
        for number, (outputs, kernel) in enumerate([(128, 7)] * 5 + [(128, 1), (0, 1)], 1):
            name = f'Mconv{number}_stage{stage}'
            blob = net.conv(name, blob, outputs or heatmaps, kernel, last=not outputs)
            if outputs:
                net.relu(names(f'M{number}_stage{stage}'), blob)
    net.message.layer[-1].top[:] = ['net_output']
    return net.message


def _hand_relu(of: str) -> str:
    if of.startswith('M'):
        number, stage = int(of[1]), of[-1]
        return f'Mrelu1_{number + 1}_stage{stage}_{number}'
    return {'5_3_CPM': 'relu5_4_stage1_3', '6_1_CPM': 'relu6_4_stage1_1'}[of]


def _face_relu(of: str) -> str:
    return f'Mconv{of[1:]}_re' if of.startswith('M') else f'conv{of}_re'


def body_25(width: int) -> Any:
    net = _Net(width)
    blob = net.vgg(
        [[64, 64], [128, 128], [256] * 4, [512, 512]], 'relu{}', 'pool{}_stage1', ('conv4_2',)
    )
    for name, outputs in (('4_3_CPM', 256), ('4_4_CPM', 128)):
        blob = net.conv(f'conv{name}', blob, outputs, 3)
        net.relu(f'prelu{name}', blob, 'PReLU')
    features, pafs, ends = blob, '', {'L1': '', 'L2': ''}
    order = [(f'stage{stage}_L2', 52) for stage in range(4)]
    order += [(f'stage{stage}_L1', 26) for stage in range(2)]
    for at, outputs in order:
        branch, wide = at[-2:], at[5] != '0'
        given = [blob for blob in (features, ends[branch], pafs) if blob]
        blob = features if len(given) == 1 else net.concat(f'concat_{at}', given)
        for number in range(1, 6):
            parts = []
            for part in range(3):
                name = f'{number}_{at}_{part}'
                blob = net.conv(f'Mconv{name}', blob, 128 if wide else 96, 3)
                net.relu(f'Mprelu{name}', blob, 'PReLU')
                parts.append(blob)
            blob = net.concat(f'Mconv{number}_{at}_concat', parts)
        blob = net.conv(f'Mconv6_{at}', blob, 512 if wide else 256, 1)
        net.relu(f'Mprelu6_{at}', blob, 'PReLU')
        ends[branch] = net.conv(f'Mconv7_{at}', blob, outputs, 1, last=True)
        if at == 'stage3_L2':
            pafs = ends['L2']
    net.concat('net_output', [ends['L1'], pafs])
    return net.message


NETWORKS = {
    'coco': lambda width: two_branches(width, 38, 19, 6),
    'mpi': lambda width: two_branches(width, 28, 16, 6),
    'mpi-4': lambda width: two_branches(width, 28, 16, 4),
    'body_25': body_25,
    'hand': lambda width: one_branch(
        width, 22, 'relu{}', 'concat_stage{}', 'pool{}_stage1', _hand_relu
    ),
    'face': lambda width: one_branch(
        width, 71, 'conv{}_re', 'features_in_stage_{}', 'pool{}', _face_relu
    ),
}
"""What makes the graph of each network, for a width of 1 / n."""
UPSTREAM = {
    'coco': 'pose/coco/pose_deploy_linevec',
    'mpi': 'pose/mpi/pose_deploy_linevec',
    'mpi-4': 'pose/mpi/pose_deploy_linevec_faster_4_stages',
    'body_25': 'pose/body_25/pose_deploy',
    'hand': 'hand/pose_deploy',
    'face': 'face/pose_deploy',
}


def various() -> Any:
    """Return one with what else is known: pairs, groups, dilation, slices, slopes, two ends."""
    net = _Net(1)
    one = net.layer('one', 'Convolution', ['image'], 'one').convolution_param
    one.num_output, one.pad_h, one.pad_w, one.kernel_h, one.kernel_w = 8, 0, 2, 2, 5
    one.stride_h, one.stride_w, one.bias_term = 1, 2, False
    net.layer('leaky', 'ReLU', ['one'], 'one').relu_param.negative_slope = 0.25
    split = net.layer('split', 'Split', ['one'], 'left')
    split.top.append('right')
    two = net.layer('two', 'Convolution', ['left'], 'two').convolution_param
    two.num_output, two.group = 12, 4
    two.kernel_size.append(3)
    two.dilation.append(2)
    two.pad.append(2)
    shared = net.layer('shared', 'PReLU', ['two'], 'bent')
    shared.prelu_param.channel_shared = True
    net.layer('dropout', 'Dropout', ['bent'], 'bent').dropout_param.dropout_ratio = 0.5
    cut = net.layer('cut', 'Slice', ['bent'], 'first')
    cut.top.append('rest')
    cut.slice_param.axis = 1
    cut.slice_param.slice_point.append(5)
    halves = net.layer('halves', 'Slice', ['right'], 'low')
    halves.top.append('high')
    joined = net.layer('joined', 'Concat', ['rest', 'low', 'first'], 'joined')
    joined.concat_param.axis = 1
    pool = net.layer('pool', 'Pooling', ['joined'], 'pool').pooling_param
    pool.pool, pool.kernel_size, pool.stride, pool.pad = 0, 3, 2, 1
    net.layer('end', 'ReLU', ['high'], 'end')
    return net.message


def with_weights(net: Any, seed: int = 7) -> Any:
    """Return a copy with weights after He et al. 2015, biases and slopes that are not 0."""
    filled = CAFFE.NetParameter()
    filled.CopyFrom(net)
    random = np.random.RandomState(seed)  # whose numbers stay the same in every NumPy
    channels = {'image': 3}
    for layer in filled.layer:
        given = [channels[blob] for blob in layer.bottom]
        made = sum(given)
        if layer.type == 'Convolution':
            options = layer.convolution_param
            kernel = [*options.kernel_size] * 2 or [options.kernel_h, options.kernel_w]
            shape = [options.num_output, made // options.group, *kernel]
            deviation = np.sqrt(2 / np.prod(shape[1:]))
            _blob(layer, random.normal(0, deviation, shape))
            if options.bias_term:
                _blob(layer, random.normal(0, 0.1, shape[0]))
            made = options.num_output
        elif layer.type == 'PReLU':
            shared = layer.prelu_param.channel_shared
            _blob(layer, random.uniform(0.05, 0.4, 1 if shared else made))
        cuts = [0, *layer.slice_param.slice_point, made]
        if layer.type == 'Slice' and len(cuts) == 2:
            cuts = [0, made // 2, made]
        for at, top in enumerate(layer.top):
            channels[top] = cuts[at + 1] - cuts[at] if layer.type == 'Slice' else made
    return filled


def _blob(layer: Any, values: Any) -> None:
    blob = layer.blobs.add(data=np.asarray(values, np.float32).ravel())
    blob.shape.dim.extend(np.shape(values))


def as_old_form(net: Any) -> Any:
    """Return a network with `layers`, types by number and shapes of four sizes."""
    old = CAFFE.NetParameter(name='of 2014', input=net.input, input_dim=net.input_dim)
    kinds = CAFFE.V1LayerParameter.LayerType
    for layer in net.layer:
        made = old.layers.add(
            name=layer.name,
            bottom=layer.bottom,
            top=layer.top,
            type=kinds.Value(layer.type.upper()),
        )
        made.convolution_param.CopyFrom(layer.convolution_param)
        made.pooling_param.CopyFrom(layer.pooling_param)
        made.concat_param.CopyFrom(layer.concat_param)
        for given in layer.blobs:
            sizes = [1, 1, 1, 1, *given.shape.dim][-4:]
            made.blobs.add(
                num=sizes[0], channels=sizes[1], height=sizes[2], width=sizes[3], data=given.data
            )
    return old


def without_weights(net: Any) -> Any:
    """Return what stands in a .prototxt."""
    bare = CAFFE.NetParameter()
    bare.CopyFrom(net)
    for layer in [*bare.layer, *bare.layers]:
        del layer.blobs[:]
    return bare


def picture(seed: int = 3) -> Any:
    return np.random.RandomState(seed).uniform(-0.5, 0.5, (1, 3, HEIGHT, WIDTH)).astype(np.float32)


def frame(seed: int = 4) -> Any:
    """Return a frame uint8 (48, 64, 3); blue, green and red have ranges of their own."""
    noise = np.random.RandomState(seed).uniform(0, 1, (48, 64, 3))
    return (noise * (255, 120, 40) + (0, 20, 200)).astype(np.uint8)
