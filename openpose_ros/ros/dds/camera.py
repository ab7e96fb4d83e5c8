"""A camera on the network: images with stamps, and its calibration where that is known."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
import time
from typing import Any

import numpy as np

from openpose_ros.documents import parse_yaml, read_document
from openpose_ros.errors import ParameterError
from openpose_ros.frames import FrameArray
from openpose_ros.ros.dds.endpoints import Profile
from openpose_ros.ros.dds.participant import Participant
from openpose_ros.ros.messages.compressed import compressed_message
from openpose_ros.ros.messages.images import image_message
from openpose_ros.ros.messages.people import time_message

# REP-2003: who publishes images is reliable; who cannot keep up asks for best effort.
_QUALITY = Profile(5)
_MATRICES = {  # field: key in the file, how many numbers
    'k': ('camera_matrix', 9),
    'r': ('rectification_matrix', 9),
    'p': ('projection_matrix', 12),
}


class DdsCamera:
    """
    Publishes images on a topic, and CameraInfo beside it if there is a calibration.

    Parameters
    ----------
    participant : Participant
        The node's.
    topic : str
        As `Names.resolve` takes it.
    frame_id : str
        The camera's optical frame.
    compressed : bool
        Publish JPEGs, on TOPIC/compressed.
    calibration : Path, optional
        See `read_calibration`.

    Attributes
    ----------
    topic : str
        The full name of where the images go.

    """

    def __init__(
        self,
        participant: Participant,
        topic: str,
        frame_id: str,
        *,
        compressed: bool = False,
        calibration: Path | None = None,
    ) -> None:
        self._types = participant.types.classes
        self._frame_id = frame_id
        base = participant.names.resolve(topic)
        self.topic = f'{base}/compressed' if compressed else base
        kind = 'CompressedImage' if compressed else 'Image'
        self._message = compressed_message if compressed else image_message
        self._images = participant.publisher(self.topic, f'sensor_msgs/msg/{kind}', _QUALITY)
        self._calibration: Mapping[str, Any] | None = None
        if calibration is not None:
            self._calibration = read_calibration(calibration)
            beside = f'{base.rpartition("/")[0]}/camera_info'
            self._infos = participant.publisher(beside, 'sensor_msgs/msg/CameraInfo', _QUALITY)

    def publish(self, frame: FrameArray) -> None:
        """
        Publish a frame as one that was taken now.

        Parameters
        ----------
        frame : uint8 (H, W, 3)
            Blue, green, red.

        Raises
        ------
        TransportError
            If it could not be sent.
        ParameterError
            If the calibration is of another size.

        """
        stamp = time_message(self._types, time.time_ns())
        header = self._types.Header(stamp=stamp, frame_id=self._frame_id)
        if self._calibration is not None:
            self._infos.publish(self._camera_info(self._calibration, header, frame))
        self._images.publish(self._message(self._types, frame, header))

    def _camera_info(self, calibration: Mapping[str, Any], header: Any, frame: FrameArray) -> Any:
        found, expected = frame.shape[1::-1], (calibration['width'], calibration['height'])
        if found != expected:
            raise ParameterError(
                'the calibration is of images of {}x{}, this one has {}x{}: calibrate at the size '
                'that is published'.format(*expected, *found)
            )
        region = self._types.RegionOfInterest(
            x_offset=0, y_offset=0, height=0, width=0, do_rectify=False
        )
        return self._types.CameraInfo(
            header=header, binning_x=0, binning_y=0, roi=region, **calibration
        )


def read_calibration(path: Path) -> dict[str, Any]:
    """
    Return the fields of a CameraInfo that a calibration file holds.

    Parameters
    ----------
    path : Path
        YAML with image_width, image_height, distortion_model and, each with `data`,
        camera_matrix, distortion_coefficients, rectification_matrix and projection_matrix, as
        ROS's camera_calibration writes it.

    Raises
    ------
    ParameterError
        If the file cannot be read, or is not such a file.

    """
    try:
        found = parse_yaml(read_document(path))
        fields = {
            'width': int(found['image_width']),
            'height': int(found['image_height']),
            'distortion_model': str(found['distortion_model']),
            'd': np.array(found['distortion_coefficients']['data'], np.float64),
        }
        for field, (key, count) in _MATRICES.items():
            fields[field] = np.array(found[key]['data'], np.float64).reshape(count)
    except OSError as exc:
        raise ParameterError(f'cannot read the calibration {path}: {exc.strerror}') from exc
    except (LookupError, TypeError, ValueError, OverflowError) as exc:
        problem = ' '.join(f'{type(exc).__name__}: {exc}'.split())
        raise ParameterError(
            f'{path} is no calibration as camera_calibration writes it ({problem})'
        ) from exc
    return fields
