"""In which order the backend auto tries what there is."""

from __future__ import annotations

import pytest

from openpose_ros.engine import automatic
from openpose_ros.engine.automatic import candidates
from openpose_ros.engine.tensorrt.cache import Search
from openpose_ros.models import load_model
from tests.engine.graphs import write_network

CUDA, CPU = ('CUDAExecutionProvider',), ('CPUExecutionProvider',)


@pytest.fixture
def order(tmp_path, monkeypatch):
    """Return a function that says what is tried on a machine that has some things."""
    spec = load_model(write_network(tmp_path / 'net.onnx', {'heatmaps': 19, 'pafs': 38}).path)

    def order(*, cuda=False, openvino=False, precision='fp32', providers=None):
        facts = type('Facts', (), {'precision': precision})
        monkeypatch.setattr(automatic, 'search_engine', lambda *_: Search(None, 'no engine'))
        monkeypatch.setattr(automatic, '_offers_cuda', lambda: cuda)
        monkeypatch.setattr(automatic, 'find_spec', lambda _: openvino or None)
        monkeypatch.setattr(automatic, 'read_onnx_facts', lambda _: facts)
        return list(candidates(spec, providers=providers))

    return order


@pytest.mark.parametrize(
    ('machine', 'tried'),
    [
        ({}, [('onnxruntime', CPU)]),
        ({'cuda': True}, [('onnxruntime', CUDA), ('onnxruntime', CPU)]),
        ({'openvino': True}, [('onnxruntime', CPU)]),  # a network of floats
        ({'precision': 'int8'}, [('onnxruntime', CPU)]),
        (
            {'openvino': True, 'precision': 'int8'},
            [('openvino', None), ('onnxruntime', CPU)],
        ),
        (
            {'cuda': True, 'openvino': True, 'precision': 'int8'},
            [('onnxruntime', CUDA), ('openvino', None), ('onnxruntime', CPU)],
        ),
        ({'cuda': True, 'providers': CPU}, [('onnxruntime', CPU)]),
    ],
)
def test_order(order, machine, tried):
    assert [candidate[:2] for candidate in order(**machine)] == tried


def test_reasons_say_what_was_passed_over(order):
    cuda, openvino, cpu = order(cuda=True, openvino=True, precision='int8')
    assert cuda.reason == 'no engine'
    assert openvino.reason == 'no engine; CUDA does not work; the network is in int8'
    assert cpu.reason == 'no engine; CUDA does not work'
