"""Find people once, as `estimate` does; what it takes says more than any list of versions."""

from __future__ import annotations

import logging

import numpy as np

from openpose_ros.estimator import PoseEstimator


def try_estimate(model: str | None) -> dict[str, str]:
    """
    Run a network on a black picture of a camera's size.

    Returns
    -------
    dict of str
        'model': its name; 'engine': what runs it; 'why': what the backend `auto` logged about its
        choice.

    """
    told: list[str] = []
    logger = logging.getLogger('openpose_ros.engine')
    logger.setLevel(logging.INFO)
    handler = logging.Handler()
    handler.emit = lambda record: told.append(record.getMessage())  # type: ignore[method-assign]
    logger.addHandler(handler)
    with PoseEstimator.from_model(model) as estimator:
        estimator(np.zeros((480, 640, 3), np.uint8))
        engine = estimator.engine
        why = next((line for line in told if line.startswith('backend auto')), '')
        return {
            'model': estimator.spec.name,
            'engine': f'{engine.description}, {engine.precision}',
            'why': why.partition(': ')[2],
        }
