"""What `echo` prints of a message: lines to read, or fields of a line of JSON."""

from __future__ import annotations

from collections.abc import Callable
import json
import math
from typing import Any, NamedTuple

from openpose_ros.ros.node.throttle import plain

PERSONS, GESTURES = 'openpose_ros/msg/PersonArray', 'openpose_ros/msg/Gestures'
POSES = 'geometry_msgs/msg/PoseStamped'


class Form(NamedTuple):
    """
    How a type of message is printed.

    Attributes
    ----------
    lines : callable
        Takes a message, returns lines to read.
    fields : callable
        Takes a message, returns what JSON says of it beside source, frame and stamp.

    """

    lines: Callable[[Any], list[str]]
    fields: Callable[[Any], dict[str, Any]]


def json_line(form: Form, message: Any, topic: str, index: int) -> str:
    """
    Return a message as a line of JSON.

    Parameters
    ----------
    form : Form
        Of its type.
    message : message
        With a header.
    topic : str
        Where it came from.
    index : int
        How many came before.

    """
    from openpose_ros.io.people_json import rounded_stamp

    fields = {
        'source': topic,
        'frame': index,
        'stamp': rounded_stamp(_seconds(message)),
        **form.fields(message),
    }
    return json.dumps(fields, separators=(',', ':'), allow_nan=False)


def _persons_lines(message: Any) -> list[str]:
    """Return a line for the image, one for each person."""
    persons = _seen(message)
    number = len(persons)
    lines = [
        f'{_seconds(message):.3f} {plain(message.header.frame_id)} '
        f'{message.image_width}x{message.image_height}: '
        f'{number} {"person" if number == 1 else "people"}'
    ]
    for index, person in enumerate(persons):
        found = sum(keypoint.score > 0 for keypoint in person.keypoints)
        x, y, width, height = person.bbox
        lines.append(
            f'  {plain(person.id) or index}: score {person.score:.2f}, {found} of '
            f'{len(person.keypoints)} keypoints in {width:.0f}x{height:.0f} at {x:.0f},{y:.0f}'
        )
    return lines


def _persons_fields(message: Any) -> dict[str, Any]:
    """
    Return people as `estimate --json` writes them, whatever their skeleton is.

    Keypoints that are nowhere are missing, and scores that are no numbers null: JSON has no NaN.
    """
    import numpy as np

    from openpose_ros.people import plain_rows

    people = [
        {
            'id': person.id,
            'score': _finite(person.score),
            'keypoints': plain_rows(np.where(np.isfinite(rows).all(1, keepdims=True), rows, 0)),
        }
        for person, rows in (
            (one, np.array([(k.x, k.y, k.score) for k in one.keypoints]).reshape(-1, 3))
            for one in _seen(message)
        )
    ]
    return {
        'width': message.image_width,
        'height': message.image_height,
        'skeleton': message.skeleton,
        'people': people,
    }


def _seen(message: Any) -> list[Any]:
    from openpose_ros.ros.messages.seen import seen_persons

    return seen_persons(message)


def _gestures_lines(message: Any) -> list[str]:
    """Return a line for the image, one for each gesture."""
    found = _gestures_fields(message)['gestures']
    number = len(found)
    lines = [
        f'{_seconds(message):.3f} {plain(message.header.frame_id)}: '
        f'{number} {"gesture" if number == 1 else "gestures"}'
    ]
    for one in found:
        towards, score = '', math.nan if one['score'] is None else one['score']
        if one['direction'] is not None:
            towards = ' towards ' + ','.join(f'{part:.2f}' for part in one['direction'])
        lines.append(f'  {plain(one["id"])}: {plain(one["name"])}, score {score:.2f}{towards}')
    return lines


def _gestures_fields(message: Any) -> dict[str, Any]:
    """Return gestures, each with null for a direction that is not known."""
    gestures = []
    for name, gesture, score, way in zip(
        message.ids, message.names, message.scores, message.directions
    ):
        direction = [round(float(part), 4) for part in (way.x, way.y, way.z)]
        gestures.append(
            {
                'id': name,
                'name': gesture,
                'score': _finite(score),
                'direction': direction if all(map(math.isfinite, direction)) else None,
            }
        )
    return {'gestures': gestures}


def _poses_lines(message: Any) -> list[str]:
    """
    Return a line: where it is, and which way its x axis points, of whatever frame it is in.

    Of others, a quaternion may be of any length; of one without any no way is known.
    """
    import numpy as np

    from openpose_ros.spatial.transforms import Transform

    position, turn = (
        np.array([getattr(of, axis) for axis in axes])
        for of, axes in ((message.pose.position, 'xyz'), (message.pose.orientation, 'xyzw'))
    )
    with np.errstate(invalid='ignore', over='ignore'):
        turn = turn / np.linalg.norm(turn)
    place, facing = (
        ','.join(f'{part:.2f}' for part in parts.round(2) + 0.0)  # no -0.00
        for parts in (position, Transform(position, turn).turn([1, 0, 0]))
    )
    frame = plain(message.header.frame_id)
    return [f'{_seconds(message):.3f} {frame}: at {place} m, x towards {facing}']


def _poses_fields(message: Any) -> dict[str, Any]:
    """Return a pose as its message has it, with null for what is no number."""
    pose = message.pose
    return {
        'frame_id': message.header.frame_id,
        'position': [_finite(getattr(pose.position, axis)) for axis in 'xyz'],
        'orientation': [_finite(getattr(pose.orientation, axis)) for axis in 'xyzw'],
    }


def _finite(score: Any) -> float | None:
    """Return a number, rounded; None for what is none."""
    return round(float(score), 4) if math.isfinite(score) else None


def _seconds(message: Any) -> float:
    from openpose_ros.ros.messages.people import nanoseconds

    return nanoseconds(message.header.stamp) / 1e9


FORMS = {
    PERSONS: Form(_persons_lines, _persons_fields),
    GESTURES: Form(_gestures_lines, _gestures_fields),
    POSES: Form(_poses_lines, _poses_fields),
}
