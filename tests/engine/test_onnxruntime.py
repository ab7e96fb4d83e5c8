"""ONNX Runtime on tiny graphs, whose results are known, and on the real networks."""

from __future__ import annotations

import logging

import numpy as np
import onnxruntime
import pytest

from openpose_ros.engine import open_engine
from openpose_ros.errors import EngineError, ModelError, ParameterError
from openpose_ros.models import load_model
from tests.engine.graphs import write_network

PAIR = {'pafs': 38, 'heatmaps': 19}


@pytest.fixture
def open_tiny(tmp_path):
    """Return a function that writes a tiny network and opens it."""
    engines = []

    def open_it(outputs=PAIR, **options):
        network = write_network(tmp_path / 'a tiny nétwork.onnx', outputs, **options)
        engines.append(open_engine(load_model(network.path), backend='onnxruntime'))
        return network, engines[-1]

    yield open_it
    for engine in engines:
        engine.close()


def random_batch(count=1, width=48, height=32, seed=0):
    random = np.random.default_rng(seed)
    return random.uniform(-1, 1, (count, 3, height, width)).astype(np.float32)


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
        np.testing.assert_allclose(found, network.expected(name, batch), atol=1e-5)
        assert found.dtype == np.float32
        assert found.flags.c_contiguous


def test_a_joined_nhwc_tensor_is_split(open_tiny):
    fields = {'outputs': {'layout': 'NHWC', 'order': ['pafs', 'heatmaps']}}
    network, engine = open_tiny({'both': 57}, batch=None, output_layout='NHWC', fields=fields)
    batch = random_batch(2)
    expected = network.expected('both', batch)
    maps = engine.infer(batch)
    np.testing.assert_allclose(maps.pafs, expected[:, :38], atol=1e-5)
    np.testing.assert_allclose(maps.heatmaps, expected[:, 38:], atol=1e-5)
    assert maps.heatmaps.flags.c_contiguous


def test_a_float16_graph_takes_and_returns_float32(open_tiny):
    network, engine = open_tiny(half=True)
    batch = random_batch()
    assert engine.precision == 'fp16'
    maps = engine.infer(batch)
    assert maps.heatmaps.dtype == np.float32
    np.testing.assert_allclose(maps.heatmaps, network.expected('heatmaps', batch), atol=1e-2)


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
        engine.infer(batch).pafs, network.expected('pafs', batch), atol=1e-5
    )


@pytest.mark.parametrize(
    ('batch', 'message'),
    [
        (random_batch(width=47), 'multiple of 8, but got 47x32'),
        (random_batch().astype(np.float64), r'takes float32 \(N, 3, h, w\).*float64'),
        (random_batch()[0], r'but got float32 \(3, 32, 48\)'),
        (random_batch()[:0], r'but got float32 \(0, 3, 32, 48\)'),
        (random_batch().transpose(0, 2, 3, 1), r'but got float32 \(1, 32, 48, 3\)'),
    ],
)
def test_a_batch_that_does_not_fit_is_refused(open_tiny, batch, message):
    _, engine = open_tiny()
    with pytest.raises(EngineError, match=message):
        engine.infer(batch)


def test_a_size_that_is_not_the_fixed_one_is_refused(open_tiny):
    _, engine = open_tiny(size=(48, 32), fields={'input': {'fixed_size': [48, 32]}})
    with pytest.raises(EngineError, match='runs at 48x32 only, but got a batch of 32x48'):
        engine.infer(random_batch(width=32, height=48))


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
        (PAIR, {'fields': {'skeleton': 'body_25'}}, 'for the skeleton body_25; the outputs are'),
        (PAIR, {'size': (48, 32)}, r'runs at 48x32 only; write "fixed_size": \[48, 32\]'),
        (
            PAIR,
            {'size': (48, 32), 'fields': {'input': {'fixed_size': [32, 48]}}},
            r'write "fixed_size": \[48, 32\]',
        ),
        (PAIR, {'layout': 'NHWC'}, r'layout NCHW with 3 channels; correct .input.'),
    ],
)
def test_a_graph_that_contradicts_its_manifest_is_refused(open_tiny, outputs, options, message):
    with pytest.raises(EngineError, match=message) as caught:
        open_tiny(outputs, **options)
    assert 'a tiny nétwork.onnx' in str(caught.value)
    assert '\n' not in str(caught.value)


def test_an_input_that_a_manifest_names_wrongly_is_the_only_one(open_tiny):
    network, engine = open_tiny(fields={'input': {'name': 'data'}})
    batch = random_batch()
    np.testing.assert_allclose(
        engine.infer(batch).heatmaps, network.expected('heatmaps', batch), atol=1e-5
    )


def test_a_graph_that_cannot_be_opened_is_named(tmp_path, capfd):
    network = write_network(tmp_path / 'broken.onnx', PAIR)
    content = network.path.read_bytes()
    network.path.write_bytes(content.replace(b'Conv', b'Vonc'))
    with pytest.raises(EngineError, match=r'ONNX Runtime cannot open .*broken\.onnx: ') as caught:
        open_engine(network.path)
    assert '\n' not in str(caught.value)
    assert caught.value.__cause__ is not None
    assert capfd.readouterr().err == '', 'said once is enough'


def test_a_run_that_fails_is_one_line(open_tiny, capfd):
    _, engine = open_tiny(fields={'input': {'multiple': 1}})
    with pytest.raises(EngineError, match=r'ONNX Runtime failed on a tiny nétwork') as caught:
        engine.infer(random_batch(width=4, height=4))  # less than the kernel
    assert '\n' not in str(caught.value)
    assert capfd.readouterr().err == ''


def test_a_file_that_is_no_model_is_named(tmp_path):
    network = write_network(tmp_path / 'text.onnx', PAIR)
    network.path.write_text('not a model')
    with pytest.raises(ModelError, match=r'text\.onnx is not an ONNX model'):
        open_engine(network.path)


def test_threads_and_providers_are_used_and_described(open_tiny):
    network, _ = open_tiny()
    options = {'providers': ['CPUExecutionProvider'], 'threads': 1}
    with open_engine(network.path, backend='onnxruntime', **options) as engine:
        assert engine.name == 'onnxruntime'
        assert engine.description == (
            f'ONNX Runtime {onnxruntime.__version__}, CPUExecutionProvider, threads: 1, '
            'fp32 weights'
        )
        assert engine.precision == 'fp32'
        # ONNX Runtime does not show its threads otherwise.
        assert engine._session.get_session_options().intra_op_num_threads == 1


def test_providers_that_are_not_there_are_refused_with_those_that_are(open_tiny):
    network, _ = open_tiny()
    with pytest.raises(
        EngineError, match=r"no provider 'MagicExecutionProvider' here; available: .*CPU"
    ):
        open_engine(network.path, providers=['CPUExecutionProvider', 'MagicExecutionProvider'])


def test_threads_below_one_are_refused(open_tiny):
    network, _ = open_tiny()
    with pytest.raises(ParameterError, match='threads is 0, but must be at least 1'):
        open_engine(network.path, threads=0)


def test_an_automatic_provider_that_does_not_work_is_replaced(open_tiny, monkeypatch, caplog):
    network, _ = open_tiny()
    # This build of ONNX Runtime has no CUDA, so asking for it ends as on a machine whose
    # libraries do not fit: another provider is used.
    both = ['CUDAExecutionProvider', 'CPUExecutionProvider']
    monkeypatch.setattr(onnxruntime, 'get_available_providers', lambda: both)
    if both[0] in onnxruntime.get_all_providers() and 'GPU' in onnxruntime.get_device():
        pytest.skip('CUDA works here')
    with pytest.warns(UserWarning, match='not in available'), caplog.at_level(logging.WARNING):
        engine = open_engine(network.path)
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
