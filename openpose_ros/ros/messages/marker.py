"""One visualization_msgs/Marker, of which few of the fields ever differ."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

ARROW, LINE_LIST, SPHERE_LIST, TEXT = 0, 5, 7, 9  # visualization_msgs/Marker
ADD, DELETE = 0, 2
_LIFETIME_S = 3  # as long as a slow network needs for the next image, and more
_ORIGIN = (0.0, 0.0, 0.0)
WHITE = (255, 255, 255)


class Name(NamedTuple):
    """What RViz knows a marker by; one of the same name takes its place."""

    namespace: str
    number: int


def marker(
    types: Any,
    header: Any,
    name: Name,
    kind: int,
    scale: tuple[float, float, float],
    *,
    points: Sequence[Any] = (),
    colours: Sequence[Any] = (),
    colour: tuple[int, int, int] = WHITE,
    position: tuple[float, float, float] = _ORIGIN,
    text: str = '',
    action: int = ADD,
) -> Any:
    """
    Return a marker in the frame of a header.

    Parameters
    ----------
    types : namespace
        As `Transport.types`.
    header : std_msgs/Header
        It becomes the marker's.
    name : Name
        Of this marker.
    kind : int
        ARROW, LINE_LIST, SPHERE_LIST or TEXT.
    scale : (float, float, float)
        Metres; what it means differs from kind to kind.
    points : sequence of geometry_msgs/Point
        Metres.
    colours : sequence of std_msgs/ColorRGBA
        One a point; empty where `colour` is everybody's.
    colour : (int, int, int)
        Red, green, blue, 0 to 255.
    position : (float, float, float)
        Where a text is, metres.
    text : str
        What it says.
    action : int
        ADD or DELETE.

    """
    empty = types.sequence(np.zeros(0, np.uint8))
    return types.Marker(
        header=header,
        ns=name.namespace,
        id=name.number,
        type=kind,
        action=action,
        pose=types.Pose(
            position=types.Point(**dict(zip('xyz', position))),
            orientation=types.Quaternion(x=0.0, y=0.0, z=0.0, w=1.0),
        ),
        scale=types.Vector3(**dict(zip('xyz', scale))),
        color=rgba(types, colour),
        lifetime=types.Duration(sec=_LIFETIME_S, nanosec=0),
        frame_locked=False,
        points=list(points),
        colors=list(colours),
        texture_resource='',
        texture=types.CompressedImage(header=header, format='', data=empty),
        uv_coordinates=[],
        text=text,
        mesh_resource='',
        mesh_file=types.MeshFile(filename='', data=empty),
        mesh_use_embedded_materials=False,
    )


def rgba(types: Any, colour: tuple[int, int, int]) -> Any:
    """Return a colour of 0 to 255 as an opaque std_msgs/ColorRGBA."""
    red, green, blue = colour
    return types.ColorRGBA(r=red / 255, g=green / 255, b=blue / 255, a=1.0)


def point(types: Any, place: npt.NDArray[np.float64]) -> Any:
    """Return a place (3,), metres, as a geometry_msgs/Point."""
    x, y, z = place.tolist()
    return types.Point(x=x, y=y, z=z)
