"""People to PersonArray and back, and the latched SkeletonInfo; msg/*.msg say what fields mean."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Any

import numpy as np
import numpy.typing as npt

from openpose_ros.errors import SkeletonError
from openpose_ros.people import PART_SKELETONS, PARTS, People
from openpose_ros.placement import Size
from openpose_ros.skeletons import Skeleton, load_skeleton
from openpose_ros.spatial.located import Located, One
from openpose_ros.tracking import Coasting

FloatArray = npt.NDArray[np.float32]

_NAN = float('nan')
_NO_PARTS: Mapping[str, list[Any]] = MappingProxyType({})


def persons_message(
    types: Any,
    people: People,
    header: Any,
    image_size: Size,
    coasting: Coasting | None = None,
    *,
    located: Located | None = None,
    expected: Located | None = None,
) -> Any:
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
    coasting : Coasting, optional
        Who is not in the image but still expected; they are the last persons.
    located : Located, optional
        Where the people are; by default nothing is known of that.
    expected : Located, optional
        Where those of `coasting` are; of it only the pose and the velocity are said.

    Raises
    ------
    ValueError
        If `located` or `expected` is of another number of people.

    """
    keypoint, boxes = types.Keypoint, people.bounding_boxes()
    parts = [(PARTS[field], found.tolist()) for field, found in people.parts.items()]
    located = Located.unknown(len(people)) if located is None else located
    if len(located) != len(people):
        raise ValueError(f'{len(located)} are located, but {len(people)} people were found')
    return types.PersonArray(
        header=header,
        image_width=image_size[0],
        image_height=image_size[1],
        skeleton=people.skeleton.name,
        persons=[
            _person(
                types,
                name,
                score,
                box,
                [keypoint(x=x, y=y, score=s) for x, y, s in rows],
                located.one(index),
                parts={
                    one: [keypoint(x=x, y=y, score=s) for x, y, s in found[index]]
                    for one, found in parts
                },
            )
            for index, (name, score, box, rows) in enumerate(
                zip(people.known_ids, people.scores.tolist(), boxes, people.keypoints.tolist())
            )
        ]
        + (_coasting(types, coasting, expected) if coasting else []),
    )


def _coasting(types: Any, coasting: Coasting, expected: Located | None) -> list[Any]:
    """Return persons of whom only is known where they should be."""
    nothing = Located.unknown(len(coasting))
    if expected is None:
        expected = nothing
    if len(expected) != len(coasting):
        raise ValueError(f'{len(expected)} are located, but {len(coasting)} are expected')
    expected = replace(
        nothing,
        position=expected.position,
        covariance=expected.covariance,
        orientation=expected.orientation,
        velocity=expected.velocity,
    )
    nowhere = np.full(4, _NAN, np.float32)
    missing = {'x': _NAN, 'y': _NAN, 'score': 0.0}
    return [
        _person(
            types,
            name,
            0.0,
            nowhere,
            [types.Keypoint(**missing) for _ in range(coasting.keypoints.shape[1])],
            expected.one(index),
            time_since_seen=since_s,
        )
        for index, (name, since_s) in enumerate(
            zip(coasting.ids, coasting.time_since_seen.tolist())
        )
    ]


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
        In pixels of the source image; the arrays are new. Who is only expected, with
        `time_since_seen` above 0, is left out.

    Raises
    ------
    SkeletonError
        If the skeleton is unknown, or has another number of keypoints than the persons.

    """
    skeleton = skeleton or load_skeleton(message.skeleton)
    persons = [person for person in message.persons if not person.time_since_seen > 0]
    shape = (len(persons), skeleton.num_keypoints, 3)
    for person in persons:
        if len(person.keypoints) != skeleton.num_keypoints:
            raise SkeletonError(
                f'a person has {len(person.keypoints)} keypoints, but the skeleton '
                f'{skeleton.name} has {skeleton.num_keypoints}; pass the skeleton of the sender'
            )
    rows = [(k.x, k.y, k.score) for person in persons for k in person.keypoints]
    scores = [person.score for person in persons]
    ids = tuple(str(person.id) for person in persons)
    return People(
        np.array(rows, np.float32).reshape(shape),
        np.array(scores, np.float32),
        skeleton,
        ids=ids if any(ids) else (),
        **_parts(persons),
    )


def _parts(persons: list[Any]) -> dict[str, Any]:
    """Return the fields of hands and faces that persons hold, in full."""
    found = {}
    for field, one in PARTS.items():
        count = load_skeleton(PART_SKELETONS[field]).num_keypoints
        rows = [[(k.x, k.y, k.score) for k in getattr(person, one)] for person in persons]
        if rows and all(len(of_person) == count for of_person in rows):
            found[field] = np.array(rows, np.float32)
    return found


def skeleton_info_message(
    types: Any,
    skeleton: Skeleton,
    stamp: Any,
    *,
    hand: Skeleton | None = None,
    face: Skeleton | None = None,
) -> Any:
    """
    Return a SkeletonInfo.

    Parameters
    ----------
    types : namespace
        As `Transport.types`.
    skeleton : Skeleton
        Of `Person.keypoints`.
    stamp : builtin_interfaces/Time
        When the node was configured.
    hand, face : Skeleton, optional
        Of `Person.left_hand`, `right_hand` and `face`; None where nothing looks for them.

    """
    return types.SkeletonInfo(
        header=types.Header(stamp=stamp, frame_id=''),
        body=_skeleton(types, skeleton),
        hand=_skeleton(types, hand),
        face=_skeleton(types, face),
    )


def time_message(types: Any, nanoseconds: int) -> Any:
    """Return ROS time as a builtin_interfaces/Time."""
    return types.Time(sec=nanoseconds // 10**9, nanosec=nanoseconds % 10**9)


def nanoseconds(stamp: Any) -> int:
    """Return a builtin_interfaces/Time in nanoseconds."""
    return int(stamp.sec) * 10**9 + int(stamp.nanosec)


def _person(
    types: Any,
    name: str,
    score: float,
    box: FloatArray,
    keypoints: list[Any],
    located: One,
    *,
    time_since_seen: float = 0.0,
    parts: Mapping[str, list[Any]] = _NO_PARTS,
) -> Any:
    point, vector = types.Point, types.Vector3
    return types.Person(
        id=name,
        score=score,
        bbox=box,
        keypoints=keypoints,
        positions=[point(x=x, y=y, z=z) for x, y, z in located.positions],
        **{one: parts.get(one, []) for one in PARTS.values()},
        pose=types.PoseWithCovariance(
            pose=types.Pose(
                position=point(**_named(located.position)),
                orientation=types.Quaternion(**_named(located.orientation)),
            ),
            covariance=located.covariance,
        ),
        velocity=vector(**_named(located.velocity)),
        gaze=vector(**_named(located.gaze)),
        facing=located.facing,
        facing_stddev=located.facing_stddev,
        time_since_seen=time_since_seen,
    )


def _named(values: list[float]) -> dict[str, float]:
    return dict(zip('xyzw', values))


def _skeleton(types: Any, skeleton: Skeleton | None) -> Any:
    """Return a Skeleton message; without a name for none."""
    limbs = skeleton.limbs if skeleton is not None else ()
    starts, ends = [limb.start for limb in limbs], [limb.end for limb in limbs]
    mirror = list(skeleton.mirror) if skeleton is not None else []
    return types.Skeleton(
        name=skeleton.name if skeleton is not None else '',
        keypoint_names=list(skeleton.keypoint_names) if skeleton is not None else [],
        limb_from=types.sequence(np.array(starts, np.uint16)),
        limb_to=types.sequence(np.array(ends, np.uint16)),
        mirror=types.sequence(np.array(mirror, np.uint16)),
    )
