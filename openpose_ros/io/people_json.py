"""People as JSON: our own form, a line a frame, and OpenPose's, a file a frame."""

from __future__ import annotations

import json
from typing import Any

import numpy as np

from openpose_ros.documents import parse_json
from openpose_ros.errors import SkeletonError, SourceError
from openpose_ros.io.frame import Frame
from openpose_ros.people import PARTS, People
from openpose_ros.skeletons import (
    Skeleton,
    is_of_the_package,
    load_skeleton,
    skeleton_from_dict,
    skeleton_to_dict,
)

_OPENPOSE_PARTS = {
    'left_hands': 'hand_left_keypoints_2d',
    'right_hands': 'hand_right_keypoints_2d',
    'faces': 'face_keypoints_2d',
}
_OPENPOSE_EMPTY = (
    'face_keypoints_2d',
    'hand_left_keypoints_2d',
    'hand_right_keypoints_2d',
    'pose_keypoints_3d',
    'face_keypoints_3d',
    'hand_left_keypoints_3d',
    'hand_right_keypoints_3d',
)


def to_line(frame: Frame, people: People) -> str:
    """
    Return one line of JSON, with its line end.

    The fields are `source`, `frame` (index from 0), `stamp` (see `Frame.stamp_s`), `width`,
    `height`, `skeleton` and `people`, as `People.to_dict` has them. A skeleton that does not come
    with the package is described in `skeleton_file`, as its file would.
    """
    height, width = frame.image.shape[:2]
    fields = {
        'source': frame.source,
        'frame': frame.index,
        'stamp': rounded_stamp(frame.stamp_s),
        'width': width,
        'height': height,
        **people.to_dict(),
    }
    if not is_of_the_package(people.skeleton):
        fields['skeleton_file'] = skeleton_to_dict(people.skeleton)
    return json.dumps(fields, separators=(',', ':'), allow_nan=False) + '\n'


def rounded_stamp(stamp_s: float | None) -> float | None:
    """Return a stamp to the microsecond: no frame is nearer to the next, and no clock so good."""
    return None if stamp_s is None else round(stamp_s, 6)


def people_from_line(line: str, skeleton: Skeleton | None = None) -> People:
    """
    Return the people of a line that `to_line` made.

    Parameters
    ----------
    line : str
        With its line end or without.
    skeleton : Skeleton, optional
        By default the one that the line names or describes.

    Raises
    ------
    SourceError
        If it is no such line, or a number in it is beyond float32.
    SkeletonError
        If their skeleton is unknown, or has another number of keypoints.

    """
    try:
        return _people(parse_json(line), skeleton)
    except (ValueError, LookupError, TypeError, AttributeError) as exc:
        reason = f'it lacks {exc}' if isinstance(exc, KeyError) else str(exc)
        raise SourceError(f'{reason}; expected a line of estimate --json') from exc


def _people(fields: dict[str, Any], skeleton: Skeleton | None) -> People:
    skeleton = skeleton or _skeleton(fields)
    people = fields['people']
    count = skeleton.num_keypoints
    for person in people:
        if len(person['keypoints']) != count:
            raise SkeletonError(
                f'a person has {len(person["keypoints"])} keypoints, but the skeleton '
                f'{skeleton.name} has {count}; pass the skeleton of who wrote it'
            )
    # None, where a part is missing, becomes NaN.
    try:
        with np.errstate(over='raise'):
            rows = np.array([person['keypoints'] for person in people], np.float32)
            scores = np.array([person['score'] for person in people], np.float32)
            parts = _parts(people)
    except FloatingPointError as exc:
        raise ValueError('a number is larger than any picture') from exc
    if not people:
        rows = rows.reshape(0, count, 3)
    return People(rows, scores, skeleton, ids=_ids(people), **parts)


def _parts(people: list[dict[str, Any]]) -> dict[str, Any]:
    """Return the fields of hands and faces that a line holds."""
    return {
        field: np.array([person[one] for person in people], np.float32)
        for field, one in PARTS.items()
        if people and all(one in person for person in people)
    }


def _ids(people: list[dict[str, Any]]) -> tuple[str, ...]:
    ids = tuple(str(person.get('id', '')) for person in people)
    return ids if any(ids) else ()


def _skeleton(fields: dict[str, Any]) -> Skeleton:
    described = fields.get('skeleton_file')
    if described is None:
        return load_skeleton(fields['skeleton'])
    try:
        return skeleton_from_dict(described)
    except (ValueError, LookupError, TypeError, AttributeError, OverflowError) as exc:
        raise SkeletonError(f'skeleton_file describes no skeleton: {exc}') from exc


def to_openpose(people: People) -> dict[str, Any]:
    """
    Return OpenPose's own form, version 1.3.

    `pose_keypoints_2d` is x, y, score of each keypoint in one row, 0, 0, 0 where it is missing,
    and so are faces and hands; those are empty where nothing looks for them, and 3D is, as
    OpenPose leaves them (its doc/02_output.md, "JSON Output Format").
    """
    persons = []
    for index, rows in enumerate(people.keypoints):
        person = {'person_id': [-1], 'pose_keypoints_2d': _flat(rows)}
        person |= {name: [] for name in _OPENPOSE_EMPTY}
        for field, found in people.parts.items():
            person[_OPENPOSE_PARTS[field]] = _flat(found[index])
        persons.append(person)
    return {'version': 1.3, 'people': persons}


def _flat(keypoints: Any) -> list[float]:
    flat: list[float] = []
    for x, y, score in keypoints.tolist():
        flat += (round(x, 3), round(y, 3), round(score, 6)) if score > 0 else (0, 0, 0)
    return flat
