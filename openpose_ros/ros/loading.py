"""From the node's parameters to a network that is ready for its first image."""

from __future__ import annotations

from collections.abc import Callable

from openpose_ros.errors import ParameterError
from openpose_ros.estimator import PoseEstimator
from openpose_ros.ros.parameters import NodeParams

OpenEstimator = Callable[[NodeParams], PoseEstimator]


def open_estimator(params: NodeParams) -> PoseEstimator:
    """
    Load the network that the parameters name.

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
    )


def load_estimator(params: NodeParams, open_it: OpenEstimator = open_estimator) -> PoseEstimator:
    """
    Open the network, check what it runs in, and run it once.

    Raises
    ------
    ModelError, EngineError, ParameterError
        Each with one line that says what to do; nothing is left open.

    """
    estimator = open_it(params)
    try:
        if params.precision not in ('', estimator.engine.precision):
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
