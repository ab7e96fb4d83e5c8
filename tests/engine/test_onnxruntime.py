"""ONNX Runtime on tiny graphs, whose results are known, and on the real networks."""

from __future__ import annotations

import logging

import numpy as np
import onnxruntime
import pytest

from openpose_ros.engine import open_engine
from openpose_ros.errors import EngineError, ModelError
from openpose_ros.models import load_model
from tests.engine.graphs import PAIR, write_network


@pytest.fixture
def tiny(tmp_path):
    """Return the path of a tiny network."""
    return write_network(tmp_path / 'tiny.onnx', PAIR).path


def test_a_float16_graph_runs_in_float16(tmp_path):
    network = write_network(tmp_path / 'half.onnx', PAIR, half=True)
    with open_engine(network.path, backend='onnxruntime') as engine:
        assert engine.precision == 'fp16'


def test_a_graph_that_cannot_be_opened_is_named(tmp_path, capfd):
    network = write_network(tmp_path / 'broken.onnx', PAIR)
    content = network.path.read_bytes()
    network.path.write_bytes(content.replace(b'Conv', b'Vonc'))
    with pytest.raises(EngineError, match=r'ONNX Runtime cannot open .*broken\.onnx: ') as caught:
        open_engine(network.path)
    assert '\n' not in str(caught.value)
    assert caught.value.__cause__ is not None
    assert capfd.readouterr().err == '', 'said once is enough'


def test_a_file_that_is_no_model_is_named(tmp_path):
    network = write_network(tmp_path / 'text.onnx', PAIR)
    network.path.write_text('not a model')
    with pytest.raises(ModelError, match=r'text\.onnx is not an ONNX model'):
        open_engine(network.path)


def test_threads_and_providers_are_used_and_described(tiny):
    options = {'providers': ['CPUExecutionProvider'], 'threads': 1}
    with open_engine(tiny, backend='onnxruntime', **options) as engine:
        assert engine.name == 'onnxruntime'
        assert engine.description == (
            f'ONNX Runtime {onnxruntime.__version__}, CPUExecutionProvider, threads: 1, '
            'fp32 weights'
        )
        assert engine.precision == 'fp32'
        # ONNX Runtime does not show its threads otherwise.
        assert engine._session.get_session_options().intra_op_num_threads == 1


def test_providers_that_are_not_there_are_refused_with_those_that_are(tiny):
    with pytest.raises(
        EngineError, match=r"no provider 'MagicExecutionProvider' here; available: .*CPU"
    ):
        open_engine(tiny, providers=['CPUExecutionProvider', 'MagicExecutionProvider'])


def test_an_automatic_provider_that_does_not_work_is_replaced(tiny, monkeypatch, caplog):
    # This build of ONNX Runtime has no CUDA, so asking for it ends as on a machine whose
    # libraries do not fit: another provider is used.
    both = ['CUDAExecutionProvider', 'CPUExecutionProvider']
    monkeypatch.setattr(onnxruntime, 'get_available_providers', lambda: both)
    if both[0] in onnxruntime.get_all_providers() and 'GPU' in onnxruntime.get_device():
        pytest.skip('CUDA works here')
    with pytest.warns(UserWarning, match='not in available'), caplog.at_level(logging.WARNING):
        engine = open_engine(tiny)
    with engine:
        assert 'CPUExecutionProvider' in engine.description
    assert 'CUDAExecutionProvider does not work on this machine' in caplog.text


@pytest.mark.parametrize(
    ('name', 'precision', 'weights', 'count'),
    [
        ('human-pose-estimation-0001', 'fp32', 'fp32', 3),
        ('human-pose-estimation-0001-fp16', 'fp16', 'fp16', 3),
        ('mobilenetv2-pose-dm14', 'fp32', 'int8', 2),  # slow, and of one large size
    ],
)
def test_real_networks_run(shared, monkeypatch, name, precision, weights, count):
    monkeypatch.setenv('OPENPOSE_ROS_MODEL_PATH', str(shared / 'models'))
    spec = load_model(name)
    width, height = spec.input.fixed_size or (160, 128)
    batch = np.random.default_rng(0).uniform(0, 255, (count, 3, height, width)).astype(np.float32)
    with open_engine(spec, threads=1) as engine:
        assert engine.precision == precision
        assert f'{weights} weights' in engine.description
        maps = engine.infer(batch)
        assert maps.heatmaps.shape == (count, 19, height // 8, width // 8)
        assert maps.pafs.shape == (count, 38, height // 8, width // 8)
        for number in range(count):
            single = engine.infer(batch[number : number + 1])
            np.testing.assert_array_equal(single.heatmaps[0], maps.heatmaps[number])
            np.testing.assert_array_equal(single.pafs[0], maps.pafs[number])


def test_float16_agrees_with_float32_on_a_real_network(shared, monkeypatch):
    monkeypatch.setenv('OPENPOSE_ROS_MODEL_PATH', str(shared / 'models'))
    batch = np.random.default_rng(1).uniform(0, 255, (1, 3, 128, 160)).astype(np.float32)
    maps = []
    for name in ('human-pose-estimation-0001', 'human-pose-estimation-0001-fp16'):
        with open_engine(name) as engine:
            maps.append(engine.infer(batch))
    np.testing.assert_allclose(maps[0].heatmaps, maps[1].heatmaps, atol=0.02)
    np.testing.assert_allclose(maps[0].pafs, maps[1].pafs, atol=0.02)
