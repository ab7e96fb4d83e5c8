"""Frames in (pictures, folders, videos, cameras), results out (pictures, videos, JSON)."""

from openpose_ros.io.frame import Frame
from openpose_ros.io.sources import Source, find_sources

__all__ = ['Frame', 'Source', 'find_sources']
