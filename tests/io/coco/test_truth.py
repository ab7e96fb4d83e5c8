"""Annotations: what the format leaves open is filled in, and what is wrong is named."""

from __future__ import annotations

from collections.abc import Callable
import json
from pathlib import Path
from typing import Any

import pytest

from openpose_ros.errors import SourceError
from openpose_ros.io.coco.truth import Truth, read_truth
from tests.annotations import two_pictures

Change = Callable[[dict[str, Any]], object]


def read(folder: Path, content: Any) -> Truth:
    path = folder / 'truth.json'
    path.write_text(json.dumps(content))
    return read_truth(path)


def test_truth_is_what_the_file_says(tmp_path: Path) -> None:
    content = two_pictures()
    truth = read(tmp_path, content)
    assert truth.keypoint_names == tuple(content['categories'][0]['keypoints'])
    assert truth.dataset['images'] == content['images']
    for found, written in zip(truth.dataset['annotations'], content['annotations']):
        assert found == {**written, 'bbox': [float(side) for side in written['bbox']]}


def test_what_may_be_left_out_is_filled_in(tmp_path: Path) -> None:
    content = two_pictures()
    person = content['annotations'][0]
    person['keypoints'][2] = 0
    for name in ('num_keypoints', 'iscrowd', 'area', 'bbox', 'id', 'category_id'):
        del person[name]
    found = read(tmp_path, content).dataset['annotations'][0]
    assert (found['num_keypoints'], found['iscrowd'], found['id']) == (16, 0, 1)
    assert found['bbox'] == [20, 42, 30, 180]
    assert found['area'] == 30 * 180


def test_what_is_null_is_filled_in_too(tmp_path: Path) -> None:
    content = two_pictures()
    left_out = two_pictures()
    for name in ('num_keypoints', 'iscrowd', 'area', 'bbox', 'category_id'):
        content['annotations'][0][name] = None
        del left_out['annotations'][0][name]
    assert read(tmp_path, content).dataset == read(tmp_path, left_out).dataset


@pytest.mark.parametrize('keypoints', [None, [], [0] * 51])
def test_who_has_no_keypoints_is_not_counted_as_somebody_with(
    tmp_path: Path, keypoints: list[int] | None
) -> None:
    content = two_pictures()
    content['annotations'][0] |= {'keypoints': keypoints, 'num_keypoints': 17}
    assert read(tmp_path, content).dataset['annotations'][0]['num_keypoints'] == 0


def test_nobody_has_the_id_0(tmp_path: Path) -> None:
    """Which pycocotools takes for nobody."""
    content = two_pictures()
    for person in content['annotations']:
        person['id'] = 0
    assert [person['id'] for person in read(tmp_path, content).dataset['annotations']] == [1, 2]


def test_a_dog_is_nobody(tmp_path: Path) -> None:
    content = two_pictures()
    content['categories'].insert(0, {'id': 18, 'name': 'dog', 'keypoints': ['tail']})
    content['categories'].insert(0, {'id': 3, 'name': 'car'})
    content['annotations'][0] |= {'category_id': 18, 'keypoints': [1, 2, 2]}
    truth = read(tmp_path, content)
    assert len(truth.keypoint_names) == 17
    assert [person['image_id'] for person in truth.dataset['annotations']] == [7]


def test_pictures_are_found_by_name_and_folder(tmp_path: Path) -> None:
    content = two_pictures()
    content['images'] += [
        {'id': 'x', 'file_name': 'one/c.jpg'},
        {'id': 'y', 'file_name': 'two/c.jpg'},
        {'id': 0},
    ]
    truth = read(tmp_path, content)
    assert truth.picture('/somewhere/else/a.jpg') == 3
    assert truth.picture('../two/c.jpg') == 'y'
    assert truth.picture('d.jpg') is None
    with pytest.raises(SourceError, match=r'three/c\.jpg may be several pictures of '):
        truth.picture('three/c.jpg')


@pytest.mark.parametrize(
    ('change', 'message'),
    [
        (lambda all_: all_.pop('images'), 'lacks \'images\'.*: it needs "images", '),
        (lambda all_: all_.pop('categories'), "lacks 'categories'"),
        (lambda all_: all_['categories'][0].pop('keypoints'), 'it needs .* with "keypoints"'),
        (
            lambda all_: all_['images'][1].update(id=all_['images'][0]['id']),
            'two pictures have the id 7',
        ),
        (lambda all_: all_.update(images=3), 'no truth in the format of COCO'),
        (
            lambda all_: all_['annotations'][1]['keypoints'].pop(),
            r'truth\.json, annotation 1 \(from 0\): keypoints has 50 numbers, expected 51',
        ),
        (
            lambda all_: all_['annotations'][1].update(image_id=8),
            r'annotation 1 \(from 0\): no picture has the id 8',
        ),
        (
            lambda all_: all_['annotations'][0].pop('image_id'),
            r"annotation 0 \(from 0\): it lacks 'image_id'",
        ),
        (lambda all_: all_['annotations'].insert(0, None), r'annotation 0 \(from 0\): '),
        (
            lambda all_: all_['annotations'][0].update(bbox=[1, 2]),
            'bbox has 2 numbers, expected 4',
        ),
        (
            lambda all_: all_['annotations'][0]['keypoints'].__setitem__(0, 'left'),
            r'annotation 0 \(from 0\): could not convert',
        ),
    ],
)
def test_what_is_wrong_is_named(tmp_path: Path, change: Change, message: str) -> None:
    content = two_pictures()
    change(content)
    with pytest.raises(SourceError, match=message) as found:
        read(tmp_path, content)
    assert '\n' not in str(found.value)


def test_what_is_no_json_is_named(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match=r'cannot read .*nothing\.json'):
        read_truth(tmp_path / 'nothing.json')
    (tmp_path / 'truth.json').write_text('{')
    with pytest.raises(SourceError, match=r'truth\.json is not JSON'):
        read_truth(tmp_path / 'truth.json')
