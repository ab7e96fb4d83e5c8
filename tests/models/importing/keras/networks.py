"""
OpenPose's reproduction in Keras, at any width, with weights drawn at random, written with h5py.

The layers are those of model/cmu_model.py at 0f7f5dc of
michalfaber/keras_Realtime_Multi-Person_Pose_Estimation; the groups and attributes are those that
Keras 2 writes (tf_keras/src/saving/legacy/hdf5_format.py). `record` lets Keras itself read the
same files.
"""

from __future__ import annotations

from collections.abc import Sequence
import json
from pathlib import Path
from typing import Any

import h5py
import numpy as np

from tests.models.importing.tensorflow.networks import drawn, weights

EIGHTH = 8
PAFS, HEATMAPS = 38, 19


class _Net:
    def __init__(self, width: int) -> None:
        self.width = width
        self.layers: list[dict[str, Any]] = []
        self.held: dict[str, tuple[Any, Any]] = {}
        self.channels = {'image': 3}

    def add(self, kind: str, name: str, inputs: list[str], **config: Any) -> str:
        calls = [[[source, 0, 0, {}] for source in inputs]] if inputs else []
        entry = {'class_name': kind, 'name': name, 'inbound_nodes': calls}
        self.layers.append({**entry, 'config': {'name': name, **config}})
        if inputs:
            self.channels[name] = self.channels[inputs[0]]
        return name

    def conv(self, name: str, before: str, outputs: int, size: int, *, last: bool = False) -> str:
        count = outputs if last else max(outputs // self.width, 2)
        kernel = weights(name, size, size, self.channels[before], count)
        self.held[name] = kernel, drawn(f'{name}/bias', count)
        self.add(
            'Conv2D',
            name,
            [before],
            filters=count,
            kernel_size=[size, size],
            strides=[1, 1],
            padding='same',
            data_format='channels_last',
            dilation_rate=[1, 1],
            activation='linear',
            use_bias=True,
        )
        self.channels[name] = count
        if last:
            return name
        return self.add('Activation', f'activation_{len(self.layers)}', [name], activation='relu')


def reproduction(
    width: int = 1, *, stages: int = 6, **code: Any
) -> tuple[dict[str, Any], dict[str, Any]]:
    """
    Return get_testing_model(): its model_config, and each layer's kernel and bias.

    `code` is what Keras tells of its Lambda, which holds bytecode of the Python that wrote it.
    """
    net = _Net(width)
    net.add('InputLayer', 'image', [], batch_input_shape=[None, None, None, 3], dtype='float32')
    end = net.add(
        'Lambda', 'lambda_1', ['image'], **(code or {'function': ['4wEAAAA=', None, None]})
    )
    for block, widths in enumerate([[64] * 2, [128] * 2, [256] * 4], 1):
        for number, outputs in enumerate(widths, 1):
            end = net.conv(f'conv{block}_{number}', end, outputs, 3)
        window = {'pool_size': [2, 2], 'strides': [2, 2], 'padding': 'valid'}
        end = net.add('MaxPooling2D', f'pool{block}_1', [end], **window)
    plan = {'conv4_1': 512, 'conv4_2': 512, 'conv4_3_CPM': 256, 'conv4_4_CPM': 128}
    for name, outputs in plan.items():
        end = net.conv(name, end, outputs, 3)
    features = before = end
    ends = ['', '']
    for stage in range(1, stages + 1):
        if stage > 1:
            before = net.add('Concatenate', f'join_{stage}', [*ends, features], axis=-1)
            net.channels[before] = sum(net.channels[part] for part in (*ends, features))
        steps = [(128, 3)] * 3 + [(512, 1)] if stage == 1 else [(128, 7)] * 5 + [(128, 1)]
        for branch, outputs in ((1, PAFS), (2, HEATMAPS)):
            end = before
            for number, (count, size) in enumerate(steps, 1):
                end = net.conv(f'Mconv{number}_stage{stage}_L{branch}', end, count, size)
            name = f'Mconv{len(steps) + 1}_stage{stage}_L{branch}'
            ends[branch - 1] = net.conv(name, end, outputs, 1, last=True)
    config = {
        'name': 'model_1',
        'layers': net.layers,
        'input_layers': [['image', 0, 0]],
        'output_layers': [[end, 0, 0] for end in ends],
    }
    return {'class_name': 'Model', 'config': config}, net.held


def write(
    path: Path,
    config: dict[str, Any],
    held: dict[str, Any],
    *,
    whole: bool,
    order: Sequence[str] = (),
    **more: Any,
) -> Path:
    """
    Write an .h5.

    Parameters
    ----------
    path : Path
        Of the file.
    config : dict
        What the network is, for a whole model.
    held : dict of str to (array, array)
        Kernel and bias of each layer that has some.
    whole : bool
        Whether it is a model, or its weights alone.
    order : sequence of str
        Of the layers; by default that of the config. Keras itself goes by it.
    **more
        Of each dataset: a filter, say.

    """
    with h5py.File(path, 'w') as file:
        root = file.create_group('model_weights') if whole else file
        if whole:
            file.attrs['model_config'] = json.dumps(config).encode()
        for target in {file, root}:
            target.attrs['keras_version'] = b'2.2.4'
            target.attrs['backend'] = b'tensorflow'
        names = order or [layer['name'] for layer in config['config']['layers']]
        root.attrs['layer_names'] = [name.encode() for name in names]
        for name in names:
            group = root.create_group(name)
            parts = dict(zip((f'{name}/kernel:0', f'{name}/bias:0'), held.get(name, ())))
            group.attrs['weight_names'] = [part.encode() for part in parts]
            for part, array in parts.items():
                group.create_dataset(part, data=array, **more)
    return path


def picture() -> Any:
    """Return a picture (1, height, width, 3), 0 to 255, float32; of 8 k pixels."""
    random = np.random.default_rng(7)
    return random.integers(0, 256, (1, 40, 56, 3)).astype(np.float32)
