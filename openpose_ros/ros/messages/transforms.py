"""People to tf2_msgs/TFMessage: a frame for each body."""

from __future__ import annotations

import math
from typing import Any

from openpose_ros.ros.messages.seen import distance_of, seen_persons

_STRAIGHT = (0.0, 0.0, 0.0, 1.0)


def body_transforms(types: Any, tf2: Any, persons: Any) -> Any:
    """
    Return where the bodies of an image are: `body_<id>` in the frame of the header.

    Who has no id, was not seen in this image or is nobody knows where, has no frame in it.

    Parameters
    ----------
    types : namespace
        As `Transport.types`.
    tf2 : namespace
        The message classes of tf2_msgs, as `Transport.package` returns them.
    persons : openpose_ros/PersonArray
        Its header becomes that of every transform.

    Returns
    -------
    tf2_msgs/TFMessage
        x the way the torso faces, z up. The axes of the header's frame, where nobody knows which
        way that is: a transform has no place for NaN.

    """
    return tf2.TFMessage(
        transforms=[
            _transform(types, persons.header, person)
            for person in seen_persons(persons)
            if person.id and math.isfinite(distance_of(person))
        ]
    )


def _transform(types: Any, header: Any, person: Any) -> Any:
    place, turn = person.pose.pose.position, person.pose.pose.orientation
    rotation = (turn.x, turn.y, turn.z, turn.w)
    if not all(map(math.isfinite, rotation)):
        rotation = _STRAIGHT
    return types.TransformStamped(
        header=header,
        child_frame_id=f'body_{person.id}',
        transform=types.Transform(
            translation=types.Vector3(x=place.x, y=place.y, z=place.z),
            rotation=types.Quaternion(**dict(zip('xyzw', rotation))),
        ),
    )
