"""The runner around TensorRT, on a pretended one: shapes, buffers, threads, order, errors."""

from __future__ import annotations

import gc
import json
from threading import Thread

import numpy as np
import pytest

from openpose_ros.errors import EngineError
from tests.engine.tensorrt.pretended import CudaError, Stage

FIXED = ((1, 3, 64, 96),) * 3


@pytest.fixture
def make(tmp_path, monkeypatch):
    monkeypatch.setenv('OPENPOSE_ROS_CACHE', str(tmp_path / 'cache'))
    return lambda **options: Stage(tmp_path, **options)


def batch(number=1, height=64, width=96, value=0.5):
    return np.full((number, 3, height, width), value, np.float32)


def test_outputs_go_by_name_whatever_their_order(make):
    with make().open() as engine:
        maps = engine.infer(batch())
    assert maps.heatmaps.shape == (1, 19, 8, 12)
    assert maps.pafs.shape == (1, 38, 8, 12)
    assert (maps.pafs == 1.5).all()  # the first of `PAIR`
    assert (maps.heatmaps == 2.5).all()


def test_outputs_go_by_channels_where_names_say_nothing(make):
    with make(outputs={'a': 38, 'b': 19}).open() as engine:
        maps = engine.infer(batch())
    assert (maps.pafs == 1.5).all()
    assert (maps.heatmaps == 2.5).all()


def test_shapes_follow_the_picture_and_buffers_are_reused(make):
    stage = make()
    with stage.open() as engine:
        for height, width in ((64, 96), (128, 160), (32, 32), (64, 96)):
            assert engine.infer(batch(1, height, width)).pafs.shape[2:] == (
                height // 8,
                width // 8,
            )
        assert stage.driver.calls.count('allocate') == 6  # three tensors, made larger once
        assert stage.driver.leaks == (1, 1, 3, 3)
        assert stage.driver.calls.count('synchronize') == 4


@pytest.mark.parametrize('shape', [(1, 64, 168), (1, 24, 96), (1, 200, 96)])
def test_shape_beyond_the_engines_is_refused(make, shape):
    with make().open() as engine, pytest.raises(EngineError, match=r'takes inputs of .* but got'):
        engine.infer(batch(*shape))


def test_large_batch_is_run_in_parts(make):
    stage = make()
    with stage.open() as engine:
        assert engine.infer(batch(5)).heatmaps.shape[0] == 5
    assert stage.driver.calls.count('synchronize') == 3


def test_fixed_engine_has_no_other_shape(make):
    with make(shapes=FIXED).open() as engine:
        assert engine.infer(batch(2)).heatmaps.shape[0] == 2
        with pytest.raises(EngineError, match='takes inputs of'):
            engine.infer(batch(1, 64, 104))


def test_fixed_batch_is_filled_up(make, caplog):
    stage = make(shapes=((2, 3, 64, 96),) * 3)
    with stage.open() as engine:
        assert 'net takes 2 pictures at once' in caplog.text
        for number in (1, 3):
            assert engine.infer(batch(number)).heatmaps.shape == (number, 19, 8, 12)
    assert stage.driver.calls.count('synchronize') == 3


def test_context_is_in_no_thread_afterwards(make):
    stage, errors = make(), []

    def work():
        try:
            engine = stage.open()
            engine.infer(batch())
            engine.close()
            assert stage.driver.stack == []
        except BaseException as exc:
            errors.append(exc)
            raise

    for _ in range(2):
        thread = Thread(target=work)
        thread.start()
        thread.join()
    assert not errors
    assert stage.driver.leaks == (0, 0, 0, 0)


def test_closing_frees_in_order_and_once(make):
    stage = make()
    engine = stage.open()
    engine.infer(batch())
    stage.driver.calls.clear()
    stage.tensorrt.freed.clear()
    engine.close()
    gc.collect()
    assert stage.tensorrt.freed == ['Context', 'Engine', 'Runtime']
    assert stage.driver.calls[-3:] == ['free_stream', 'pop', 'release']
    assert stage.driver.leaks == (0, 0, 0, 0)
    engine.close()
    with pytest.raises(EngineError, match='closed; open another'):
        engine.infer(batch())


@pytest.mark.parametrize(
    ('call', 'logged', 'says'),
    [
        (
            'deserialize',
            'The engine plan file is not compatible with this version of TensorRT, expecting '
            'library version 10.3.0.26 got 8.6.1.6, please rebuild.',
            'TensorRT 10.3.0: the engine cannot be loaded .*got 8.6.1.6.* --force',
        ),
        ('deserialize', '', 'the engine cannot be loaded'),
        (
            'create_execution_context',
            '[virtualMemoryBuffer.cpp::resizePhysical::145] Error Code 2: OutOfMemory (Requested '
            'size was 104857600 bytes.)',
            'the GPU is out of memory, 100 of 1024 MiB are free .*OutOfMemory',
        ),
        (
            'create_execution_context',
            'Requested amount of GPU memory (1 bytes) could not be allocated.',
            'the GPU is out of memory',
        ),
    ],
)
def test_engine_that_cannot_be_loaded_says_what_to_do(make, call, logged, says):
    stage = make()
    stage.tensorrt.fails[call] = logged
    with pytest.raises(EngineError, match=says) as raised:
        stage.open()
    assert '\n' not in str(raised.value)
    assert str(stage.built.path) in str(raised.value)
    assert stage.driver.leaks == (0, 0, 0, 0)
    with stage.open() as engine:
        engine.infer(batch())


def test_damaged_engine_is_not_given_to_tensorrt(make):
    stage = make()
    stage.built.path.write_bytes(b'a plan?')
    with pytest.raises(EngineError, match='is damaged'):
        stage.open()
    assert stage.tensorrt.freed == []
    assert stage.driver.leaks == (0, 0, 0, 0)


def test_lost_context_is_told_and_the_engine_can_be_closed(make):
    stage = make()
    engine = stage.open()
    engine.infer(batch())
    stage.driver.lost = True
    with pytest.raises(EngineError, match=r'context is lost .*configure the node again'):
        engine.infer(batch())
    engine.close()
    assert stage.driver.retained == 0
    assert stage.driver.stack == []
    stage.driver.lost = False
    with stage.open() as engine:
        assert (engine.infer(batch()).pafs == 1.5).all()


def test_failure_of_one_inference_is_of_that_one_only(make):
    stage = make()
    with stage.open() as engine:
        stage.driver.fails['allocate'] = CudaError('allocate failed: out of memory')
        with pytest.raises(EngineError, match='out of memory'):
            engine.infer(batch())
        stage.tensorrt.fails['execute'] = 'Error Code 1: Cuda Runtime (invalid argument)'
        with pytest.raises(EngineError, match=r'it failed on an input of .*invalid argument'):
            engine.infer(batch())
        engine.infer(batch())


def test_tensor_that_is_not_float32_is_refused(make):
    stage = make()
    stage.tensorrt.types['pafs'] = 'HALF'
    with pytest.raises(EngineError, match=r"'pafs' of net's engine is HALF.* must be float32"):
        stage.open()
    assert stage.driver.leaks == (0, 0, 0, 0)


def test_precision_is_what_the_inspector_says(make, caplog):
    stage = make()
    with stage.open() as engine:  # built without detailed information: what the build found
        assert engine.precision == 'fp16'
        assert engine.description.startswith('TensorRT 10.3.0 on Pretended GPU (CUDA 12.6')
    layer = {
        'Name': 'conv',
        'LayerType': 'CaskConvolution',
        'Outputs': [{'Name': 'y', 'Format/Datatype': 'Row major linear FP32'}],
    }
    half = {**layer, 'Outputs': [{'Name': 'z', 'Format/Datatype': 'Row major linear FP16'}]}
    stage.tensorrt.layers = json.dumps({'Layers': [layer, half, half]})
    with stage.open() as engine:
        assert engine.precision == 'fp16 and fp32'
    assert caplog.text == ''  # the last layers return float32, whatever the rest is in
    stage.tensorrt.layers = json.dumps({'Layers': [layer]})
    with stage.open() as engine:
        assert engine.precision == 'fp32'
    assert 'is in fp32 as TensorRT loaded it, though in fp16 as it was built' in caplog.text
