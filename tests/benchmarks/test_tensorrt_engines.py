"""The TensorRT benchmark measures what it says, and without a GPU says that it does not."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import benchmarks.tensorrt_engines
from benchmarks.tensorrt_engines import (
    Reference,
    copy_table,
    engines,
    introduction,
    main,
    measure,
    read_frames,
    run_reference,
    table,
)
from openpose_ros.engine import open_engine
from openpose_ros.engine.tensorrt import cuda as tensorrt_cuda
from openpose_ros.engine.tensorrt.memory import Gpu
from openpose_ros.errors import EngineError
from openpose_ros.models import load_model
from tests.engine.graphs import write_network
from tests.engine.tensorrt.pretended import PretendedDriver


def no_gpu() -> None:
    raise EngineError('no NVIDIA GPU can be used')


def test_without_a_gpu_it_says_so_in_a_line(capsys, monkeypatch):
    monkeypatch.setattr('benchmarks.tensorrt_engines.find_driver', no_gpu)
    assert main([]) == 1
    said = capsys.readouterr()
    assert said.out == ''
    assert said.err == 'nothing was measured: no NVIDIA GPU can be used\n'


def test_copies_are_checked(monkeypatch):
    driver = PretendedDriver()
    gpu = Gpu(driver)
    assert introduction(gpu)[0].startswith('Pretended GPU, sm_87, driver for CUDA 12.6, pretended')
    rows = copy_table(gpu, rounds=2)
    assert [row.split(' |')[0] for row in rows[2:4]] == ['| 2896896', '| 1400832']
    monkeypatch.setattr(driver, 'to_device', lambda *_: None)
    with pytest.raises(EngineError, match='came back changed'):
        copy_table(gpu, rounds=2)


def test_engines_that_do_not_run_are_named(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv('OPENPOSE_ROS_CACHE', str(tmp_path))
    monkeypatch.setattr(tensorrt_cuda, 'PycudaDriver', no_gpu)
    monkeypatch.setattr('openpose_ros.engine.tensorrt.opening.find_driver', no_gpu)
    spec = load_model(write_network(tmp_path / 'net.onnx', {'heatmaps': 19, 'pafs': 38}).path)
    assert list(engines(spec, (64, 48))) == []
    lines = capsys.readouterr().out.splitlines()
    assert [line.split(' at ')[0] for line in lines] == [
        'tensorrt fp16',
        'tensorrt fp32',
        'onnxruntime',
    ]
    assert all('64x48 does not run here: ' in line for line in lines)


def test_measure_compares_with_the_reference(tmp_path):
    spec = load_model(write_network(tmp_path / 'net.onnx', {'heatmaps': 19, 'pafs': 38}).path)
    frames = read_frames(tmp_path)[:2]
    reference = run_reference(spec, frames, (64, 48))
    assert [tensor.shape for tensor in reference.tensors] == [(1, 3, 48, 64)] * 2
    engine = open_engine(spec, backend='onnxruntime', threads=1)
    row = measure(engine, reference, (64, 48), rounds=3)
    assert row.difference < 1e-5
    assert 0 < row.infer_s[0] <= row.infer_s[1]
    assert 0 < row.people_s[0] <= row.people_s[1]
    shifted = [type(maps)(maps.heatmaps + 0.5, maps.pafs) for maps in reference.maps]
    engine = open_engine(spec, backend='onnxruntime', threads=1)
    wrong = Reference(frames, reference.tensors, shifted, 7)
    row = measure(engine, wrong, (64, 48), rounds=3)
    np.testing.assert_allclose(row.difference, 0.5, atol=1e-5)
    assert table([row])[-1].startswith('| onnxruntime | fp32 | 64×48 | ')  # noqa: RUF001
    assert table([row])[-1].endswith(f'| 0.5000 | {row.people[0]} (7) |')


def test_no_benchmark_hides_a_library():
    """The folder of a script that is run comes first where Python looks for modules."""
    folder = Path(benchmarks.tensorrt_engines.__file__).parent
    names = {path.stem for path in folder.glob('*.py')}
    assert not names & {'tensorrt', 'tensorrt_rtx', 'onnxruntime', 'openvino', 'pycuda', 'cuda'}
