"""A camera's images and its calibration."""

from __future__ import annotations

from functools import partial
from pathlib import Path
import time
from typing import Any

import numpy as np
import pytest

from openpose_ros.errors import ParameterError
from openpose_ros.ros.dds.camera import DdsCamera, read_calibration
from openpose_ros.ros.dds.endpoints import Profile
from openpose_ros.ros.dds.participant import Participant
from openpose_ros.ros.messages.images import decode_image
from openpose_ros.ros.messages.people import nanoseconds
from openpose_ros.ros.node.names import Names

CALIBRATION = """
image_width: 64
image_height: 48
camera_name: narrow
camera_matrix: {rows: 3, cols: 3, data: [60.0, 0, 32, 0, 61, 24, 0, 0, 1]}
distortion_model: plumb_bob
distortion_coefficients: {rows: 1, cols: 5, data: [0.1, -0.2, 0, 0, 0]}
rectification_matrix: {rows: 3, cols: 3, data: [1, 0, 0, 0, 1, 0, 0, 0, 1]}
projection_matrix: {rows: 3, cols: 4, data: [60, 0, 32, 0, 0, 61, 24, 0, 0, 0, 1, 0]}
"""
FRAME = np.arange(48 * 64 * 3, dtype=np.uint8).reshape(48, 64, 3)


@pytest.fixture
def calibration(tmp_path: Path) -> Path:
    path = tmp_path / 'narrow ö.yaml'
    path.write_text(CALIBRATION, encoding='utf-8')
    return path


def taken(camera_options: dict[str, Any], *topics: tuple[str, str]) -> list[Any]:
    """Return one message of each topic, of a camera that takes FRAME."""
    came: dict[str, Any] = {}
    with Participant(Names('camera', '/front')) as node, Participant(Names('viewer')) as viewer:
        camera = DdsCamera(node, 'image', 'optical', **camera_options)
        for topic, kind in topics:
            keep = partial(came.__setitem__, topic)
            viewer.subscribe(topic, f'sensor_msgs/msg/{kind}', Profile(1), keep)
        deadline = time.monotonic() + 20
        while len(came) < len(topics) and time.monotonic() < deadline:
            camera.publish(FRAME)
            viewer.spin(0.05)
    return [came[topic] for topic, _ in topics]


@pytest.mark.usefixtures('network')
def test_camera_publishes_what_it_takes() -> None:
    before = time.time_ns()
    (image,) = taken({}, ('/front/image', 'Image'))
    assert (decode_image(image) == FRAME).all()
    assert image.header.frame_id == 'optical'
    assert before <= nanoseconds(image.header.stamp) <= time.time_ns()


@pytest.mark.usefixtures('network')
def test_camera_publishes_its_calibration_with_the_image(calibration: Path) -> None:
    options = {'compressed': True, 'calibration': calibration}
    image, info = taken(
        options,
        ('/front/image/compressed', 'CompressedImage'),
        ('/front/camera_info', 'CameraInfo'),
    )
    assert 'jpeg' in image.format
    assert decode_image(image).shape == FRAME.shape
    assert (info.width, info.height, info.distortion_model) == (64, 48, 'plumb_bob')
    assert info.k.tolist() == [60, 0, 32, 0, 61, 24, 0, 0, 1]
    assert info.d.tolist() == [0.1, -0.2, 0, 0, 0]
    assert info.header.frame_id == 'optical'


@pytest.mark.usefixtures('network')
def test_calibration_of_another_size_is_refused(calibration: Path) -> None:
    with Participant(Names('camera')) as node:
        camera = DdsCamera(node, 'image', 'optical', calibration=calibration)
        with pytest.raises(ParameterError, match=r'of 64x48, this one has 32x48'):
            camera.publish(FRAME[:, :32])


@pytest.mark.parametrize(
    ('text', 'reason'),
    [
        ('', 'TypeError'),
        ('hello', 'TypeError'),
        ('image_width: 64', 'image_height'),
        (CALIBRATION.replace('0, 0, 1]}\nproj', '0, 0]}\nproj'), 'ValueError'),
        (CALIBRATION.replace('64', 'wide'), 'ValueError'),
        ('a: [', 'expected the node content'),
        ('a: &x [*x]', 'holds itself'),
        ('a: 2026-02-30', 'day is out of range'),
        (CALIBRATION.replace('64', '.inf'), 'OverflowError'),
    ],
)
def test_file_that_is_no_calibration_is_refused(tmp_path: Path, text: str, reason: str) -> None:
    path = tmp_path / 'camera.yaml'
    path.write_text(text, encoding='utf-8')
    with pytest.raises(ParameterError, match=f'is no calibration .*{reason}'):
        read_calibration(path)


def test_calibration_that_cannot_be_read_says_why(tmp_path: Path) -> None:
    with pytest.raises(ParameterError, match=r'cannot read the calibration .*directory'):
        read_calibration(tmp_path)
