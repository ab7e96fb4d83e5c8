"""Skeletons: which keypoints a network finds, and which limbs connect them; kept as data."""

from openpose_ros.skeletons.loading import available_skeletons, load_skeleton
from openpose_ros.skeletons.skeleton import Limb, Skeleton

__all__ = ['Limb', 'Skeleton', 'available_skeletons', 'load_skeleton']
