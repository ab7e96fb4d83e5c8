"""How an image gets its depth, and what is measured with it."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from openpose_ros.errors import FrameError
from openpose_ros.people import People
from openpose_ros.ros.messages.depth import decode_depth
from openpose_ros.ros.messages.people import nanoseconds
from openpose_ros.ros.node.calibration import DEPTH_CAMERA, Calibration
from openpose_ros.ros.node.faults import Faults
from openpose_ros.ros.node.frames import Frames
from openpose_ros.ros.node.pairing import DepthPairs
from openpose_ros.ros.node.parameters import NodeParams
from openpose_ros.ros.node.remedies import LIVE, Remedies
from openpose_ros.ros.node.transport import named
from openpose_ros.spatial import Camera
from openpose_ros.spatial.depth import DepthImage
from openpose_ros.spatial.sizes import is_same_picture

_DEPTH = 'a depth camera elsewhere'


class Arrival(NamedTuple):
    """
    An image that came.

    Attributes
    ----------
    message : sensor_msgs/Image or sensor_msgs/CompressedImage
    received_s : float
        When, by the machine's clock, seconds.
    depth : sensor_msgs/Image, sensor_msgs/CompressedImage or None
        Its depth, undecoded.

    """

    message: Any
    received_s: float
    depth: Any = None


class Measuring:
    """
    Gives images their depth, and keypoints their places.

    Parameters
    ----------
    calibration : Calibration
        Knows the cameras.
    frames : Frames
        Knows where they are.
    faults : Faults
        Hears of what lacks.
    camera : str
        The camera's name, for what is told of its topics.
    remedies : Remedies
        What helps where depth lacks.

    """

    def __init__(
        self,
        calibration: Calibration,
        frames: Frames,
        faults: Faults,
        camera: str = '',
        remedies: Remedies = LIVE,
    ) -> None:
        self._calibration = calibration
        self._frames = frames
        self._faults = faults
        self._pairs = DepthPairs()
        self._depth_topic = named(camera, 'depth_image')
        self._remedies = remedies

    def prepare(self, params: NodeParams) -> None:
        """Compile what depth needs, if it is wanted."""
        if params.depth:
            import openpose_ros.spatial.poses
            import openpose_ros.spatial.registration
            import openpose_ros.spatial.surfaces  # noqa: F401

    def forget(self) -> None:
        """Forget the depth images; from any thread."""
        self._pairs.clear()
        self._frames.want(_DEPTH, False)

    def arrived(self, message: Any, now_s: float, params: NodeParams) -> tuple[Arrival, float]:
        """
        Return an image that came with its depth, and how long to wait for that, seconds.

        From any thread.
        """
        bare = Arrival(message, now_s)
        if not params.depth:
            return bare, 0.0
        stamp_ns = nanoseconds(message.header.stamp)
        if not stamp_ns:
            self._faults.tell(
                'image without stamp',
                'an image has no stamp (0), so no depth image belongs to it'
                f'{self._remedies.stamp}',
            )
            return bare, 0.0
        paired = self.completed(bare, params)
        return (bare, params.depth_wait) if paired is None else (paired, 0.0)

    def completed(self, arrival: Arrival, params: NodeParams) -> Arrival | None:
        """Return an image with its depth, or None while that may still come; from any thread."""
        stamp_ns = nanoseconds(arrival.message.header.stamp)
        if not self._pairs.is_settled(stamp_ns, params.max_depth_dt):
            return None
        found = self._pairs.match(stamp_ns, params.max_depth_dt)
        return arrival._replace(depth=found.message if found else None)

    def on_depth(self, message: Any) -> None:
        """Take a depth image, which must not change afterwards; from any thread."""
        stamp_ns = nanoseconds(message.header.stamp)
        if not stamp_ns:
            self._faults.tell(
                'depth without stamp',
                f'a depth image has no stamp (0), so it belongs to no image{self._remedies.stamp}',
            )
            return
        self._pairs.add(message, stamp_ns)

    def depth_of(self, arrival: Arrival, params: NodeParams) -> Any | None:
        """Return the depth message of an image that is worked on now; say if it has none."""
        stamp_ns = nanoseconds(arrival.message.header.stamp)
        if not (params.depth and stamp_ns):
            return None
        if arrival.depth is not None:
            self._faults.fine('pairing')
            return arrival.depth
        found = self._pairs.match(stamp_ns, params.max_depth_dt)  # not the best, but near enough
        if found is not None:
            self._faults.fine('pairing')
            return found.message
        self._pairs.waited_in_vain()
        complaint = self._pairs.complaint(
            stamp_ns, params.max_depth_dt, self._depth_topic, self._remedies
        )
        self._faults.tell('pairing', complaint, may_settle=True)
        return None

    def positions(
        self, message: Any, header: Any, people: People, camera: Camera, params: NodeParams
    ) -> npt.NDArray[np.float32] | None:
        """
        Return where the surface under each keypoint is.

        Parameters
        ----------
        message : sensor_msgs/Image or sensor_msgs/CompressedImage
            The depth.
        header : std_msgs/Header
            The image's.
        people : People
            In pixels of the image.
        camera : Camera
            The image's.
        params : NodeParams
            What holds for this image.

        Returns
        -------
        float32 (N, K, 3) or None
            Metres, in the image's frame; None where the depth cannot be used, of which a line
            was said.

        """
        from openpose_ros.spatial.registration import registered
        from openpose_ros.spatial.surfaces import surface_positions

        depth = self._decoded(message, params)
        if depth is None:
            return None
        frame, depth_frame = str(header.frame_id), str(message.header.frame_id)
        if bool(frame) != bool(depth_frame):  # registered, or of another camera: it may be either
            named = f"depth is of the frame '{depth_frame}', but its image"
            if frame:
                named = f"an image is of the frame '{frame}', but its depth"
            self._faults.tell(
                'depth frame',
                f'{named} has no frame_id, so it cannot be told whether they are registered, and '
                "the depth is not used; set both drivers' frame_id (the same: registered)",
            )
            return None
        self._faults.fine('depth frame')
        if frame.lstrip('/') == depth_frame.lstrip('/'):
            if not is_same_picture(depth.size, camera.size):
                self._faults.tell(
                    'depth size',
                    'the depth image is {}x{}, but the image {}x{} in the same frame: it must be '
                    'the same picture, larger or smaller; remap {} to registered '
                    'depth'.format(*depth.size, *camera.size, self._depth_topic),
                )
                return None
            self._faults.fine('depth size')
            return surface_positions(depth, people, camera)
        self._frames.want(_DEPTH, True)
        depth_camera = self._calibration.camera(
            DEPTH_CAMERA, depth.size, depth_frame, rectified=params.rectified
        )
        if depth_camera is None:
            return None
        stamp_ns = nanoseconds(message.header.stamp)
        to_camera = self._frames.lookup(_DEPTH, frame, depth_frame, stamp_ns, 0.0)
        if to_camera is None:
            return None
        seen = registered(depth, depth_camera, camera, to_camera, people)
        if seen.is_blank():
            self._faults.tell(
                'depth beside people',
                f"none of the depth of '{depth_frame}' is where people are in the images of "
                f"'{frame}': does the depth camera see them, and has /tf the two where they are?",
                may_settle=True,
                cause='depth beside people',
            )
            return None
        self._faults.fine('depth beside people')
        return surface_positions(seen, people, camera)

    def _decoded(self, message: Any, params: NodeParams) -> DepthImage | None:
        try:
            depth = decode_depth(message, params.max_image_pixels)
        except FrameError as exc:
            self._faults.tell('depth image', f'a depth image cannot be used: {exc}')
            return None
        oddity = depth.oddity()
        if oddity:
            self._faults.tell('depth image', f'a depth image cannot be used: {oddity}')
            return None
        if depth.is_blank():
            self._faults.tell(
                'depth image',
                'a depth image cannot be used: nothing in it is known, all of it is 0, NaN or '
                'infinity; is the depth camera covered, or too near?',
                may_settle=True,
            )
            return None
        self._faults.fine('depth image')
        return depth
