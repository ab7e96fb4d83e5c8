"""
OpenPose-family human pose estimation for ROS 2, and without it.

The names below are imported when they are first used, so that `import openpose_ros` stays light.
"""

from __future__ import annotations

from pkgutil import extend_path
from typing import TYPE_CHECKING

from openpose_ros._lazy import lazy_names
from openpose_ros._version import __version__

if TYPE_CHECKING:
    from openpose_ros.drawing.people import draw_people
    from openpose_ros.engine.opening import open_engine
    from openpose_ros.estimator import PoseEstimator
    from openpose_ros.io.streaming import stream
    from openpose_ros.models.finding import load_model
    from openpose_ros.people import People, Person
    from openpose_ros.skeletons.loading import load_skeleton

__all__ = [
    'People',
    'Person',
    'PoseEstimator',
    '__version__',
    'draw_people',
    'load_model',
    'load_skeleton',
    'open_engine',
    'stream',
]

# In a ROS workspace the generated messages, openpose_ros.msg, are installed in another folder
# than a source tree's or pip's modules; together they are one package.
__path__ = extend_path(__path__, __name__)

__getattr__ = lazy_names(
    __name__,
    {
        'People': 'openpose_ros.people',
        'Person': 'openpose_ros.people',
        'PoseEstimator': 'openpose_ros.estimator',
        'draw_people': 'openpose_ros.drawing.people',
        'load_model': 'openpose_ros.models.finding',
        'load_skeleton': 'openpose_ros.skeletons.loading',
        'open_engine': 'openpose_ros.engine.opening',
        'stream': 'openpose_ros.io.streaming',
    },
)
