"""What the node advises where no image comes."""

from __future__ import annotations

import pytest

from openpose_ros.ros.node.listening import Listening, advice
from openpose_ros.ros.node.transport import COMPRESSED, IMAGE
from tests.ros.fakes import FakeTransport, header

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
            'raw',
            '/cam/image',
            {'/cam/image': {'sensor_msgs/msg/PointCloud2'}},
            1,  # as rclpy counts them
            'it carries sensor_msgs/msg/PointCloud2, not sensor_msgs/msg/Image: remap image',
        ),
        (
            'compressed',
            '/cam/image/compressed',
            {'/cam/image/compressed': {IMAGE}},
            0,
            'it carries sensor_msgs/msg/Image, not sensor_msgs/msg/CompressedImage: remap image',
        ),
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


def test_who_sent_images_before_is_not_asked_for_larger_buffers() -> None:
    transport = FakeTransport()
    transport.carried = {'/cam/image': {IMAGE}}
    assert 'they came before' in advice('/cam/image', 1, transport, 'raw', came=True)
    assert START in advice('/cam/image', 0, transport, 'raw', came=True)


def told(images: list[tuple[float, str, int]], publishers: int) -> list[str]:
    """Return what is said after images: (when it came in s, frame, stamp in ns)."""
    transport, lines = FakeTransport(), list[str]()
    transport.publishers = publishers
    listening = Listening(transport, lambda line, kind: lines.append(line))
    for now_s, frame, stamp_ns in images:
        listening.heard(now_s, header(stamp_ns, frame))
    listening.look(0.0, 'raw', expecting=True)
    listening.look(0.0, 'raw', expecting=True)
    return lines


ALTERNATE = [(0.1, 'a', 10), (0.2, 'b', 11), (0.3, 'a', 12)]


def test_images_of_two_cameras_on_one_topic_are_told_once_a_look() -> None:
    (line,) = told(ALTERNATE, 2)
    assert line.startswith("2 publishers send images by turns on /camera/image, of 'a' and 'b', ")
    # One frame, and a clock that lags.
    (line,) = told([(0.1, 'a', 10), (0.2, 'a', 5), (0.3, 'a', 11), (0.4, 'a', 6)], 3)
    assert line.startswith("3 publishers send images by turns on /camera/image, of 'a', ")


@pytest.mark.parametrize(
    ('images', 'publishers'),
    [
        (ALTERNATE, 1),  # one that knows what it does
        ([(0.1, 'a', 10), (0.2, 'a', 11), (0.3, 'b', 12), (0.4, 'b', 13)], 2),  # a replacement
        ([(0.1, 'a', 10), (0.2, 'a', 11), (9.0, 'a', 10), (9.1, 'a', 11)], 2),  # a bag again
        ([(0.1, 'a', 10), (0.2, 'a', 5), (6.2, 'a', 10), (6.3, 'a', 5)], 2),  # and again
        ([(0.1, 'a', 10), (0.2, 'a', 11)], 2),  # the other one is silent
    ],
)
def test_other_changes_are_not_told(images: list[tuple[float, str, int]], publishers: int) -> None:
    assert told(images, publishers) == []
