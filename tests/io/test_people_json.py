"""The JSON forms are the promised ones, and always valid JSON."""

from __future__ import annotations

from dataclasses import replace
import json
from pathlib import Path

import numpy as np
import pytest

from openpose_ros.errors import SkeletonError, SourceError
from openpose_ros.io import Frame
from openpose_ros.io.people_json import people_from_line, to_line, to_openpose
from openpose_ros.people import People
from openpose_ros.skeletons import Skeleton, available_skeletons, load_skeleton


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


DOG = load_skeleton(Path(__file__).parents[1] / 'data/dog.json')


@pytest.mark.parametrize(
    'skeleton',
    [*map(load_skeleton, available_skeletons()), DOG, replace(DOG, name='coco_18')],
    ids=lambda skeleton: f'{skeleton.name} of {skeleton.num_keypoints}',
)
def test_people_from_line_reads_what_to_line_wrote(skeleton: Skeleton) -> None:
    random = np.random.default_rng(1)
    rows = random.uniform(0.1, 0.9, (2, skeleton.num_keypoints, 3)).astype(np.float32)
    rows[1, 0] = np.nan, np.nan, 0
    people = People(rows, np.array([0.75, 0.5], np.float32), skeleton)
    for written in (people, People.empty(skeleton)):
        read = people_from_line(to_line(FRAME, written))
        assert read.skeleton == skeleton
        np.testing.assert_allclose(read.keypoints, written.keypoints, atol=1e-3)
        np.testing.assert_array_equal(read.scores, written.scores)


def test_only_a_skeleton_of_ones_own_is_described_in_the_line() -> None:
    fields = json.loads(to_line(FRAME, People.empty(DOG)))
    assert fields['skeleton'] == DOG.name
    assert fields['skeleton_file']['keypoints'][0]['name'] == DOG.keypoint_names[0]
    assert 'skeleton_file' not in json.loads(to_line(FRAME, one_person()))


def test_people_from_line_knows_who_they_are() -> None:
    tracked = replace(one_person(), ids=('kqf1',))
    line = to_line(FRAME, tracked)
    assert json.loads(line)['people'][0]['id'] == 'kqf1'
    assert people_from_line(line).ids == ('kqf1',)
    assert people_from_line(to_line(FRAME, one_person())).ids == ()


def test_people_from_line_takes_the_skeleton_of_who_knows_it() -> None:
    fields = {**json.loads(to_line(FRAME, one_person())), 'skeleton': 'mine'}
    line = json.dumps(fields)
    with pytest.raises(SkeletonError, match="unknown skeleton 'mine'"):
        people_from_line(line)
    assert len(people_from_line(line, load_skeleton('coco_18'))) == 1
    with pytest.raises(SkeletonError, match=r'a person has 18 keypoints, but .* body_25 has 25'):
        people_from_line(line, load_skeleton('body_25'))
    with pytest.raises(SkeletonError, match='skeleton_file describes no skeleton'):
        people_from_line(json.dumps({**fields, 'skeleton_file': {'name': 'mine'}}))


def test_stamps_are_not_longer_than_they_are_good() -> None:
    for stamp, written in ((0.1 * 33, '3.3'), (1763999999.1234567, '1763999999.123457')):
        line = to_line(replace(FRAME, stamp_s=stamp), one_person())
        assert f'"stamp":{written},' in line


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


@pytest.mark.parametrize(
    ('line', 'message'),
    [
        ('', 'Expecting value'),
        ('{}', "it lacks 'skeleton'"),
        ('[]', ''),
        ('null', ''),
        ('{"skeleton":"coco_18","people":null}', ''),
        ('{"skeleton":"coco_18","people":[{}]}', "it lacks 'keypoints'"),
        (
            json.dumps(
                {'skeleton': 'coco_18', 'people': [{'keypoints': [[1, 2]] * 18, 'score': 1}]}
            ),
            '',
        ),
        (
            json.dumps(
                {'skeleton': 'coco_18', 'people': [{'keypoints': [1e99] * 18, 'score': 1}]}
            ),
            '',
        ),
    ],
)
def test_what_is_no_line_of_people_is_told_in_one(line: str, message: str) -> None:
    with pytest.raises(
        SourceError, match=f'{message}.*; expected a line of estimate --json$'
    ) as told:
        people_from_line(line)
    assert '\n' not in str(told.value)
