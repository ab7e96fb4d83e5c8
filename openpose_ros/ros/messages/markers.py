"""
People as markers for RViz.

Without depth nobody knows how far away people are, so their skeletons stand on a plane 1 m in
front of the camera, each keypoint on the ray of its pixel. Seen from the camera they cover the
people of the picture, if the camera is calibrated; otherwise a lens of 53° is assumed. Lens
distortion is left out. Where a message brings positions in metres, these are shown instead.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from openpose_ros.placement import Size
from openpose_ros.skeletons import Skeleton

_LIMB_WIDTH, _JOINT_SIZE = 0.008, 0.02  # metres, at 1 m
_LIFETIME_S = 3  # as long as a slow network needs for the next image, and more
_SPHERE_LIST, _LINE_LIST = 7, 5  # visualization_msgs/Marker
_ADD, _DELETE = 0, 2


class Rays(NamedTuple):
    """
    Where pixels look: x = (column - centre_x) / focal_x at 1 m, and so for y.

    Attributes
    ----------
    focal, centre : (float, float)
        Pixels, of a picture of `size`.
    size : (int, int)
        Width and height, pixels.

    """

    focal: tuple[float, float]
    centre: tuple[float, float]
    size: Size


def rays_of_camera(camera_info: Any) -> Rays | None:
    """
    Return the rays of a sensor_msgs/CameraInfo, or None if the camera is not calibrated.

    REP-104: a camera that is not calibrated has zeros in K.
    """
    fx, _, cx, _, fy, cy = (float(value) for value in camera_info.k[:6])
    if not (fx > 0 and fy > 0):
        return None
    return Rays((fx, fy), (cx, cy), (camera_info.width, camera_info.height))


def marker_array(
    types: Any, message: Any, skeleton: Skeleton, rays: Rays | None, render_threshold: float
) -> Any:
    """
    Return a PersonArray as two markers, `limbs` and `joints`.

    Parameters
    ----------
    types : namespace
        As `Transport.types`.
    message : openpose_ros/PersonArray
        Its header becomes the markers'.
    skeleton : Skeleton
        The message's.
    rays : Rays or None
        Of the camera; not used when they are for a picture of another shape.
    render_threshold : float
        Keypoints with a higher score are shown.

    """
    size = (message.image_width, message.image_height)
    rays = _scaled(rays, size)
    limbs: list[Any] = []
    limb_colours: list[Any] = []
    joints: list[Any] = []
    joint_colours: list[Any] = []
    colours = [
        types.ColorRGBA(r=red / 255, g=green / 255, b=blue / 255, a=1.0)
        for red, green, blue in skeleton.colours
    ]
    for person in message.persons:
        scores = np.array([keypoint.score for keypoint in person.keypoints])
        places = _places(person, rays)
        shown = (scores > render_threshold) & np.isfinite(places).all(axis=1)
        points = [types.Point(x=x, y=y, z=z) for x, y, z in places.tolist()]
        for index in np.flatnonzero(shown).tolist():
            joints.append(points[index])
            joint_colours.append(colours[index])
        for limb in skeleton.limbs:
            if limb.drawn and shown[limb.start] and shown[limb.end]:
                limbs += points[limb.start], points[limb.end]
                limb_colours += [colours[limb.end]] * 2
    header = message.header
    return types.MarkerArray(
        markers=[
            _marker(types, header, 'limbs', _LINE_LIST, _LIMB_WIDTH, limbs, limb_colours),
            _marker(types, header, 'joints', _SPHERE_LIST, _JOINT_SIZE, joints, joint_colours),
        ]
    )


def _scaled(rays: Rays | None, size: Size) -> Rays:
    """Return rays for a picture of this size, of a lens that is assumed where none is known."""
    width, height = size
    if rays is None or rays.size[0] * height != rays.size[1] * width or 0 in rays.size:
        return Rays((width, width), ((width - 1) / 2, (height - 1) / 2), size)
    scale = width / rays.size[0]
    (fx, fy), (cx, cy) = rays.focal, rays.centre
    centre = ((cx + 0.5) * scale - 0.5, (cy + 0.5) * scale - 0.5)
    return Rays((fx * scale, fy * scale), centre, size)


def _places(person: Any, rays: Rays) -> npt.NDArray[np.float64]:
    """Return where keypoints are shown, (K, 3) in metres."""
    if len(person.positions) == len(person.keypoints):
        return np.array([(point.x, point.y, point.z) for point in person.positions], np.float64)
    pixels = np.array([(keypoint.x, keypoint.y) for keypoint in person.keypoints])
    places = np.ones((len(pixels), 3))
    places[:, :2] = (pixels - rays.centre) / rays.focal
    return places


def _marker(
    types: Any,
    header: Any,
    namespace: str,
    kind: int,
    width: float,
    points: list[Any],
    colours: list[Any],
) -> Any:
    """Return a marker of these points; without any, one that deletes the last (RViz warns)."""
    return types.Marker(
        header=header,
        ns=namespace,
        id=0,
        type=kind,
        action=_ADD if points else _DELETE,
        pose=types.Pose(
            position=types.Point(x=0.0, y=0.0, z=0.0),
            orientation=types.Quaternion(x=0.0, y=0.0, z=0.0, w=1.0),
        ),
        scale=types.Vector3(x=width, y=width, z=width),
        color=types.ColorRGBA(r=1.0, g=1.0, b=1.0, a=1.0),
        lifetime=types.Duration(sec=_LIFETIME_S, nanosec=0),
        frame_locked=False,
        points=points,
        colors=colours,
        texture_resource='',
        texture=types.CompressedImage(
            header=header, format='', data=types.sequence(np.zeros(0, np.uint8))
        ),
        uv_coordinates=[],
        text='',
        mesh_resource='',
        mesh_file=types.MeshFile(filename='', data=types.sequence(np.zeros(0, np.uint8))),
        mesh_use_embedded_materials=False,
    )
