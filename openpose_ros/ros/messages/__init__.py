"""Between ROS's messages and ours, by their fields alone: nothing of ROS is imported."""

from __future__ import annotations

from typing import TYPE_CHECKING

from openpose_ros._lazy import lazy_names

if TYPE_CHECKING:
    from openpose_ros.ros.messages.people import people_from_message

__all__ = ['people_from_message']

__getattr__ = lazy_names(
    __name__,
    {
        'people_from_message': 'openpose_ros.ros.messages.people',
    },
)
