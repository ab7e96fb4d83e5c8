"""
The node as `ros2 launch` starts it, asked by the command line of ROS and by another node.

Run by `colcon test`, or with ROS sourced: launch_test tests/launch/test_node_launch.py
"""

from __future__ import annotations

from pathlib import Path
import sys
import time
import unittest

import pytest

pytest.importorskip('launch_testing', reason='no ROS 2 is sourced, so nothing can be launched')

import launch_testing
import launch_testing.asserts
import numpy as np
from openpose_ros.msg import PersonArray, SkeletonInfo
import rclpy
from rclpy.qos import DurabilityPolicy, QoSProfile
from sensor_msgs.msg import Image

from openpose_ros.ros.messages import people_from_message
from openpose_ros.skeletons import load_skeleton

sys.path.insert(0, str(Path(__file__).parent))  # launch_test knows this file alone

from launched import PATIENCE_S, described, ros2


@pytest.mark.launch_test
def generate_test_description():
    return described(
        'openpose.launch.py',
        {
            'backend': 'fake',
            'image': '/front/image_raw',
            'nms_window': '3',
            'namespace': 'robot',
        },
    )


class TestNode(unittest.TestCase):
    """Methods run in the order of their names."""

    @classmethod
    def setUpClass(cls):
        rclpy.init()
        cls.node = rclpy.create_node('tester')
        cls.camera = cls.node.create_publisher(Image, '/front/image_raw', 5)
        cls.received = []
        cls.node.create_subscription(
            PersonArray, '/robot/openpose/persons', cls.received.append, 5
        )

    @classmethod
    def tearDownClass(cls):
        cls.node.destroy_node()
        rclpy.shutdown()

    def send_until(self, is_done, period_s=1 / 30):
        """Play a camera until something holds; say whether it came to hold."""
        deadline = time.monotonic() + PATIENCE_S
        count = 0
        while time.monotonic() < deadline:
            count += 1
            image = Image(height=48, width=64, encoding='bgr8', step=192)
            image.header.frame_id = 'front_optical_frame'
            image.header.stamp.sec, image.header.stamp.nanosec = 1000 + count, count
            image.data = np.full(48 * 192, 127, np.uint8).tobytes()
            self.camera.publish(image)
            rclpy.spin_once(self.node, timeout_sec=period_s)
            if is_done():
                return True
        return False

    def test_1_people_come_with_the_header_of_their_image(self):
        assert self.send_until(lambda: len(self.received) >= 10)
        message = self.received[-1]
        assert message.header.frame_id == 'front_optical_frame'
        assert message.header.stamp.sec == 1000 + message.header.stamp.nanosec
        assert (message.image_width, message.image_height) == (64, 48)
        people = people_from_message(message, load_skeleton('coco_18'))
        assert len(people) >= 1
        assert (people.keypoints[0, :, 2] > 0).sum() >= 8
        stamps = [m.header.stamp.sec for m in self.received]
        assert stamps == sorted(stamps)

    def test_2_the_skeleton_is_latched(self):
        found = []
        latched = QoSProfile(depth=1, durability=DurabilityPolicy.TRANSIENT_LOCAL)
        subscription = self.node.create_subscription(
            SkeletonInfo, '/robot/openpose/skeleton_info', found.append, latched
        )
        deadline = time.monotonic() + PATIENCE_S
        while not found and time.monotonic() < deadline:
            rclpy.spin_once(self.node, timeout_sec=0.1)
        self.node.destroy_subscription(subscription)
        assert found[0].body.name == 'coco_18'
        assert found[0].body.keypoint_names[2] == 'right_shoulder'

    def test_3_parameters_change_while_it_runs(self):
        name = '/robot/openpose'
        assert '3' in ros2('param', 'get', name, 'nms_window')
        assert 'successful' in ros2('param', 'set', name, 'nms_window', '7')
        assert 'not a valid step' in ros2('param', 'set', name, 'nms_window', '4')
        assert 'must be odd' in ros2('param', 'set', name, 'nms_window', '4.0')
        assert 'successful' in ros2('param', 'set', name, 'peak_threshold', '1')
        for value in ('7', '7.0'):
            assert 'failed' in ros2('param', 'set', name, 'peak_threshold', value)
        assert 'successful' in ros2('param', 'set', name, 'peak_threshold', '0.05')
        assert 'clean the node up' in ros2('param', 'set', name, 'model', 'another')

    def test_4_transitions_in_odd_orders(self):
        name = '/robot/openpose'
        assert 'active' in ros2('lifecycle', 'get', name)
        assert 'successful' not in ros2('lifecycle', 'set', name, 'cleanup')
        for transition in ('deactivate', 'activate', 'deactivate', 'cleanup', 'configure'):
            assert 'successful' in ros2('lifecycle', 'set', name, transition), transition
        self.received.clear()
        assert 'inactive' in ros2('lifecycle', 'get', name)
        for _ in range(10):
            rclpy.spin_once(self.node, timeout_sec=0.05)
        assert self.received == []
        assert 'successful' in ros2('lifecycle', 'set', name, 'activate')
        assert self.send_until(lambda: len(self.received) >= 3)

    def test_5_a_bad_value_fails_in_configure_and_can_be_mended(self):
        name = '/robot/openpose'
        for transition in ('deactivate', 'cleanup'):
            assert 'successful' in ros2('lifecycle', 'set', name, transition)
        assert 'successful' in ros2('param', 'set', name, 'model', 'no_such_model')
        assert 'successful' in ros2('param', 'set', name, 'backend', 'onnxruntime')
        assert 'successful' not in ros2('lifecycle', 'set', name, 'configure')
        assert 'unconfigured' in ros2('lifecycle', 'get', name)
        assert 'successful' in ros2('param', 'set', name, 'backend', 'fake')
        assert 'successful' in ros2('param', 'set', name, 'model', '')
        for transition in ('configure', 'activate'):
            assert 'successful' in ros2('lifecycle', 'set', name, transition)
        self.received.clear()
        assert self.send_until(lambda: len(self.received) >= 3)

    def test_6_it_can_be_disabled(self):
        service = ('/robot/openpose/enable', 'std_srvs/srv/SetBool')
        assert 'success=True' in ros2('service', 'call', *service, '{data: false}')
        assert 'False' in ros2('param', 'get', '/robot/openpose', 'enabled')
        assert 'success=True' in ros2('service', 'call', *service, '{data: true}')


@launch_testing.post_shutdown_test()
class TestEnd(unittest.TestCase):
    def test_it_ends_without_a_traceback(self, proc_output, proc_info):
        launch_testing.asserts.assertExitCodes(proc_info)
        for line in proc_output:
            assert 'Traceback' not in line.text.decode()
