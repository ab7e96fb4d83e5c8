"""A real file of PoseNet against what TensorFlow.js makes of it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from openpose_ros.models import import_model, load_model
from openpose_ros.models.importing.tfjs.reading import read
from tests.models.importing.judged import ALLOWED, difference, maps_of
from tests.models.importing.tfjs import real

RECORDED = np.load(Path(__file__).with_name('real.npz'))
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
