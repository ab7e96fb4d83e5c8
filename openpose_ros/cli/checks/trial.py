"""Find people once, as `estimate` does; what it takes says more than any list of versions."""

from __future__ import annotations

import logging
from logging.handlers import QueueHandler
from queue import SimpleQueue

import numpy as np

from openpose_ros.estimator import PoseEstimator


def try_estimate(model: str | None) -> dict[str, str]:
    """
    Run a network on a black picture of a camera's size.

    Returns
    -------
    dict of str
        'model': its name; 'default': why it is that where none is named; 'engine': what runs it;
        'why': what the backend `auto` logged about its choice; 'warnings': what went wrong before
        that.

    """
    told: SimpleQueue[logging.LogRecord] = SimpleQueue()
    logger = logging.getLogger('openpose_ros.engine')
    logger.setLevel(logging.INFO)
    logger.addHandler(QueueHandler(told))
    with PoseEstimator.from_model(model) as estimator:
        estimator(np.zeros((480, 640, 3), np.uint8))
        engine = estimator.engine
        records = [told.get() for _ in range(told.qsize())]
        choices = [record.message for record in records if 'backend auto' in record.message]
        defaults = [record.message for record in records if 'no model is named' in record.message]
        warnings = [record.message for record in records if record.levelno >= logging.WARNING]
        return {
            'model': estimator.spec.name,
            'default': ''.join(defaults).partition(', as ')[2],
            'engine': f'{engine.description}, {engine.precision}',
            'why': ''.join(choices).partition(': ')[2],
            'warnings': '; '.join(warnings),
        }
