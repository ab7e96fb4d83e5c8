"""What is known of the cameras: the last camera_info of each, and what may be wrong with it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from openpose_ros.errors import CameraError
from openpose_ros.placement import Size
from openpose_ros.ros.node.faults import Faults
from openpose_ros.ros.node.remedies import LIVE, Remedies
from openpose_ros.ros.node.transport import named
from openpose_ros.spatial import Camera, camera_of_info
from openpose_ros.spatial.sizes import is_same_picture

CAMERA, DEPTH_CAMERA = 'camera_info', 'depth_camera_info'
_EDGE = 0.1  # of an image's side


class Calibration:
    """
    Turns camera_info into cameras.

    Parameters
    ----------
    faults : Faults
        Hears of what cannot be used.
    image_topic : callable
        Returns the name of the topic that images come from.
    camera : str
        The camera's name, for what is told of its topics.
    remedies : Remedies
        What helps where nothing is known of it.

    """

    def __init__(
        self,
        faults: Faults,
        image_topic: Callable[[], str],
        camera: str = '',
        remedies: Remedies = LIVE,
    ) -> None:
        self._remedies = remedies
        self._faults = faults
        self._image_topic = image_topic
        self._camera = camera
        self._infos: dict[str, Any] = {}
        self._cameras: dict[str, tuple[Any, Camera | CameraError]] = {}

    def take(self, topic: str, message: Any) -> None:
        """Remember a CameraInfo of one of the two topics; from any thread."""
        self._infos[topic] = message

    def camera(
        self,
        topic: str,
        size: Size,
        frame_id: str,
        *,
        rectified: bool = False,
        needed: bool = True,
    ) -> Camera | None:
        """
        Return the camera of an image; in the worker's thread.

        Parameters
        ----------
        topic : str
            CAMERA or DEPTH_CAMERA.
        size : (int, int)
            Width and height of the image, pixels.
        frame_id : str
            The image's.
        rectified : bool
            Whether it is rectified.
        needed : bool
            Whether somebody asked for what needs the camera, so that faults are to be told.

        Returns
        -------
        Camera or None
            The same object while nothing changes; None where nothing is known that can be used.

        """
        info, called = self._infos.get(topic), named(self._camera, topic)
        if info is None:
            self._without(
                f'{topic} never',
                f'no message came on {called}, without which there are no positions; '
                f'{self._remedies.no_info.format(topic=called)}',
                needed=needed,
                may_settle=True,
            )
            return None
        of = str(info.header.frame_id)
        if of and frame_id and of.lstrip('/') != frame_id.lstrip('/'):
            self._without(
                topic,
                f"{called} is of the frame '{of}', but the image of '{frame_id}', so it is not "
                f'used; remap {called} to that of the same camera',
                needed=needed,
                cause='frame',  # which may be another one in each image
            )
            return None
        camera = self._of(topic, info, size, rectified, needed=needed)
        if isinstance(camera, CameraError):
            text = f'{called} cannot be used: {camera}'
            self._without(topic, text, needed=needed, cause=str(camera))
            return None
        self._faults.fine(topic, f'{topic} never')
        if needed and not (info.roi.width or _is_inside(camera)):
            self._faults.tell(
                f'{topic} aside',
                f'{called} puts the optical axis at {camera.centre[0]:.0f}, '
                f'{camera.centre[1]:.0f} of images of {size[0]}x{size[1]}: unless they are cut '
                'out of larger ones, its K is of another resolution, and positions are wrong',
            )
        if needed and topic == CAMERA and not rectified and 'rect' in self._image_topic():
            self._faults.tell(
                'rectified',
                f'{self._image_topic()} looks like rectified images, but rectified is false: set '
                'it to true if they are, or positions are a little off',
            )
        return camera

    def _of(
        self, topic: str, info: Any, size: Size, rectified: bool, *, needed: bool
    ) -> Camera | CameraError:
        key = _contents(info, size, rectified)
        before = self._cameras.get(topic)
        if before is not None and before[0] == key:
            return before[1]
        camera: Camera | CameraError
        try:
            calibrated = camera_of_info(info, rectified=rectified).size
            if not is_same_picture(calibrated, size):
                raise CameraError(
                    f'it is for images of {calibrated[0]}x{calibrated[1]} pixels, but they are of '
                    f'{size[0]}x{size[1]}; its driver must publish that of this resolution'
                )
            camera = camera_of_info(info, size, rectified=rectified)
        except CameraError as exc:
            camera = exc
        usable = isinstance(camera, Camera)
        if usable and before and isinstance(before[1], Camera) and before[0][:2] == key[:2]:
            self._without(
                f'{topic} changes',
                f'{named(self._camera, topic)} changed while the images kept their size: from now '
                'on the new one holds; if it changes all the time, two cameras publish on it',
                needed=needed,
            )
        self._cameras[topic] = key, camera
        return camera

    def _without(
        self, kind: str, text: str, *, needed: bool, may_settle: bool = False, cause: str = ''
    ) -> None:
        if needed:
            self._faults.tell(kind, text, may_settle=may_settle, cause=cause)


def _is_inside(camera: Camera) -> bool:
    """Return whether the optical axis meets the image well within its edges."""
    return all(
        _EDGE * side <= place <= (1 - _EDGE) * side
        for place, side in zip(camera.centre, camera.size)
    )


def _contents(info: Any, size: Size, rectified: bool) -> tuple[Any, ...]:
    """Return all that a camera is made of, to be compared; size and rectified come first."""
    roi = info.roi
    arrays = (np.asarray(values, np.float64).tobytes() for values in (info.k, info.d, info.p))
    return (
        size,
        rectified,
        info.distortion_model,
        *arrays,
        (info.width, info.height, info.binning_x, info.binning_y),
        (roi.x_offset, roi.y_offset, roi.width, roi.height),
    )
