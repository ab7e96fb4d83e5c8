"""
Reading OpenVINO IR: the layers of a network from its .xml, their constants from the .bin beside.

The format is described at https://docs.openvino.ai (OpenVINO IR format, versions 10 and 11): an
edge joins an output port of one layer to an input port of another; a Const says where in the .bin
its values lie. Nothing in a file is trusted: sizes and references are checked before they are
used.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import prod
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import numpy as np
import numpy.typing as npt

from openpose_ros.errors import ModelError
from openpose_ros.models.importing.limits import read_bytes

VERSIONS = ('10', '11')
_MOST_XML = 1 << 26  # bytes
_DTYPES: dict[str, Any] = {
    'f16': np.float16,
    'f32': np.float32,
    'f64': np.float64,
    'i8': np.int8,
    'u8': np.uint8,
    'i32': np.int32,
    'i64': np.int64,
}

Source = tuple[str, str]  # the id of a layer, and of one of its output ports


@dataclass(frozen=True)
class Port:
    """
    An output of a layer.

    Attributes
    ----------
    shape : tuple of int
        -1 where it is open.
    names : tuple of str
        Of the tensor; often none.

    """

    shape: tuple[int, ...]
    names: tuple[str, ...]


@dataclass(frozen=True)
class Layer:
    """
    One operation.

    Attributes
    ----------
    name, kind, opset : str
        `kind` is IR's name of the operation, say 'Convolution', and `opset` its version.
    attributes : mapping of str to str
        As they are written.
    inputs : tuple of Source
        In the order of its input ports.
    outputs : mapping of str to Port
        By id.
    values : array or None
        Those of a Const, read-only.

    """

    name: str
    kind: str
    opset: str
    attributes: Mapping[str, str]
    inputs: tuple[Source, ...]
    outputs: Mapping[str, Port]
    values: npt.NDArray[Any] | None = None


def read_ir(path: Path) -> dict[str, Layer]:
    """
    Read a network.

    Parameters
    ----------
    path : Path
        The .xml file; the .bin of the same name lies beside it.

    Returns
    -------
    dict of str to Layer
        By id: those that results depend on, each after all that it depends on.

    Raises
    ------
    ModelError
        If a file cannot be read, or is no IR of version 10 or 11.

    """
    text = read_bytes(path, _MOST_XML)
    weights = memoryview(read_bytes(path.with_suffix('.bin')))
    try:
        return _ordered(_layers(_root(text), weights))
    except ValueError as exc:
        raise ModelError(
            f'{path} is not OpenVINO IR that can be read: {exc}; get both its files anew'
        ) from exc


class _Builder(ElementTree.TreeBuilder):
    def doctype(self, name: str, public: str | None, system: str | None) -> None:
        raise ValueError('it declares a document type, which IR never does')  # nor entities


def _root(text: bytes) -> ElementTree.Element:
    parser = ElementTree.XMLParser(target=_Builder())
    try:
        parser.feed(text)
        root: ElementTree.Element = parser.close()
    except (ElementTree.ParseError, LookupError) as exc:  # LookupError: an unknown encoding
        raise ValueError(f'no XML ({exc})') from exc
    if root.tag != 'net':
        raise ValueError(f'its root is <{root.tag}>, expected <net>')
    version = root.get('version')
    if version not in VERSIONS:
        raise ValueError(f'its version is {version}, expected {" or ".join(VERSIONS)}')
    return root


def _layers(root: ElementTree.Element, weights: memoryview) -> dict[str, Layer]:
    sources: dict[Source, Source] = {}
    for edge in root.iterfind('edges/edge'):
        start, end = (
            (_get(edge, f'{side}-layer'), _get(edge, f'{side}-port')) for side in ('from', 'to')
        )
        if end in sources:
            raise ValueError(f'two edges lead to port {end[1]} of layer {end[0]}')
        sources[end] = start
    layers: dict[str, Layer] = {}
    for element in root.iterfind('layers/layer'):
        number = _get(element, 'id')
        if number in layers:
            raise ValueError(f'two layers have the id {number}')
        data = element.find('data')
        ports = [(number, _get(port, 'id')) for port in element.iterfind('input/port')]
        for port in ports:
            if port not in sources:
                raise ValueError(f'nothing leads to port {port[1]} of layer {number}')
        attributes = {} if data is None else data.attrib
        kind = _get(element, 'type')
        layers[number] = Layer(
            name=_get(element, 'name'),
            kind=kind,
            opset=element.get('version', ''),
            attributes=attributes,
            inputs=tuple(sources[port] for port in ports),
            outputs={_get(port, 'id'): _port(port) for port in element.iterfind('output/port')},
            values=_values(attributes, weights) if kind == 'Const' else None,
        )
    for layer in layers.values():
        for maker, output in layer.inputs:
            if maker not in layers or output not in layers[maker].outputs:
                raise ValueError(f'{layer.name} needs port {output} of layer {maker}: not there')
    return layers


def _get(element: ElementTree.Element, attribute: str) -> str:
    value = element.get(attribute)
    if value is None:
        raise ValueError(f'a <{element.tag}> has no {attribute}')
    return value


def _port(element: ElementTree.Element) -> Port:
    names = [name for name in element.get('names', '').split(',') if name]
    return Port(whole_numbers([dim.text or '' for dim in element.iterfind('dim')]), tuple(names))


def whole_numbers(words: Sequence[str]) -> tuple[int, ...]:
    """Return numbers as IR writes them, or raise a ValueError that shows them."""
    try:
        return tuple(map(int, words))
    except ValueError as exc:
        raise ValueError(f"'{','.join(words)[:50]}' are not whole numbers") from exc


def _values(attributes: Mapping[str, str], weights: memoryview) -> npt.NDArray[Any]:
    kind = attributes.get('element_type', '')
    if kind not in _DTYPES:
        raise ValueError(f"a constant is of type '{kind}', expected {', '.join(_DTYPES)}")
    dtype = np.dtype(_DTYPES[kind]).newbyteorder('<')
    shape = whole_numbers([word for word in attributes.get('shape', '').split(',') if word])
    offset, size = whole_numbers([attributes.get(name, '') for name in ('offset', 'size')])
    if min(shape, default=0) < 0 or len(shape) > 8 or size != prod(shape) * dtype.itemsize:
        raise ValueError(f'a constant of {size} bytes cannot have the shape {shape} in {kind}')
    if offset < 0 or offset + size > len(weights):
        raise ValueError(
            f'a constant ends at byte {offset + size} of the .bin, which has {len(weights)}'
        )
    return np.frombuffer(weights[offset : offset + size], dtype).reshape(shape)


def _ordered(layers: Mapping[str, Layer]) -> dict[str, Layer]:
    """Return what results depend on, the dependencies first."""
    waiting = [number for number, layer in layers.items() if layer.kind == 'Result'][::-1]
    if not waiting:
        raise ValueError('it has no results')
    done: dict[str, Layer] = {}
    opened: set[str] = set()
    while waiting:
        number = waiting[-1]
        missing = [start for start, _ in layers[number].inputs if start not in done]
        if number in done or not missing:
            done.setdefault(number, layers[number])
            waiting.pop()
        elif number in opened:
            raise ValueError(f'layer {layers[number].name} depends on itself')
        else:
            opened.add(number)
            waiting += missing[::-1]
    return done
