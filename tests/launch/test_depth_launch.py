"""
People in a room with a depth camera, as `ros2 launch` finds them: a wall, of which all is known.

Run by `colcon test`, or with ROS sourced: launch_test tests/launch/test_depth_launch.py
"""

from __future__ import annotations

from pathlib import Path
import sys
import time
import unittest

import pytest

pytest.importorskip('launch_testing', reason='no ROS 2 is sourced, so nothing can be launched')

from geometry_msgs.msg import TransformStamped
import launch_testing
import launch_testing.asserts
import numpy as np
from openpose_ros.msg import PersonArray
import rclpy
from sensor_msgs.msg import CameraInfo, Image
from tf2_ros import Buffer, StaticTransformBroadcaster, TransformListener

sys.path.insert(0, str(Path(__file__).parent))  # launch_test knows this file alone

from launched import PATIENCE_S, described

WIDTH, HEIGHT, FOCAL, FAR_MM = 320, 240, 250.0, 3000
COLOUR, DEPTH = 'colour_optical_frame', 'depth_optical_frame'
ASIDE_M = 0.05


@pytest.mark.launch_test
def generate_test_description():
    return described(
        'openpose.launch.py',
        {
            'backend': 'fake',
            'image': '/room/colour/image_raw',
            'depth_image': '/room/depth/image_raw',
            'depth': 'true',
            'depth_wait': '0.5',
            'tracking': 'true',
            'publish_tf': 'true',
        },
    )


class TestDepth(unittest.TestCase):
    """Methods run in the order of their names."""

    @classmethod
    def setUpClass(cls):
        rclpy.init()
        cls.node = rclpy.create_node('tester')
        offer = cls.node.create_publisher
        cls.colour = offer(Image, '/room/colour/image_raw', 5)
        cls.colour_info = offer(CameraInfo, '/room/colour/camera_info', 5)
        cls.depth = offer(Image, '/room/depth/image_raw', 5)
        cls.depth_info = offer(CameraInfo, '/room/depth/camera_info', 5)
        cls.static = StaticTransformBroadcaster(cls.node)
        cls.buffer = Buffer()
        cls.listener = TransformListener(cls.buffer, cls.node)
        cls.received = []
        cls.node.create_subscription(PersonArray, '/openpose/persons', cls.received.append, 5)

    @classmethod
    def tearDownClass(cls):
        cls.node.destroy_node()
        rclpy.shutdown()

    def play_until(self, is_done, depth_frame, period_s=1 / 15):
        """Play both cameras until something holds; say whether it came to hold."""
        deadline = time.monotonic() + PATIENCE_S
        while time.monotonic() < deadline:
            stamp = self.node.get_clock().now().to_msg()
            self.show(stamp, depth_frame)
            until = time.monotonic() + period_s
            while (left := until - time.monotonic()) > 0:
                rclpy.spin_once(self.node, timeout_sec=left)
            if self.received and is_done(self.received[-1]):
                return True
        return False

    def show(self, stamp, depth_frame):
        for publisher, frame in ((self.colour_info, COLOUR), (self.depth_info, depth_frame)):
            info = CameraInfo(width=WIDTH, height=HEIGHT, distortion_model='plumb_bob')
            info.header.stamp, info.header.frame_id = stamp, frame
            info.d = [0.0] * 5
            info.k = [FOCAL, 0.0, WIDTH / 2 - 0.5, 0.0, FOCAL, HEIGHT / 2 - 0.5, 0.0, 0.0, 1.0]
            publisher.publish(info)
        pictures = (
            (self.depth, depth_frame, '16UC1', np.full(WIDTH * HEIGHT, FAR_MM, np.uint16)),
            (self.colour, COLOUR, 'mono8', np.full(WIDTH * HEIGHT, 127, np.uint8)),
        )
        for publisher, frame, encoding, pixels in pictures:
            image = Image(width=WIDTH, height=HEIGHT, encoding=encoding)
            image.header.stamp, image.header.frame_id = stamp, frame
            image.step = WIDTH * pixels.itemsize
            image.data = pixels.tobytes()
            publisher.publish(image)

    def check(self, message):
        """Check that keypoints lie on the wall, where their pixels look."""
        assert message.header.frame_id == COLOUR
        known = 0
        for person in message.persons:
            for keypoint, point in zip(person.keypoints, person.positions):
                if np.isnan(point.z):
                    continue
                known += 1
                np.testing.assert_allclose(point.z, FAR_MM / 1000, atol=0.01)
                x = (keypoint.x - WIDTH / 2 + 0.5) / FOCAL * point.z
                np.testing.assert_allclose(point.x, x, atol=0.01)
        assert known >= 8

    def test_1_places_come_with_registered_depth(self):
        assert self.play_until(self.has_places, COLOUR)
        self.check(self.received[-1])

    def test_2_bodies_are_frames(self):
        def is_there(message):
            ids = [person.id for person in message.persons if person.id]
            names = (f'body_{name}' for name in ids)
            return any(
                self.buffer.can_transform(COLOUR, body, rclpy.time.Time()) for body in names
            )

        assert self.play_until(is_there, COLOUR)
        (body, *_) = (
            name for name in self.buffer.all_frames_as_string().split() if 'body_' in name
        )
        found = self.buffer.lookup_transform(COLOUR, body, rclpy.time.Time())
        place = found.transform.translation
        assert FAR_MM / 1000 < place.z < FAR_MM / 1000 + 0.4  # inside the body

    def test_3_depth_of_another_frame_waits_for_its_transform(self):
        self.received.clear()
        assert self.play_until(lambda message: not self.has_places(message), DEPTH)
        one = TransformStamped()
        one.header.frame_id, one.child_frame_id = COLOUR, DEPTH
        one.transform.translation.x, one.transform.rotation.w = ASIDE_M, 1.0
        self.static.sendTransform(one)
        self.received.clear()
        assert self.play_until(self.has_places, DEPTH)
        self.check(self.received[-1])

    @staticmethod
    def has_places(message):
        return any(
            not np.isnan(point.z) for person in message.persons for point in person.positions
        )


@launch_testing.post_shutdown_test()
class TestEnd(unittest.TestCase):
    """After Ctrl-C."""

    def test_node_ends_well(self, proc_info):
        launch_testing.asserts.assertExitCodes(proc_info)
