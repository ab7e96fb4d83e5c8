"""Somebody who fills the picture, and the networks in the package."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from openpose_ros import PoseEstimator
from openpose_ros.parsing import PafParams

PHOTO = Path(__file__).parents[2] / 'docs/photos/astronaut.jpg'
# Where they are on 384x384 pixels, by eye.
JOINTS = {
    'neck': (154, 203),
    'right_shoulder': (74, 204),
    'right_elbow': (50, 323),
    'left_shoulder': (237, 201),
    'left_elbow': (264, 273),
}


@pytest.mark.parametrize('size', [(256, 256), (456, 256)])
@pytest.mark.parametrize('network', ['openpose-ros-base', 'openpose-ros-base-int8'])
@pytest.mark.parametrize('backend', ['onnxruntime', 'openvino'])
def test_the_astronaut_has_shoulders_and_elbows(backend, network, size):
    """A ring on her helmet looks like a shoulder, and her collar like a neck."""
    if backend == 'openvino':
        pytest.importorskip('openvino')
    picture = cv2.imread(str(PHOTO))
    with PoseEstimator.from_model(network, backend=backend, net_resolution=size) as estimator:
        best = estimator(picture).keypoints[0]
        names = estimator.spec.skeleton.keypoint_names
        for name, place in JOINTS.items():
            assert np.hypot(*(best[names.index(name), :2] - place)) < 15, name
        # By the field alone a ring is a shoulder.
        estimator.params = PafParams(limb_order='field')
        best = estimator(picture).keypoints[0]
        found = best[names.index('right_shoulder'), :2]
        assert not np.hypot(*(found - JOINTS['right_shoulder'])) < 15
