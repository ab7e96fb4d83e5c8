"""Parsing: from heatmaps and part affinity fields to people, at the network's resolution."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from openpose_ros.parsing.paf.params import PafParams

if TYPE_CHECKING:
    from openpose_ros.parsing.paf.parse import parse_pafs

__all__ = ['PafParams', 'parse_pafs']


def __getattr__(name: str) -> Any:
    """Import Numba and the kernels when the parser is first asked for, not for its parameters."""
    if name != 'parse_pafs':
        raise AttributeError(f'module {__name__!r} has no attribute {name!r}')
    return import_module('openpose_ros.parsing.paf.parse').parse_pafs
