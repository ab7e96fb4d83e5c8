"""Reading a Keras .h5: a whole model, or the weights of OpenPose's reproduction alone."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
import re
from typing import Any

import numpy as np
import numpy.typing as npt

from openpose_ros.documents import parse_json
from openpose_ros.models.importing.deploy import build_openpose
from openpose_ros.models.importing.graph import Graph
from openpose_ros.models.importing.keras.config import read_config
from openpose_ros.models.importing.keras.hdf5 import Hdf5, read_hdf5
from openpose_ros.models.importing.keras.to_graph import FAMILY, to_graph
from openpose_ros.models.importing.limits import MOST_JSON

_Weights = dict[str, dict[str, npt.NDArray[Any]]]


def read(path: Path, *, stages: int | None = None) -> Graph:
    """
    Read a network.

    Parameters
    ----------
    path : Path
        The .h5.
    stages : int, optional
        Of OpenPose's reproduction, how many to keep; by default all that the file has.

    Raises
    ------
    LibraryError
        If h5py is not installed.
    ModelError
        If the file cannot be read.
    ValueError
        If it is no such file, or one with layers that are not known here.

    """
    file = read_hdf5(path)
    weights = _weights(file)
    config = file.texts.get('', {}).get('model_config')
    if isinstance(config, str) and stages is None:
        if len(config) > MOST_JSON:
            raise ValueError(f'its model_config is too large: {MOST_JSON >> 20} MB are the most')
        model = read_config(parse_json(config))
        if len(model.inputs) == 1:  # in training it takes masks, too
            return to_graph(model, weights)
    return _reproduction(weights, stages)


def _weights(file: Hdf5) -> _Weights:
    """Return each layer's weights, by what Keras calls them: kernel, bias."""
    root = '/model_weights' if 'layer_names' in file.texts.get('/model_weights', {}) else ''
    found: _Weights = {}
    for name in _listed(file.texts.get(root, {}), 'layer_names'):
        group = f'{root}/{name}'
        held = {}
        for weight in _listed(file.texts.get(group, {}), 'weight_names'):
            place = f'{group}/{weight}'
            if place not in file.arrays:
                if weight.endswith(('seed_generator_state', 'iterations:0')):
                    continue
                raise ValueError(f"it names the weights '{place[:120]}', which it does not have")
            held[weight.rpartition('/')[2].removesuffix(':0')] = file.arrays[place]
        if held:
            found[name] = held
    if not found:
        raise ValueError('it names no layers with weights: it is no file of Keras')
    return found


def _listed(texts: Mapping[str, str | list[str]], name: str) -> list[str]:
    """Return a list that Keras cuts into several attributes where it is long."""
    parts = [name, *(f'{name}{number}' for number in range(len(texts)))]
    return [item for part in parts for item in texts.get(part, []) if isinstance(item, str)]


def _reproduction(weights: _Weights, stages: int | None) -> Graph:
    """Build the network of model/cmu_model.py at 0f7f5dc: Caffe's, with other names in stage 1."""
    layers = {}
    for name, held in weights.items():
        if held.keys() != {'kernel', 'bias'} or held['kernel'].ndim != 4:
            raise ValueError(f"the weights of '{name[:80]}' are not those of a convolution")
        match = re.fullmatch(r'Mconv(\d)_stage1_L([12])', name)
        caffe = f'conv5_{match[1]}_CPM_L{match[2]}' if match else name
        kernel = np.ascontiguousarray(held['kernel'].transpose(3, 2, 0, 1))
        layers[caffe] = [kernel, held['bias']]
    graph = build_openpose(layers, stages, 'save the whole model, not its weights alone')
    return replace(graph, family=FAMILY)
