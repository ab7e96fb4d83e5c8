"""Tiny ONNX graphs with the contract of a real network, and what they must return."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
import json
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

STRIDE = 8
PAIR = {'pafs': 38, 'heatmaps': 19}  # outputs and their channels
RAW_BGR = {'colour': 'BGR', 'mean': [0, 0, 0], 'scale': [1, 1, 1]}
_TO_NHWC, _TO_NCHW = [0, 2, 3, 1], [0, 3, 1, 2]


@dataclass(frozen=True)
class TinyNetwork:
    """A model file, and the weights (channels, 3, 8, 8) of each of its outputs by name."""

    path: Path
    weights: Mapping[str, Any]

    def expected(self, name: str, batch: Any) -> Any:
        """Return the output of a batch (N, 3, h, w), in NCHW, by a convolution's definition."""
        count, _, height, width = batch.shape
        blocks = batch.reshape(count, 3, height // STRIDE, STRIDE, width // STRIDE, STRIDE)
        return np.einsum('ncyixj,kcij->nkyx', blocks, self.weights[name])


def write_network(
    path: Path,
    outputs: Mapping[str, int],
    *,
    batch: int | None = 1,
    size: tuple[int, int] | None = None,
    layout: str = 'NCHW',
    output_layout: str = 'NCHW',
    half: bool = False,
    fields: Mapping[str, Any] | None = None,
) -> TinyNetwork:
    """
    Write an ONNX file, and the manifest beside it.

    Each output is one convolution of the input, of stride 8 and kernel 8, with random weights.
    """
    kind, dtype = (TensorProto.FLOAT16, np.float16) if half else (TensorProto.FLOAT, np.float32)
    random = np.random.default_rng(len(outputs))
    weights = {
        name: random.normal(0, 0.01, (channels, 3, STRIDE, STRIDE)).astype(dtype)
        for name, channels in outputs.items()
    }
    width, height = size or ('w', 'h')
    axes = {'N': 'n' if batch is None else batch, 'C': 3, 'H': height, 'W': width}
    nodes, start = [], 'image'
    if layout == 'NHWC':
        nodes.append(helper.make_node('Transpose', ['image'], ['planes'], perm=_TO_NCHW))
        start = 'planes'
    values = []
    for name, channels in outputs.items():
        found = {'N': axes['N'], 'C': channels, 'H': f'{name}_h', 'W': f'{name}_w'}
        shape = [found[axis] for axis in output_layout]
        values.append(helper.make_tensor_value_info(name, kind, shape))
        convolved = name if output_layout == 'NCHW' else f'{name}_planes'
        nodes.append(
            helper.make_node(
                'Conv', [start, f'{name}_w'], [convolved], strides=[STRIDE, STRIDE], name=name
            )
        )
        if output_layout == 'NHWC':
            nodes.append(helper.make_node('Transpose', [convolved], [name], perm=_TO_NHWC))
    image = helper.make_tensor_value_info('image', kind, [axes[axis] for axis in layout])
    graph = helper.make_graph(
        nodes,
        'tiny',
        [image],
        values,
        [numpy_helper.from_array(array, f'{name}_w') for name, array in weights.items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid('', 13)], ir_version=8)
    onnx.checker.check_model(model)
    onnx.save(model, path)
    manifest: dict[str, Any] = {'skeleton': 'coco_18', **(fields or {})}
    manifest['input'] = {**RAW_BGR, **manifest.get('input', {})}
    path.with_suffix('.json').write_text(json.dumps(manifest))
    return TinyNetwork(path, weights)


def random_batch(count: int = 1, width: int = 48, height: int = 32, seed: int = 0) -> Any:
    """Return float32 (count, 3, height, width), from -1 to 1."""
    random = np.random.default_rng(seed)
    return random.uniform(-1, 1, (count, 3, height, width)).astype(np.float32)
