"""Tracking: which person of this frame is which of the last."""

from __future__ import annotations

from typing import TYPE_CHECKING

from openpose_ros._lazy import lazy_names

if TYPE_CHECKING:
    from openpose_ros.tracking.identities import Names
    from openpose_ros.tracking.params import TrackingParams
    from openpose_ros.tracking.tracker import Tracker
    from openpose_ros.tracking.tracks import Coasting, Tracks

__all__ = ['Coasting', 'Names', 'Tracker', 'TrackingParams', 'Tracks']

__getattr__ = lazy_names(
    __name__,
    {
        'Coasting': 'openpose_ros.tracking.tracks',
        'Names': 'openpose_ros.tracking.identities',
        'Tracker': 'openpose_ros.tracking.tracker',
        'TrackingParams': 'openpose_ros.tracking.params',
        'Tracks': 'openpose_ros.tracking.tracks',
    },
)
