"""The measures of networks measure what they say, on people who are known."""

from __future__ import annotations

from argparse import Namespace
from pathlib import Path
import sys
from typing import Any

import cv2
import numpy as np
import pytest

pytest.importorskip('pycocotools')
from benchmarks import networks
from benchmarks.networks import Row, Shown, measure, milliseconds, shown, tables
from benchmarks.nobody import Ghosts, count_ghosts, read_list
from benchmarks.pck import JOINTS, count_correct, pck
from benchmarks.recall import EDGES_PX, KINDS, heights_px, recall_by_height, recall_of_kinds
from benchmarks.twice import count_twice
from openpose_ros.errors import SourceError
from openpose_ros.estimator import PoseEstimator
from openpose_ros.evaluation import Scores
from openpose_ros.models import load_model
from openpose_ros.models.finding import file_sha256
from openpose_ros.people import People
from openpose_ros.skeletons import load_skeleton
from training.pack import Picture, make_picture, write_pack

COCO = load_skeleton('coco_18')
NAMES = load_skeleton('coco_17').keypoint_names


@pytest.fixture
def annotations() -> dict[str, Any]:
    """Two pictures: three people of 50, 100 and 300 pixels' height, and a crowd."""
    people = []
    for number, (image, left, height) in enumerate([(1, 10, 50), (1, 200, 100), (2, 50, 300)]):
        y = np.linspace(20, 20 + height, len(NAMES))
        x = left + np.arange(len(NAMES)) % 4 * height / 8
        people.append(
            {
                'id': number + 1,
                'image_id': image,
                'category_id': 1,
                'num_keypoints': len(NAMES),
                'keypoints': np.stack([x, y, np.full(len(NAMES), 2)], 1).ravel().tolist(),
                'bbox': [left, 20, height / 2, height],
                'area': height * height / 2,
                'iscrowd': 0,
            }
        )
    people.append({**people[0], 'id': 9, 'iscrowd': 1, 'bbox': [0, 0, 500, 400]})
    return {
        'images': [
            {'id': 1, 'width': 640, 'height': 320, 'file_name': '1.png'},
            {'id': 2, 'width': 640, 'height': 640, 'file_name': '2.png'},
        ],
        'categories': [{'id': 1, 'name': 'person', 'keypoints': list(NAMES)}],
        'annotations': people,
    }


def found(annotations: dict[str, Any], *ids: int) -> list[dict[str, Any]]:
    """Return these people of the truth as if they had been found."""
    return [
        {
            'image_id': person['image_id'],
            'category_id': 1,
            'keypoints': person['keypoints'],
            'score': 1.0,
        }
        for person in annotations['annotations']
        if person['id'] in ids
    ]


def test_heights_are_in_pixels_of_the_input(annotations):
    assert heights_px(annotations, (320, 320)) == {1: 25, 2: 50, 3: 150, 9: 200}
    assert heights_px(annotations, (1280, 320)) == {1: 50, 2: 100, 3: 150, 9: 400}


def test_recall_counts_people_by_height(annotations):
    assert EDGES_PX == (0, 32, 64, 96, 128, 192)
    counts = recall_by_height(found(annotations, 1, 3), annotations, (320, 320))
    assert counts == [(1, 1), (1, 0), (0, 0), (0, 0), (1, 1), (0, 0)]


def test_nobody_found_is_a_recall_of_nothing(annotations):
    counts = recall_by_height([], annotations, (320, 320))
    assert counts == [(1, 0), (1, 0), (0, 0), (0, 0), (1, 0), (0, 0)]


@pytest.fixture
def truth() -> np.ndarray:
    """Float32 (18, 3): somebody whose torso is 50 pixels long."""
    person = np.zeros((COCO.num_keypoints, 3), np.float32)
    for number, name in enumerate(JOINTS):
        person[COCO.index(name)] = 10 * number, 100 + 10 * number, 2
    person[COCO.index('left_shoulder')] = 100, 100, 2
    person[COCO.index('right_hip')] = 70, 140, 2
    return person


def somebody(truth: np.ndarray, **moved: tuple[float, float]) -> np.ndarray:
    """Return the person of the truth as found, with some joints moved by x and y."""
    person = truth.copy()
    person[:, 2] = 0.9
    for name, shift in moved.items():
        person[COCO.index(name), :2] += shift
    return person


@pytest.mark.parametrize(
    ('moved', 'correct'),
    [
        ({}, 12),
        ({'left_knee': (6, 7.9)}, 12),  # 9.9 of the 10 allowed
        ({'left_knee': (6, 8.1), 'left_wrist': (-11, 0)}, 10),
        ({'left_knee': (np.nan, np.nan)}, 11),
        ({'nose': (500, 500), 'neck': (500, 500)}, 12),  # do not count
    ],
)
def test_pck_counts_what_is_near(truth, moved, correct):
    others = somebody(truth, **dict.fromkeys(JOINTS, (40.0, 0.0)))
    keypoints = np.stack([others, somebody(truth, **moved)])
    people = People(keypoints, np.ones(2, np.float32), COCO)
    assert count_correct(people, truth) == (correct, 12)


def test_pck_without_people_or_torso(truth):
    nobody = People(np.zeros((0, 18, 3), np.float32), np.zeros(0, np.float32), COCO)
    assert count_correct(nobody, truth) == (0, 12)
    truth[COCO.index('left_wrist'), 2] = -1
    assert count_correct(nobody, truth) == (0, 11)
    truth[COCO.index('right_hip'), 2] = -1
    assert count_correct(nobody, truth) == (0, 0)


@pytest.fixture
def estimator() -> PoseEstimator:
    """Return one that finds the fake engine's people, whatever the picture."""
    return PoseEstimator.from_model(backend='fake')


def test_pck_of_an_estimator_is_in_pixels_of_the_pack(estimator, tmp_path):
    image = np.zeros((240, 320, 3), np.uint8)
    keypoints = estimator(image).keypoints[:1].copy()
    keypoints[..., 2] = 2
    write_pack(tmp_path, [make_picture('drawn/1', image, keypoints)])
    assert pck(estimator, tmp_path) == 1
    keypoints[..., 0] += 1000
    keypoints[:, COCO.index('left_wrist'), 0] -= 1000
    write_pack(tmp_path, [Picture('drawn/1', make_picture('', image).jpeg, keypoints)])
    assert pck(estimator, tmp_path) == pytest.approx(1 / 12)


def test_a_network_is_measured_at_each_size(estimator, annotations, tmp_path):
    for image in annotations['images']:
        picture = np.zeros((image['height'], image['width'], 3), np.uint8)
        cv2.imwrite(str(tmp_path / image['file_name']), picture)
    args = Namespace(images=tmp_path, sports=None, nobody=None)
    rows = list(measure('fake', estimator, args, annotations))
    assert [(row.size, row.pck) for row in rows] == [((256, 256), None), ((456, 256), None)]
    assert all(row.accuracy.ap == 0 for row in rows)
    times = {size: milliseconds({'fake': estimator}, size) for size in networks.SIZES}
    assert all(times[size]['fake'] > 0 for size in networks.SIZES)


def test_tables_compare_with_the_teacher():
    recall = [(2, 1)] * len(EDGES_PX)
    rows = [
        Row(
            name,
            (256, 256),
            Scores(0.25, 0.5, 0.1, *[0.0] * 7),
            recall,
            share,
            Shown(people=10, right=8, annotated=20, twice=3),
            dict.fromkeys(KINDS, (7, 4)),
            ghosts,
        )
        for name, share, ghosts in (
            (networks.OURS, 0.5, Ghosts(np.zeros(100, int), ('',) * 100)),
            (networks.TEACHER, None, None),
        )
    ]
    times = {(256, 256): {networks.OURS: 4.0, networks.TEACHER: 20.0}}
    lines = tables(rows, times)
    shown = '0.250 | 0.500 | 0.80 | 0.40 | 0.53 | 3 of 10'
    ghosts = '0.000 (0.000 to 0.030)'
    assert f'| {networks.OURS} | 256x256 | {shown} | {ghosts} | 0.50 | 4.0 | 0.20 |' in lines
    assert f'| {networks.TEACHER} | 256x256 | {shown} |  |  | 20.0 | 1.00 |' in lines
    counts = ' | '.join([*['1 of 2'] * len(EDGES_PX), '4 of 7', '4 of 7'])
    assert f'| {networks.OURS} | 256x256 | {counts} |' in lines


def test_what_is_shown_is_judged_above_the_least_score(annotations):
    people = [*found(annotations, 1, 2, 3), *found(annotations, 3)]
    results = [
        {**result, 'score': score}
        for result, score in zip(people, (0.9, 0.1, 0.8, 0.7), strict=True)
    ]
    assert shown(results, annotations, 0.5) == Shown(people=3, right=2, annotated=3, twice=1)
    judged = shown(results, annotations, 0.0)
    assert judged == Shown(people=4, right=3, annotated=3, twice=1)
    assert (judged.precision, judged.recall) == (0.75, 1.0)
    assert judged.f1 == pytest.approx(6 / 7)
    assert shown([], annotations, 0.0) == Shown(0, 0, 3, 0)


def test_two_halves_and_one_inside_the_other_are_found_twice(annotations):
    whole = found(annotations, 3)[0]
    rows = np.reshape(whole['keypoints'], (-1, 3))
    upper, lower, moved = rows.copy(), rows.copy(), rows.copy()
    upper[9:] = 0
    lower[:9] = 0
    moved[:, 0] += 500
    halves = [{**whole, 'keypoints': part.ravel().tolist()} for part in (upper, lower)]
    elsewhere = {**whole, 'keypoints': moved.ravel().tolist()}
    assert count_twice([whole], annotations) == 0
    assert count_twice(halves, annotations) == 1
    assert count_twice([whole, halves[0]], annotations) == 1
    assert count_twice([whole, elsewhere], annotations) == 0  # a ghost, but nobody twice
    assert count_twice(found(annotations, 1, 2, 3), annotations) == 0
    assert count_twice([{**half, 'score': 0.1} for half in halves], annotations, 0.5) == 0


def test_kinds_of_people_are_counted(annotations):
    half, wide, whole, _ = annotations['annotations']
    for place in (38, 41, 44, 47, 50):  # v of both knees and ankles, and of a hip
        half['keypoints'][place] = 0
    wide['bbox'] = [200, 20, 120, 100]
    counts = recall_of_kinds(found(annotations, 2), annotations)
    assert counts == {'half bodies': (1, 0), 'wider than high': (1, 1)}
    whole['keypoints'][41] = 0  # one knee: the other is seen
    assert recall_of_kinds([], annotations)['half bodies'] == (1, 0)


def list_of(folder: Path, pictures: dict[str, np.ndarray]) -> dict[str, Any]:
    """Write pictures, and return a list of them."""
    for name, picture in pictures.items():
        cv2.imwrite(str(folder / name), picture)
    entries = [{'file': name, 'sha256': file_sha256(folder / name)} for name in pictures]
    return {'source': 'https://example.org', 'pictures': entries}


def test_ghosts_are_everybody_on_pictures_of_nobody(estimator, tmp_path):
    picture = np.zeros((96, 128, 3), np.uint8)
    listed = list_of(tmp_path, {'a.png': picture, 'b.png': picture + 9})
    people = len(estimator(picture))
    assert people > 0
    ghosts = count_ghosts(estimator, tmp_path, listed)
    assert ghosts.counts.tolist() == [people, people]
    assert ghosts.names == ('a.png', 'b.png')
    assert (ghosts.rate, ghosts.interval()) == (people, (people, people))


def test_another_picture_than_the_listed_one_is_refused(estimator, tmp_path):
    listed = list_of(tmp_path, {'a.png': np.zeros((96, 128, 3), np.uint8)})
    cv2.imwrite(str(tmp_path / 'a.png'), np.full((96, 128, 3), 7, np.uint8))
    with pytest.raises(SourceError, match=r'a\.png has sha256 .*, but .* is listed'):
        count_ghosts(estimator, tmp_path, listed)
    (tmp_path / 'a.png').unlink()
    with pytest.raises(SourceError, match=r'no picture .*a\.png; get https://example\.org'):
        count_ghosts(estimator, tmp_path, listed)


def test_the_interval_of_ghosts_holds_the_rate():
    counts = np.zeros(400, int)
    counts[:20] = 1
    low, high = Ghosts(counts, ('',) * 400).interval()
    # Of 400 pictures with a probability of 0.05: standard deviation 0.0109
    assert (low, high) == pytest.approx((0.05 - 1.96 * 0.0109, 0.05 + 1.96 * 0.0109), abs=0.003)
    assert Ghosts(np.zeros(59, int), ('',) * 59).interval()[1] == pytest.approx(0.05, abs=0.001)


def test_the_list_of_pictures_without_people_is_whole():
    listed = read_list()
    assert len(listed['pictures']) >= 200
    assert {'source', 'licence', 'commit'} <= listed.keys()
    assert len({entry['sha256'] for entry in listed['pictures']}) == len(listed['pictures'])
    assert all(len(entry['sha256']) == 64 for entry in listed['pictures'])


def test_a_missing_set_of_pictures_is_said(monkeypatch, tmp_path, capsys):
    monkeypatch.setattr(sys, 'argv', ['networks.py', '--images', str(Path(tmp_path, 'no'))])
    assert networks.main() == 1
    assert 'no annotations at' in capsys.readouterr().err


def test_our_networks_are_known():
    for name in networks.NAMES:
        assert load_model(name, need_file=False).decoder == 'paf'
