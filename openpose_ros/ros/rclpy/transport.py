"""How the node publishes, asks and logs through rclpy."""

from __future__ import annotations

import array
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from builtin_interfaces.msg import Duration, Time
from geometry_msgs.msg import Point, Pose, PoseWithCovariance, Quaternion, Vector3
import numpy.typing as npt
from rclpy.lifecycle import LifecycleNode
from rclpy.publisher import Publisher
from rclpy.qos import DurabilityPolicy, QoSProfile, qos_profile_sensor_data
from rclpy.qos_overriding_options import QoSOverridingOptions
from sensor_msgs.msg import CompressedImage, Image
from std_msgs.msg import ColorRGBA, Header
import visualization_msgs.msg as visualization

from openpose_ros.frames import FrameArray
from openpose_ros.msg import Gestures, Keypoint, Person, PersonArray, Skeleton, SkeletonInfo
from openpose_ros.ros.rclpy.images import open_decoder

_RESULTS = QoSProfile(depth=5)
_LATCHED = QoSProfile(depth=1, durability=DurabilityPolicy.TRANSIENT_LOCAL)
_PUBLISHED = {  # output: message class, quality of service
    'persons': (PersonArray, _RESULTS),
    'image_annotated': (Image, qos_profile_sensor_data),
    'image_annotated/compressed': (CompressedImage, qos_profile_sensor_data),
    'skeleton_info': (SkeletonInfo, _LATCHED),
    'markers': (visualization.MarkerArray, _RESULTS),
}


class MessageTypes:
    """The message classes; see `Transport.types`."""

    ColorRGBA, CompressedImage, Duration, Header, Image = (
        ColorRGBA,
        CompressedImage,
        Duration,
        Header,
        Image,
    )
    Gestures, Keypoint, Person, PersonArray = Gestures, Keypoint, Person, PersonArray
    Marker, MarkerArray = visualization.Marker, visualization.MarkerArray
    MeshFile = visualization.MeshFile
    Point, Pose, PoseWithCovariance = Point, Pose, PoseWithCovariance
    Quaternion, Vector3, Time = Quaternion, Vector3, Time
    Skeleton, SkeletonInfo = Skeleton, SkeletonInfo

    @staticmethod
    def sequence(values: npt.NDArray[Any]) -> array.array[Any]:
        """Return an array.array of the same type: rclpy copies no other kind at once."""
        return array.array(values.dtype.char, values.tobytes())


class RclpyTransport:
    """
    See `Transport`.

    Parameters
    ----------
    node : LifecycleNode
        Whose publishers and logger are used.

    """

    types = MessageTypes

    def __init__(self, node: LifecycleNode) -> None:
        self._node = node
        self._publishers: dict[str, Publisher] = {}
        self._image_topic: str = node.resolve_topic_name('image')
        self.image_transport = 'raw'
        self.decode: Callable[[Any, int], FrameArray] = open_decoder(self.log)

    def open(self, image_topic: str, image_transport: str) -> None:
        """Create the publishers, and remember which images come from which topic."""
        self._image_topic, self.image_transport = image_topic, image_transport
        self._publishers = {
            output: self._node.create_publisher(
                kind,
                f'~/{output}',
                quality,
                qos_overriding_options=QoSOverridingOptions.with_default_policies(),
            )
            for output, (kind, quality) in _PUBLISHED.items()
        }

    def close(self) -> None:
        """Destroy the publishers."""
        publishers, self._publishers = self._publishers, {}
        for publisher in publishers.values():
            self._node.destroy_publisher(publisher)

    def publish(self, output: str, message: Any) -> None:
        with self._quiet_at_the_end():
            self._publishers[output].publish(message)

    def subscribers(self, output: str) -> int:
        publisher = self._publishers.get(output)
        if publisher is not None:
            with self._quiet_at_the_end():
                return int(publisher.get_subscription_count())
        return 0

    def publishers_of_image(self) -> int:
        return int(self._node.count_publishers(self._image_topic))

    def published_types(self, topic: str) -> set[str]:
        return {info.topic_type for info in self._node.get_publishers_info_by_topic(topic)}

    def image_topic(self) -> str:
        return self._image_topic

    def now_ns(self) -> int:
        return int(self._node.get_clock().now().nanoseconds)

    def log(self, level: str, text: str) -> None:
        logger = self._node.get_logger()
        # One call site a level: rclpy refuses one that logs at two.
        if level == 'debug':
            logger.debug(text)
        elif level == 'info':
            logger.info(text)
        elif level == 'warning':
            logger.warning(text)
        else:
            logger.error(text)

    @contextmanager
    def _quiet_at_the_end(self) -> Iterator[None]:
        """Let errors pass that come of Ctrl-C: it ends the context under the worker's feet."""
        try:
            yield
        except RuntimeError:  # rclpy's RCLError is one
            if self._node.context.ok():
                raise
