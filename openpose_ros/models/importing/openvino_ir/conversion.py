"""What the parts of the conversion from OpenVINO IR to ONNX share."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from math import isfinite

import numpy as np

from openpose_ros.models.importing.onnx_graph import OnnxGraph
from openpose_ros.models.importing.openvino_ir.constants import Array, Constant
from openpose_ros.models.importing.openvino_ir.reading import Layer, Source, whole_numbers

CHANNELS, RANK = 1, 4  # of (N, C, H, W)
Value = str | Constant  # the name of a tensor, or what is known already


@dataclass(frozen=True)
class Convolution:
    """
    A convolution, as what follows it must know it.

    Attributes
    ----------
    channels : int
        That it returns.
    weights : str
        The tensor of its weights.
    weights_scale, scale : float64 (channels,) or None
        Scale of its weights, and that times the scale of its input, where both are in 8 bits.
    bias : str or None
        The tensor of its bias; '' before it has one, None where that is not in 8 bits.

    """

    channels: int
    weights: str
    weights_scale: Array | None
    scale: Array | None
    bias: str | None = ''


@dataclass(frozen=True)
class PerChannel:
    """
    A tensor in 8 bits, each channel with a scale of its own and zero at 0.

    Attributes
    ----------
    quantize : str
        The QuantizeLinear that makes it.
    convolution : str
        What it comes from, through a ReLU and nothing else; nothing else uses that either.
    scale : float64 (channels,)

    """

    quantize: str
    convolution: str
    scale: Array


@dataclass
class Conversion:
    """
    A conversion in progress.

    Attributes
    ----------
    graph : OnnxGraph
    quantized : bool
        Whether 8 bits stay 8 bits.
    users : mapping of Source to int
        How many layers use each output.
    scales : dict of str to float32 ()
        Of tensors that come in 8 bits with one scale for all channels.
    convolutions : dict of str to Convolution
        By the name of the node.
    rectified : dict of str to str
        The convolution of each ReLU that alone uses one.
    per_channel : dict of str to PerChannel
        By the name of the DequantizeLinear.

    """

    graph: OnnxGraph
    quantized: bool
    users: Mapping[Source, int]
    scales: dict[str, Array] = field(default_factory=dict)
    convolutions: dict[str, Convolution] = field(default_factory=dict)
    rectified: dict[str, str] = field(default_factory=dict)
    per_channel: dict[str, PerChannel] = field(default_factory=dict)


def take(inputs: list[Value], *counts: int) -> list[Value]:
    """Return the inputs of a layer if there are as many as it must have."""
    if len(inputs) not in counts:
        raise ValueError(f'it has {len(inputs)} inputs, expected {" or ".join(map(str, counts))}')
    return inputs


def tensor(value: Value) -> str:
    """Return what depends on the picture."""
    if not isinstance(value, str):
        raise ValueError('it has a constant where what depends on the picture is expected')
    return value


def known(value: Value, what: str) -> Constant:
    """Return what does not depend on the picture."""
    if isinstance(value, str):
        raise ValueError(f'its {what} depends on the picture, expected a constant')
    return value


def is_per_channel(array: Array) -> bool:
    """Whether an array that is broadcast to (N, C, H, W) differs only between channels."""
    sizes = (1,) * (RANK - array.ndim) + array.shape
    return len(sizes) == RANK and all(
        size == 1 for axis, size in enumerate(sizes) if axis != CHANNELS
    )


def number(layer: Layer, attribute: str) -> float:
    """Return an attribute that is a finite number."""
    text = layer.attributes.get(attribute, '')
    try:
        value = float(text)
    except ValueError:
        value = np.nan
    if not isfinite(value):
        raise ValueError(f"its {attribute} is '{text[:50]}', expected a number")
    return value


def whole(layer: Layer, attribute: str, count: int, default: str = '') -> tuple[int, ...]:
    """Return an attribute that is a list of so many whole numbers from 0 to 65536."""
    text = layer.attributes.get(attribute, default)
    values = whole_numbers(text.split(','))
    if len(values) != count or not all(0 <= value <= 1 << 16 for value in values):
        raise ValueError(f"its {attribute} is '{text[:50]}', expected {count} whole numbers")
    return values


def choice(layer: Layer, attribute: str, default: str, choices: Mapping[str, str]) -> str:
    """Return what stands in a table for an attribute's value."""
    text = layer.attributes.get(attribute, default)
    if text not in choices:
        raise ValueError(f"its {attribute} is '{text[:50]}', expected {' or '.join(choices)}")
    return choices[text]
