"""
People as markers for RViz.

Where a message says in metres where somebody is, there they stand, in a colour of their own, with
arrows and a label; each marker's id is that of the person. Where only the mid-hip is known, the
keypoints lie on a plane at its depth.

Of the others nobody knows how far away they are, so their skeletons stand on a plane 1 m in front
of the camera, each keypoint on the ray of its pixel. Seen from the camera they cover the people of
the picture, if the camera is calibrated; otherwise a lens of 53° is assumed. Lens distortion is
left out.
"""

from __future__ import annotations

from collections.abc import Iterable
import math
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from openpose_ros.placement import Size
from openpose_ros.ros.messages.body_markers import body_markers, number_for
from openpose_ros.ros.messages.marker import (
    ADD,
    DELETE,
    LINE_LIST,
    SPHERE_LIST,
    Name,
    marker,
    point,
    rgba,
)
from openpose_ros.ros.messages.seen import distance_of, seen_persons
from openpose_ros.skeletons import Skeleton
from openpose_ros.spatial.cameras import is_plausible

_LIMB_WIDTH, _JOINT_SIZE = 0.008, 0.02  # metres, at 1 m

Array = npt.NDArray[np.float64]


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
    Return the rays of a sensor_msgs/CameraInfo, or None if no camera can have them.

    REP-104: a camera that is not calibrated has zeros in K.
    """
    fx, _, cx, _, fy, cy = (float(value) for value in camera_info.k[:6])
    size = (int(camera_info.width), int(camera_info.height))
    if not (all(map(is_plausible, (fx, fy), size)) and math.isfinite(cx) and math.isfinite(cy)):
        return None
    return Rays((fx, fy), (cx, cy), size)


def marker_array(
    types: Any,
    message: Any,
    skeleton: Skeleton,
    rays: Rays | None,
    render_threshold: float,
    before: Iterable[Name] = (),
) -> Any:
    """
    Return a PersonArray as markers.

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
    before : iterable of Name
        What was shown last; what is not shown any more is deleted.

    Returns
    -------
    visualization_msgs/MarkerArray
        First `limbs` and `joints` with the id 0: those of everybody on the plane. Then, for each
        person in the room, the same with an id of their own, `velocity`, `facing` and `label`.

    """
    rays = _scaled(rays, (message.image_width, message.image_height))
    header = message.header
    flat = _Flat(types, skeleton)
    found = []
    for index, person in enumerate(seen_persons(message)):
        scores = np.array([keypoint.score for keypoint in person.keypoints])
        places, is_in_room = _places(person, rays)
        shown = (scores > render_threshold) & np.isfinite(places).all(axis=1)
        if is_in_room:
            number = number_for(person, index)
            found += body_markers(types, header, person, number, places, shown, skeleton)
        else:
            flat.add(places, shown)
    found = flat.markers(header) + found
    gone = set(before) - names_of(found)
    # RViz needs no more of what it deletes than the name.
    found += [
        marker(types, header, name, SPHERE_LIST, (1.0, 1.0, 1.0), action=DELETE)
        for name in sorted(gone)
    ]
    return types.MarkerArray(markers=found)


def names_of(markers: Iterable[Any]) -> set[Name]:
    """Return the names of the markers that are shown, not deleted."""
    return {Name(one.ns, one.id) for one in markers if one.action == ADD}


class _Flat:
    """The skeletons on the plane, in the colours of their parts."""

    def __init__(self, types: Any, skeleton: Skeleton) -> None:
        self._types = types
        self._skeleton = skeleton
        self._colours = [rgba(types, colour) for colour in skeleton.colours]
        self._limbs: list[Any] = []
        self._limb_colours: list[Any] = []
        self._joints: list[Any] = []
        self._joint_colours: list[Any] = []

    def add(self, places: Array, shown: npt.NDArray[np.bool_]) -> None:
        """Add somebody, keypoints (K, 3), of which some are shown (K,)."""
        colours = self._colours
        points = {
            index: point(self._types, places[index]) for index in np.flatnonzero(shown).tolist()
        }
        self._joints += points.values()
        self._joint_colours += [colours[index] for index in points]
        for limb in self._skeleton.limbs:
            if limb.drawn and shown[limb.start] and shown[limb.end]:
                self._limbs += points[limb.start], points[limb.end]
                self._limb_colours += [colours[limb.end]] * 2

    def markers(self, header: Any) -> list[Any]:
        """Return them; without points, what deletes the last (RViz warns of none)."""
        return [
            marker(
                self._types,
                header,
                Name(namespace, 0),
                kind,
                (width, width, width),
                points=points,
                colours=colours,
                action=ADD if points else DELETE,
            )
            for namespace, kind, width, points, colours in (
                ('limbs', LINE_LIST, _LIMB_WIDTH, self._limbs, self._limb_colours),
                ('joints', SPHERE_LIST, _JOINT_SIZE, self._joints, self._joint_colours),
            )
        ]


def _scaled(rays: Rays | None, size: Size) -> Rays:
    """Return rays for a picture of this size, of a lens that is assumed where none is known."""
    width, height = size
    if rays is None or rays.size[0] * height != rays.size[1] * width or 0 in rays.size:
        return Rays((width, width), ((width - 1) / 2, (height - 1) / 2), size)
    scale = width / rays.size[0]
    (fx, fy), (cx, cy) = rays.focal, rays.centre
    centre = ((cx + 0.5) * scale - 0.5, (cy + 0.5) * scale - 0.5)
    return Rays((fx * scale, fy * scale), centre, size)


def _places(person: Any, rays: Rays) -> tuple[Array, bool]:
    """Return where keypoints are shown, (K, 3) in metres, and whether they really are there."""
    if len(person.positions) == len(person.keypoints):
        places = np.array([(p.x, p.y, p.z) for p in person.positions], np.float64)
        if np.isfinite(places).all(axis=1).any():
            return places, True
    pixels = np.array([(keypoint.x, keypoint.y) for keypoint in person.keypoints])
    places = np.ones((len(pixels), 3))
    places[:, :2] = (pixels - rays.centre) / rays.focal
    depth = person.pose.pose.position.z
    if math.isfinite(distance_of(person)) and depth > 0:
        return places * depth, True
    return places, False
