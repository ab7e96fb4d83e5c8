"""A picture, folder, video or webcam played as a camera in ROS 2, for demos and tests."""

from __future__ import annotations

from collections.abc import Sequence
import sys
from typing import Any

import rclpy
from rclpy.executors import ExternalShutdownException, SingleThreadedExecutor
from rclpy.node import Node
from rclpy.qos import QoSProfile
from rclpy.signals import SignalHandlerOptions
from sensor_msgs.msg import Image
from std_msgs.msg import Header

from openpose_ros.errors import OpenPoseError, SourceError
from openpose_ros.io.playing import play
from openpose_ros.io.sources import find_sources
from openpose_ros.pictures.limits import MAX_IMAGE_PIXELS, PictureParams
from openpose_ros.ros.messages.images import image_message
from openpose_ros.ros.rclpy.transport import MessageTypes
from openpose_ros.signals import Stop

# REP-2003: who publishes images is reliable; who cannot keep up asks for best effort.
_QUALITY = QoSProfile(depth=5)
GLANCE_S = 0.1  # how long a signal may wait until it is seen


class CameraNode(Node):
    """Publishes the frames of `source` on `image`, over and over."""

    def __init__(self) -> None:
        super().__init__('camera')
        self._frame_id = self.declare_parameter('frame_id', 'camera_optical_frame').value
        source = self.declare_parameter('source', '').value
        rate_hz = self.declare_parameter('rate', 10.0).value
        pixels = self.declare_parameter('max_image_pixels', MAX_IMAGE_PIXELS).value
        if not source or not rate_hz > 0:
            raise SourceError(
                f"the parameters are source '{source}' and rate {rate_hz}; source must name a "
                'picture, folder, video or camera, and rate be images a second, above 0'
            )
        limits = PictureParams(max_image_pixels=pixels)
        sources = find_sources(source, max_pixels=limits.max_image_pixels)
        self._frames = play(sources, self.get_logger().warning)
        self._publisher = self.create_publisher(Image, 'image', _QUALITY)
        self.create_timer(1.0 / rate_hz, self._publish_next)

    def _publish_next(self) -> None:
        header = Header(stamp=self.get_clock().now().to_msg(), frame_id=self._frame_id)
        self._publisher.publish(image_message(MessageTypes, next(self._frames).image, header))


def main(stop: Stop, arguments: Sequence[str] | None = None) -> int:
    """Publish until asked to stop; return the exit status."""
    with stop.noted():
        rclpy.init(args=arguments, signal_handler_options=SignalHandlerOptions.NO)
        node: Any = None
        try:
            node = CameraNode()
            executor = SingleThreadedExecutor()
            executor.add_node(node)
            while not stop.requested:
                executor.spin_once(timeout_sec=GLANCE_S)
        except ExternalShutdownException:
            return 0
        except OpenPoseError as exc:
            sys.stderr.write(f'openpose_camera: {exc}\n')
            return 1
        finally:
            if node is not None:
                node.destroy_node()
            rclpy.try_shutdown()
    return 0
