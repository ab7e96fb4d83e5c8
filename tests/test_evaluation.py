"""Evaluation measures what it says: perfect people score 1, wrong ones less."""

from __future__ import annotations

import json
from pathlib import Path
import sys
from typing import Any

import numpy as np
import pytest

pytest.importorskip('pycocotools')
from openpose_ros.errors import LibraryError, ParameterError, SourceError
from openpose_ros.evaluation import Scores, evaluate, table
from openpose_ros.io.coco.truth import truth_of
from tests.annotations import drawn_people, people_of, two_pictures

SHARED = Path(__file__).parents[2] / 'shared/images/person_keypoints_dev.json'


@pytest.fixture
def annotations() -> dict[str, Any]:
    return two_pictures()


@pytest.mark.parametrize('skeleton', ['coco_18', 'body_25'])
def test_evaluate_ground_truth_is_perfect(annotations: dict[str, Any], skeleton: str) -> None:
    assert evaluate(drawn_people(annotations, skeleton), annotations)[:3] == pytest.approx(
        (1, 1, 1)
    )


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
    assert evaluate([], annotations)[:3] == (0, 0, 0)


def test_evaluate_chosen_pictures_only(annotations: dict[str, Any]) -> None:
    results = [r for r in drawn_people(annotations, 'coco_18') if r['image_id'] == 3]
    assert evaluate(results, annotations, [3]).ap == pytest.approx(1)
    assert evaluate(results, annotations, [7]).ap == 0
    assert evaluate(results, annotations).ap == pytest.approx(0.5, abs=0.01)


def test_evaluate_takes_ids_of_words_and_numbers(annotations: dict[str, Any]) -> None:
    mixed = two_pictures()
    mixed['images'][1]['id'] = mixed['annotations'][0]['image_id'] = 'three'
    found = [r for r in drawn_people(mixed, 'coco_18') if r['image_id'] == 'three']
    alike = [{**result, 'image_id': 3} for result in found]
    assert {person['image_id'] for person in mixed['annotations']} == {7, 'three'}
    assert evaluate(found, mixed) == evaluate(alike, annotations)
    assert evaluate(found, mixed, ['three']).ap == pytest.approx(1)
    assert evaluate(found, mixed, [7]).ap == 0


def test_evaluate_tells_sizes_apart(annotations: dict[str, Any]) -> None:
    large, medium = annotations['annotations']
    large['area'] = 20_000
    results = drawn_people(annotations, 'coco_18')
    whole = evaluate(results, annotations)
    assert (whole.ap_medium, whole.ap_large, whole.ar_medium) == pytest.approx((1, 1, 1))
    found = [result for result in results if result['image_id'] == large['image_id']]
    scores = evaluate(found, annotations)
    assert (scores.ap_medium, scores.ap_large) == pytest.approx((0, 1))
    assert (scores.ar, scores.ar_medium, scores.ar_large) == pytest.approx((0.5, 0, 1))
    del large['area']
    large['area'] = medium['area']
    assert evaluate(results, annotations).ap_large == -1  # nobody


def test_evaluate_other_keypoints_than_cocos_are_refused(annotations: dict[str, Any]) -> None:
    annotations['categories'][0]['keypoints'] = ['nose', 'tail']
    for person in annotations['annotations']:
        del person['keypoints'][6:]
    with pytest.raises(ParameterError, match='the truth has 2 keypoints, but OKS is defined for'):
        evaluate([], annotations)


@pytest.mark.parametrize(
    ('changed', 'message'),
    [
        (
            {'image_id': 99},
            r'result 0 \(from 0\): the truth has no picture 99; expected what coco_',
        ),
        ({'keypoints': [1, 2, 3]}, r'result 0 \(from 0\): keypoints has 3 numbers, expected 51'),
        ({'score': float('nan')}, 'its score is nan'),
        ({'score': None}, r'result 0 \(from 0\): .*; expected what coco_results returns'),
    ],
)
def test_evaluate_tells_which_result_is_none(
    annotations: dict[str, Any], changed: dict[str, Any], message: str
) -> None:
    results = drawn_people(annotations, 'coco_18')
    with pytest.raises(ParameterError, match=message):
        evaluate([{**results[0], **changed}, *results[1:]], annotations)


def test_evaluate_tells_what_are_no_results(annotations: dict[str, Any]) -> None:
    person = people_of(annotations['annotations'][0], 'coco_17', [])
    for results in ([{}], [None], person):
        with pytest.raises(ParameterError, match=r'^result 0 \(from 0\): .*; expected what coco_'):
            evaluate(results, annotations)  # type: ignore[arg-type]
    with pytest.raises(ParameterError, match='the results are a NoneType, but must be a list'):
        evaluate(None, annotations)  # type: ignore[arg-type]


def test_evaluate_fills_in_what_the_truth_leaves_open(annotations: dict[str, Any]) -> None:
    results = drawn_people(annotations, 'coco_18')
    annotations['categories'].insert(0, {'id': 9, 'name': 'dog'})
    annotations['categories'][1]['id'] = 4
    for person in annotations['annotations']:
        person['category_id'] = 4
        for name in ('id', 'area', 'bbox', 'iscrowd', 'num_keypoints'):
            del person[name]
    assert evaluate(results, annotations).ap == pytest.approx(1)


@pytest.mark.parametrize('content', [None, [], {}, 'truth.json', {'images': [], 'categories': []}])
def test_evaluate_tells_what_is_no_truth(content: Any) -> None:
    with pytest.raises(SourceError, match=r'^the truth is no truth in the format of COCO'):
        evaluate([], content)


def test_evaluate_tells_which_pictures_there_are(annotations: dict[str, Any]) -> None:
    with pytest.raises(ParameterError, match=r'image_ids has 99, but the truth .* it has 7, 3$'):
        evaluate([], annotations, [3, 99])
    with pytest.raises(ParameterError, match='image_ids are 3, but must be a list of ids'):
        evaluate([], annotations, 3)  # type: ignore[arg-type]
    with pytest.raises(ParameterError, match=r'image_ids has \[3\], but the truth has no such'):
        evaluate([], annotations, [[3]])


def test_evaluate_takes_a_truth_that_was_read(annotations: dict[str, Any]) -> None:
    results = drawn_people(annotations, 'coco_18')
    results[0]['keypoints'] = [0] * 51
    scores = evaluate(results, truth_of(annotations, 'the truth'))
    assert scores == evaluate(results, annotations)
    assert scores.ap < 1


def test_evaluate_names_the_library_that_is_missing(
    annotations: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, 'pycocotools.coco', None)
    with pytest.raises(LibraryError, match=r'evaluation needs pycocotools, .*; pip install pyc'):
        evaluate([], annotations)


def test_table_has_a_row_for_precision_and_one_for_recall() -> None:
    rows = table(Scores(0.5, 0.75, 0.625, -1.0, 0.25, 0.6, 0.8, 0.7, -1.0, 0.35))
    assert [row.split() for row in rows[1:]] == [
        ['AP', '0.500', '0.750', '0.625', '-', '0.250'],
        ['AR', '0.600', '0.800', '0.700', '-', '0.350'],
    ]
    assert len({len(row) for row in rows}) == 1


@pytest.mark.skipif(
    not SHARED.is_file(), reason=f'needs the pictures beside the checkout: {SHARED}'
)
def test_evaluate_ground_truth_of_photographs_is_perfect() -> None:
    photographs = json.loads(SHARED.read_text(encoding='utf-8'))
    found = [a for a in photographs['annotations'] if a['num_keypoints'] and not a['iscrowd']]
    results = drawn_people({**photographs, 'annotations': found}, 'coco_18')
    assert evaluate(results, photographs)[:3] == pytest.approx((1, 1, 1))
