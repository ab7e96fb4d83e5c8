"""What a node needs of the world around it: rclpy gives it on one side, DDS on the other."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

if TYPE_CHECKING:  # `doctor` imports this, and NumPy may be broken
    from openpose_ros.frames import FrameArray
    from openpose_ros.spatial import Transform

# What a node publishes, named as in `~/NAME`, and of which type.
OUTPUT_TYPES = {
    'persons': 'openpose_ros/msg/PersonArray',
    'image_annotated': 'sensor_msgs/msg/Image',
    'image_annotated/compressed': 'sensor_msgs/msg/CompressedImage',
    'skeleton_info': 'openpose_ros/msg/SkeletonInfo',
    'markers': 'visualization_msgs/msg/MarkerArray',
    'detections': 'vision_msgs/msg/Detection2DArray',
    'image_annotations': 'foxglove_msgs/msg/ImageAnnotations',
    'gestures': 'openpose_ros/msg/Gestures',
    'person_pose': 'geometry_msgs/msg/PoseStamped',
    'target_pose': 'geometry_msgs/msg/PoseStamped',
    'nearest_person': 'openpose_ros/msg/PersonArray',
}
OUTPUTS = tuple(OUTPUT_TYPES)
# Those that a node has once, however many cameras it has; the others are each camera's.
OF_THE_NODE = ('skeleton_info', 'person_pose', 'target_pose', 'nearest_person')
# Those that are published only where the parameter of their name is true.
OPTIONAL = ('detections', 'image_annotations', 'gestures')
# Packages that a ROS installation may lack, by the parameter that wants their messages.
OTHERS = {'hri': 'hri_msgs', 'detections': 'vision_msgs', 'image_annotations': 'foxglove_msgs'}


CAMERA_INFO = 'sensor_msgs/msg/CameraInfo'
IMAGE, COMPRESSED = 'sensor_msgs/msg/Image', 'sensor_msgs/msg/CompressedImage'
# image_transport: what follows the topic's name, type
IMAGES = {'raw': ('', IMAGE), 'compressed': ('/compressed', COMPRESSED)}


def named(camera: str, name: str) -> str:
    """Return what a camera's topic is called: 'front/image'; 'image' of one without a name."""
    return f'{camera}/{name}' if camera else name


def output_names(cameras: Iterable[str], output: str) -> list[str]:
    """Return what one of OUTPUTS is called in `~/NAME`, for each camera that has its own."""
    if output in OF_THE_NODE:
        return [output]
    return [named(camera, output) for camera in cameras]


def camera_info_beside(topic: str) -> str:
    """Return the topic of an image's CameraInfo, as drivers have it: '/a/camera_info'."""
    folder, slash, _ = topic.rpartition('/')
    return f'{folder}{slash}camera_info'


class Input(NamedTuple):
    """
    A topic to subscribe to, best effort and with a depth of 1.

    Attributes
    ----------
    topic : str
        Its name before it is remapped.
    type_name : str
        'sensor_msgs/msg/Image', say.
    callback : callable
        Takes each message; from any thread.
    ending : str
        What follows the topic's name, after it was remapped.
    image : str
        The topic whose camera_info it is, and beside which it is where no rule names it; '' for
        none.
    images_of : str or None
        The camera whose images these are, whose quality of service may be overridden; None: they
        are something else.

    """

    topic: str
    type_name: str
    callback: Callable[[Any], None]
    ending: str = ''
    image: str = ''
    images_of: str | None = None


class Outlet(Protocol):
    """A topic that is published on for a while."""

    def publish(self, message: Any) -> None:
        """Publish, as `Transport.publish` does."""
        ...

    def subscribers(self) -> int:
        """Return how many subscribe now."""
        ...

    def close(self) -> None:
        """Publish no more: the topic is withdrawn, and others see that."""
        ...


class Transport(Protocol):
    """
    How what belongs to one camera publishes, asks and logs.

    Every method may be called from any thread: `publish`, `decode` and `advertise` are called by
    the worker thread.

    Attributes
    ----------
    outputs : frozenset of str
        Those of OUTPUTS that are published.
    types : namespace
        The message classes by their names: Header, Time, Gestures, Keypoint, Person, PersonArray,
        Skeleton, SkeletonInfo, Point, Quaternion, Pose, PoseStamped, PoseWithCovariance,
        Transform, TransformStamped, Vector3, Image, CompressedImage, ColorRGBA, Duration, Marker,
        MarkerArray, MeshFile. They are called with keywords for every field. Besides,
        `types.sequence(array)` turns a one-dimensional NumPy array into what this transport keeps
        in a field that is an unbounded sequence of numbers: `array.array` for rclpy, the array
        itself for rosbags' types. (Numbers of a fixed count
        are NumPy arrays in both.)

    """

    @property
    def types(self) -> Any:
        """See above."""
        ...

    @property
    def outputs(self) -> frozenset[str]:
        """See above."""
        ...

    def publish(self, output: str, message: Any) -> None:
        """
        Publish on one of OUTPUTS; what it raises makes the image count as failed.

        The message must be serialised before this returns: its header is the very object of the
        image that came in.
        """
        ...

    def package(self, name: str) -> Any | None:
        """
        Return the message classes of another package by their names, as in `types`.

        Parameters
        ----------
        name : str
            hri_msgs, vision_msgs, foxglove_msgs or tf2_msgs.

        Returns
        -------
        namespace or None
            None where the package is not installed; the log has said so with a line.

        """
        ...

    def advertise(self, topic: str, type_name: str, depth: int) -> Outlet:
        """
        Publish on a topic beside OUTPUTS, reliably and for those who listen meanwhile.

        Parameters
        ----------
        topic : str
            With a / before it; rules may give it another name.
        type_name : str
            Of one of the packages that `package` found, 'hri_msgs/msg/IdsList' say.
        depth : int
            How many messages are kept.

        """
        ...

    def subscribers(self, output: str) -> int:
        """Return how many subscribe to one of OUTPUTS now; none, if it is not published."""
        ...

    def publishers_of_image(self) -> int:
        """Return how many publish on the topic of `image_topic` now."""
        ...

    def published_types(self, topic: str) -> set[str]:
        """Return the types that others publish on a topic now, 'sensor_msgs/msg/Image' say."""
        ...

    def image_topic(self) -> str:
        """Return the resolved name of the topic that images come from, for the user to read."""
        ...

    def now_ns(self) -> int:
        """Return ROS time, nanoseconds; it may jump back."""
        ...

    def decode(self, message: Any, max_pixels: int) -> FrameArray:
        """
        Return the picture of an Image or CompressedImage, as `images.decode_image` does.

        Raises
        ------
        FrameError
            If the message holds none, or one of more pixels than are allowed.

        """
        ...

    def listen_to_transforms(self, wanted: bool) -> None:
        """Listen to /tf and /tf_static from now on, or no longer; returns at once."""
        ...

    def transform(self, target: str, source: str, stamp_ns: int, timeout_s: float) -> Transform:
        """
        Return the transform from one frame's coordinates to another's, at a time.

        Parameters
        ----------
        target, source : str
            To which and from which, two frames; a leading / is left out.
        stamp_ns : int
            When, nanoseconds.
        timeout_s : float
            How long to wait for it at most, seconds.

        Raises
        ------
        TransformError
            If it is not known, or nobody listens; one line says why.

        """
        ...

    def log(self, level: str, text: str) -> None:
        """Say a line; level is 'debug', 'info', 'warning' or 'error'."""
        ...


class NodeTransport(Transport, Protocol):
    """
    How `PoseNode` publishes, asks and logs: a `Transport` of all of its cameras.

    What it publishes on, and tells the subscribers of, is named as `output_names` does.
    """

    def publishers_of_image(self, camera: str = '') -> int:
        """Return how many publish on the topic of `image_topic` now."""
        ...

    def image_topic(self, camera: str = '') -> str:
        """Return the resolved name of the topic that a camera's images come from."""
        ...
