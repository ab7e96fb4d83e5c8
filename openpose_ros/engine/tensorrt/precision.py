"""
What the layers of a network or an engine are really in, whatever was asked for.

A strongly typed network says so before it is built, without a GPU; a finished engine says so to
TensorRT's inspector, if it was built with detailed profiling information.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping
import json
import re
from typing import Any

from openpose_ros.engine.tensorrt.library import Library

_KINDS = {  # TensorRT's names, of DataType and in the inspector's texts, in lower case
    'float': 'fp32',
    'fp32': 'fp32',
    'half': 'fp16',
    'fp16': 'fp16',
    'bf16': 'bf16',
    'bfloat16': 'bf16',
    'int8': 'int8',
    'fp8': 'fp8',
}
_KIND = re.compile(rf'\b({"|".join(_KINDS)})\b', re.IGNORECASE)
_NOT_COMPUTING = {'CAST', 'CONSTANT', 'DEQUANTIZE', 'IDENTITY', 'QUANTIZE', 'SHUFFLE'}
_WEIGHTED = {'CONVOLUTION', 'DECONVOLUTION'}
_NOT_COMPUTING_BUILT = {'Constant', 'NoOp', 'Reformat', 'Shuffle'}


def count_network_layers(library: Library, network: Any) -> dict[str, int]:
    """
    Count the layers of a parsed, strongly typed network by the type of what they return.

    Parameters
    ----------
    library : Library
        Whose network it is.
    network : INetworkDefinition
        As the parser filled it.

    Returns
    -------
    dict of str to int
        'fp32', 'fp16', 'int8' and so on, the most layers first. A layer between quantised tensors
        counts as int8, which is what TensorRT runs it in. What only moves or converts numbers
        does not count.

    """
    layers = [network.get_layer(index) for index in range(network.num_layers)]
    makers = {
        layer.get_output(index).name: layer
        for layer in layers
        for index in range(layer.num_outputs)
    }
    kinds: Counter[str] = Counter()
    quantised: set[str] = set()  # names of layers; those come after what they need
    for layer in layers:
        kind = _KINDS.get(layer.get_output(0).dtype.name.lower())
        if kind is None or layer.type.name in _NOT_COMPUTING:
            continue
        if _is_quantised(layer, makers, quantised):
            quantised.add(layer.name)
            kind = 'int8'
        kinds[kind] += 1
    return dict(kinds.most_common())


def _is_quantised(layer: Any, makers: Mapping[str, Any], quantised: Collection[str]) -> bool:
    """
    Return whether TensorRT can run a layer in int8.

    Its first input comes out of a QuantizeLinear and DequantizeLinear pair, and the weights of a
    convolution out of a DequantizeLinear; or it is an activation behind such a layer.
    """
    source = layer.get_input(0)
    if layer.type.name == 'ACTIVATION':
        maker = makers.get(source.name)
        return maker is not None and maker.name in quantised
    if layer.type.name in _WEIGHTED:
        weights = layer.get_input(1)
        maker = makers.get(weights.name) if weights is not None else None
        if maker is None or maker.type.name != 'DEQUANTIZE':
            return False
    for expected in ('DEQUANTIZE', 'QUANTIZE'):
        maker = makers.get(source.name) if source is not None else None
        if maker is None or maker.type.name != expected:
            return False
        source = maker.get_input(0)
    return True


def count_engine_layers(library: Library, engine: Any, context: Any = None) -> dict[str, int]:
    """
    Count the layers of an engine by the type of what they return, as TensorRT's inspector says.

    Parameters
    ----------
    library : Library
        Whose engine it is.
    engine : ICudaEngine
        On its GPU.
    context : IExecutionContext, optional
        With shapes for all inputs: without it an engine of several shapes keeps some back.

    Returns
    -------
    dict of str to int
        As `count_network_layers`; empty if the engine was built without detailed information.

    """
    inspector = engine.create_engine_inspector()
    if context is not None:
        inspector.execution_context = context
    form = library.module.LayerInformationFormat.JSON
    layers = json.loads(inspector.get_engine_information(form)).get('Layers', [])
    kinds: Counter[str] = Counter()
    for layer in layers:
        if isinstance(layer, str) or layer.get('LayerType') in _NOT_COMPUTING_BUILT:
            continue
        for output in layer.get('Outputs', [])[:1]:
            texts = (str(value) for key, value in output.items() if 'Datatype' in key)
            found = _KIND.search(' '.join(texts))
            if found:
                kinds[_KINDS[found.group().lower()]] += 1
    return dict(kinds.most_common())


def describe_layers(kinds: Mapping[str, int]) -> str:
    """Say what counted layers are in: 'fp16', or 'fp16 and fp32', or 'unknown'."""
    return ' and '.join(kinds) or 'unknown'
