"""
Turning OpenVINO IR into ONNX.

Only operations that take pictures of any size are known here, so height and width of the result
are always open. What IR's operations mean is said in its specification (https://docs.openvino.ai,
"Operation Sets"); ONNX's are those of its opset 13.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

import numpy as np

from openpose_ros.models.importing.onnx_graph import OnnxGraph
from openpose_ros.models.importing.openvino_ir.conversion import RANK, Conversion, Value, tensor
from openpose_ros.models.importing.openvino_ir.operations import OPERATIONS
from openpose_ros.models.importing.openvino_ir.reading import Layer, Port, Source


def results_of(layers: Mapping[str, Layer]) -> dict[str, Port]:
    """Return each result by its name, in the order of the file."""
    return {_name(layers, layer): _port(layers, layer) for layer in _of_kind(layers, 'Result')}


def _of_kind(layers: Mapping[str, Layer], kind: str) -> list[Layer]:
    return [layer for layer in layers.values() if layer.kind == kind]


def _port(layers: Mapping[str, Layer], result: Layer) -> Port:
    if not result.inputs:
        raise ValueError(f"nothing leads to the result '{result.name}'")
    start, number = result.inputs[0]
    return layers[start].outputs[number]


def _name(layers: Mapping[str, Layer], result: Layer) -> str:
    names = _port(layers, result).names
    return names[0] if names else layers[result.inputs[0][0]].name


def own_precision(layers: Mapping[str, Layer]) -> str:
    """Return what a network is in: 'fp32', 'fp16' or 'int8'."""
    if _of_kind(layers, 'FakeQuantize'):
        return 'int8'
    inputs = _of_kind(layers, 'Parameter')
    half = any(layer.attributes.get('element_type') == 'f16' for layer in inputs)
    return 'fp16' if half else 'fp32'


def to_onnx(
    layers: Mapping[str, Layer],
    *,
    name: str,
    precision: str,
    rename: Mapping[str, str],
    metadata: Mapping[str, str],
) -> bytes:
    """
    Convert a network.

    Parameters
    ----------
    layers : mapping of str to Layer
        As `read_ir` returns them.
    name : str
        Of the graph.
    precision : str
        'fp32'; 'fp16', with float32 input and outputs; or 'int8': QuantizeLinear and
        DequantizeLinear where the IR has FakeQuantize, and the same 8-bit weights. Where a
        quantised network is to be in another, its weights are what their 8 bits stand for, and
        what flows through it is not rounded.
    rename : mapping of str to str
        New names of results; others keep theirs.
    metadata : mapping of str to str
        What the file shall say about itself.

    Returns
    -------
    bytes
        An ONNX file, the same for the same network whatever the version of the onnx package.

    Raises
    ------
    ValueError
        If the network has operations that are not known here (all of them are named), or
        contradicts itself.

    """
    _check_kinds(layers)
    if precision == 'int8' and own_precision(layers) != 'int8':
        raise ValueError('it is not quantised and cannot become int8; take fp32 or fp16')
    inputs = _of_kind(layers, 'Parameter')
    if len(inputs) != 1:
        raise ValueError(f'it has {len(inputs)} inputs, expected one picture')
    names = {old: rename.get(old, old) for old in results_of(layers)}
    graph = OnnxGraph(name, np.float16 if precision == 'fp16' else np.float32, [*names.values()])
    users = Counter(source for layer in layers.values() for source in layer.inputs)
    work = Conversion(graph, precision == 'int8', users)
    values: dict[Source, Value] = {}
    for number, layer in layers.items():
        try:
            found = [_value(values, layers, source) for source in layer.inputs]
            if layer.kind == 'Result':
                _add_result(work, _port(layers, layer), found[0], names[_name(layers, layer)])
            else:
                port = next(iter(layer.outputs), '')
                with np.errstate(all='ignore'):  # what is not finite is refused where it is kept
                    made = OPERATIONS[layer.kind](work, layer, found)
                values[number, port] = made
                if found and made is found[0]:  # who uses the one uses the other
                    users[number, port] += users[layer.inputs[0]] - 1
        except ValueError as exc:
            raise ValueError(f"the {layer.kind} '{layer.name}': {exc}") from exc
    return graph.finish(metadata)


def _check_kinds(layers: Mapping[str, Layer]) -> None:
    unknown = {
        f'{layer.kind} ({layer.opset or "no opset"})'
        for layer in layers.values()
        if layer.kind not in {*OPERATIONS, 'Result'} or not layer.opset.startswith('opset')
    }
    if unknown:
        raise ValueError(
            f'it has operations that are not known here: {", ".join(sorted(unknown))}; known are '
            f'{", ".join(sorted(OPERATIONS))}'
        )


def _value(values: Mapping[Source, Value], layers: Mapping[str, Layer], source: Source) -> Value:
    if source not in values:
        start, number = source
        raise ValueError(f"it takes output {number} of '{layers[start].name}', which is not known")
    return values[source]


def _add_result(work: Conversion, port: Port, value: Value, name: str) -> None:
    if len(port.shape) != RANK:
        raise ValueError(f'it has the shape {port.shape}, expected four axes')
    count, channels = (size if size > 0 else None for size in port.shape[:2])
    shape = [count or 'batch', channels or f'{name}_channels', f'{name}_height', f'{name}_width']
    work.graph.output(name, tensor(value), shape)
