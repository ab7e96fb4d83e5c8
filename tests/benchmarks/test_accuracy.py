"""The accuracy benchmark measures what it says: perfect people score 1, wrong ones less."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip('pycocotools')
from benchmarks.accuracy import coco_results, evaluate, halves, table
from openpose_ros.people import People
from openpose_ros.skeletons import load_skeleton

SHARED = Path(__file__).parents[3] / 'shared/images/person_keypoints_dev.json'


def drawn_people(annotations: dict[str, Any], skeleton_name: str) -> list[dict[str, Any]]:
    """Return the ground truth as if it had been found, by way of one of our skeletons."""
    skeleton = load_skeleton(skeleton_name)
    names = annotations['categories'][0]['keypoints']
    results = []
    for truth in annotations['annotations']:
        rows = np.array(truth['keypoints'], np.float32).reshape(-1, 3)
        keypoints = np.full((1, skeleton.num_keypoints, 3), np.nan, np.float32)
        keypoints[..., 2] = 0
        for name, (x, y, visible) in zip(names, rows):
            if visible and name in skeleton.keypoint_names:
                keypoints[0, skeleton.index(name)] = x, y, 0.9
        people = People(keypoints, np.ones(1, np.float32), skeleton)
        results += coco_results(people, truth['image_id'], names)
    return results


@pytest.fixture
def annotations() -> dict[str, Any]:
    """Two pictures, one person each, all 17 keypoints on a grid, in COCO's format."""
    sided = ['eye', 'ear', 'shoulder', 'elbow', 'wrist', 'hip', 'knee', 'ankle']
    names = ['nose', *(f'{side}_{part}' for part in sided for side in ('left', 'right'))]
    keypoints = [value for i in range(17) for value in (20 + 10 * (i % 4), 30 + 12 * i, 2)]
    return {
        'images': [{'id': 7, 'file_name': 'b.jpg'}, {'id': 3, 'file_name': 'a.jpg'}],
        'categories': [{'id': 1, 'name': 'person', 'keypoints': names}],
        'annotations': [
            {
                'id': index + 1,
                'image_id': image_id,
                'category_id': 1,
                'iscrowd': 0,
                'area': 6000.0,
                'bbox': [20, 30, 30, 200],
                'num_keypoints': 17,
                'keypoints': keypoints,
            }
            for index, image_id in enumerate((3, 7))
        ],
    }


@pytest.mark.parametrize('skeleton', ['coco_18', 'body_25'])
def test_evaluate_ground_truth_is_perfect(annotations: dict[str, Any], skeleton: str) -> None:
    assert evaluate(drawn_people(annotations, skeleton), annotations) == pytest.approx((1, 1, 1))


def test_evaluate_skeleton_without_face_scores_less(annotations: dict[str, Any]) -> None:
    assert 0 < evaluate(drawn_people(annotations, 'mpi_15'), annotations).ap < 0.8


def test_evaluate_left_for_right_scores_less(annotations: dict[str, Any]) -> None:
    results = drawn_people(annotations, 'coco_18')
    names = annotations['categories'][0]['keypoints']
    swap = [
        names.index(name.replace('left', '*').replace('right', 'left').replace('*', 'right'))
        for name in names
    ]
    for result in results:
        rows = np.reshape(result['keypoints'], (-1, 3))
        result['keypoints'] = rows[swap].ravel().tolist()
    assert evaluate(results, annotations).ap < 0.2


def test_evaluate_nobody_found_is_zero(annotations: dict[str, Any]) -> None:
    assert evaluate([], annotations) == (0, 0, 0)


def test_evaluate_chosen_pictures_only(annotations: dict[str, Any]) -> None:
    results = [r for r in drawn_people(annotations, 'coco_18') if r['image_id'] == 3]
    assert evaluate(results, annotations, [3]).ap == pytest.approx(1)
    assert evaluate(results, annotations, [7]).ap == 0
    assert evaluate(results, annotations).ap == pytest.approx(0.5, abs=0.01)


def test_halves_alternate_by_id(annotations: dict[str, Any]) -> None:
    assert halves(annotations) == ([3], [7])


def test_table_has_a_row_for_each_half(annotations: dict[str, Any]) -> None:
    rows = table(drawn_people(annotations, 'coco_18'), annotations)
    assert rows[2:] == [
        '| all (2) | 1.000 | 1.000 | 1.000 |',
        '| even half (1) | 1.000 | 1.000 | 1.000 |',
        '| odd half (1) | 1.000 | 1.000 | 1.000 |',
    ]


@pytest.mark.skipif(
    not SHARED.is_file(), reason=f'needs the pictures beside the checkout: {SHARED}'
)
def test_evaluate_ground_truth_of_photographs_is_perfect() -> None:
    photographs = json.loads(SHARED.read_text(encoding='utf-8'))
    found = [a for a in photographs['annotations'] if a['num_keypoints'] and not a['iscrowd']]
    results = drawn_people({**photographs, 'annotations': found}, 'coco_18')
    assert evaluate(results, photographs) == pytest.approx((1, 1, 1))
