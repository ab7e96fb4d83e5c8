"""
OpenPose-family human pose estimation for ROS 2, and without it.

The names below are imported when they are first used, so that `import openpose_ros` stays light.
"""

from __future__ import annotations

from importlib import import_module
from pkgutil import extend_path
from typing import TYPE_CHECKING, Any

from openpose_ros._version import __version__

if TYPE_CHECKING:
    from openpose_ros.engine import open_engine
    from openpose_ros.estimator import PoseEstimator
    from openpose_ros.models import load_model
    from openpose_ros.people import People
    from openpose_ros.skeletons import load_skeleton

__all__ = [
    'People',
    'PoseEstimator',
    '__version__',
    'load_model',
    'load_skeleton',
    'open_engine',
]

# In a ROS workspace the generated messages, openpose_ros.msg, are installed in another folder
# than a source tree's or pip's modules; together they are one package.
__path__ = extend_path(__path__, __name__)

_HOMES = {
    'People': 'openpose_ros.people',
    'PoseEstimator': 'openpose_ros.estimator',
    'load_model': 'openpose_ros.models',
    'load_skeleton': 'openpose_ros.skeletons',
    'open_engine': 'openpose_ros.engine',
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f'module {__name__!r} has no attribute {name!r}')
    return getattr(import_module(_HOMES[name]), name)
