"""How the node publishes, asks and logs through rclpy."""

from __future__ import annotations

import array
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import import_module
from typing import Any

from builtin_interfaces.msg import Duration, Time
from geometry_msgs.msg import (
    Point,
    Pose,
    PoseStamped,
    PoseWithCovariance,
    Quaternion,
    Transform,
    TransformStamped,
    Vector3,
)
import numpy.typing as npt

try:
    from rclpy.event_handler import PublisherEventCallbacks
except ImportError:  # Humble
    from rclpy.qos_event import PublisherEventCallbacks
from rclpy.lifecycle import LifecycleNode
from rclpy.publisher import Publisher
from rclpy.qos import DurabilityPolicy, QoSProfile, qos_profile_sensor_data
from rclpy.qos_overriding_options import QoSOverridingOptions
from sensor_msgs.msg import CompressedImage, Image
from std_msgs.msg import ColorRGBA, Header
import visualization_msgs.msg as visualization

from openpose_ros.frames import FrameArray
from openpose_ros.msg import Gestures, Keypoint, Person, PersonArray, Skeleton, SkeletonInfo
from openpose_ros.ros.node.transport import IMAGES, OPTIONAL, named, output_names
from openpose_ros.ros.rclpy.images import open_decoder
from openpose_ros.ros.rclpy.transforms import Transforms
from openpose_ros.spatial import Transform as SpatialTransform

_RESULTS = QoSProfile(depth=5)
_LATCHED = QoSProfile(depth=1, durability=DurabilityPolicy.TRANSIENT_LOCAL)
_PUBLISHED: dict[str, tuple[Any, QoSProfile]] = {  # output: message class, quality of service
    'persons': (PersonArray, _RESULTS),
    'image_annotated': (Image, qos_profile_sensor_data),
    'image_annotated/compressed': (CompressedImage, qos_profile_sensor_data),
    'skeleton_info': (SkeletonInfo, _LATCHED),
    'markers': (visualization.MarkerArray, _RESULTS),
    'person_pose': (PoseStamped, _RESULTS),
    'target_pose': (PoseStamped, _RESULTS),
    'nearest_person': (PersonArray, _RESULTS),
    # Of packages that may not be there, by name.
    'detections': ('vision_msgs/msg/Detection2DArray', _RESULTS),
    'image_annotations': ('foxglove_msgs/msg/ImageAnnotations', _RESULTS),
    'gestures': (Gestures, _RESULTS),
}
_MISSING = (
    '{name} is not installed, so nothing is published in its messages; to have them, '
    'sudo apt install ros-$ROS_DISTRO-{debian}, and start the node again'
)


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
    PoseStamped = PoseStamped
    Quaternion, Vector3, Time = Quaternion, Vector3, Time
    Transform, TransformStamped = Transform, TransformStamped
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
        self._transforms = Transforms(node, self.log)
        self._image_topics: dict[str, str] = {}
        self.outputs: frozenset[str] = frozenset()
        self.decode: Callable[[Any, int], FrameArray] = open_decoder(self.log)

    def open(self, image_transports: Mapping[str, str], optional: Collection[str] = ()) -> None:
        """
        Create the publishers, and remember which images come from which topic.

        Parameters
        ----------
        image_transports : mapping of str to str
            'raw' or 'compressed', by the names of the cameras; as `NodeParams.image_transports`.
        optional : collection of str
            Those of OPTIONAL that are wanted; what is not installed is told, and left out.

        """
        self._image_topics = {
            camera: self.resolved(named(camera, 'image'), IMAGES[images][0])
            for camera, images in image_transports.items()
        }
        kinds = {
            output: self._kind(kind)
            for output, (kind, _) in _PUBLISHED.items()
            if output not in OPTIONAL or output in optional
        }
        self.outputs = frozenset(output for output, kind in kinds.items() if kind is not None)
        self._publishers = {
            name: self._node.create_publisher(
                kinds[output],
                f'~/{name}',
                _PUBLISHED[output][1],
                qos_overriding_options=QoSOverridingOptions.with_default_policies(),
            )
            for output in self.outputs
            for name in output_names(image_transports, output)
        }

    def resolved(self, topic: str, ending: str) -> str:
        """Return the full name of a topic, after the rules, with what follows it."""
        name: str = self._node.resolve_topic_name(topic)
        return name + ending

    def close(self) -> None:
        """Destroy the publishers, and listen to no transforms."""
        self._transforms.listen(False)
        publishers, self._publishers = self._publishers, {}
        self.outputs = frozenset()
        for publisher in publishers.values():
            self.destroy(publisher)

    def destroy(self, publisher: Publisher) -> None:
        """Withdraw a topic."""
        self._node.destroy_publisher(publisher)

    def publish(self, output: str, message: Any) -> None:
        with self.quiet_at_the_end():
            self._publishers[output].publish(message)

    def package(self, name: str) -> Any | None:
        try:
            return import_module(f'{name}.msg')
        except ImportError:
            self.log('warning', _MISSING.format(name=name, debian=name.replace('_', '-')))
            return None

    def advertise(self, topic: str, type_name: str, depth: int) -> _Outlet:
        # Without event callbacks: the executor goes through them, in a thread of its own.
        publisher = self._node.create_publisher(
            self._kind(type_name),
            topic,
            QoSProfile(depth=depth),
            event_callbacks=PublisherEventCallbacks(use_default_callbacks=False),
        )
        return _Outlet(self, publisher)

    def _kind(self, kind: Any) -> Any:
        """Return a message class, of its name too; None where its package is not installed."""
        if not isinstance(kind, str):
            return kind
        package, _, name = kind.split('/')
        classes = self.package(package)
        return classes and getattr(classes, name)

    def subscribers(self, output: str) -> int:
        publisher = self._publishers.get(output)
        if publisher is not None:
            with self.quiet_at_the_end():
                return int(publisher.get_subscription_count())
        return 0

    def publishers_of_image(self, camera: str = '') -> int:
        return int(self._node.count_publishers(self.image_topic(camera)))

    def published_types(self, topic: str) -> set[str]:
        return {info.topic_type for info in self._node.get_publishers_info_by_topic(topic)}

    def image_topic(self, camera: str = '') -> str:
        topic = self._image_topics.get(camera)
        return topic or self.resolved(named(camera, 'image'), '')

    def listen_to_transforms(self, wanted: bool) -> None:
        with self.quiet_at_the_end():
            self._transforms.listen(wanted)

    def transform(
        self, target: str, source: str, stamp_ns: int, timeout_s: float
    ) -> SpatialTransform:
        return self._transforms.lookup(target, source, stamp_ns, timeout_s)

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
    def quiet_at_the_end(self) -> Iterator[None]:
        """Let errors pass that come of Ctrl-C: it ends the context under the worker's feet."""
        try:
            yield
        except RuntimeError:  # rclpy's RCLError is one
            if self._node.context.ok():
                raise


@dataclass(frozen=True, eq=False)
class _Outlet:
    """See `Outlet`."""

    transport: RclpyTransport
    publisher: Publisher

    def publish(self, message: Any) -> None:
        with self.transport.quiet_at_the_end():
            self.publisher.publish(message)

    def subscribers(self) -> int:
        count = 0
        with self.transport.quiet_at_the_end():
            count = int(self.publisher.get_subscription_count())
        return count

    def close(self) -> None:
        self.transport.destroy(self.publisher)
