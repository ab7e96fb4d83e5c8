"""People: boxes, dictionaries, nobody."""

from __future__ import annotations

import json

import numpy as np
import pytest

from openpose_ros.people import People
from openpose_ros.skeletons import load_skeleton

SKELETON = load_skeleton('coco_18')


def one_person(**found: tuple[float, float, float]) -> People:
    """Return one person of whom these keypoints were found."""
    keypoints = np.full((1, 18, 3), np.nan, np.float32)
    keypoints[..., 2] = 0
    for name, row in found.items():
        keypoints[0, SKELETON.index(name)] = row
    return People(keypoints, np.array([0.75], np.float32), SKELETON)


def test_empty_has_shapes_and_skeleton() -> None:
    nobody = People.empty(SKELETON)
    assert len(nobody) == 0
    assert nobody.keypoints.shape == (0, 18, 3)
    assert nobody.scores.shape == (0,)
    assert nobody.keypoints.dtype == nobody.scores.dtype == np.float32
    assert nobody.overflow == 0
    assert nobody.bounding_boxes().shape == (0, 4)
    assert nobody.to_dict() == {'skeleton': 'coco_18', 'people': []}


def test_len_counts_people() -> None:
    assert len(one_person(nose=(1, 2, 0.5))) == 1


def test_bounding_boxes_span_found_keypoints() -> None:
    people = one_person(nose=(10, 40, 0.9), neck=(30, 20, 0.1), left_ear=(25, 90, 0.5))
    np.testing.assert_array_equal(people.bounding_boxes(), [[10, 20, 20, 70]])


def test_bounding_boxes_of_one_keypoint_have_no_extent() -> None:
    np.testing.assert_array_equal(
        one_person(nose=(10, 40, 0.9)).bounding_boxes(), [[10, 40, 0, 0]]
    )


def test_bounding_boxes_without_keypoint_are_nan() -> None:
    assert np.isnan(one_person().bounding_boxes()).all()


def test_to_dict_is_plain_json() -> None:
    people = one_person(nose=(10.25, 40.5, 0.9))
    entry = people.to_dict()
    assert json.loads(json.dumps(entry, allow_nan=False)) == entry
    (person,) = entry['people']
    assert person['id'] == ''
    assert person['score'] == 0.75
    assert person['keypoints'][SKELETON.index('nose')] == [10.25, 40.5, 0.9]
    missing = [row for index, row in enumerate(person['keypoints']) if index]
    assert missing == [[None, None, 0]] * 17


def test_to_dict_rounds_to_what_a_reader_can_use() -> None:
    row = one_person(nose=(1 / 3, 2 / 3, 1 / 7)).to_dict()['people'][0]['keypoints'][0]
    assert row == [0.333, 0.667, 0.1429]


def test_people_are_frozen() -> None:
    with pytest.raises(AttributeError):
        People.empty(SKELETON).overflow = 3  # type: ignore[misc]
