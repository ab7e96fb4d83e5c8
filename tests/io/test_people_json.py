"""The JSON forms are the promised ones, and always valid JSON."""

from __future__ import annotations

import json

import numpy as np

from openpose_ros.io import Frame
from openpose_ros.io.people_json import to_line, to_openpose
from openpose_ros.people import People
from openpose_ros.skeletons import load_skeleton


def one_person() -> People:
    """Return a person with a nose at (10.25, 20.5) and nothing else."""
    skeleton = load_skeleton('coco_18')
    keypoints = np.full((1, 18, 3), np.nan, np.float32)
    keypoints[..., 2] = 0
    keypoints[0, 0] = 10.25, 20.5, 0.875
    return People(keypoints, np.array([0.5], np.float32), skeleton)


FRAME = Frame(np.zeros((48, 64, 3), np.uint8), 'päth/to "it".mp4', 7, 0.28, 25.0)


def test_to_line_has_the_fields_of_the_contract() -> None:
    line = to_line(FRAME, one_person())
    assert line.endswith('\n')
    assert line.count('\n') == 1
    assert json.loads(line) == {
        'source': 'päth/to "it".mp4',
        'frame': 7,
        'stamp': 0.28,
        'width': 64,
        'height': 48,
        'skeleton': 'coco_18',
        'people': [
            {
                'id': '',
                'score': 0.5,
                'keypoints': [[10.25, 20.5, 0.875]] + [[None, None, 0]] * 17,
            }
        ],
    }


def test_to_line_of_a_still_picture_without_people() -> None:
    frame = Frame(FRAME.image, 'photo.jpg')
    fields = json.loads(to_line(frame, People.empty(load_skeleton('coco_18'))))
    assert (fields['frame'], fields['stamp'], fields['people']) == (0, None, [])


def test_to_openpose_is_version_1_3() -> None:
    assert to_openpose(one_person()) == {
        'version': 1.3,
        'people': [
            {
                'person_id': [-1],
                'pose_keypoints_2d': [10.25, 20.5, 0.875] + [0, 0, 0] * 17,
                'face_keypoints_2d': [],
                'hand_left_keypoints_2d': [],
                'hand_right_keypoints_2d': [],
                'pose_keypoints_3d': [],
                'face_keypoints_3d': [],
                'hand_left_keypoints_3d': [],
                'hand_right_keypoints_3d': [],
            }
        ],
    }
