"""What the node advises where no image comes."""

from __future__ import annotations

import pytest

from openpose_ros.ros.node.listening import advice
from openpose_ros.ros.node.transport import COMPRESSED, IMAGE
from tests.ros.fakes import FakeTransport

START = 'start the camera, or remap image'


@pytest.mark.parametrize(
    ('image_transport', 'topic', 'carried', 'publishers', 'says'),
    [
        ('raw', '/cam/image', {}, 0, START),
        ('raw', '/cam/image', {'/cam/image': {IMAGE}}, 1, 'large images need larger'),
        (
            'raw',
            '/cam/image',
            {'/cam/image/compressed': {COMPRESSED}},
            0,
            'only /cam/image/compressed is published: image_transport:=compressed',
        ),
        (
            'raw',
            '/cam/image/compressed',
            {'/cam/image/compressed': {COMPRESSED}},
            1,
            'its images are compressed: image_transport:=compressed, image:=/cam/image',
        ),
        ('raw', '/cam/jpeg', {'/cam/jpeg': {COMPRESSED}}, 0, 'remap image/compressed to it'),
        ('raw', '/cam/image', {'/cam/image/compressed': {IMAGE}}, 0, START),
        (
            'compressed',
            '/cam/image/compressed',
            {'/cam/image': {IMAGE}},
            0,
            'only /cam/image is published, which is not compressed: image_transport:=raw',
        ),
        ('compressed', '/cam/image/compressed', {}, 0, START),
        (
            'compressed',
            '/cam/image/compressed',
            {'/cam/image': {IMAGE}, '/cam/image/compressed': {COMPRESSED}},
            1,
            'large images need larger',
        ),
    ],
)
def test_advice(
    image_transport: str,
    topic: str,
    carried: dict[str, set[str]],
    publishers: int,
    says: str,
) -> None:
    transport = FakeTransport()
    transport.carried = carried
    assert says in advice(topic, publishers, transport, image_transport)
