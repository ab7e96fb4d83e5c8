"""OpenVINO on tiny graphs, whose results are known, and on the real networks."""

from __future__ import annotations

import json
import os
from pathlib import Path
import shutil
import subprocess
import sys

import cv2
import numpy as np
import pytest

from openpose_ros.engine import open_engine
from openpose_ros.errors import EngineError, ModelError
from tests.engine.graphs import PAIR, RAW_BGR, random_batch, write_network

ROOT = Path(__file__).parents[2]
openvino = pytest.importorskip('openvino', reason='needs the extra openvino')


def to_ir(path):
    """Write OpenVINO IR beside an ONNX file, as a network of one size; return its path."""
    from openpose_ros.engine.openvino import CORE

    model = CORE.read_model(path)
    model.reshape([1, 3, 64, 96])
    openvino.save_model(model, path.with_suffix('.xml'), compress_to_fp16=False)
    return path.with_suffix('.xml')


def test_ir_takes_pictures_of_any_size(tmp_path):
    network = write_network(tmp_path / 'tiny.onnx', PAIR)
    # In bfloat16, which it takes where a CPU has AMX, OpenVINO 2026.4 computes nonsense of maps of
    # one column with a kernel of 8x8, which no real network has.
    with open_engine(to_ir(network.path), precision='fp32') as engine:
        assert engine.name == 'openvino', 'auto knows no other for IR'
        for width, height in ((96, 64), (48, 32), (8, 128)):
            batch = random_batch(2, width, height)
            found = engine.infer(batch)
            np.testing.assert_allclose(found.pafs, network.expected('pafs', batch), atol=0.01)


SIZES = """
import numpy as np
from openpose_ros.engine import open_engine

def grown_by(start, sizes):
    for width, height in sizes:
        engine.infer(np.zeros((1, 3, height, width), np.float32))
    with open('/proc/self/statm') as file:
        return int(file.read().split()[1]) * 4096 / 1e6 - start

engine = open_engine('openpose-ros-small', backend='openvino', threads=1)
sizes = [(width, height) for height in range(128, 256, 16) for width in range(128, 320, 16)]
start = grown_by(0, sizes[::2])
print(grown_by(start, sizes[1::2]))
"""


@pytest.mark.skipif(not sys.platform.startswith('linux'), reason='reads /proc')
def test_memory_does_not_grow_with_the_sizes_of_pictures():
    done = subprocess.run(
        [sys.executable, '-c', SIZES], capture_output=True, text=True, check=True, cwd=ROOT
    )
    assert float(done.stdout) < 40, 'MB; 9 as it is, 94 with all that OpenVINO keeps by default'


@pytest.fixture
def compiled(monkeypatch):
    """Return a list that grows with each graph that is compiled."""
    from openpose_ros.engine import openvino as module

    graphs, compile_one = [], module._compiled
    monkeypatch.setattr(module, '_compiled', lambda *a: graphs.append(a) or compile_one(*a))
    return graphs


def test_sizes_that_come_in_turn_have_graphs_of_their_own(tmp_path, compiled):
    network = write_network(tmp_path / 'tiny.onnx', PAIR)
    sizes = [(96, 64), (48, 32), (80, 64), (80, 80), (64, 64), (32, 96)]
    batches = [random_batch(1, *size) for size in sizes]
    with open_engine(network.path, backend='openvino', precision='fp32') as engine:
        counts = []
        for in_turn in (1, 2, 6):
            for _ in range(70):
                for batch in batches[:in_turn]:
                    found = engine.infer(batch)
                    np.testing.assert_allclose(
                        found.pafs, network.expected('pafs', batch), atol=1e-4
                    )
            counts.append(len(compiled))

    assert counts == [1, 2, 4], 'one size needs one graph, two need two, and four are the most'


def test_sizes_that_never_come_back_have_no_graphs(tmp_path, compiled):
    network = write_network(tmp_path / 'tiny.onnx', PAIR)
    with open_engine(network.path, backend='openvino') as engine:
        for width in range(16, 16 + 8 * 100, 8):
            engine.infer(random_batch(1, width, 32))

    assert len(compiled) == 1


@pytest.mark.parametrize('error', [RuntimeError, MemoryError])
def test_without_memory_for_another_graph_the_first_one_goes_on(tmp_path, monkeypatch, error):
    from openpose_ros.engine import openvino as module

    network = write_network(tmp_path / 'tiny.onnx', PAIR)
    batches = [random_batch(1, 96, 64), random_batch(1, 48, 32)]
    with open_engine(network.path, backend='openvino', precision='fp32') as engine:

        def refuse(*_):
            raise error('std::bad_alloc')

        monkeypatch.setattr(module.CORE, 'compile_model', refuse, raising=False)
        for _ in range(70):
            for batch in batches:
                found = engine.infer(batch)
        np.testing.assert_allclose(found.pafs, network.expected('pafs', batches[1]), atol=1e-4)


def test_openvino_that_does_not_know_the_option_is_used_without(tmp_path, monkeypatch):
    from openpose_ros.engine import openvino as ours

    monkeypatch.setattr(ours, '_ROOM_FOR_SIZES', 'CPU_ROOM_OF_ANOTHER_YEAR')
    network, batch = write_network(tmp_path / 'tiny.onnx', PAIR), random_batch()
    with open_engine(network.path, backend='openvino') as engine:
        found = engine.infer(batch)
    np.testing.assert_allclose(found.pafs, network.expected('pafs', batch), atol=0.01)


def break_operator(path):
    path.write_bytes(path.read_bytes().replace(b'Conv', b'Vonc'))


def cut_in_half(path):
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


@pytest.mark.parametrize(
    ('spoil', 'ending', 'error', 'message'),
    [
        (break_operator, '.onnx', EngineError, r'OpenVINO cannot open .*net\.onnx: .*Vonc'),
        (cut_in_half, '.onnx', ModelError, r'net\.onnx is not an ONNX model'),
        (cut_in_half, '.xml', EngineError, r'OpenVINO cannot open .*net\.xml: '),
        (cut_in_half, '.bin', EngineError, r'OpenVINO cannot open .*net\.xml: '),
        (os.remove, '.bin', EngineError, r'OpenVINO cannot open .*net\.xml: '),
    ],
)
def test_a_file_that_cannot_be_opened_is_one_line(tmp_path, capfd, spoil, ending, error, message):
    network = write_network(tmp_path / 'net.onnx', PAIR)
    to_ir(network.path)
    spoil(tmp_path / f'net{ending}')
    path = tmp_path / ('net.onnx' if ending == '.onnx' else 'net.xml')
    with pytest.raises(error, match=message) as caught:
        open_engine(path, backend='openvino')
    assert '\n' not in str(caught.value)
    assert 'src/' not in str(caught.value), 'where in OpenVINO helps nobody'
    assert capfd.readouterr().err == '', 'said once is enough'


def test_another_format_is_refused(tmp_path):
    (tmp_path / 'net.tflite').write_text('a network')
    (tmp_path / 'net.json').write_text(json.dumps({'skeleton': 'coco_18', 'input': RAW_BGR}))
    with pytest.raises(ModelError, match=r'OpenVINO needs an \.onnx or \.xml file, but net has'):
        open_engine(tmp_path / 'net.tflite', backend='openvino')


def test_threads_are_used_and_described(tmp_path):
    network = write_network(tmp_path / 'tiny.onnx', PAIR)
    with open_engine(network.path, backend='openvino', threads=1) as engine:
        assert engine.name == 'openvino'
        assert engine.description.startswith('OpenVINO 20')
        assert engine.description.endswith('threads: 1')


@pytest.mark.parametrize('backend', ['openvino', 'auto'])
def test_it_can_be_held_to_float32(tmp_path, backend):
    """Where a CPU has bfloat16, the same network runs in that unasked."""
    path = to_ir(write_network(tmp_path / 'net.onnx', PAIR).path)
    with open_engine(path, backend=backend, precision='fp32') as engine:
        assert (engine.name, engine.precision) == ('openvino', 'fp32')


def test_what_only_onnx_runtime_has_is_refused(tmp_path):
    network = write_network(tmp_path / 'tiny.onnx', PAIR)
    with pytest.raises(EngineError, match='are for the backend onnxruntime'):
        open_engine(network.path, backend='openvino', providers=['CPUExecutionProvider'])


@pytest.mark.parametrize(
    ('name', 'precisions'),
    [
        ('human-pose-estimation-0001', {'fp32', 'bf16', 'fp16'}),  # as the CPU has it natively
        ('human-pose-estimation-0001-int8', {'int8'}),
    ],
)
def test_real_networks_agree_with_onnx_runtime(shared, monkeypatch, name, precisions):
    monkeypatch.setenv('OPENPOSE_ROS_MODEL_PATH', str(shared / 'models'))
    picture = cv2.imread(str(shared / 'images/000000000785.jpg'))
    pictures = [cv2.resize(picture, (320, 216)), cv2.resize(picture[:, ::-1], (320, 216))]
    batch = np.stack(pictures).transpose(0, 3, 1, 2).astype(np.float32)
    with open_engine('human-pose-estimation-0001', backend='onnxruntime') as engine:
        expected = engine.infer(batch)
    with open_engine(name, backend='openvino') as engine:
        assert engine.precision in precisions
        maps = engine.infer(batch)
    for found, right in zip(maps, expected):
        assert found.shape == right.shape
        assert np.corrcoef(found.ravel(), right.ravel())[0, 1] > 0.95


def test_paths_may_have_any_letters(tmp_path):
    network = write_network(tmp_path / 'net.onnx', PAIR)
    ir = to_ir(network.path)
    folder = tmp_path / 'ä folder'
    folder.mkdir()
    for path in (ir, ir.with_suffix('.bin'), ir.with_suffix('.json')):
        shutil.move(path, folder)
    with open_engine(folder / 'net.xml') as engine:
        assert engine.infer(random_batch()).pafs.shape == (1, 38, 4, 6)


INTERRUPTED = """
import signal, sys
from openpose_ros import open_engine
engines = [open_engine(sys.argv[1], backend='openvino') for _ in range(2)]
while engines:
    engines.pop(0).close()
try:
    signal.raise_signal(signal.SIGINT)
except KeyboardInterrupt:
    print('interrupted')
"""


def test_ctrl_c_is_heard_after_engines_were_closed(tmp_path):
    path = write_network(tmp_path / 'tiny.onnx', PAIR).path
    run = subprocess.run(
        [sys.executable, '-X', 'faulthandler', '-c', INTERRUPTED, str(path)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (run.returncode, run.stdout) == (0, 'interrupted\n'), run.stderr
