"""OpenVINO on tiny graphs, whose results are known, and on the real networks."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys

import cv2
import numpy as np
import pytest

from openpose_ros.engine import open_engine
from openpose_ros.errors import EngineError, ModelError, ParameterError
from openpose_ros.models import load_model
from tests.engine.graphs import RAW_BGR, write_network
from tests.engine.test_onnxruntime import PAIR, random_batch

openvino = pytest.importorskip('openvino', reason='needs the extra openvino')


@pytest.fixture
def open_tiny(tmp_path):
    """Return a function that writes a tiny network and opens it."""
    engines = []

    def open_it(outputs=PAIR, **options):
        network = write_network(tmp_path / 'a tiny nétwork.onnx', outputs, **options)
        engines.append(open_engine(load_model(network.path), backend='openvino'))
        return network, engines[-1]

    yield open_it
    for engine in engines:
        engine.close()


def to_ir(path):
    """Write OpenVINO IR beside an ONNX file, as a network of one size; return its path."""
    from openpose_ros.engine.openvino import CORE

    model = CORE.read_model(path)
    model.reshape([1, 3, 64, 96])
    openvino.save_model(model, path.with_suffix('.xml'), compress_to_fp16=False)
    return path.with_suffix('.xml')


@pytest.mark.parametrize(
    ('options', 'count'),
    [
        ({}, 1),
        ({}, 3),  # a graph for one picture, run three times
        ({'batch': None}, 3),
        ({'batch': 2}, 4),
        ({'size': (48, 32), 'fields': {'input': {'fixed_size': [48, 32]}}}, 2),
        ({'layout': 'NHWC', 'fields': {'input': {'layout': 'NHWC'}}}, 2),
        ({'output_layout': 'NHWC', 'fields': {'outputs': {'layout': 'NHWC'}}}, 2),
    ],
)
def test_maps_are_those_of_the_graph(open_tiny, options, count):
    network, engine = open_tiny(**options)
    batch = random_batch(count)
    maps = engine.infer(batch)
    for found, name in zip(maps, ('heatmaps', 'pafs')):
        np.testing.assert_allclose(found, network.expected(name, batch), atol=0.01)  # bfloat16
        assert found.dtype == np.float32
        assert found.flags.c_contiguous


def test_ir_takes_pictures_of_any_size(tmp_path):
    network = write_network(tmp_path / 'tiny.onnx', PAIR)
    with open_engine(to_ir(network.path)) as engine:
        assert engine.name == 'openvino', 'auto knows no other for IR'
        for width, height in ((96, 64), (48, 32), (8, 128)):
            batch = random_batch(2, width, height)
            found = engine.infer(batch)
            np.testing.assert_allclose(found.pafs, network.expected('pafs', batch), atol=0.01)


def test_a_float16_graph_takes_and_returns_float32(open_tiny):
    network, engine = open_tiny(half=True)
    batch = random_batch()
    maps = engine.infer(batch)
    assert maps.heatmaps.dtype == np.float32
    np.testing.assert_allclose(maps.heatmaps, network.expected('heatmaps', batch), atol=0.01)


def test_results_belong_to_the_caller(open_tiny):
    _, engine = open_tiny()
    first = engine.infer(random_batch(seed=1))
    kept = first.heatmaps.copy()
    engine.infer(random_batch(seed=2))
    np.testing.assert_array_equal(first.heatmaps, kept)


def test_a_batch_that_is_not_contiguous_is_taken_as_it_is(open_tiny):
    network, engine = open_tiny()
    batch = random_batch(2)[::-1, :, :, ::-1]
    batch.setflags(write=False)
    np.testing.assert_allclose(
        engine.infer(batch).pafs, network.expected('pafs', batch), atol=0.01
    )


@pytest.mark.parametrize(
    ('batch', 'message'),
    [
        (random_batch(width=47), 'multiple of 8, but got 47x32'),
        (random_batch().astype(np.float64), r'takes float32 \(N, 3, h, w\).*float64'),
        (random_batch()[:0], r'but got float32 \(0, 3, 32, 48\)'),
    ],
)
def test_a_batch_that_does_not_fit_is_refused(open_tiny, batch, message):
    _, engine = open_tiny()
    with pytest.raises(EngineError, match=message):
        engine.infer(batch)


def test_a_batch_that_the_graphs_batches_do_not_divide_is_refused(open_tiny):
    _, engine = open_tiny(batch=2)
    with pytest.raises(EngineError, match=r'runs batches of 2, .* but got 3'):
        engine.infer(random_batch(3))


def test_a_closed_engine_says_so(open_tiny):
    _, engine = open_tiny()
    with engine as same:
        same.infer(random_batch())
    engine.close()
    with pytest.raises(EngineError, match='is closed; open another'):
        engine.infer(random_batch())


@pytest.mark.parametrize(
    ('outputs', 'options', 'message'),
    [
        ({'scores': 1000}, {}, r"cannot tell which outputs of .*'scores' \(1, 1000, "),
        (PAIR, {'size': (48, 32)}, r'runs at 48x32 only; write "fixed_size": \[48, 32\]'),
        (PAIR, {'layout': 'NHWC'}, r'layout NCHW with 3 channels; correct .input.'),
    ],
)
def test_a_graph_that_contradicts_its_manifest_is_refused(open_tiny, outputs, options, message):
    with pytest.raises(EngineError, match=message) as caught:
        open_tiny(outputs, **options)
    assert 'a tiny nétwork.onnx' in str(caught.value)
    assert '\n' not in str(caught.value)


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


def test_a_run_that_fails_is_one_line(open_tiny, capfd):
    _, engine = open_tiny(fields={'input': {'multiple': 1}})
    with pytest.raises(EngineError, match=r'OpenVINO failed on a tiny nétwork') as caught:
        engine.infer(random_batch(width=4, height=4))  # less than the kernel
    assert '\n' not in str(caught.value)
    assert capfd.readouterr().err == ''


def test_another_format_is_refused(tmp_path):
    (tmp_path / 'net.tflite').write_text('a network')
    (tmp_path / 'net.json').write_text(json.dumps({'skeleton': 'coco_18', 'input': RAW_BGR}))
    with pytest.raises(ModelError, match=r'OpenVINO needs an \.onnx or \.xml file, but net has'):
        open_engine(tmp_path / 'net.tflite', backend='openvino')


def test_threads_are_used_and_described(open_tiny):
    network, _ = open_tiny()
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


def test_what_only_onnx_runtime_has_is_refused(open_tiny):
    network, _ = open_tiny()
    with pytest.raises(EngineError, match='are for the backend onnxruntime'):
        open_engine(network.path, backend='openvino', providers=['CPUExecutionProvider'])
    with pytest.raises(ParameterError, match='threads is 0, but must be at least 1'):
        open_engine(network.path, backend='openvino', threads=0)


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
