"""Engines: what turns a batch of pictures into heatmaps and part affinity fields."""

from openpose_ros.engine.base import Engine, Maps
from openpose_ros.engine.opening import open_engine
from openpose_ros.engine.tensorrt.progress import OnProgress

__all__ = ['Engine', 'Maps', 'OnProgress', 'open_engine']
