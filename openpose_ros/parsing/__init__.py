"""Parsing: from heatmaps and part affinity fields to people, at the network's resolution."""

from __future__ import annotations

from typing import TYPE_CHECKING

from openpose_ros._lazy import lazy_names

if TYPE_CHECKING:
    from openpose_ros.parsing.paf.params import PafParams
    from openpose_ros.parsing.paf.parse import parse_pafs

__all__ = ['PafParams', 'parse_pafs']

__getattr__ = lazy_names(
    __name__,
    {
        'PafParams': 'openpose_ros.parsing.paf.params',
        'parse_pafs': 'openpose_ros.parsing.paf.parse',
    },
)
