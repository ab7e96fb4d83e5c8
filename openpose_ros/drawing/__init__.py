"""
Drawing: people, heatmaps and part affinity fields onto a frame.

Every function draws into the frame that it is given, and returns it: pass a copy to keep the
original.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from openpose_ros._lazy import lazy_names

if TYPE_CHECKING:
    from openpose_ros.drawing.maps import draw_heatmaps, draw_pafs
    from openpose_ros.drawing.people import draw_people

__all__ = ['draw_heatmaps', 'draw_pafs', 'draw_people']

__getattr__ = lazy_names(
    __name__,
    {
        'draw_heatmaps': 'openpose_ros.drawing.maps',
        'draw_pafs': 'openpose_ros.drawing.maps',
        'draw_people': 'openpose_ros.drawing.people',
    },
)
