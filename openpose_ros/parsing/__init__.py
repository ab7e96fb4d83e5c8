"""Parsing: from the maps of a network to people, at the network's resolution."""

from __future__ import annotations

from typing import TYPE_CHECKING

from openpose_ros._lazy import lazy_names

if TYPE_CHECKING:
    from openpose_ros.parsing.explaining import Explanation, explain
    from openpose_ros.parsing.paf.params import PafParams, check_reachable
    from openpose_ros.parsing.paf.parse import parse_pafs
    from openpose_ros.parsing.posenet.params import PoseNetParams
    from openpose_ros.parsing.posenet.parse import parse_posenet

__all__ = [
    'Explanation',
    'PafParams',
    'PoseNetParams',
    'check_reachable',
    'explain',
    'parse_pafs',
    'parse_posenet',
]

__getattr__ = lazy_names(
    __name__,
    {
        'Explanation': 'openpose_ros.parsing.explaining',
        'explain': 'openpose_ros.parsing.explaining',
        'PafParams': 'openpose_ros.parsing.paf.params',
        'PoseNetParams': 'openpose_ros.parsing.posenet.params',
        'check_reachable': 'openpose_ros.parsing.paf.params',
        'parse_pafs': 'openpose_ros.parsing.paf.parse',
        'parse_posenet': 'openpose_ros.parsing.posenet.parse',
    },
)
