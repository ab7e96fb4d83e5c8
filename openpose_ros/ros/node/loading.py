"""From the node's parameters to a network that is ready for its first image."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from openpose_ros.engine import OnProgress
from openpose_ros.errors import ParameterError
from openpose_ros.estimator import PoseEstimator
from openpose_ros.parts.finder import PartFinder
from openpose_ros.ros.messages.people import skeleton_info_message, time_message
from openpose_ros.ros.node.parameters import NodeParams
from openpose_ros.skeletons import Skeleton

OpenEstimator = Callable[[NodeParams, OnProgress], PoseEstimator]


def open_estimator(params: NodeParams, on_build: OnProgress) -> PoseEstimator:
    """
    Load the network that the parameters name; build its engine if they ask for TensorRT.

    Parameters
    ----------
    params : NodeParams
        What to load, and how it shall run.
    on_build : callable
        Called with the part of a build that is done, 0 to 1, and what is done next; what it
        raises stops the build.

    Raises
    ------
    ModelError, EngineError, ParameterError
        Each with one line that says what to do.

    """
    return PoseEstimator.from_model(
        params.model or None,
        backend=params.backend,
        net_resolution=params.net_size,
        params=params,
        threads=params.threads or None,
        precision=params.precision,
        on_build=on_build,
        augmentation=params,
        hand=params.hand_model or None,
        face=params.face_model or None,
        part_params=params,
    )


def load_estimator(
    params: NodeParams, on_build: OnProgress, open_it: OpenEstimator = open_estimator
) -> PoseEstimator:
    """
    Open the network, check what it runs in, and run it once.

    Parameters
    ----------
    params, on_build
        As `open_estimator` takes them.
    open_it : callable
        Does what `open_estimator` does.

    Raises
    ------
    ModelError, EngineError, ParameterError
        Each with one line that says what to do; nothing is left open.

    """
    estimator = open_it(params, on_build)
    try:
        # Of most layers: a few are in another as a rule, those that return float32 say.
        if params.precision not in ('', estimator.engine.precision.split()[0]):
            raise ParameterError(
                f"precision is '{params.precision}', but {estimator.spec.name} runs in "
                f'{estimator.engine.precision} with {estimator.engine.description}; take another '
                "model, or '' for whatever it is in"
            )
        estimator.warm_up()
    except BaseException:
        estimator.close()
        raise
    return estimator


def skeleton_info_of(types: Any, estimator: PoseEstimator, stamp_ns: int) -> Any:
    """
    Return the SkeletonInfo of a network, and of those for hands and faces.

    Parameters
    ----------
    types : namespace
        As `Transport.types`.
    estimator : PoseEstimator
        What is loaded.
    stamp_ns : int
        When, in ROS time, nanoseconds.

    """
    return skeleton_info_message(
        types,
        estimator.spec.skeleton,
        time_message(types, stamp_ns),
        hand=_skeleton_of(estimator.parts.hand),
        face=_skeleton_of(estimator.parts.face),
    )


def _skeleton_of(finder: PartFinder | None) -> Skeleton | None:
    return None if finder is None else finder.spec.skeleton
