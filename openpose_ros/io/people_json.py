"""People as JSON: our own form, a line a frame, and OpenPose's, a file a frame."""

from __future__ import annotations

import json
from typing import Any

import numpy as np

from openpose_ros.io.frame import Frame
from openpose_ros.people import People
from openpose_ros.skeletons import load_skeleton

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
    `height`, `skeleton` and `people`, as `People.to_dict` has them.
    """
    height, width = frame.image.shape[:2]
    fields = {
        'source': frame.source,
        'frame': frame.index,
        'stamp': frame.stamp_s,
        'width': width,
        'height': height,
        **people.to_dict(),
    }
    return json.dumps(fields, separators=(',', ':'), allow_nan=False) + '\n'


def people_from_line(line: str) -> People:
    """
    Return the people of a line that `to_line` made.

    Raises
    ------
    SkeletonError
        If their skeleton is unknown.

    """
    fields = json.loads(line)
    skeleton = load_skeleton(fields['skeleton'])
    people = fields['people']
    # None, where a part is missing, becomes NaN.
    rows = np.array([person['keypoints'] for person in people], np.float32)
    return People(
        rows.reshape(len(people), skeleton.num_keypoints, 3),
        np.array([person['score'] for person in people], np.float32),
        skeleton,
    )


def to_openpose(people: People) -> dict[str, Any]:
    """
    Return OpenPose's own form, version 1.3.

    `pose_keypoints_2d` is x, y, score of each keypoint in one row, 0, 0, 0 where it is missing;
    faces, hands and 3D are empty, as OpenPose leaves them when it does not look for them (its
    doc/02_output.md, "JSON Output Format").
    """
    return {'version': 1.3, 'people': [_openpose_person(rows) for rows in people.keypoints]}


def _openpose_person(keypoints: Any) -> dict[str, Any]:
    flat: list[float] = []
    for x, y, score in keypoints.tolist():
        flat += (round(x, 3), round(y, 3), round(score, 6)) if score > 0 else (0, 0, 0)
    return {'person_id': [-1], 'pose_keypoints_2d': flat, **{name: [] for name in _OPENPOSE_EMPTY}}
