"""
One node for three cameras, as `ros2 launch` starts it and the command line of ROS asks it.

Run by `colcon test`, or with ROS sourced: launch_test tests/launch/test_cameras_launch.py
"""

from __future__ import annotations

from pathlib import Path
import sys
import time
import unittest

import pytest

pytest.importorskip('launch_testing', reason='no ROS 2 is sourced, so nothing can be launched')

from diagnostic_msgs.msg import DiagnosticArray
import launch_testing
import launch_testing.asserts
import numpy as np
from openpose_ros.msg import PersonArray
import rclpy
from sensor_msgs.msg import Image

sys.path.insert(0, str(Path(__file__).parent))  # launch_test knows this file alone

from launched import PATIENCE_S, described, ros2

IMAGES = {'front': '/front/image_raw', 'left': '/left/image_raw', 'rear': '/usb/image'}
SIZE = (64, 48)


@pytest.mark.launch_test
def generate_test_description():
    return described(
        'openpose.launch.py',
        {
            'backend': 'fake',
            'cameras': 'front,left,rear',
            'image': 'image_raw',
            'rear.image': '/usb/image',
            'left.rotate': '90',
            'net_resolution': '[-1, 128]',
            'tracking': 'true',
        },
    )


class TestNode(unittest.TestCase):
    """Methods run in the order of their names."""

    @classmethod
    def setUpClass(cls):
        rclpy.init()
        cls.node = rclpy.create_node('tester')
        cls.cameras = {
            name: cls.node.create_publisher(Image, topic, 5) for name, topic in IMAGES.items()
        }
        cls.received = {name: [] for name in IMAGES}
        cls.statuses = []
        for name, received in cls.received.items():
            cls.node.create_subscription(
                PersonArray, f'/openpose/{name}/persons', received.append, 5
            )
        cls.node.create_subscription(DiagnosticArray, '/diagnostics', cls.statuses.append, 5)

    @classmethod
    def tearDownClass(cls):
        cls.node.destroy_node()
        rclpy.shutdown()

    def send_until(self, is_done, names=tuple(IMAGES)):
        """Play cameras until something holds; say whether it came to hold."""
        deadline = time.monotonic() + PATIENCE_S
        while time.monotonic() < deadline:
            for name in names:
                image = Image(height=SIZE[1], width=SIZE[0], encoding='bgr8', step=3 * SIZE[0])
                image.header.frame_id = name
                image.header.stamp = self.node.get_clock().now().to_msg()
                image.data = np.full(3 * SIZE[0] * SIZE[1], 127, np.uint8).tobytes()
                self.cameras[name].publish(image)
            rclpy.spin_once(self.node, timeout_sec=1 / 30)
            if is_done():
                return True
        return False

    def levels(self):
        """Return level and message of each camera, by the last message."""
        found = {}
        for status in self.statuses[-1].status if self.statuses else ():
            camera = status.name.removeprefix('openpose: pose estimation of ')
            found[camera] = int.from_bytes(status.level, 'little'), status.message
        return found

    def test_1_every_camera_is_answered_on_its_own_topic(self):
        assert self.send_until(lambda: all(len(some) >= 5 for some in self.received.values()))
        ids = {}
        for name, received in self.received.items():
            assert {message.header.frame_id for message in received} == {name}
            assert {(m.image_width, m.image_height) for m in received} == {SIZE}
            ids[name] = {person.id for message in received for person in message.persons} - {''}
        assert self.send_until(lambda: len(self.levels()) == 3)
        assert set(self.levels()) == set(IMAGES)
        for name in IMAGES:
            for other in IMAGES:
                assert name == other or not ids[name] & ids[other]

    def test_2_what_a_camera_has_of_its_own_is_set_and_taken_back(self):
        assert '90' in ros2('param', 'get', '/openpose', 'left.rotate')
        assert 'not set' in ros2('param', 'get', '/openpose', 'front.rotate')
        assert 'successful' in ros2('param', 'set', '/openpose', 'front.rotate', '180')
        assert 'must be one of' in ros2('param', 'set', '/openpose', 'front.rotate', '91')
        refused = ros2('param', 'set', '/openpose', 'left.image_transport', 'compressed')
        assert 'clean the node up' in refused
        assert 'successful' in ros2('param', 'set', '/openpose', 'front.enabled', 'false')
        off_s = self.node.get_clock().now().nanoseconds / 1e9

        def since(name):
            stamps = [message.header.stamp for message in self.received[name]]
            return sum(stamp.sec + stamp.nanosec / 1e9 >= off_s for stamp in stamps)

        assert self.send_until(lambda: since('left') >= 5 and since('rear') >= 5)
        assert since('front') == 0
        assert 'success' in ros2('param', 'delete', '/openpose', 'front.enabled')
        assert self.send_until(lambda: since('front') >= 5)

    def test_3_a_camera_that_stops_is_told_of_and_comes_back(self):
        assert 'successful' in ros2('param', 'set', '/openpose', 'no_image_timeout', '3.0')
        others = ('front', 'rear')
        assert self.send_until(lambda: self.levels().get('left') == (1, 'no images'), others)
        assert self.send_until(lambda: self.levels()['front'][0] == 0, others)
        assert self.send_until(lambda: self.levels()['left'][0] == 0)

    def test_4_other_cameras_come_with_the_next_configure(self):
        for transition in ('deactivate', 'cleanup'):
            assert 'successful' in ros2('lifecycle', 'set', '/openpose', transition)
        assert 'successful' in ros2('param', 'set', '/openpose', 'cameras', '[front, rear]')
        for transition in ('configure', 'activate'):
            assert 'successful' in ros2('lifecycle', 'set', '/openpose', transition)
        assert self.send_until(lambda: set(self.levels()) == {'front', 'rear'})
        self.received['rear'].clear()
        assert self.send_until(lambda: len(self.received['rear']) >= 3)


@launch_testing.post_shutdown_test()
class TestEnd(unittest.TestCase):
    def test_it_ends_without_a_traceback(self, proc_output, proc_info):
        launch_testing.asserts.assertExitCodes(proc_info)
        for line in proc_output:
            assert 'Traceback' not in line.text.decode()
