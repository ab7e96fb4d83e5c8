"""People to PersonArray and back, and the latched SkeletonInfo; msg/*.msg say what fields mean."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from openpose_ros.errors import SkeletonError
from openpose_ros.people import People
from openpose_ros.placement import Size
from openpose_ros.skeletons import Skeleton, load_skeleton

FloatArray = npt.NDArray[np.float32]

_NAN = float('nan')


def persons_message(types: Any, people: People, header: Any, image_size: Size) -> Any:
    """
    Return people as a PersonArray.

    Parameters
    ----------
    types : namespace
        As `Transport.types`.
    people : People
        In pixels of the source image.
    header : std_msgs/Header
        The image's. This very object becomes the message's, so that nothing of it can change:
        serialise the message before the header does.
    image_size : (int, int)
        Width and height of the source image, pixels.

    """
    keypoint, boxes = types.Keypoint, people.bounding_boxes()
    return types.PersonArray(
        header=header,
        image_width=image_size[0],
        image_height=image_size[1],
        skeleton=people.skeleton.name,
        persons=[
            _person(types, score, box, [keypoint(x=x, y=y, score=s) for x, y, s in rows])
            for score, box, rows in zip(people.scores.tolist(), boxes, people.keypoints.tolist())
        ],
    )


def people_from_message(message: Any, skeleton: Skeleton | None = None) -> People:
    """
    Return the people of a PersonArray, as NumPy arrays.

    Parameters
    ----------
    message : openpose_ros/PersonArray
        Of any class with its fields: rclpy's, rosbags'.
    skeleton : Skeleton, optional
        By default the one that the message names.

    Returns
    -------
    People
        In pixels of the source image; the arrays are new.

    Raises
    ------
    SkeletonError
        If the skeleton is unknown, or has another number of keypoints than the persons.

    """
    skeleton = skeleton or load_skeleton(message.skeleton)
    shape = (len(message.persons), skeleton.num_keypoints, 3)
    for person in message.persons:
        if len(person.keypoints) != skeleton.num_keypoints:
            raise SkeletonError(
                f'a person has {len(person.keypoints)} keypoints, but the skeleton '
                f'{skeleton.name} has {skeleton.num_keypoints}; pass the skeleton of the sender'
            )
    rows = [(k.x, k.y, k.score) for person in message.persons for k in person.keypoints]
    scores = [person.score for person in message.persons]
    return People(
        np.array(rows, np.float32).reshape(shape), np.array(scores, np.float32), skeleton
    )


def skeleton_info_message(types: Any, skeleton: Skeleton, stamp: Any) -> Any:
    """
    Return a SkeletonInfo of a skeleton of the body; hand and face are none.

    Parameters
    ----------
    types : namespace
        As `Transport.types`.
    skeleton : Skeleton
        Of `Person.keypoints`.
    stamp : builtin_interfaces/Time
        When the node was configured.

    """
    limbs = skeleton.limbs
    body = _skeleton(
        types,
        skeleton.name,
        list(skeleton.keypoint_names),
        [limb.start for limb in limbs],
        [limb.end for limb in limbs],
        list(skeleton.mirror),
    )
    return types.SkeletonInfo(
        header=types.Header(stamp=stamp, frame_id=''),
        body=body,
        hand=_skeleton(types, '', [], [], [], []),
        face=_skeleton(types, '', [], [], [], []),
    )


def time_message(types: Any, nanoseconds: int) -> Any:
    """Return ROS time as a builtin_interfaces/Time."""
    return types.Time(sec=nanoseconds // 10**9, nanosec=nanoseconds % 10**9)


def nanoseconds(stamp: Any) -> int:
    """Return a builtin_interfaces/Time in nanoseconds."""
    return int(stamp.sec) * 10**9 + int(stamp.nanosec)


def _person(types: Any, score: float, box: FloatArray, keypoints: list[Any]) -> Any:
    """Return a Person of whom only what is in the picture is known."""
    return types.Person(
        id='',
        score=score,
        bbox=box,
        keypoints=keypoints,
        positions=[],
        left_hand=[],
        right_hand=[],
        face=[],
        pose=types.PoseWithCovariance(
            pose=types.Pose(
                position=types.Point(x=_NAN, y=_NAN, z=_NAN),
                orientation=types.Quaternion(x=_NAN, y=_NAN, z=_NAN, w=_NAN),
            ),
            covariance=np.full(36, _NAN),
        ),
        velocity=types.Vector3(x=_NAN, y=_NAN, z=_NAN),
        gaze=types.Vector3(x=_NAN, y=_NAN, z=_NAN),
        facing=_NAN,
        facing_stddev=_NAN,
        time_since_seen=0.0,
    )


def _skeleton(
    types: Any,
    name: str,
    keypoint_names: list[str],
    limb_from: list[int],
    limb_to: list[int],
    mirror: list[int],
) -> Any:
    return types.Skeleton(
        name=name,
        keypoint_names=keypoint_names,
        limb_from=types.sequence(np.array(limb_from, np.uint16)),
        limb_to=types.sequence(np.array(limb_to, np.uint16)),
        mirror=types.sequence(np.array(mirror, np.uint16)),
    )
