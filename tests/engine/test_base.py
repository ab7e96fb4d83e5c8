"""What every engine checks."""

from __future__ import annotations

import numpy as np
import pytest

from openpose_ros.engine.base import check_batch
from openpose_ros.errors import EngineError
from openpose_ros.models import load_model


@pytest.mark.parametrize(
    ('name', 'size', 'message'),
    [
        ('human-pose-estimation-0001', (456, 256), None),
        ('human-pose-estimation-0001', (457, 257), 'a multiple of 8, but got 457x257'),
        ('mobilenetv2-pose-dm14', (432, 368), None),
        ('mobilenetv2-pose-dm14', (368, 432), 'runs at 432x368 only, but got a batch of 368x432'),
        ('posenet-mobilenet-v1-075', (641, 481), None),
        ('posenet-mobilenet-v1-075', (640, 481), 'a multiple of 16 plus 1, but got 640x481'),
    ],
)
def test_a_batch_has_a_size_that_the_model_takes(name, size, message):
    width, height = size
    spec = load_model(name, need_file=False)
    batch = np.zeros((1, 3, height, width), np.float32)
    if message is None:
        check_batch(batch, spec)
    else:
        with pytest.raises(EngineError, match=message):
            check_batch(batch, spec)


@pytest.mark.parametrize('batch', [None, [[1.0]], 'batch'])
def test_a_batch_is_an_array(batch):
    spec = load_model('human-pose-estimation-0001', need_file=False)
    with pytest.raises(EngineError, match=r'takes float32 \(N, 3, h, w\), .* but got a \w+; make'):
        check_batch(batch, spec)
