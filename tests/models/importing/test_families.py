"""
One pixel of each family, preprocessed here, against the number of the family's own program.

The expected numbers are worked out by hand of the line of upstream's source that each case names.
"""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from openpose_ros.models.importing.families import FAMILIES, manifest_of
from openpose_ros.models.importing.graph import Graph, Node
from openpose_ros.models.importing.operations import Convolution
from openpose_ros.models.manifest import make_spec
from openpose_ros.preprocess import preprocess

BLUE, GREEN, RED = 16, 200, 77
PAGE = Path(__file__).parents[3] / 'docs/models.md'
# x * (1 / 256) - 0.5, blue first
OPENPOSE = (16 / 256 - 0.5, 200 / 256 - 0.5, 77 / 256 - 0.5)
PIXELS = {
    # openpose, src/openpose/utilities/openCv.cpp:127; black beside: openCvPrivate.hpp:16
    'openpose-coco': (OPENPOSE, -0.5),
    'openpose-mpi': (OPENPOSE, -0.5),
    'openpose-body-25': (OPENPOSE, -0.5),
    'openpose-hand': (OPENPOSE, -0.5),
    'openpose-face': (OPENPOSE, -0.5),
    # keras_Realtime_Multi-Person_Pose_Estimation, model/cmu_model.py:185; config:33
    'keras-openpose': (OPENPOSE, 0),
    # lightweight-human-pose-estimation.pytorch, val.py:32: (img - 128) * (1 / 256), then zeros
    'lightweight-openpose': ((-112 / 256, 72 / 256, -51 / 256), 0),
    # tf-pose-estimation, tf_pose/estimator.py:442 and 450: the graph does the rest
    'tf-openpose': ((16, 200, 77), 0),
    'tf-openpose-cmu': ((16, 200, 77), 0),
    # tfjs-models, posenet/src/mobilenet.ts:24: x / 127.5 - 1, red first
    'posenet-mobilenet': ((77 / 127.5 - 1, 200 / 127.5 - 1, 16 / 127.5 - 1), -1),
    # tfjs-models, posenet/src/resnet.ts:22: x + [-123.15, -115.90, -103.06], red first
    'posenet-resnet': ((77 - 123.15, 200 - 115.9, 16 - 103.06), -123.15),
}
# trt_pose, tasks/human_pose/live_demo.ipynb, preprocess(): to_tensor, then
# sub_([0.485, 0.456, 0.406]) and div_([0.229, 0.224, 0.225]), red first
TRT_POSE = (
    (77 / 255 - 0.485) / 0.229,
    (200 / 255 - 0.456) / 0.224,
    (16 / 255 - 0.406) / 0.225,
)


def pixel(spec):
    """Return a pixel of a frame of one colour, and one of what is beside it."""
    frame = np.full((32, 20, 3), (BLUE, GREEN, RED), np.uint8)
    side = 32 + spec.input.offset
    tensor, placement = preprocess(frame, spec, (2 * side - spec.input.offset, side))
    assert placement.offset[0] > 0, 'there is something beside the picture'
    return tensor[0, :, side // 2, side], tensor[0, :, side // 2, 0]


def spec_of(fields, name='net'):
    fields = json.loads(json.dumps(fields))  # as it stands in an ONNX file
    fields.setdefault('name', name)
    return make_spec({**fields, 'file': 'net.onnx', 'sha256': '0' * 64}, 'here', PAGE.parent)


def test_each_family_has_a_case():
    assert set(PIXELS) == set(FAMILIES)


@pytest.mark.parametrize('family', FAMILIES)
def test_a_pixel_is_what_upstream_makes_of_it(family):
    fields = dict(FAMILIES[family])
    inside, beside = pixel(spec_of(fields))
    expected, expected_beside = PIXELS[family]
    assert inside == pytest.approx(expected, abs=1e-5)
    assert beside[0] == pytest.approx(expected_beside, abs=1e-5)


def test_a_pixel_of_trt_pose_is_what_its_notebook_makes_of_it():
    """Its manifest stands in the documentation."""
    block = PAGE.read_text('utf-8').partition('"trt_pose_18",')
    text = block[0].rpartition('{')[2] + block[1] + block[2].partition('```')[0]
    inside, _ = pixel(spec_of(json.loads('{' + text)))
    assert inside == pytest.approx(TRT_POSE, abs=1e-5)


def test_a_manifest_says_the_stride_and_the_outputs_of_its_graph():
    weights = np.ones((19, 3, 3, 3), np.float32)
    node = Node('it', Convolution(weights, strides=(4, 4)), ('image',))
    graph = Graph('image', (node,), {'heatmaps': 'it'}, 'openpose-coco')
    told = manifest_of(graph)
    assert (told['stride'], told['input']['multiple']) == (4, 4)
    assert told['outputs'] == {'heatmaps': 'heatmaps'}
    assert manifest_of(Graph('image', (node,), {'out': 'it'})) == {}
    uneven = Node('it', Convolution(weights, strides=(4, 2)), ('image',))
    with pytest.raises(ValueError, match="a cell of 'it' is 2 pixels wide and 4 high"):
        manifest_of(Graph('image', (uneven,), {'heatmaps': 'it'}, 'openpose-coco'))
