"""A real file of PoseNet against what TensorFlow.js makes of it."""

from __future__ import annotations

import json
from pathlib import Path

import cv2
import numpy as np
import pytest

from openpose_ros import PoseEstimator
from openpose_ros.models import import_model, load_model
from openpose_ros.models.importing.tfjs.reading import read
from tests.models.importing.judged import ALLOWED, difference, maps_of
from tests.models.importing.tfjs import real

RECORDED = np.load(Path(__file__).with_name('real.npz'))
PICTURE = 785
NAMES = {
    'heatmaps': 'MobilenetV1/heatmap_2/BiasAdd',
    'offsets': 'MobilenetV1/offset_2/BiasAdd',
    'displacement_fwd': 'MobilenetV1/displacement_fwd_2/BiasAdd',
    'displacement_bwd': 'MobilenetV1/displacement_bwd_2/BiasAdd',
}


@pytest.fixture
def path(shared):
    found = shared / 'models' / real.NAME
    if not found.is_file():
        pytest.skip(f'there is no {found}')
    return found


@pytest.mark.parametrize('case', real.SIZES)
def test_maps_are_those_of_tensorflow_js(case, path):
    found = maps_of(read(path), real.picture(case))
    for name, original in NAMES.items():
        expected = RECORDED[f'{case}/{original}']
        if name == 'heatmaps':
            expected = 1 / (1 + np.exp(-expected))
        assert difference(found[name][real.EVERY, real.EVERY], expected) <= ALLOWED, name


def test_it_says_what_its_picture_must_be(path, tmp_path):
    spec = load_model(import_model(path, tmp_path / 'posenet.onnx'))
    assert (spec.decoder, spec.skeleton.name, spec.stride) == ('posenet', 'coco_17', 16)
    assert (spec.input.colour, spec.input.multiple, spec.input.offset) == ('RGB', 16, 1)


def test_it_finds_who_is_there(path, shared, tmp_path):
    """A skier, where COCO's annotators saw her: from file to people, by what the file says."""
    annotated = json.loads((shared / 'images/person_keypoints_dev.json').read_text())
    [truth] = [entry for entry in annotated['annotations'] if entry['image_id'] == PICTURE]
    expected = np.reshape(truth['keypoints'], (-1, 3))
    frame = cv2.imread(str(shared / f'images/{PICTURE:012}.jpg'))
    estimator = PoseEstimator.from_model(
        import_model(path, tmp_path / 'posenet.onnx'), backend='onnxruntime'
    )
    with estimator:
        people = estimator(frame)
    best = people.keypoints[people.scores.argmax()]
    distances = np.linalg.norm(best[:, :2] - expected[:, :2], axis=1)[expected[:, 2] > 0]
    assert np.median(distances) < 8, 'pixels; 5 were measured'
