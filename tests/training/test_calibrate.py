"""Scores that tell the truth: what is fitted to what was found, and where F1 is best."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from benchmarks.accuracy import estimate_all
from openpose_ros.estimator import PoseEstimator
from openpose_ros.models import ScoreCalibration
from openpose_ros.parsing import PafParams
from openpose_ros.skeletons import load_skeleton
from training.calibrate import (
    Found,
    best_f1,
    calibration_of,
    choose,
    compare_with_truth,
    find_nobody,
    fit,
    joined,
)
from training.pack import Picture, write_pack

PHOTOS = Path(__file__).parents[2] / 'docs/photos'
NETWORK = 'openpose-ros-small-int8'
SIZE = (256, 256)


def drawn(slope: float, offset: float, count: int = 4000) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    scores = rng.uniform(0, 1, count)
    return scores, rng.random(count) < 1 / (1 + np.exp(-(slope * scores + offset)))


@pytest.mark.parametrize(('slope', 'offset'), [(8.0, -3.0), (15.0, -9.0), (2.0, 0.5)])
def test_fit_finds_what_the_scores_were_drawn_from(slope, offset):
    got_slope, got_offset = fit(*drawn(slope, offset))
    assert got_slope == pytest.approx(slope, rel=0.12)
    for score in (0.1, 0.5, 0.9):
        expected = ScoreCalibration(slope, offset).told(score)
        got = ScoreCalibration(got_slope, got_offset).told(score)
        assert got == pytest.approx(expected, abs=0.03)


@pytest.mark.parametrize(
    ('scores', 'right'),
    [
        drawn(8.0, -3.0),
        drawn(-8.0, 3.0),  # better scores are worse
        (np.array([0.1, 0.2, 0.8, 0.9]), np.array([0, 0, 1, 1], bool)),  # told apart
        (np.full(6, 0.5), np.array([0, 1, 0, 1, 1, 1], bool)),  # one score for all
    ],
)
def test_calibrated_is_strictly_monotonic_and_inside_0_and_1(scores, right):
    told = ScoreCalibration(*fit(scores, right)).told(np.linspace(0, 1, 101))
    assert (np.diff(told) > 0).all()
    assert told[0] > 0
    assert told[-1] < 1


@pytest.mark.parametrize('right', [np.ones(5, bool), np.zeros(5, bool), np.zeros(0, bool)])
def test_fit_with_nothing_to_learn_from_says_so(right):
    with pytest.raises(ValueError, match='some are right and some are wrong'):
        fit(np.linspace(0, 1, len(right)), right)


def test_best_f1_by_hand():
    scores = np.array([0.9, 0.8, 0.8, 0.5, 0.1])
    right = np.array([True, True, False, True, False])
    # 3 right of 4 shown, 5 annotated: 2·3 / (4 + 5)
    assert best_f1(Found(scores, right, 5)) == pytest.approx((6 / 9, 0.5))


def keypoints(x: float, y: float) -> list[float]:
    """Return COCO's 17 keypoints of a person 100 pixels high, all marked."""
    return [v for i in range(17) for v in (x + 5 * (i % 3), y + 6 * i, 2)]


@pytest.fixture
def truth() -> dict:
    def person(number: int, picture: int, x: float) -> dict:
        return {
            'id': number,
            'image_id': picture,
            'category_id': 1,
            'iscrowd': 0,
            'num_keypoints': 17,
            'keypoints': keypoints(x, 10),
            'area': 3000,
            'bbox': [x, 10, 30, 100],
        }

    return {
        'images': [{'id': n} for n in (3, 4, 5, 8)],
        'categories': [{'id': 1, 'keypoints': [str(n) for n in range(17)]}],
        'annotations': [person(1, 3, 10), person(2, 3, 200), person(3, 4, 50)],
    }


def test_compare_with_truth_counts_each_person_once(truth):
    def result(picture: int, x: float, score: float) -> dict:
        return {
            'image_id': picture,
            'category_id': 1,
            'keypoints': keypoints(x, 10),
            'score': score,
        }

    results = [
        result(3, 10, 0.9),
        result(3, 11, 0.8),  # the same person again
        result(3, 500, 0.3),  # nobody is there
        result(4, 51, 0.6),
        result(8, 40, 0.2),  # a picture without people
    ]
    found = compare_with_truth(results, truth)
    by_score = dict(zip(found.scores.tolist(), found.right.tolist(), strict=True))
    assert by_score == {0.9: True, 0.8: False, 0.3: False, 0.6: True, 0.2: False}
    assert found.annotated == 3


def test_choose_halves_are_every_other_picture(truth):
    assert [image['id'] for image in choose(truth, 'even')['images']] == [3, 5]
    assert [a['id'] for a in choose(truth, 'odd')['annotations']] == [3]
    assert len(choose(truth, 'all')['images']) == 4


def test_joined_adds_up():
    part = Found(np.array([0.5]), np.array([True]), 2)
    both = joined([part, part])
    assert both.annotated == 4
    assert len(both.scores) == 2


def pack(folder: Path, *names: str) -> Path:
    """Pack photographs of the docs, as if nobody were in them."""
    write_pack(folder, [Picture(name, (PHOTOS / name).read_bytes()) for name in names])
    return folder


def test_whoever_is_found_in_a_picture_of_nobody_is_wrong(tmp_path):
    found = find_nobody(NETWORK, pack(tmp_path, 'walker.jpg'), SIZE)
    assert len(found.scores)
    assert not found.right.any()
    assert found.annotated == 0


def test_pictures_of_nobody_are_spread_over_the_pack(tmp_path):
    photos = [
        Picture(name, (PHOTOS / name).read_bytes()) for name in ('walker.jpg', 'astronaut.jpg')
    ]

    def found(*which: int, count: int = 9) -> list[float]:
        write_pack(tmp_path, [photos[number] for number in which])
        return find_nobody(NETWORK, tmp_path, SIZE, count).scores.tolist()

    one, other = found(0), found(1)
    assert one != other
    assert found(0, 1, 0, 1, 0, count=1) == one
    assert found(0, 1, 0, 1, 0, count=2) == 2 * one
    assert found(0, 1, 0, 1, 0, count=3) == 3 * one
    assert found(0, 1, 0, 1, 0) == one + other + one + other + one


def test_pictures_of_nobody_make_the_same_score_worth_less(tmp_path):
    """One of those found on a photograph is annotated there; where nobody is, all are wrong."""
    names = [name for name in load_skeleton('coco_18').keypoint_names if name != 'neck']
    truth = {
        'images': [{'id': 1, 'file_name': 'walker.jpg'}],
        'categories': [{'id': 1, 'keypoints': names}],
        'annotations': [],
    }
    with PoseEstimator.from_model(
        NETWORK, backend='onnxruntime', net_resolution=SIZE, params=PafParams(min_score=0.0)
    ) as estimator:
        best, *others = estimate_all(estimator, PHOTOS, truth)
    assert others
    x, y, _ = np.reshape(best['keypoints'], (-1, 3)).T
    box = [float(value) for value in (x.min(), y.min(), np.ptp(x), np.ptp(y))]
    person = {'id': 1, 'iscrowd': 0, 'num_keypoints': 17, 'area': box[2] * box[3], 'bbox': box}
    truth['annotations'] = [{**best, **person}]
    alone, found = calibration_of(NETWORK, PHOTOS, truth, sizes=[SIZE])
    nobody = pack(tmp_path, 'walker.jpg')
    beside, more = calibration_of(NETWORK, PHOTOS, truth, [nobody], [SIZE])
    assert (found.right.sum(), more.right.sum()) == (1, 1)
    assert len(more.scores) == 2 * len(found.scores)
    score = float(found.scores.max())
    assert beside.told(score) < alone.told(score) - 0.1
