"""Results in their three forms are the same people on the same pictures."""

from __future__ import annotations

import json
from pathlib import Path
import re
from typing import Any

import numpy as np
import pytest

from openpose_ros.errors import SourceError
from openpose_ros.io import Frame
from openpose_ros.io.coco.found import read_found
from openpose_ros.io.coco.truth import Truth, read_truth
from openpose_ros.io.people_json import to_line
from openpose_ros.people import People
from openpose_ros.skeletons import load_skeleton
from tests.annotations import drawn_people, people_of, two_pictures

FRAME = Frame(np.zeros((300, 200, 3), np.uint8), '')


@pytest.fixture
def truth(tmp_path: Path) -> Truth:
    path = tmp_path / 'truth.json'
    path.write_text(json.dumps(two_pictures()))
    return read_truth(path)


def lines(*sources: str) -> str:
    """Return a line for each picture: the person of the truth, whoever they are."""
    content = two_pictures()
    names = content['categories'][0]['keypoints']
    people = people_of(content['annotations'][0], 'body_25', names)
    return ''.join(to_line(Frame(FRAME.image, source), people) for source in sources)


def as_list(**changes: Any) -> list[dict[str, Any]]:
    return [{**result, **changes} for result in drawn_people(two_pictures(), 'coco_18')]


def as_dataset() -> dict[str, Any]:
    """Return a dataset with ids and keypoints in an order of its own, and a score."""
    content = two_pictures()
    category = content['categories'][0]
    category['id'], category['keypoints'] = 5, category['keypoints'][::-1]
    for image, image_id in zip(content['images'], (100, 101)):
        image['id'] = image_id
    for person, image_id in zip(content['annotations'], (101, 100)):
        rows = np.reshape(person['keypoints'], (-1, 3))[::-1]
        person |= {'image_id': image_id, 'category_id': 5, 'score': 1.0}
        person['keypoints'] = rows.ravel().tolist()
    return content


def write(folder: Path, content: Any) -> Path:
    path = folder / 'results.json'
    path.write_text(content if isinstance(content, str) else json.dumps(content))
    return path


@pytest.mark.parametrize(
    'content',
    [lines('some/a.jpg', 'b.jpg'), as_list(), as_dataset()],
    ids=['lines', 'list', 'set'],
)
def test_three_forms_are_the_same(tmp_path: Path, truth: Truth, content: Any) -> None:
    found = read_found(write(tmp_path, content), truth)
    assert found.pictures == {3, 7}
    assert found.strangers == []
    assert found.without_score == 0
    written = drawn_people(two_pictures(), 'coco_18')
    for result, right in zip(sorted(found.results, key=lambda r: r['image_id']), written):
        assert result['image_id'] == right['image_id']
        assert result['score'] == 1
        places = np.reshape(result['keypoints'], (-1, 3))[:, :2]
        np.testing.assert_allclose(places, np.reshape(right['keypoints'], (-1, 3))[:, :2])


def test_a_line_of_nobody_is_a_picture_that_was_looked_at(tmp_path: Path, truth: Truth) -> None:
    nobody = to_line(Frame(FRAME.image, 'a.jpg'), People.empty(load_skeleton('coco_18')))
    found = read_found(write(tmp_path, f'\n{nobody}\n'), truth)
    assert (found.pictures, found.results) == ({3}, [])


def test_other_pictures_are_strangers(tmp_path: Path, truth: Truth) -> None:
    found = read_found(write(tmp_path, lines('a.jpg', 'c.jpg', 'd.jpg', 'c.jpg')), truth)
    assert (found.pictures, found.strangers) == ({3}, ['c.jpg', 'd.jpg'])
    found = read_found(write(tmp_path, as_list(image_id=12)), truth)
    assert (found.pictures, found.strangers, found.results) == (set(), ['12'], [])
    content = as_dataset()
    content['images'][0]['file_name'] = 'c.jpg'
    found = read_found(write(tmp_path, content), truth)
    assert (found.pictures, found.strangers, len(found.results)) == ({3}, ['c.jpg'], 1)


def test_a_box_without_keypoints_is_no_result(tmp_path: Path, truth: Truth) -> None:
    content = as_dataset()
    content['annotations'][0]['keypoints'] = [0] * 51
    found = read_found(write(tmp_path, content), truth)
    assert found.pictures == {3, 7}
    assert [result['image_id'] for result in found.results] == [7]


def test_ids_may_be_text(tmp_path: Path, truth: Truth) -> None:
    found = read_found(write(tmp_path, as_list(image_id='3')), truth)
    assert found.pictures == {3}


def test_results_without_a_score_are_counted(tmp_path: Path, truth: Truth) -> None:
    found = read_found(write(tmp_path, as_list(score=None)), truth)
    assert found.without_score == 2
    assert [result['score'] for result in found.results] == [1, 1]


@pytest.mark.parametrize(
    ('content', 'message'),
    [
        (lines('a.jpg', 'x/a.jpg'), r'line 2: x/a\.jpg was looked at in line 1 already'),
        (lines('a.jpg') + 'no line', r'results\.json, line 2: Expecting value'),
        (lines('a.jpg').replace('body_25', 'mine'), "line 1: unknown skeleton 'mine'"),
        (lines('a.jpg').replace('source', 'from'), "line 1: it lacks 'source'"),
        (lines('a.jpg').replace('body_25', 'coco_18'), 'a person has 25 keypoints'),
        (as_list(keypoints=[1, 2]), r'result 0 \(from 0\): keypoints has 2 numbers, expected 51'),
        ([3], r'result 0 \(from 0\): '),
        ({'images': [], 'annotations': []}, "no dataset .*lacks 'categories'"),
        ({'version': 1.3}, 'holds no results: expected a list'),
        ({**as_dataset(), 'annotations': 3}, 'no dataset .*"annotations" is no list'),
        (
            re.sub(r'"score":[\d.]+', '"score":1e99', lines('a.jpg')),
            'line 1: a number is larger than any picture',
        ),
        ('', 'is not JSON'),
        ('[1, NaN]', 'NaN is no number of JSON'),
    ],
)
def test_what_is_wrong_is_named(tmp_path: Path, truth: Truth, content: Any, message: str) -> None:
    with pytest.raises(SourceError, match=message) as found:
        read_found(write(tmp_path, content), truth)
    assert '\n' not in str(found.value)
