"""From a Caffe file to people: the way of a user, against OpenCV 4 on the same frame."""

from __future__ import annotations

import json
from pathlib import Path

import cv2
import numpy as np
import pytest

from openpose_ros import PoseEstimator, load_skeleton
from openpose_ros.cli import main
from openpose_ros.engine import open_engine
from openpose_ros.engine.fake import FakeEngine
from openpose_ros.engine.synthetic import render_maps, scatter_people
from openpose_ros.models import import_model, load_model
from openpose_ros.preprocess import preprocess
from tests.models.importing.caffe import networks
from tests.models.importing.onnx_maps import largest_difference

RECORDED = np.load(Path(__file__).parent / 'caffe/opencv.npz')
SKELETONS = {'coco': 'coco_18', 'mpi': 'mpi_15', 'body_25': 'body_25'}


@pytest.fixture(scope='module', params=SKELETONS)
def imported(request, tmp_path_factory):
    """Return the name of a network and its ONNX file."""
    folder = tmp_path_factory.mktemp('imported')
    net = networks.with_weights(networks.NETWORKS[request.param](networks.EIGHTH))
    path = folder / 'net.caffemodel'
    path.write_bytes(net.SerializeToString())
    return request.param, import_model(path, folder / 'net.onnx')


@pytest.mark.parametrize('backend', ['onnxruntime', 'openvino'])
def test_a_frame_becomes_the_maps_that_opencv_makes_of_it(imported, backend):
    """Colours, range and order of the outputs: OpenCV had the frame as OpenPose takes it."""
    if backend == 'openvino':
        pytest.importorskip('openvino', reason='needs the extra openvino')
    name, path = imported
    spec = load_model(path)
    frame = networks.frame()
    size = (frame.shape[1], frame.shape[0])
    tensor, _ = preprocess(frame, spec, size)
    with open_engine(spec, backend=backend, precision='fp32') as engine:
        heatmaps, pafs = engine.infer(tensor)
    skeleton = load_skeleton(SKELETONS[name])
    assert spec.skeleton == skeleton
    assert heatmaps.shape[1] == skeleton.num_keypoints + 1
    assert pafs.shape[1] == 2 * skeleton.num_limbs
    found = np.concatenate([heatmaps[0], pafs[0]])
    assert largest_difference(found, RECORDED[f'frame/{name}'][0]) <= 1e-4


@pytest.mark.parametrize('count', [1, 5])
def test_who_is_drawn_is_found_by_the_manifest_that_was_written(imported, count):
    """Feet and redundant limbs included: the maps of the truth instead of random weights'."""
    _, path = imported
    spec = load_model(path)
    shape = (46, 82)
    drawn = scatter_people(count, spec.skeleton, shape, seed=count)
    maps = render_maps(drawn, spec.skeleton, shape, noise=0.01, seed=count)
    batch = tuple(part[np.newaxis] for part in maps)
    estimator = PoseEstimator(spec, FakeEngine(lambda _: batch, spec), net_resolution=(656, 368))
    people = estimator(np.zeros((368, 656, 3), np.uint8))
    assert len(people) == count
    drawn_px = 8 * drawn[..., :2] + 3.5
    nearest = [
        np.nanmedian(np.hypot(*(drawn_px - found[:, :2]).transpose(2, 0, 1)), axis=1).min()
        for found in people.keypoints
    ]
    assert max(nearest) <= 2, 'pixels'
    missing = np.isnan(people.keypoints[..., 0]).mean(axis=0)
    assert missing.max() <= 0.4, 'no keypoint is never found, toes and heels included'


def test_the_command_line_takes_it_from_file_to_json(tmp_path, capsys, cache):
    """BODY_25 by its name, with 25 keypoints in OpenPose's own form."""
    net = networks.with_weights(networks.body_25(networks.EIGHTH))
    path = tmp_path / 'pose_iter_584000.caffemodel'
    path.write_bytes(net.SerializeToString())
    assert main(['models', 'import', str(path)]) == 0
    assert main(['models', 'show', 'pose_iter_584000']) == 0
    shown = capsys.readouterr().out
    assert 'body_25 (25 keypoints, 26 limbs)' in shown
    assert 'noncommercial research' in shown
    picture = tmp_path / 'picture.png'
    cv2.imwrite(str(picture), networks.frame())
    lines = tmp_path / 'people.jsonl'
    arguments = ['--model', 'pose_iter_584000', '--backend', 'onnxruntime']
    arguments += ['--net-resolution', '64x48', '--json', str(lines), '--quiet']
    assert main(['estimate', str(picture), *arguments]) == 0
    assert json.loads(lines.read_text('utf-8'))['skeleton'] == 'body_25'
