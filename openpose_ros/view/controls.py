"""The parameters of a decoder, as a browser makes sliders and boxes of them."""

from __future__ import annotations

from collections.abc import Mapping
import shlex
from typing import Any

import yaml

from openpose_ros.models import ModelSpec
from openpose_ros.parameters import Declaration, declarations
from openpose_ros.parsing.decoders import PARAMS


def controls_of(spec: ModelSpec) -> list[dict[str, Any]]:
    """Return every parameter of a network's decoder that may change while it runs."""
    return [_control(item) for item in _declared(spec)]


def values_of(spec: ModelSpec, params: Any) -> dict[str, Any]:
    """Return what each of these parameters is."""
    return {item.name: getattr(params, item.name) for item in _declared(spec)}


def changed_of(spec: ModelSpec, params: Any) -> dict[str, Any]:
    """Return those that are not as they are by default."""
    return {
        item.name: getattr(params, item.name)
        for item in _declared(spec)
        if getattr(params, item.name) != item.default
    }


def as_yaml(values: Mapping[str, Any]) -> str:
    """Return parameters as a file that a node reads."""
    return str(yaml.safe_dump({'/**': {'ros__parameters': dict(values)}}, sort_keys=False))


def as_command(words: list[str]) -> str:
    """Return the words of a command line as a shell takes them."""
    return shlex.join(words)


def flags_of(values: Mapping[str, Any]) -> list[str]:
    """Return parameters as flags of `estimate`."""
    words = []
    for name, value in values.items():
        flag = name.replace('_', '-')
        if isinstance(value, bool):
            words.append(f'--{flag}' if value else f'--no-{flag}')
        else:
            words += [f'--{flag}', f'{value}']
    return words


def assignments_of(values: Mapping[str, Any]) -> list[str]:
    """Return parameters as a node takes them."""
    words = []
    for name, value in values.items():
        text = str(value).lower() if isinstance(value, bool) else str(value)
        words += ['-p', f'{name}:={text}']
    return words


def _declared(spec: ModelSpec) -> list[Declaration]:
    cls: Any = PARAMS[spec.decoder]
    return [item for item in declarations(cls) if item.live]


def _control(item: Declaration) -> dict[str, Any]:
    return {
        'name': item.name,
        'type': type(item.default).__name__,
        'default': item.default,
        'description': item.description,
        'section': item.section,
        'low': item.low,
        'high': item.high,
        'slider_high': item.high if item.slider_high is None else item.slider_high,
        'step': item.step,
        'choices': list(item.choices),
    }
