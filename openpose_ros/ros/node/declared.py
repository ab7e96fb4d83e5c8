"""The node's parameters as ROS describes them: their order, types, defaults and ranges."""

from __future__ import annotations

import sys
from typing import Any

from openpose_ros.augmentation.params import AugmentationParams
from openpose_ros.parameters import Declaration, declarations
from openpose_ros.parsing.decoders import PARAMS, names_of
from openpose_ros.parts.params import PartParams
from openpose_ros.ros.node.parameters import NodeParams

_TYPES = {bool: 'bool', int: 'integer', float: 'double', str: 'string'}
_WIDEST = {'integer': (-(2**63), 2**63 - 1), 'double': (-sys.float_info.max, sys.float_info.max)}


def node_declarations() -> tuple[Declaration, ...]:
    """
    Return every parameter.

    The node's own are the first; then come augmentation, hands and faces, then tracking, then what
    the decoders have.
    """
    decoders = {name for decoder in PARAMS for name in names_of(decoder)}
    shared = {item.name for cls in (AugmentationParams, PartParams) for item in declarations(cls)}

    def place(item: Declaration) -> tuple[bool, bool, bool]:
        return item.name in decoders, item.section == 'tracking', item.name in shared

    return tuple(sorted(declarations(NodeParams), key=place))


def ros_type(item: Declaration) -> str:
    """Return a parameter's type, as rcl_interfaces names it: 'integer_array', say."""
    if isinstance(item.default, tuple):
        return f'{_TYPES[type(item.default[0])]}_array'
    return _TYPES[type(item.default)]


def ros_default(item: Declaration) -> Any:
    """Return a parameter's default as ROS and YAML hold it."""
    return list(item.default) if isinstance(item.default, tuple) else item.default


def ros_range(item: Declaration) -> tuple[Any, Any, Any] | None:
    """Return the ends of a number's range and its step (0: any), or None if it has no range."""
    lowest, highest = _WIDEST.get(ros_type(item), (None, None))
    if lowest is None or (item.low is None and item.high is None):
        return None
    low = lowest if item.low is None else item.low
    high = highest if item.high is None else item.high
    return tuple(map(type(item.default), (low, high, item.step or 0)))


def ros_constraints(item: Declaration) -> str:
    """Return in words what neither type nor range says; may be ''."""
    words = [f'one of {", ".join(map(repr, item.choices))}'] if item.choices else []
    if not item.live:
        words.append('changes only while the node is unconfigured')
    return '; '.join(words)
