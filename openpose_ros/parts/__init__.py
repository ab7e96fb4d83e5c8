"""Hands and faces: a network looks at a crop around each."""

from __future__ import annotations

from typing import TYPE_CHECKING

from openpose_ros._lazy import lazy_names
from openpose_ros.parts.params import PartParams as PartParams

if TYPE_CHECKING:
    from openpose_ros.parts.finder import PartFinder, Parts

__all__ = ['PartFinder', 'PartParams', 'Parts']

__getattr__ = lazy_names(
    __name__,
    {
        'PartFinder': 'openpose_ros.parts.finder',
        'Parts': 'openpose_ros.parts.finder',
    },
)
