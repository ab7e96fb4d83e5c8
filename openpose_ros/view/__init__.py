"""
The page in the browser: pictures with their people, and the thresholds to turn.

A `Host` (`estimate --view`, or a node) says what there is to see and takes what the user asks for;
a `ViewServer` serves that on a thread of its own. docs/view.md says how it is protected.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from openpose_ros._lazy import lazy_names

if TYPE_CHECKING:
    from openpose_ros.view.hosts import Host
    from openpose_ros.view.options import ViewOptions
    from openpose_ros.view.server import ViewServer
    from openpose_ros.view.shown import Shown

__all__ = ['Host', 'Shown', 'ViewOptions', 'ViewServer']

__getattr__ = lazy_names(
    __name__,
    {
        'Host': 'openpose_ros.view.hosts',
        'Shown': 'openpose_ros.view.shown',
        'ViewOptions': 'openpose_ros.view.options',
        'ViewServer': 'openpose_ros.view.server',
    },
)
