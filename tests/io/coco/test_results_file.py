"""Results that pycocotools loads beside their truth."""

from __future__ import annotations

from collections.abc import Callable
import json
from pathlib import Path

import numpy as np
from pycocotools.coco import COCO
import pytest

from openpose_ros.errors import ParameterError
from openpose_ros.io import Frame, find_sources
from openpose_ros.io.coco.results_file import ResultsFile, left_out, strangers
from openpose_ros.io.coco.truth import Truth, read_truth
from openpose_ros.people import People
from openpose_ros.skeletons import load_skeleton

IMAGE = np.zeros((48, 64, 3), np.uint8)
SKELETON = load_skeleton('coco_18')
NAMES = ['left_ankle', 'nose', 'tail']  # not our order, and not all ours
MakeFile = Callable[..., Path]


@pytest.fixture
def truth(tmp_path: Path) -> Truth:
    """Return annotations of a.png (7) and b.png (3)."""
    path = tmp_path / 'truth.json'
    images = [{'id': 7, 'file_name': 'a.png'}, {'id': 3, 'file_name': 'val/b.png'}]
    category = {'id': 1, 'name': 'person', 'keypoints': NAMES}
    path.write_text(json.dumps({'images': images, 'annotations': [], 'categories': [category]}))
    return read_truth(path)


def somebody() -> People:
    keypoints = np.full((1, 18, 3), np.nan, np.float32)
    keypoints[..., 2] = 0
    keypoints[0, 0] = 10.25, 20.5, 0.875
    return People(keypoints, np.array([0.75], np.float32), SKELETON)


def test_results_have_the_ids_of_the_truth(
    truth: Truth, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / 'results.json'
    with ResultsFile(str(path), truth) as results:
        for source in ('in/a.png', 'in/stranger.png', 'in/val/b.png'):
            results.write(Frame(IMAGE, source), somebody())
        results.write(Frame(IMAGE, 'a.png', 3, 0.1, 25.0), somebody())  # of a video
    person = {'category_id': 1, 'keypoints': [0, 0, 0, 10.25, 20.5, 0.875, 0, 0, 0], 'score': 0.75}
    expected = [{'image_id': picture, **person} for picture in (7, 3)]
    assert json.loads(path.read_text()) == expected
    loaded = COCO(truth.name).loadRes(str(path))
    assert sorted(ann['image_id'] for ann in loaded.loadAnns(loaded.getAnnIds())) == [3, 7]
    capsys.readouterr()  # pycocotools prints how long it took


def test_nobody_is_an_empty_list(truth: Truth, tmp_path: Path) -> None:
    with ResultsFile(str(tmp_path / 'results.json'), truth) as results:
        results.write(Frame(IMAGE, 'a.png'), People.empty(SKELETON))
    assert json.loads((tmp_path / 'results.json').read_text()) == []


def test_strangers_are_named(truth: Truth, make_picture: MakeFile) -> None:
    make_picture('in/a.png')
    for number in range(5):
        folder = make_picture(f'in/x{number}.png').parent
    lacking = strangers(find_sources(str(folder)), truth)
    assert [Path(name).name for name in lacking] == [f'x{number}.png' for number in range(5)]
    line = left_out(lacking, truth, 'r.json')
    assert line.startswith(f'not in {truth.name}, and left out of r.json: {folder}/x0.png, ')
    assert line.endswith('x2.png and 2 more')


def test_sources_that_are_no_pictures_of_the_truth_are_refused(
    truth: Truth, make_picture: MakeFile
) -> None:
    with pytest.raises(ParameterError, match=r'no source is a picture of .*: .*photo\.png'):
        strangers(find_sources(str(make_picture())), truth)
    twice = [
        *find_sources(str(make_picture('1/a.png'))),
        *find_sources(str(make_picture('2/a.png'))),
    ]
    with pytest.raises(ParameterError, match=r'1/a\.png and .*2/a\.png are both picture 7 of'):
        strangers(twice, truth)
