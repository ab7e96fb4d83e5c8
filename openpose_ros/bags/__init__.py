"""Bags of ROS 2: read without ROS, and written again with the people of their images."""

from __future__ import annotations

from typing import TYPE_CHECKING

from openpose_ros._lazy import lazy_names

if TYPE_CHECKING:
    from openpose_ros.bags.options import BagOptions
    from openpose_ros.bags.report import BagReport
    from openpose_ros.bags.work import BagJob, process_bag

__all__ = ['BagJob', 'BagOptions', 'BagReport', 'process_bag']

__getattr__ = lazy_names(
    __name__,
    {
        'BagJob': 'openpose_ros.bags.work',
        'BagOptions': 'openpose_ros.bags.options',
        'BagReport': 'openpose_ros.bags.report',
        'process_bag': 'openpose_ros.bags.work',
    },
)
