"""
Both nodes of follow.launch.py, before a synthetic scene of colour and depth.

The colour is a photograph of three people, and the depth puts each of them at a distance of their
own, before a camera whose place in the room is known. A real network finds them.

Run by `colcon test`, or with ROS sourced: launch_test tests/launch/test_follow_launch.py
"""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path
import sys
import time
import unittest

import pytest

pytest.importorskip('launch_testing', reason='no ROS 2 is sourced, so nothing can be launched')

import cv2
from geometry_msgs.msg import PoseStamped, TransformStamped
import launch_testing
import launch_testing.asserts
import numpy as np
from openpose_ros.msg import Gestures, PersonArray
import rclpy
from rclpy.duration import Duration
from rclpy.time import Time
from sensor_msgs.msg import CameraInfo, Image
from tf2_ros import Buffer, StaticTransformBroadcaster, TransformListener
from visualization_msgs.msg import MarkerArray

import openpose_ros

sys.path.insert(0, str(Path(__file__).parent))  # launch_test knows this file alone

from launched import PATIENCE_S, described

PHOTO = next(Path(folder) / 'cli/data/crew.jpg' for folder in openpose_ros.__path__)
CAMERA, ROOM = 'camera_optical_frame', 'odom'  # where follow.launch.py wants targets
EDGES, DISTANCES = (165, 290), (2.0, 2.6, 3.2)  # columns between people, metres
HEIGHT = 1.2  # of the camera, metres
FOCAL = 490.0
APPROACH = 0.9


@pytest.mark.launch_test
def generate_test_description():
    arguments = {
        'mode': 'goal',
        'image': '/camera/image_raw',
        'depth_image': '/camera/depth',
        'depth': 'true',
        'track_timeout': '30.0',  # ids stay, however slow the machine is
        'approach_distance': str(APPROACH),
        'publish_tf': 'true',
        'gestures': 'true',
        'hri': 'true',
        'backend': 'onnxruntime',
        'threads': '1',
    }
    return described('follow.launch.py', arguments)


class TestScene(unittest.TestCase):
    """Methods run in the order of their names."""

    @classmethod
    def setUpClass(cls):
        rclpy.init()
        cls.node = node = rclpy.create_node('tester')
        cls.photo = cv2.imread(str(PHOTO))
        height, width = cls.photo.shape[:2]
        which = np.searchsorted(EDGES, np.arange(width), side='right')
        millimetres = np.uint16(1000 * np.array(DISTANCES))[which]
        cls.depth = np.tile(millimetres, (height, 1))
        cls.colour_out = node.create_publisher(Image, '/camera/image_raw', 5)
        cls.depth_out = node.create_publisher(Image, '/camera/depth', 5)
        cls.info_out = node.create_publisher(CameraInfo, '/camera/camera_info', 5)
        cls.came = {}
        for kind, topic in (
            (PersonArray, 'persons'),
            (Gestures, 'gestures'),
            (MarkerArray, 'markers'),
            (PoseStamped, 'person_pose'),
            (PoseStamped, 'target_pose'),
            (PersonArray, 'nearest_person'),
        ):
            cls.listen(kind, f'/openpose/{topic}')
        cls.frames = Buffer()
        cls.listener = TransformListener(cls.frames, node)
        cls.room = StaticTransformBroadcaster(node)
        cls.room.sendTransform(camera_in_room())

    @classmethod
    def tearDownClass(cls):
        cls.node.destroy_node()
        rclpy.shutdown()

    @classmethod
    def listen(cls, kind, topic):
        cls.came[topic] = []
        cls.node.create_subscription(kind, topic, cls.came[topic].append, 5)

    def show(self):
        """Play one moment of the scene."""
        stamp = self.node.get_clock().now().to_msg()
        height, width = self.depth.shape
        info = CameraInfo(width=width, height=height, distortion_model='plumb_bob')
        info.k = [FOCAL, 0.0, (width - 1) / 2, 0.0, FOCAL, (height - 1) / 2, 0.0, 0.0, 1.0]
        info.d = [0.0] * 5
        colour = Image(width=width, height=height, encoding='bgr8', step=3 * width)
        colour.data = self.photo.tobytes()
        depth = Image(width=width, height=height, encoding='16UC1', step=2 * width)
        depth.data = self.depth.tobytes()
        for publisher, message in (
            (self.info_out, info),
            (self.depth_out, depth),
            (self.colour_out, colour),
        ):
            message.header.stamp, message.header.frame_id = stamp, CAMERA
            publisher.publish(message)

    def show_until(self, is_done, period_s=0.15):
        """Play the scene until something holds; say whether it came to hold."""
        deadline = time.monotonic() + PATIENCE_S
        while time.monotonic() < deadline:
            self.show()
            end = time.monotonic() + period_s
            while time.monotonic() < end:
                rclpy.spin_once(self.node, timeout_sec=0.02)
            if is_done():
                return True
        return False

    def last(self, topic):
        return self.came[f'/openpose/{topic}'][-1]

    def people(self):
        """Return three people from left to right, of the last message in which all have places."""
        for message in reversed(self.came['/openpose/persons']):
            found = [one for one in message.persons if one.id and one.positions]
            if len(found) == 3:
                return sorted(found, key=lambda one: one.bbox[0])
        return []

    def test_1_people_are_where_their_depth_is(self):
        assert self.show_until(lambda: self.people())
        for person, distance in zip(self.people(), DISTANCES):
            assert len(person.positions) == len(person.keypoints)
            surface = np.array([point.z for point in person.positions])
            assert np.nanmedian(surface) == pytest.approx(distance, abs=0.02)
            assert np.isfinite(surface).sum() >= 8
            z = person.pose.pose.position.z
            assert distance < z < distance + 0.3, 'inside the body'
            assert np.isfinite(person.pose.covariance[0])

    def test_2_bodies_have_frames_in_the_room(self):
        name = f'body_{self.people()[0].id}'
        is_known = self.show_until(lambda: self.frames.can_transform(ROOM, name, Time()))
        assert is_known, self.frames.all_frames_as_yaml()
        latest = self.frames.lookup_transform(ROOM, name, Time(), Duration(seconds=1.0))
        place = latest.transform.translation
        pose = self.people()[0].pose.pose.position
        expected = (pose.z, -pose.x, HEIGHT - pose.y)
        assert (place.x, place.y, place.z) == pytest.approx(expected, abs=0.05)

    def test_3_the_nearest_is_the_one_to_walk_up_to(self):
        topic = self.came['/openpose/target_pose']
        assert self.show_until(lambda: len(topic) >= 3)
        person, target = self.last('person_pose'), self.last('target_pose')
        assert person.header.frame_id == target.header.frame_id == ROOM
        (nearest,) = self.last('nearest_person').persons
        assert nearest.id == self.people()[0].id
        hers, spot = person.pose.position, target.pose.position
        assert (hers.x, hers.z) == pytest.approx(
            (nearest.pose.pose.position.z, HEIGHT - nearest.pose.pose.position.y), abs=0.1
        )
        assert spot.z == 0
        assert np.hypot(spot.x - hers.x, spot.y - hers.y) == pytest.approx(APPROACH, abs=0.02)
        turn = target.pose.orientation
        assert (turn.x, turn.y) == pytest.approx((0, 0), abs=1e-6)
        yaw = 2 * np.arctan2(turn.z, turn.w)
        towards = np.arctan2(hers.y - spot.y, hers.x - spot.x)
        assert np.cos(yaw - towards) == pytest.approx(1, abs=1e-3)

    def test_4_gestures_are_told_for_every_image(self):
        assert self.show_until(lambda: len(self.came['/openpose/gestures']) >= 3)
        message = self.last('gestures')
        assert message.header.frame_id == CAMERA
        sizes = {
            len(part) for part in (message.ids, message.names, message.scores, message.directions)
        }
        assert len(sizes) == 1

    def test_5_markers_stand_in_the_room(self):
        numbers = {int(person.id[3:]) for person in self.people()}

        def is_shown():
            markers = self.came['/openpose/markers']
            shown = {one.id for one in markers[-1].markers if one.action == 0} if markers else ()
            return numbers <= set(shown)

        assert self.show_until(is_shown)
        labels = [one.text for one in self.last('markers').markers if one.ns == 'label']
        assert any(text.startswith(f'{self.people()[0].id} 2.') for text in labels), labels

    def test_6_bodies_come_as_rep_155_has_them(self):
        if find_spec('hri_msgs') is None:
            self.skipTest('needs hri_msgs')
        from hri_msgs.msg import IdsList, Skeleton2D

        first = self.people()[0]
        tracked, skeleton = '/humans/bodies/tracked', f'/humans/bodies/{first.id}/skeleton2d'
        self.listen(IdsList, tracked)
        self.listen(Skeleton2D, skeleton)
        assert self.show_until(lambda: self.came[tracked] and self.came[skeleton])
        assert first.id in self.came[tracked][-1].ids, [m.ids for m in self.came[tracked]]
        nose = self.came[skeleton][-1].skeleton[Skeleton2D.NOSE]
        assert nose.x * self.depth.shape[1] == pytest.approx(first.keypoints[0].x, abs=3)

    def test_7_a_robot_is_sent_to_the_spot(self):
        if find_spec('nav2_msgs') is None:
            self.skipTest('needs nav2_msgs')
        from nav2_msgs.action import NavigateToPose
        from rclpy.action import ActionServer

        goals = []

        def go(handle):
            goals.append(handle.request.pose)
            handle.succeed()
            return NavigateToPose.Result()

        server = ActionServer(self.node, NavigateToPose, 'navigate_to_pose', go)
        assert self.show_until(lambda: goals)
        spot, target = goals[0], self.last('target_pose')
        assert spot.header.frame_id == ROOM
        assert (spot.pose.position.x, spot.pose.position.y) == pytest.approx(
            (target.pose.position.x, target.pose.position.y), abs=0.2
        )
        server.destroy()


def camera_in_room():
    """Return the transform of a camera that looks along the room's x, level."""
    found = TransformStamped()
    found.header.frame_id, found.child_frame_id = ROOM, CAMERA
    found.transform.translation.z = HEIGHT
    turn = found.transform.rotation
    turn.x, turn.y, turn.z, turn.w = -0.5, 0.5, -0.5, 0.5
    return found


@launch_testing.post_shutdown_test()
class TestEnd(unittest.TestCase):
    def test_it_ends_without_a_traceback(self, proc_output, proc_info):
        launch_testing.asserts.assertExitCodes(proc_info)
        for line in proc_output:
            assert 'Traceback' not in line.text.decode()
