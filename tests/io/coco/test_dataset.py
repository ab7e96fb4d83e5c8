"""A dataset of COCO, as pycocotools reads it and Datumaro asks for it, with which CVAT imports."""

from __future__ import annotations

from collections.abc import Callable
import json
from pathlib import Path
from typing import Any

import numpy as np
from pycocotools.coco import COCO
import pytest

from openpose_ros.io import Frame, Source, find_sources
from openpose_ros.io.coco.dataset import DatasetFile
from openpose_ros.people import People
from openpose_ros.skeletons import load_skeleton

IMAGE = np.zeros((48, 64, 3), np.uint8)
SKELETON = load_skeleton('coco_18')
MakeFile = Callable[..., Path]


def somebody() -> People:
    """Return one person with a nose and a neck."""
    keypoints = np.full((1, 18, 3), np.nan, np.float32)
    keypoints[..., 2] = 0
    keypoints[0, 0] = 10.256, 20.5, 0.875
    keypoints[0, 1] = 14, 30, 0.5
    return People(keypoints, np.array([0.75], np.float32), SKELETON)


def written(path: Path, sources: list[Source], frames: list[tuple[Frame, People]]) -> Any:
    with DatasetFile(str(path), SKELETON, sources) as dataset:
        for frame, people in frames:
            dataset.write(frame, people)
    return json.loads(path.read_text())


def test_dataset_loads_in_pycocotools(
    make_picture: MakeFile, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    sources = [source for name in ('a.jpg', 'sub/b.jpg') for source in found(make_picture(name))]
    first, second = (Frame(IMAGE, source.name) for source in sources)
    path = tmp_path / 'people.json'
    nobody = People.empty(SKELETON)
    content = written(path, sources, [(first, somebody()), (second, nobody)])
    assert content['images'] == [
        {'id': 1, 'file_name': 'a.jpg', 'width': 64, 'height': 48},
        {'id': 2, 'file_name': 'sub/b.jpg', 'width': 64, 'height': 48},
    ]
    (person,) = content['annotations']
    assert person == {
        'id': 1,
        'image_id': 1,
        'category_id': 1,
        'keypoints': [10.26, 20.5, 2, 14, 30, 2] + [0, 0, 0] * 16,
        'num_keypoints': 2,
        'bbox': [10.26, 20.5, 3.74, 9.5],
        'area': 35.53,
        'iscrowd': 0,
        'segmentation': [],
        'score': 0.75,
    }
    coco = COCO(str(path))
    assert coco.getCatIds(catNms=['person']) == [1]
    assert coco.loadAnns(coco.getAnnIds(imgIds=[1], catIds=[1], iscrowd=False)) == [person]
    category = coco.loadCats([1])[0]
    assert category['keypoints'] == list(SKELETON.keypoint_names)
    names = [[category['keypoints'][end - 1] for end in limb] for limb in category['skeleton']]
    assert ['neck', 'right_shoulder'] in names
    assert min(end for limb in category['skeleton'] for end in limb) == 1
    capsys.readouterr()  # pycocotools prints how long it took


def found(path: Path) -> list[Source]:
    return find_sources(str(path))


def test_pictures_of_one_folder_are_called_by_their_names(
    make_picture: MakeFile, tmp_path: Path
) -> None:
    sources = found(make_picture('deep/in/é.png').parent)
    frame = Frame(IMAGE, sources[0].name)
    content = written(tmp_path / 'people.json', sources, [(frame, somebody())])
    assert content['images'][0]['file_name'] == 'é.png'


def test_frames_are_called_as_cvat_calls_them(make_video: MakeFile, tmp_path: Path) -> None:
    sources = [*found(make_video('walk.mp4')), *found(make_video('run.mp4'))]
    frame = Frame(IMAGE, sources[0].name, 12, 0.5, 25.0)
    for number, name in ((1, 'frame_000012.jpg'), (2, 'walk/frame_000012.jpg')):
        content = written(tmp_path / 'p.json', sources[:number], [(frame, somebody())])
        assert content['images'][0]['file_name'] == name


def test_dataset_without_frames_is_one(tmp_path: Path) -> None:
    content = written(tmp_path / 'people.json', [], [])
    assert (content['images'], content['annotations']) == ([], [])
    assert content['categories'][0]['name'] == 'person'
