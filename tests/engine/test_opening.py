"""From a backend's name to an engine."""

from __future__ import annotations

import json
import logging
import os
from pathlib import Path
import pickle
import subprocess
import sys

import numpy as np
import pytest

from openpose_ros.backends import BACKENDS
from openpose_ros.engine import automatic, open_engine
from openpose_ros.errors import EngineError, ModelError, ParameterError
from openpose_ros.models import default, load_model
from tests.engine.graphs import RAW_BGR, write_network

ROOT = Path(__file__).parents[2]
KNOWN = 'human-pose-estimation-0001'


@pytest.fixture
def tiny(tmp_path):
    return write_network(tmp_path / 'tiny.onnx', {'pafs': 38, 'heatmaps': 19}).path


@pytest.mark.parametrize('backend', ['magic', ''])
def test_a_backend_that_is_not_there_is_refused_with_those_that_are(backend):
    choices = 'auto, tensorrt, onnxruntime, openvino, fake'
    with pytest.raises(EngineError, match=f"no backend '{backend}'; choose from {choices}$"):
        open_engine(backend=backend)


@pytest.mark.parametrize(
    ('given', 'error', 'says'),
    [
        ({'precision': 'fp64'}, EngineError, "no precision 'fp64'; choose from fp32, fp16"),
        ({'precision': 'FP16'}, EngineError, "no precision 'FP16'"),
        (
            {'providers': 'CPUExecutionProvider'},
            EngineError,
            r"a list: \['CPUExecutionProvider'\]",
        ),
        ({'threads': 0}, ParameterError, 'threads is 0, but must be at least 1, a whole number'),
        ({'threads': 257}, ParameterError, 'threads is 257, but must be at most 256'),
        ({'threads': 1.5}, ParameterError, 'threads is 1.5,'),
        ({'threads': '2'}, ParameterError, "threads is '2',"),
    ],
)
@pytest.mark.parametrize('backend', ['auto', 'onnxruntime', 'openvino', 'fake'])
def test_what_no_backend_takes_is_one_line(tiny, backend, given, error, says):
    with pytest.raises(error, match=says):
        open_engine(tiny, backend=backend, **given)


def test_auto_says_what_it_took_and_why(tiny, caplog):
    with caplog.at_level(logging.DEBUG, 'openpose_ros'), open_engine(tiny) as engine:
        assert engine.name == 'onnxruntime'
    took, runs = (record.getMessage() for record in caplog.records)
    assert took == (
        'backend auto took onnxruntime (CPUExecutionProvider) for tiny: no TensorRT engine of '
        'tiny has been built; ONNX Runtime has no CUDA here'
    )
    assert engine.description in runs
    assert runs.endswith('fp32')


@pytest.mark.parametrize('given', [str, load_model, lambda path: path])
def test_a_model_is_a_path_or_a_spec(tiny, given):
    with open_engine(given(tiny)) as engine:
        assert engine.spec.name == 'tiny'


VNNI, OLD = 'flags : avx2 avx512_vnni', 'flags : avx2'
BASE, BASE_INT8 = 'openpose-ros-base', 'openpose-ros-base-int8'
SMALL, SMALL_INT8 = 'openpose-ros-small', 'openpose-ros-small-int8'
ON_CPU = {'providers': ['CPUExecutionProvider']}


@pytest.mark.parametrize(
    ('cuda', 'facts', 'wishes', 'name'),
    [
        (False, VNNI, {}, BASE_INT8),
        (False, OLD, {}, SMALL_INT8),
        (False, '', {}, SMALL_INT8),
        (False, VNNI, ON_CPU, BASE_INT8),
        (False, OLD, ON_CPU, SMALL_INT8),
        (False, VNNI, {'precision': 'fp32'}, BASE),
        (False, OLD, {'precision': 'fp32'}, SMALL),
        (False, VNNI, {'backend': 'onnxruntime'}, BASE_INT8),
        (False, VNNI, {'backend': 'onnxruntime', 'precision': 'int8'}, BASE_INT8),
        (False, VNNI, {'backend': 'onnxruntime', 'precision': 'fp32'}, BASE),
        (True, OLD, {'backend': 'onnxruntime'}, BASE),
        (True, VNNI, {'backend': 'onnxruntime', **ON_CPU}, BASE_INT8),
        (True, OLD, {'backend': 'openvino'}, SMALL_INT8),  # which has no CUDA
        (False, OLD, {'backend': 'openvino', 'precision': 'fp32'}, SMALL),
        (False, OLD, {'backend': 'fake'}, BASE),  # nothing computes it
        (True, OLD, {}, BASE),  # it will not work, but was to be
    ],
)
def test_the_default_model_suits_what_runs_it(
    monkeypatch, tmp_path, caplog, cuda, facts, wishes, name
):
    if wishes.get('backend') == 'openvino':
        pytest.importorskip('openvino', reason='needs the extra openvino')
    (tmp_path / 'cpuinfo').write_text(facts)
    monkeypatch.setattr(default, '_FACTS', tmp_path / 'cpuinfo')
    monkeypatch.setenv('OPENPOSE_ROS_CACHE', str(tmp_path))  # without TensorRT engines
    monkeypatch.setattr(automatic, '_offers_cuda', lambda: cuda)
    with caplog.at_level(logging.INFO, 'openpose_ros'), open_engine(**wishes) as engine:
        assert engine.spec.name == name
    is_told = wishes.get('backend') != 'fake'  # which runs no network
    assert (f'no model is named: took {name}, as ' in caplog.text) == is_told


def test_a_format_that_nothing_runs_is_refused(tmp_path):
    (tmp_path / 'net.tflite').write_text('a network')
    (tmp_path / 'net.json').write_text(json.dumps({'skeleton': 'coco_18', 'input': RAW_BGR}))
    with pytest.raises(EngineError, match=r'no backend runs .*net\.tflite, a \.tflite file'):
        open_engine(tmp_path / 'net.tflite')
    with pytest.raises(ModelError, match='ONNX Runtime needs an ONNX file'):
        open_engine(tmp_path / 'net.tflite', backend='onnxruntime')


def test_a_model_of_another_decoder_returns_its_maps():
    spec = load_model('posenet-mobilenet-v1-075', need_file=False)
    with open_engine(spec, backend='fake') as engine:
        maps = engine.infer(np.zeros((2, 3, 161, 241), np.float32))
    assert [some.shape for some in maps] == [
        (2, channels, 11, 16) for channels in (17, 34, 32, 32)
    ]


def test_a_spec_without_a_file_is_refused(monkeypatch, tmp_path):
    monkeypatch.setenv('OPENPOSE_ROS_CACHE', str(tmp_path))
    monkeypatch.delenv('OPENPOSE_ROS_MODEL_PATH', raising=False)
    with pytest.raises(ModelError, match='is not on this machine'):
        open_engine(load_model(KNOWN, need_file=False))


@pytest.mark.parametrize(
    ('name', 'advice'),
    [
        ('tensorrt', r"JetPack .*pip install '\.\[tensorrt\]'"),
        ('onnxruntime', 'pip install onnxruntime'),
        ('openvino', 'pip install openvino'),
        ('fake', 'install openpose_ros anew'),
    ],
)
def test_a_backend_that_cannot_be_loaded_says_what_to_install(tiny, monkeypatch, name, advice):
    gone = BACKENDS[name]._replace(module='openpose_ros.engine.nothing')
    monkeypatch.setitem(BACKENDS, name, gone)
    with pytest.raises(
        EngineError, match=rf'{name} cannot be loaded \(No module .*\); .*{advice}'
    ):
        open_engine(tiny, backend=name)


@pytest.mark.parametrize(
    'source',
    [
        "raise RuntimeError('Could not determine home directory.')",  # a uid without a name
        "raise AttributeError('half a library')",
        "raise KeyError('HOME')",
        "raise ImportError('libopenvino.so: cannot open')",
    ],
)
def test_auto_goes_on_without_a_library_that_cannot_be_imported(source, tmp_path):
    """Where OpenVINO is installed but broken, an int8 network runs with ONNX Runtime."""
    (tmp_path / 'openvino').mkdir()
    (tmp_path / 'openvino/__init__.py').write_text(source)
    code = (
        'import logging, openpose_ros\n'
        "logging.basicConfig(format='%(levelname)s %(message)s', level=logging.INFO)\n"
        'with openpose_ros.open_engine() as engine: print(engine.spec.name, engine.name)'
    )
    run = subprocess.run(
        [sys.executable, '-c', code],
        env={
            **os.environ,
            'PYTHONPATH': os.pathsep.join([str(tmp_path), str(ROOT)]),
            'OPENPOSE_ROS_CACHE': str(tmp_path),
        },
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stderr
    chosen = default.default_name('cpu', default.processor_flags())
    assert run.stdout == f'{chosen} onnxruntime\n'
    (warning,) = [line for line in run.stderr.splitlines() if line.startswith('WARNING')]
    assert 'openvino cannot be loaded' in warning
    assert 'taking onnxruntime (CPUExecutionProvider) instead' in warning


@pytest.mark.parametrize('backend', ['auto', 'onnxruntime', 'openvino', 'fake'])
def test_a_pickled_engine_is_opened_again(tiny, backend):
    if backend == 'openvino':
        pytest.importorskip('openvino')
    with open_engine(tiny, backend=backend, threads=1) as engine:
        again = pickle.loads(pickle.dumps(engine))
    with again:
        assert again.name == engine.name
        assert again.spec == engine.spec
        assert again.description == engine.description
        assert again.infer(np.zeros((1, 3, 64, 64), np.float32)).heatmaps.shape == (1, 19, 8, 8)
