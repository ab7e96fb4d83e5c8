"""Space: cameras, and transforms between frames; metres, seconds, REP 103's axes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from openpose_ros._lazy import lazy_names

if TYPE_CHECKING:
    from openpose_ros.spatial.cameras import Camera, camera_of_info
    from openpose_ros.spatial.located import Located
    from openpose_ros.spatial.transforms import Transform, TransformBuffer

__all__ = ['Camera', 'Located', 'Transform', 'TransformBuffer', 'camera_of_info']

__getattr__ = lazy_names(
    __name__,
    {
        'Camera': 'openpose_ros.spatial.cameras',
        'camera_of_info': 'openpose_ros.spatial.cameras',
        'Located': 'openpose_ros.spatial.located',
        'Transform': 'openpose_ros.spatial.transforms',
        'TransformBuffer': 'openpose_ros.spatial.transforms',
    },
)
