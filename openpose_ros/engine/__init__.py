"""Engines: what turns a batch of pictures into heatmaps and part affinity fields."""

from __future__ import annotations

from typing import TYPE_CHECKING

from openpose_ros._lazy import lazy_names

if TYPE_CHECKING:
    from openpose_ros.engine.base import AnyMaps, Engine, Heatmaps, Maps, PoseNetMaps
    from openpose_ros.engine.opening import open_engine
    from openpose_ros.engine.tensorrt.progress import OnProgress

__all__ = ['AnyMaps', 'Engine', 'Heatmaps', 'Maps', 'OnProgress', 'PoseNetMaps', 'open_engine']

__getattr__ = lazy_names(
    __name__,
    {
        'Engine': 'openpose_ros.engine.base',
        'AnyMaps': 'openpose_ros.engine.base',
        'Heatmaps': 'openpose_ros.engine.base',
        'Maps': 'openpose_ros.engine.base',
        'PoseNetMaps': 'openpose_ros.engine.base',
        'OnProgress': 'openpose_ros.engine.tensorrt.progress',
        'open_engine': 'openpose_ros.engine.opening',
    },
)
