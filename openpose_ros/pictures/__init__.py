"""Compressed pictures to pixels: formats told by their bytes, sizes checked before decoding."""

from __future__ import annotations

from typing import TYPE_CHECKING

from openpose_ros._lazy import lazy_names

if TYPE_CHECKING:
    from openpose_ros.pictures.decoding import Decoded, decode_picture
    from openpose_ros.pictures.limits import MAX_IMAGE_PIXELS

__all__ = ['MAX_IMAGE_PIXELS', 'Decoded', 'decode_picture']

__getattr__ = lazy_names(
    __name__,
    {
        'MAX_IMAGE_PIXELS': 'openpose_ros.pictures.limits',
        'Decoded': 'openpose_ros.pictures.decoding',
        'decode_picture': 'openpose_ros.pictures.decoding',
    },
)
