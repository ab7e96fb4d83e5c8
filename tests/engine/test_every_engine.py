"""
What every engine must do, whatever runs the network.

Networks of one convolution, whose results are known. TensorRT is the pretended one, which copies
and computes nothing: it takes part where numbers do not matter. What only one engine does is
tested in a file of its own.
"""

from __future__ import annotations

from contextlib import ExitStack

import numpy as np
import pytest

from openpose_ros.engine import PoseNetMaps, open_engine
from openpose_ros.engine.fake import FakeEngine
from openpose_ros.errors import EngineError, ParameterError
from openpose_ros.models import load_model
from tests.engine.graphs import PAIR, random_batch, write_network
from tests.engine.tensorrt.pretended import Stage

TITLES = {'onnxruntime': 'ONNX Runtime', 'openvino': 'OpenVINO'}
TOLERANCES = {'onnxruntime': 1e-5, 'openvino': 0.01, 'fake': 1e-5}  # OpenVINO's of bfloat16


def open_fake(folder, outputs, **options):
    network = write_network(folder / 'net.onnx', outputs, **options)
    names = 'heatmaps', 'pafs'
    engine = FakeEngine(
        lambda batch: tuple(network.expected(name, batch) for name in names),
        load_model(network.path),
    )
    return network, engine


def open_tensorrt(folder, outputs, **options):
    return None, Stage(folder, outputs=outputs, **options).open()


SPECIAL = {'fake': open_fake, 'tensorrt': open_tensorrt}


@pytest.fixture
def open_tiny(backend, tmp_path, monkeypatch):
    """Return a function that writes a tiny network and opens it with the backend of the test."""
    monkeypatch.setenv('OPENPOSE_ROS_CACHE', str(tmp_path / 'cache'))
    if backend == 'openvino':
        pytest.importorskip('openvino', reason='needs the extra openvino')
    with ExitStack() as engines:

        def open_it(outputs=PAIR, **options):
            if backend in SPECIAL:
                network, engine = SPECIAL[backend](tmp_path, outputs, **options)
            else:
                network = write_network(tmp_path / 'a tiny nétwork.onnx', outputs, **options)
                engine = open_engine(load_model(network.path), backend=backend)
            return network, engines.enter_context(engine)

        yield open_it


every = pytest.mark.parametrize('backend', ['onnxruntime', 'openvino', 'fake', 'tensorrt'])
every_that_computes = pytest.mark.parametrize('backend', ['onnxruntime', 'openvino', 'fake'])
every_that_reads_graphs = pytest.mark.parametrize('backend', ['onnxruntime', 'openvino'])


@every
def test_it_says_who_it_is(open_tiny, backend):
    _, engine = open_tiny()
    assert engine.name == backend
    assert engine.spec.skeleton.name == 'coco_18'
    assert engine.precision.split()[0] in ('fp32', 'fp16', 'bf16')
    assert engine.description
    assert '\n' not in engine.description


@every
@pytest.mark.parametrize('count', [1, 3])
def test_maps_are_float32_in_c_order_of_the_shape_that_the_stride_gives(open_tiny, count):
    _, engine = open_tiny()
    maps = engine.infer(random_batch(count))
    assert maps.heatmaps.shape == (count, 19, 4, 6)
    assert maps.pafs.shape == (count, 38, 4, 6)
    for found in maps:
        assert found.dtype == np.float32
        assert found.flags.c_contiguous


@every
def test_results_belong_to_the_caller(open_tiny):
    _, engine = open_tiny()
    first = engine.infer(random_batch(seed=1))
    kept = [maps.copy() for maps in first]
    second = engine.infer(random_batch(seed=2))
    for maps, before, after in zip(first, kept, second):
        assert not np.array_equal(maps, after), 'both pictures gave the same maps'
        np.testing.assert_array_equal(maps, before)
        assert maps.flags.writeable


@every
def test_a_batch_that_is_not_contiguous_is_only_read(open_tiny):
    _, engine = open_tiny()
    batch = random_batch(2)[::-1, :, :, ::-1]
    batch.setflags(write=False)
    expected = engine.infer(np.ascontiguousarray(batch))
    for found, right in zip(engine.infer(batch), expected):
        np.testing.assert_allclose(found, right, atol=1e-6)


@every
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
    engine.infer(random_batch())  # and the next is taken


@every
def test_a_closed_engine_says_so(open_tiny):
    _, engine = open_tiny()
    with engine as same:
        same.infer(random_batch())
    engine.close()
    with pytest.raises(EngineError, match='is closed; open another'):
        engine.infer(random_batch())


@every_that_computes
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
def test_maps_are_those_of_the_graph(open_tiny, backend, options, count):
    network, engine = open_tiny(**options)
    batch = random_batch(count)
    for found, name in zip(engine.infer(batch), ('heatmaps', 'pafs')):
        right = network.expected(name, batch)
        np.testing.assert_allclose(found, right, atol=TOLERANCES[backend])


@every_that_computes
def test_a_size_that_is_not_the_fixed_one_is_refused(open_tiny):
    _, engine = open_tiny(size=(48, 32), fields={'input': {'fixed_size': [48, 32]}})
    with pytest.raises(EngineError, match='runs at 48x32 only, but got a batch of 32x48'):
        engine.infer(random_batch(width=32, height=48))


@every_that_reads_graphs
def test_a_joined_nhwc_tensor_is_split(open_tiny, backend):
    fields = {'outputs': {'layout': 'NHWC', 'order': ['pafs', 'heatmaps']}}
    network, engine = open_tiny({'both': 57}, batch=None, output_layout='NHWC', fields=fields)
    batch = random_batch(2)
    expected = network.expected('both', batch)
    maps = engine.infer(batch)
    np.testing.assert_allclose(maps.pafs, expected[:, :38], atol=TOLERANCES[backend])
    np.testing.assert_allclose(maps.heatmaps, expected[:, 38:], atol=TOLERANCES[backend])
    assert maps.heatmaps.flags.c_contiguous


@every_that_reads_graphs
def test_a_float16_graph_takes_and_returns_float32(open_tiny):
    network, engine = open_tiny(half=True)
    batch = random_batch()
    maps = engine.infer(batch)
    assert maps.heatmaps.dtype == np.float32
    np.testing.assert_allclose(maps.heatmaps, network.expected('heatmaps', batch), atol=0.01)


@every_that_reads_graphs
@pytest.mark.parametrize('count', [1, 3])
@pytest.mark.parametrize('layout', ['NCHW', 'NHWC'])
def test_a_fixed_batch_is_filled_up(open_tiny, backend, caplog, layout, count):
    fields = {'input': {'layout': layout}}
    network, engine = open_tiny(batch=2, layout=layout, fields=fields)
    (said,) = [record.getMessage() for record in caplog.records if record.levelname == 'WARNING']
    assert 'a tiny nétwork takes 2 pictures at once' in said
    batch = random_batch(count)
    maps = engine.infer(batch)
    assert maps.heatmaps.shape == (count, 19, 4, 6)
    right = network.expected('heatmaps', batch)
    np.testing.assert_allclose(maps.heatmaps, right, atol=TOLERANCES[backend])
    assert len(caplog.records) == 1, 'not at every picture'


@every_that_reads_graphs
@pytest.mark.parametrize('batch', [1, None])
def test_a_batch_of_one_or_any_is_not_spoken_of(open_tiny, caplog, batch):
    open_tiny(batch=batch)
    assert not caplog.records


@every_that_reads_graphs
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


@every_that_reads_graphs
def test_an_input_that_a_manifest_names_wrongly_is_the_only_one(open_tiny, backend):
    network, engine = open_tiny(fields={'input': {'name': 'data'}})
    batch = random_batch()
    right = network.expected('heatmaps', batch)
    np.testing.assert_allclose(engine.infer(batch).heatmaps, right, atol=TOLERANCES[backend])


@every_that_reads_graphs
def test_a_run_that_fails_is_one_line(open_tiny, backend, capfd):
    _, engine = open_tiny(fields={'input': {'multiple': 1}})
    with pytest.raises(EngineError, match=f'{TITLES[backend]} failed on a tiny nétw') as caught:
        engine.infer(random_batch(width=4, height=4))  # less than the kernel
    assert '\n' not in str(caught.value)
    assert capfd.readouterr().err == '', 'said once is enough'


@every_that_reads_graphs
def test_threads_below_one_are_refused(open_tiny, backend):
    network, _ = open_tiny()
    with pytest.raises(ParameterError, match='threads is 0, but must be at least 1'):
        open_engine(network.path, backend=backend, threads=0)


POSENET = {'x': 32, 'offsets': 34, 'forward': 32, 'heatmaps': 17}  # in no order
POSENET_FIELDS = {
    'skeleton': 'coco_17',
    'decoder': 'posenet',
    'outputs': {'background': 'none', 'displacement_forward': 'forward'},
}


@every_that_reads_graphs
@pytest.mark.parametrize('output_layout', ['NCHW', 'NHWC'])
def test_maps_of_posenet_are_picked_by_name_then_by_channels(open_tiny, backend, output_layout):
    outputs = {**POSENET_FIELDS['outputs'], 'layout': output_layout}
    network, engine = open_tiny(
        POSENET, output_layout=output_layout, fields={**POSENET_FIELDS, 'outputs': outputs}
    )
    batch = random_batch(1)
    maps = engine.infer(batch)
    assert isinstance(maps, PoseNetMaps)
    for name, found in zip(('heatmaps', 'offsets', 'forward', 'x'), maps):
        np.testing.assert_allclose(
            found, network.expected(name, batch), atol=TOLERANCES[backend], err_msg=name
        )
        assert found.flags.c_contiguous
        assert found.dtype == np.float32


def test_maps_of_posenet_with_tensorrt(tmp_path, monkeypatch):
    monkeypatch.setenv('OPENPOSE_ROS_CACHE', str(tmp_path / 'cache'))
    with Stage(tmp_path, outputs=POSENET, fields=POSENET_FIELDS).open() as engine:
        maps = engine.infer(random_batch(1))
    assert [some.shape[1] for some in maps] == [17, 34, 32, 32]
