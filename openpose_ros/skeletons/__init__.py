"""Skeletons: which keypoints a network finds, and which limbs connect them; kept as data."""

from openpose_ros.skeletons.loading import (
    available_skeletons,
    is_of_the_package,
    load_skeleton,
    skeleton_from_dict,
    skeleton_to_dict,
)
from openpose_ros.skeletons.skeleton import Limb, Skeleton, check_is_skeleton

__all__ = [
    'Limb',
    'Skeleton',
    'available_skeletons',
    'check_is_skeleton',
    'is_of_the_package',
    'load_skeleton',
    'skeleton_from_dict',
    'skeleton_to_dict',
]
