"""Small networks as OpenVINO IR, made with the openvino package, and what they return."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
import openvino
from openvino import opset8 as ops

from openpose_ros.engine.openvino import CORE

IR_10 = ('version="11"', 'version="10"')


def picture(height: int = 19, width: int = 14, seed: int = 0) -> Any:
    random = np.random.default_rng(seed)
    return random.normal(0, 1, (1, 3, height, width)).astype(np.float32)


def values(*shape: int, seed: int = 0, positive: bool = False) -> Any:
    found = np.random.default_rng(sum(shape) + seed).normal(0, 0.5, shape).astype(np.float32)
    return np.abs(found) + np.float32(0.1) if positive else found


def write_ir(
    path: Path,
    make: Callable[[Any], Any],
    *,
    version: int = 11,
    half: bool = False,
    shape: tuple[int, ...] = (1, 3, 19, 14),
) -> Path:
    """Write the network that `make` makes of its input, with the .bin beside it."""
    data = ops.parameter(list(shape), np.float32, name='data')
    data.output(0).set_names({'data'})
    made = make(data)
    outputs = made if isinstance(made, list) else [made]
    results = []
    for number, output in enumerate(outputs):
        tensor = output.output(0) if hasattr(output, 'output') else output
        tensor.set_names({f'out_{number}'})
        results.append(ops.result(tensor))
    model = openvino.Model(results, [data], 'small')
    openvino.save_model(model, path, compress_to_fp16=half)
    if version == 10:
        text = path.read_text(encoding='utf-8')
        assert IR_10[0] in text
        path.write_text(text.replace(*IR_10), encoding='utf-8')
    return path


def openvino_outputs(path: Path, batch: Any) -> list[Any]:
    """Return what OpenVINO makes of a picture, exactly as the IR says."""
    core = CORE
    model = core.read_model(path)
    model.reshape(batch.shape)
    # It would replace FakeQuantize by 8 bits of its own choice otherwise.
    exact = {'INFERENCE_PRECISION_HINT': 'f32', 'LP_TRANSFORMS_MODE': 'NO'}
    compiled = core.compile_model(model, 'CPU', exact)
    return list(compiled([batch]).values())


def onnx_outputs(path: Path, batch: Any) -> list[Any]:
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 2  # say if a graph is odd
    session = onnxruntime.InferenceSession(str(path), options, providers=['CPUExecutionProvider'])
    return list(session.run(None, {session.get_inputs()[0].name: batch}))
