"""What else of a frame the network is shown, and how the maps of all that become one set."""

from __future__ import annotations

from typing import TYPE_CHECKING

from openpose_ros._lazy import lazy_names
from openpose_ros.augmentation.params import AugmentationParams as AugmentationParams

if TYPE_CHECKING:
    from openpose_ros.augmentation.views import check_augmentation, lay_out
    from openpose_ros.augmentation.working import infer_views

__all__ = ['AugmentationParams', 'check_augmentation', 'infer_views', 'lay_out']

__getattr__ = lazy_names(
    __name__,
    {
        'check_augmentation': 'openpose_ros.augmentation.views',
        'lay_out': 'openpose_ros.augmentation.views',
        'infer_views': 'openpose_ros.augmentation.working',
    },
)
