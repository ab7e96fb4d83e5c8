"""People to tf2_msgs/TFMessage, a frame for each body; and what it says to a `TransformBuffer`."""

from __future__ import annotations

from collections.abc import Callable
import math
from typing import Any

import numpy as np

from openpose_ros.errors import TransformError
from openpose_ros.ros.messages.people import nanoseconds
from openpose_ros.ros.messages.seen import distance_of, seen_persons
from openpose_ros.spatial import Transform, TransformBuffer

LEFT_OUT = 'what is no transform is left out: {}'
BODY = 'body_'  # and an id: a person's frame, as ROS4HRI names it
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


def learn_transforms(
    buffer: TransformBuffer,
    message: Any,
    *,
    static: bool,
    warn: Callable[[str], object],
) -> None:
    """
    Note what a message says; what is no transform is left out, as tf2 does.

    Parameters
    ----------
    buffer : TransformBuffer
        Gets it.
    message : tf2_msgs/TFMessage
        What was heard.
    static : bool
        Whether it holds at all times: that of /tf_static.
    warn : callable
        Takes a line for each that is left out, or contradicts another.

    """
    for one in message.transforms:
        try:
            odd = buffer.add(
                one.header.frame_id,
                one.child_frame_id,
                transform_of(one.transform),
                nanoseconds(one.header.stamp),
                static=static,
            )
        except TransformError as exc:
            warn(LEFT_OUT.format(exc))
        else:
            if odd:
                warn(odd)


def transform_of(message: Any) -> Transform:
    """Return what a geometry_msgs/Transform says, whatever that is."""
    shift, turn = message.translation, message.rotation
    return Transform(
        np.array([shift.x, shift.y, shift.z]), np.array([turn.x, turn.y, turn.z, turn.w])
    )


def _transform(types: Any, header: Any, person: Any) -> Any:
    place, turn = person.pose.pose.position, person.pose.pose.orientation
    rotation = (turn.x, turn.y, turn.z, turn.w)
    if not all(map(math.isfinite, rotation)):
        rotation = _STRAIGHT
    return types.TransformStamped(
        header=header,
        child_frame_id=f'{BODY}{person.id}',
        transform=types.Transform(
            translation=types.Vector3(x=place.x, y=place.y, z=place.z),
            rotation=types.Quaternion(**dict(zip('xyzw', rotation))),
        ),
    )
