"""Frames in (pictures, folders, videos, cameras), results out (pictures, videos, JSON)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from openpose_ros._lazy import lazy_names

if TYPE_CHECKING:
    from openpose_ros.io.frame import Frame
    from openpose_ros.io.sources import Source, find_sources

__all__ = ['Frame', 'Source', 'find_sources']

__getattr__ = lazy_names(
    __name__,
    {
        'Frame': 'openpose_ros.io.frame',
        'Source': 'openpose_ros.io.sources',
        'find_sources': 'openpose_ros.io.sources',
    },
)
