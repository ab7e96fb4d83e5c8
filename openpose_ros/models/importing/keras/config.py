"""
A network as Keras describes it: its layers, each after those that it takes from.

Three forms are read: inbound_nodes of Keras 2, those of Keras 3, and what either leaves out where
a network has but one output. What a layer computes is in `layers`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from openpose_ros.models.importing.limits import check_nodes


@dataclass(frozen=True, eq=False)
class KerasLayer:
    """
    One layer.

    Attributes
    ----------
    name, kind : str
        `kind` is Keras' name of the class, say 'Conv2D'.
    config : mapping
        As it is written.
    inputs : tuple of str
        Names of the layers that it takes from.

    """

    name: str
    kind: str
    config: Mapping[str, Any]
    inputs: tuple[str, ...]


@dataclass(frozen=True, eq=False)
class KerasModel:
    """
    The layers of a network, each after those that it takes from, and which of them are outputs.

    Attributes
    ----------
    layers : tuple of KerasLayer
    inputs, outputs : tuple of str
        Names of layers.

    """

    layers: tuple[KerasLayer, ...]
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]


def read_config(topology: Any) -> KerasModel:
    """
    Read a network of `model_config`.

    Raises
    ------
    ValueError
        If it is none, or uses a layer twice.

    """
    holder = topology.get('model_config', topology) if isinstance(topology, dict) else None
    kind, config = (
        holder.get(key) if isinstance(holder, dict) else None for key in ('class_name', 'config')
    )
    if kind not in ('Model', 'Functional') or not isinstance(config, dict):
        raise ValueError(f"it is a '{str(kind)[:40]}' of Keras, expected a Functional model")
    entries = config.get('layers')
    if not isinstance(entries, list):
        raise ValueError('its model_config has no list of layers')
    check_nodes(len(entries))
    layers: dict[str, KerasLayer] = {}
    for entry in entries:
        layer = _layer(entry)
        if layer.name in layers:
            raise ValueError(f"two of its layers are called '{layer.name[:80]}'")
        layers[layer.name] = layer
    inputs, outputs = (_ends(config.get(key), key) for key in ('input_layers', 'output_layers'))
    return KerasModel(tuple(_ordered(layers, outputs)), inputs, outputs)


def _layer(entry: Any) -> KerasLayer:
    kind, config = (
        entry.get(key) if isinstance(entry, dict) else None for key in ('class_name', 'config')
    )
    if not isinstance(kind, str) or not isinstance(config, dict):
        raise ValueError('one of its layers has no class_name or no config')
    name = entry.get('name', config.get('name'))
    if not isinstance(name, str):
        raise ValueError(f'a {kind[:40]} has no name')
    calls = entry.get('inbound_nodes', [])
    if not isinstance(calls, list) or len(calls) > 1:
        raise ValueError(f"the {kind[:40]} '{name[:80]}' is used more than once, or oddly")
    return KerasLayer(name, kind, config, tuple(_makers(calls[0])) if calls else ())


def _makers(call: Any) -> list[str]:
    """Return the layers that one use of a layer takes from."""
    if isinstance(call, dict):  # of Keras 3: {'args': [tensor, or list of tensors], 'kwargs': {}}
        args = call.get('args')
        found = args[0] if isinstance(args, list) and len(args) == 1 else None
        tensors = found if isinstance(found, list) else [found]
        holders = [
            tensor.get('config') if isinstance(tensor, dict) else None for tensor in tensors
        ]
        call = [
            holder.get('keras_history') if isinstance(holder, dict) else None for holder in holders
        ]
    if not isinstance(call, list):
        raise ValueError(f'what a layer takes is {str(call)[:60]}')
    return [_end(tensor) for tensor in call]


def _end(tensor: Any) -> str:
    """Return the layer of [layer, which of its uses, which of its outputs, …]."""
    if (
        not isinstance(tensor, list)
        or len(tensor) < 3
        or not isinstance(tensor[0], str)
        or tensor[1:3] != [0, 0]
    ):
        raise ValueError(f'a tensor is {str(tensor)[:60]}, expected [layer, 0, 0]')
    return tensor[0]


def _ends(value: Any, key: str) -> tuple[str, ...]:
    if not isinstance(value, list) or not value:
        raise ValueError(f'its {key} are {str(value)[:60]}, expected a list')
    if isinstance(value[0], str):  # one alone, of Keras 3
        value = [value]
    return tuple(map(_end, value))


def _ordered(layers: Mapping[str, KerasLayer], outputs: tuple[str, ...]) -> list[KerasLayer]:
    done: dict[str, KerasLayer] = {}
    opened: set[str] = set()
    waiting = [*outputs][::-1]
    while waiting:
        name = waiting[-1]
        if name not in layers:
            raise ValueError(f"it needs the layer '{name[:80]}', which it does not have")
        missing = [maker for maker in layers[name].inputs if maker not in done]
        if name in done or not missing:
            done.setdefault(name, layers[name])
            waiting.pop()
        elif name in opened:
            raise ValueError(f"its layer '{name[:80]}' depends on itself")
        else:
            opened.add(name)
            waiting += missing[::-1]
    return [*done.values()]
