"""
The graph that TensorRT gets: an ONNX model in float16 or float32, its inputs and outputs float32.

TensorRT 11 knows no other way to float16 than a graph that is in it, and 10 takes the same.
ONNX Runtime's converter (onnxruntime.transformers.float16, MIT licence) does the work; what it
leaves undone is done here: weights stored as int8 are turned back into floats, the nodes sorted.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from openpose_ros.engine.telemetry import import_onnxruntime
from openpose_ros.errors import EngineError, MissingLibraryError, ModelError
from openpose_ros.models import ModelSpec, read_onnx_facts

PRECISIONS = ('fp16', 'fp32')
LARGEST_HALF = 65504.0
# The converter keeps these in float32, though float16 is as good to ONNX and to TensorRT.
_HALF_ALL_THE_SAME = ('Max', 'Min')


def default_precision(spec: ModelSpec) -> str:
    """Return 'fp16', but 'fp32' for an ONNX model that quantises its activations: it is int8."""
    if spec.path is None or spec.format != 'onnx':
        return 'fp16'
    return 'fp32' if read_onnx_facts(spec.path).precision == 'int8' else 'fp16'


def prepare_graph(path: Path, precision: str) -> bytes:
    """
    Bring an ONNX model into a precision.

    Parameters
    ----------
    path : Path
        An ONNX file; weights beside it in files of their own are read too.
    precision : str
        'fp16' converts what is float32. 'fp32' leaves floats as they are: a model that is in
        float16 stays in it.

    Returns
    -------
    bytes
        An ONNX model with float32 inputs and outputs. Weights that are only stored as int8 are
        floats; a graph that quantises its activations keeps them, in int8.

    Raises
    ------
    EngineError
        If the package onnx is not there, the graph cannot be in float16 (its activations are
        int8, or a weight is beyond 65504), or it quantises to uint8 or around another number
        than 0.
    ModelError
        If the file is no ONNX model.

    """
    try:
        import onnx
    except ImportError as exc:
        raise MissingLibraryError(
            f'building a TensorRT engine needs the package onnx ({exc})', 'pip install onnx'
        ) from exc
    model = _load(onnx, path)
    if not model.graph.node:
        raise ModelError(f'{path} holds no network; expected a file that an ONNX exporter wrote')
    quantised = any(node.op_type == 'QuantizeLinear' for node in model.graph.node)
    if quantised and precision == 'fp16':
        raise EngineError(
            f'{path} quantises its activations to int8, which float16 does not go with; build it '
            'with the precision fp32, which leaves its graph as it is'
        )
    stored = _stored(model.graph)
    _check_zero_points(onnx, model.graph, stored, path)
    _restore_weights(onnx, model.graph, stored, path, only_wide=quantised)
    if precision == 'fp16':
        model = _converted(onnx, model, path)
    _widen_ends(onnx, model)
    _sort(model.graph, path)
    data: bytes = model.SerializeToString()
    return data


def _load(onnx: Any, path: Path) -> Any:
    try:
        return onnx.load(path)
    except OSError as exc:
        raise ModelError(f'cannot read the model {path}: {exc.strerror or exc}') from exc
    except Exception as exc:  # protobuf's, whose class depends on how it is installed
        reason = ' '.join(str(exc).split())
        raise ModelError(f'{path} is not a valid ONNX model: {reason}') from exc


def _stored(graph: Any) -> dict[str, Any]:
    """Return the constants of a graph by name."""
    stored = {tensor.name: tensor for tensor in graph.initializer}
    for node in graph.node:
        if node.op_type == 'Constant' and node.attribute[0].name == 'value':
            stored[node.output[0]] = node.attribute[0].t
    return stored


def _check_zero_points(onnx: Any, graph: Any, stored: Mapping[str, Any], path: Path) -> None:
    """See that activations are int8 around 0: TensorRT-RTX 1.7 takes uint8 for int8, unasked."""
    for node in graph.node:
        if node.op_type != 'QuantizeLinear':
            continue
        point = stored.get(node.input[2]) if len(node.input) > 2 else None
        zeros = np.zeros((), np.uint8) if point is None else onnx.numpy_helper.to_array(point)
        if zeros.dtype.kind == 'u' or zeros.any():
            raise EngineError(
                f"{path} quantises '{node.input[0]}' to {zeros.dtype} with the zero point "
                f'{zeros.flat[0]}, but TensorRT takes int8 with 0; take the network in floats, or '
                'quantise it anew, symmetric'
            )


def _restore_weights(
    onnx: Any, graph: Any, stored: Mapping[str, Any], path: Path, *, only_wide: bool
) -> None:
    """
    Replace each DequantizeLinear of a constant by what it returns.

    `only_wide`: of int32 constants alone, as quantised graphs have for biases. TensorRT takes
    int8 weights that meet int8 activations, but no int32.
    """
    for node in [node for node in graph.node if node.op_type == 'DequantizeLinear']:
        if set(node.input) - {''} <= set(stored):
            constants = [onnx.numpy_helper.to_array(stored[name]) for name in node.input if name]
            if only_wide and constants[0].dtype != np.int32:
                continue
            options = {item.name: item.i for item in node.attribute}
            if options.get('block_size'):
                raise EngineError(
                    f"{path} stores the weights of '{node.output[0]}' in blocks, which this "
                    'cannot read; take the model with float weights'
                )
            weights = _dequantized(*constants, axis=options.get('axis', 1))
            graph.initializer.append(onnx.numpy_helper.from_array(weights, node.output[0]))
            graph.node.remove(node)
    used = {name for node in graph.node for name in node.input}
    for tensor in list(graph.initializer):
        if tensor.name in stored and tensor.name not in used:
            graph.initializer.remove(tensor)


def _dequantized(values: Any, scale: Any, zero: Any = None, *, axis: int) -> Any:
    """Return (values - zero) * scale; one number each for all, or for each index along an axis."""
    shape = [1] * values.ndim
    if scale.size > 1:  # else one number for all
        shape[axis] = scale.size
    lifted = values.astype(np.int32)
    if zero is not None:
        lifted -= zero.astype(np.int32).reshape(shape)
    return lifted.astype(scale.dtype) * scale.reshape(shape)


def _converted(onnx: Any, model: Any, path: Path) -> Any:
    import_onnxruntime()
    from onnxruntime.transformers.float16 import DEFAULT_OP_BLOCK_LIST, convert_float_to_float16

    for tensor in model.graph.initializer:
        if tensor.data_type == onnx.TensorProto.FLOAT:
            largest = np.abs(onnx.numpy_helper.to_array(tensor)).max(initial=0)
            if not largest <= LARGEST_HALF:
                raise EngineError(
                    f"{path} has a weight of {largest:g} in '{tensor.name}', beyond the "
                    f'{LARGEST_HALF:g} of float16; build it with the precision fp32'
                )
    blocked = set(DEFAULT_OP_BLOCK_LIST) - set(_HALF_ALL_THE_SAME)
    return convert_float_to_float16(model, keep_io_types=True, op_block_list=blocked)


def _widen_ends(onnx: Any, model: Any) -> None:
    """Let inputs and outputs that are float16 be float32, and convert inside."""
    graph, kind = model.graph, onnx.TensorProto
    for value in _half_values(onnx, graph.input):
        inner = f'{value.name}_half'
        for node in graph.node:
            _rename(node.input, value.name, inner)
        graph.node.append(onnx.helper.make_node('Cast', [value.name], [inner], to=kind.FLOAT16))
        value.type.tensor_type.elem_type = kind.FLOAT
    for value in _half_values(onnx, graph.output):
        inner = f'{value.name}_half'
        for node in graph.node:
            _rename(node.input, value.name, inner)
            _rename(node.output, value.name, inner)
        graph.node.append(onnx.helper.make_node('Cast', [inner], [value.name], to=kind.FLOAT))
        value.type.tensor_type.elem_type = kind.FLOAT


def _half_values(onnx: Any, values: Any) -> Iterator[Any]:
    half = onnx.TensorProto.FLOAT16
    return (value for value in values if value.type.tensor_type.elem_type == half)


def _rename(names: Any, old: str, new: str) -> None:
    for at, name in enumerate(names):
        if name == old:
            names[at] = new


def _sort(graph: Any, path: Path) -> None:
    """Put each node behind those that it needs, as ONNX demands and the converter does not."""
    made_inside = {name for node in graph.node for name in node.output}
    waiting, made, ordered = list(graph.node), set(), []
    while waiting:
        later = []
        for node in waiting:
            if all(name in made or name not in made_inside for name in node.input):
                ordered.append(node)
                made.update(node.output)
            else:
                later.append(node)
        if len(later) == len(waiting):
            raise ModelError(f"{path} has nodes in a circle, at '{later[0].output[0]}'")
        waiting = later
    del graph.node[:]
    graph.node.extend(ordered)
