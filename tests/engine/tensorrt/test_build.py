"""Real engines, built by tensorrt_rtx ahead of time: it needs no GPU for that."""

from __future__ import annotations

from dataclasses import replace
import json
import logging
import os
from pathlib import Path
import signal
import subprocess
import sys
import time
from types import SimpleNamespace

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper
import pytest

from openpose_ros.engine.tensorrt.build import build_engine
from openpose_ros.engine.tensorrt.cache import (
    engine_folder,
    find_engine,
    list_engines,
    lock_engine,
    read_engine,
)
from openpose_ros.engine.tensorrt.cuda import GpuFacts
from openpose_ros.engine.tensorrt.half_precision import default_precision
from openpose_ros.engine.tensorrt.key import make_key
from openpose_ros.engine.tensorrt.library import load_library
from openpose_ros.engine.tensorrt.shapes import choose_shapes
from openpose_ros.errors import EngineError, ModelError
from openpose_ros.models import load_model
from tests.engine.graphs import write_network

pytest.importorskip('tensorrt_rtx', reason='needs tensorrt_rtx, which has no wheel here')
LIBRARY = load_library('tensorrt_rtx')
TARGETS = ('sm_75', 'sm_80', 'sm_86', 'sm_89', 'sm_120', 'sm_121')
PAIR = {'heatmaps': 19, 'pafs': 38}
SMALL = {'optimum': (64, 48)}


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    """Give each test a cache of its own."""
    monkeypatch.setenv('OPENPOSE_ROS_CACHE', str(tmp_path / 'Zwischen speicher'))


@pytest.fixture
def tiny(tmp_path):
    """Return a function that writes a tiny network and returns its spec."""

    def make(outputs=PAIR, **options):
        return load_model(write_network(tmp_path / 'ein Modell.onnx', outputs, **options).path)

    return make


def key_of(spec, *, precision='fp16', targets=('sm_86',), **sizes):
    shapes = choose_shapes(spec, **sizes)
    return make_key(spec, LIBRARY, precision=precision, shapes=shapes, targets=targets)


def build(spec, key=None, **options):
    return build_engine(spec, LIBRARY, key or key_of(spec, **SMALL), **options)


def sidecar(engine):
    return json.loads(Path(f'{engine.path}.json').read_text())


@pytest.mark.parametrize('target', TARGETS)
@pytest.mark.parametrize('precision', ['fp16', 'fp32'])
def test_engine_is_built_for_each_target_in_what_was_asked_for(tiny, target, precision):
    spec = tiny()
    key = key_of(spec, precision=precision, targets=(target,), **SMALL)
    engine = build(spec, key)
    assert engine.precision == precision
    assert find_engine(key, spec.name).engine == engine
    assert len(read_engine(engine)) == engine.size > 0
    assert sidecar(engine)['layers'] == {precision: 2}  # both convolutions


@pytest.mark.parametrize(
    ('options', 'sizes'),
    [
        ({}, {**SMALL, 'fixed': True}),
        ({'half': True}, SMALL),
        ({'outputs': {'joined': 57}}, SMALL),
        ({'batch': None}, SMALL),
        ({'size': (48, 32), 'fields': {'input': {'fixed_size': [48, 32]}}}, {}),
        (
            {
                'layout': 'NHWC',
                'output_layout': 'NHWC',
                'fields': {'input': {'layout': 'NHWC'}, 'outputs': {'layout': 'NHWC'}},
            },
            SMALL,
        ),
    ],
)
def test_networks_of_other_forms_are_built_too(tiny, options, sizes):
    spec = tiny(**options)
    assert build(spec, key_of(spec, **sizes)).precision == 'fp16'


@pytest.mark.parametrize(
    ('model', 'precision', 'targets', 'sizes', 'stated'),
    [  # of each model both precisions and forms; every target once
        ('human-pose-estimation-0001', 'fp16', TARGETS, {}, 'fp16'),
        ('human-pose-estimation-0001', 'fp32', ('sm_89',), {'fixed': True}, 'fp32'),
        ('human-pose-estimation-0001-fp16', 'fp16', ('sm_120',), {'fixed': True}, 'fp16'),
        ('human-pose-estimation-0001-fp16', 'fp32', ('sm_75',), {}, 'fp16'),  # what it is
        ('mobilenetv2-pose-dm14', 'fp16', ('sm_80',), {}, 'fp16'),
        ('mobilenetv2-pose-dm14', 'fp32', ('sm_121',), {}, 'fp32'),
    ],
)
def test_real_network_is_built(
    shared, monkeypatch, caplog, model, precision, targets, sizes, stated
):
    monkeypatch.setenv('OPENPOSE_ROS_MODEL_PATH', str(shared / 'models'))
    spec = load_model(model)
    engine = build(spec, key_of(spec, precision=precision, targets=targets, **sizes))
    assert engine.precision == stated
    assert list(sidecar(engine)['layers']) == [stated]
    warnings = [record for record in caplog.records if record.levelno >= logging.WARNING]
    assert len(warnings) == (precision != stated)  # and it says so


def test_progress_goes_up_and_names_what_is_done(tiny):
    told = []
    build(tiny(), on_progress=lambda part, what: told.append((part, what)))
    parts = [part for part, _ in told]
    assert parts == sorted(parts)
    assert 0 <= parts[0] < 0.5 < parts[-1] <= 1
    assert 'Building engine' in {what for _, what in told}


def test_engine_that_is_there_is_not_built_again(tiny, caplog):
    caplog.set_level(logging.INFO, 'openpose_ros')
    spec = tiny()
    first = build(spec)
    stamp = first.path.stat().st_mtime_ns
    assert build(spec, on_progress=pytest.fail) == first
    assert first.path.stat().st_mtime_ns == stamp
    assert 'is built already' in caplog.text
    assert build(spec, force=True).path == first.path
    assert first.path.stat().st_mtime_ns != stamp


@pytest.mark.parametrize(
    ('change', 'reason'),
    [
        ({'onnx_sha256': '0' * 64}, 'is of another version of the model file'),
        ({'library': 'tensorrt'}, 'is of tensorrt 1.'),
        ({'version': '1.0.0'}, 'is of tensorrt_rtx 1.0.0, not tensorrt_rtx 1.'),
        ({'gpu': 'Orin'}, 'is for Orin (sm_86), not sm_86'),
        ({'targets': ('sm_75',)}, 'is for sm_75, not sm_86'),
        ({'precision': 'fp32'}, 'is in fp32, not fp16'),
        ({'shapes': ((1, 3, 8, 8),) * 3}, 'takes 8x8, not'),
    ],
)
def test_engine_that_does_not_fit_is_rebuilt_and_the_log_says_why(tiny, caplog, change, reason):
    spec = tiny()
    key = key_of(spec, **SMALL)
    old = build(spec, key)
    data = sidecar(old)
    data['key'].update(change)
    Path(f'{old.path}.json').write_text(json.dumps(data))
    caplog.set_level(logging.INFO, 'openpose_ros')
    new = build(spec, key)
    assert new.key == key
    assert reason in caplog.text
    assert find_engine(key, spec.name).engine == new


def test_engine_knows_its_model_by_name_only_where_the_name_finds_it(tiny, tmp_path, monkeypatch):
    spec = tiny()
    by_path = build(spec)
    assert by_path.source == sidecar(by_path)['source'] == str(tmp_path / 'ein Modell.onnx')
    monkeypatch.setenv('OPENPOSE_ROS_MODEL_PATH', str(tmp_path))
    assert build(spec, force=True).source == 'ein Modell'
    elsewhere = tmp_path / 'another'
    elsewhere.mkdir()
    monkeypatch.chdir(elsewhere)
    other = write_network(elsewhere / 'ein Modell.onnx', {'pafs': 38, 'heatmaps': 18})
    engine = build(load_model(other.path.name))  # a relative path, of a name that is another's
    assert engine.source == str(elsewhere / 'ein Modell.onnx')


def test_model_file_that_changed_is_built_anew(tiny):
    first = build(tiny())
    second = build(tiny({'pafs': 38, 'heatmaps': 18}))
    assert first.path != second.path


def test_damaged_engine_is_rebuilt(tiny, caplog):
    caplog.set_level(logging.INFO, 'openpose_ros')
    spec = tiny()
    engine = build(spec)
    engine.path.write_bytes(engine.path.read_bytes()[:1000])
    again = build(spec)
    assert 'is damaged' in caplog.text
    assert len(read_engine(again)) == again.size > 1000


@pytest.mark.parametrize('at', [0, 20, 50])
@pytest.mark.parametrize('reason', [KeyboardInterrupt, RuntimeError])
def test_build_that_is_stopped_leaves_nothing(tiny, at, reason):
    spec = tiny()
    told = []

    def stop(part, what):
        told.append(what)
        if len(told) > at:
            raise reason('enough')

    with pytest.raises(reason, match='enough'):
        build(spec, on_progress=stop)
    assert len(told) == at + 1
    assert list_engines() == []
    assert [path.suffix for path in engine_folder().iterdir()] == ['.lock']
    build(spec)  # and the next is not in its way


def test_wait_for_another_build_is_told_once_and_can_be_stopped(tiny, caplog):
    spec = tiny()
    told = []

    def stop(part, what):
        told.append((part, what))
        if len(told) == 3:
            raise RuntimeError('enough')

    held = lock_engine(key_of(spec, **SMALL), spec.name, pytest.fail)
    with held, pytest.raises(RuntimeError, match='enough'):
        build(spec, on_progress=stop)
    what = 'waiting for another process, which builds the engine of ein Modell'
    assert told == [(0.0, what)] * 3
    assert [record.getMessage() for record in caplog.records] == [what]


@pytest.mark.parametrize(
    ('number', 'status'), [(signal.SIGINT, 130), (signal.SIGKILL, -signal.SIGKILL)]
)
def test_process_that_is_stopped_while_it_builds_leaves_nothing(tiny, number, status):
    spec = tiny()
    code = f"""
import os, signal, sys
from openpose_ros import cli
from openpose_ros.engine.tensorrt import progress as tensorrt_progress
tell = tensorrt_progress.Progress._tell
def tell_and_stop(self, name):
    tensorrt_progress.Progress._tell = tell
    os.kill(os.getpid(), {int(number)})
tensorrt_progress.Progress._tell = tell_and_stop
sys.exit(cli.main(['build-engine', {str(spec.path)!r}, '--target', 'sm_86']))
"""
    run = subprocess.run([sys.executable, '-c', code], capture_output=True, text=True)
    assert run.returncode == status, run.stderr
    if status == 130:
        assert run.stderr == 'openpose-ros: interrupted\n'
    assert list_engines() == []
    assert build(spec).precision == 'fp16'


def test_ctrl_c_at_a_terminal_ends_a_build_of_a_real_network(shared, tmp_path):
    model = shared / 'models' / 'mobilenetv2-pose-dm14-368x432.onnx'
    command = [sys.executable, '-m', 'openpose_ros', 'build-engine', str(model)]
    process = subprocess.Popen(
        [*command, '--target', 'sm_86'],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    assert ' builds ' in process.stdout.readline()
    time.sleep(0.2)
    os.killpg(process.pid, signal.SIGINT)
    output, errors = process.communicate(timeout=600)  # its next step, however busy the machine
    assert (process.returncode, errors) == (130, 'openpose-ros: interrupted\n'), output
    assert list_engines() == []


@pytest.mark.parametrize('domain', ['', 'my.own'])
def test_operator_that_tensorrt_does_not_know_is_named_with_its_node(tiny, domain):
    spec = tiny()
    model = onnx.load(spec.path)
    if domain:
        model.opset_import.append(helper.make_opsetid(domain, 1))
    operator = 'Sharpen' if domain else 'Unique'
    model.graph.node.append(
        helper.make_node(operator, ['pafs'], ['odd'], name='a strange node', domain=domain)
    )
    model.graph.output.append(helper.make_tensor_value_info('odd', TensorProto.FLOAT, ['n']))
    onnx.save(model, spec.path)
    spec = load_model(spec.path)
    with pytest.raises(EngineError, match=rf"node 'a strange node' \({operator}") as caught:
        build(spec)
    assert '\n' not in str(caught.value)
    assert list_engines() == []


@pytest.mark.parametrize(('weights', 'layers'), [('int8', {'int8': 4}), ('fp32', {'fp32': 4})])
def test_network_that_quantises_its_activations_is_int8_in_fp32_only(tiny, weights, layers):
    spec = tiny()
    model = onnx.load(spec.path)
    graph = model.graph
    graph.initializer.append(numpy_helper.from_array(np.float32(0.01), 'step'))
    graph.initializer.append(numpy_helper.from_array(np.int8(0), 'zero'))
    kernels = {f'{name}_w' for name in PAIR} if weights == 'int8' else set()
    for tensor in [tensor for tensor in graph.initializer if tensor.name in kernels]:
        stored = (numpy_helper.to_array(tensor) / 0.01).astype(np.int8)
        tensor.CopyFrom(numpy_helper.from_array(stored, tensor.name))
    pairs = [('DequantizeLinear', name, f'{name}_float') for name in sorted(kernels)]
    for node in list(graph.node):
        node.input[0] = 'coarse'
        if kernels:
            node.input[1] = f'{node.input[1]}_float'
        [name] = node.output
        node.output[0] = f'{name}_linear'
        graph.node.append(helper.make_node('Relu', [f'{name}_linear'], [name]))
    pairs += [('DequantizeLinear', 'whole', 'coarse'), ('QuantizeLinear', 'image', 'whole')]
    for operator, source, target in pairs:
        graph.node.insert(0, helper.make_node(operator, [source, 'step', 'zero'], [target]))
    onnx.save(model, spec.path)
    assert default_precision(spec) == ('fp32' if kernels else 'fp16')  # by the weights
    spec = load_model(spec.path)
    engine = build(spec, key_of(spec, precision='fp32', **SMALL))
    assert engine.precision == weights
    assert sidecar(engine)['layers'] == layers  # convolutions, and what follows each
    with pytest.raises(EngineError, match='build it with the precision fp32'):
        build(spec)


@pytest.mark.parametrize(
    ('options', 'message'),
    [
        ({'size': (48, 32)}, r'is \(1, 3, 32, 48\), -1 being any, which \(1, 3, 48, 64\) does'),
        ({'fields': {'input': {'layout': 'NHWC'}}}, 'correct "layout" or "fixed_size"'),
        ({'outputs': {'heatmaps': 7, 'pafs': 38}}, 'cannot tell which outputs'),
    ],
)
def test_model_that_is_not_what_its_manifest_says_is_refused(tiny, options, message):
    with pytest.raises(EngineError, match=message):
        build(tiny(**options))


def test_model_that_is_not_for_tensorrt_is_refused(tiny):
    spec = tiny()
    key = key_of(spec, **SMALL)
    for other in (replace(spec, path=None), replace(spec, file='pose.xml')):
        with pytest.raises(ModelError, match='needs an ONNX file'):
            build(other, key)
    with pytest.raises(EngineError, match='displacement_backward'):  # which it does not return
        build(replace(spec, decoder='posenet'), key)


def test_cache_that_cannot_be_written_is_told_before_the_build(tiny, tmp_path):
    (tmp_path / 'Zwischen speicher').write_text('a file')
    with pytest.raises(EngineError, match='set OPENPOSE_ROS_CACHE'):
        build(tiny(), on_progress=pytest.fail)


def test_workspace_limit_stands_in_the_sidecar(tiny):
    assert sidecar(build(tiny(), workspace_mib=64))['workspace_mib'] == 64


def test_key_is_for_the_gpu_that_is_there_or_for_targets(tiny):
    spec = tiny()
    shapes = choose_shapes(spec)
    gpu = GpuFacts('NVIDIA GeForce RTX 3090', (8, 6), '12.6')

    def key(library=LIBRARY, **options):
        return make_key(spec, library, precision='fp16', shapes=shapes, **options)

    # RTX builds for any GPU of a kind; TensorRT tunes on the one that is there.
    assert (key(gpu=gpu).gpu, key(gpu=gpu).targets) == ('', ('sm_86',))
    assert key(gpu=gpu) == key(targets=['sm_86', 'sm_86'])
    with pytest.raises(EngineError, match="cannot build for 'sm_90'"):
        key(gpu=gpu._replace(compute_capability=(9, 0)))
    with pytest.raises(EngineError, match=r'there is no GPU to build .* sm_75, sm_80'):
        key()


class Older:
    """RTX's bindings with what TensorRT 8.6 has instead of strong typing."""

    def __init__(self, layers):
        text = json.dumps({'Layers': layers})
        inspector = SimpleNamespace(get_engine_information=lambda form: text)
        engine = SimpleNamespace(create_engine_inspector=lambda: inspector)
        self.NetworkDefinitionCreationFlag = SimpleNamespace(EXPLICIT_BATCH=0)
        self.BuilderFlag = SimpleNamespace(FP16='FP16', INT8='INT8')
        self.ComputeCapability = SimpleNamespace()
        self.Runtime = lambda logger: SimpleNamespace(deserialize_cuda_engine=lambda plan: engine)

    def __getattr__(self, name):
        if name == 'IProgressMonitor':
            raise AttributeError(name)
        return getattr(LIBRARY.module, name)


@pytest.mark.filterwarnings('ignore:.*Timing cache operations are no-ops')
def test_version_without_strong_typing_gets_the_flag_and_keeps_its_timings(tiny, monkeypatch):
    built = [{'LayerType': 'conv', 'Outputs': [{'Format/Datatype': 'Row major linear FP16'}]}]
    library = LIBRARY._replace(module=Older(built), flavour='tensorrt', version='8.6.1')
    parsed, flags, given = [], [], []
    trt = LIBRARY.module
    parse, create = trt.OnnxParser.parse, trt.IBuilderConfig.create_timing_cache
    spec = tiny()
    key = make_key(
        spec,
        library,
        precision='fp16',
        shapes=choose_shapes(spec, **SMALL),
        gpu=GpuFacts('Orin', (8, 7), '12.6'),
    )
    assert (key.gpu, key.targets) == ('Orin', ('sm_87',))  # tuned on that GPU
    monkeypatch.setattr(
        trt.OnnxParser, 'parse', lambda self, graph: parsed.append(graph) or parse(self, graph)
    )
    monkeypatch.setattr(trt.IBuilderConfig, 'set_flag', lambda self, flag: flags.append(flag))
    monkeypatch.setattr(
        trt.IBuilderConfig,
        'create_timing_cache',
        lambda self, data: given.append(data) or create(self, data),
    )
    for force in (False, True):
        engine = build_engine(spec, library, key, force=force)
        assert engine.precision == 'fp16'  # as the inspector says
    kinds = {tensor.data_type for tensor in onnx.load_from_string(parsed[0]).graph.initializer}
    assert kinds == {TensorProto.FLOAT}
    assert flags == ['FP16', 'FP16']
    kept = (engine_folder() / 'tensorrt-8.6.1-Orin.timing').read_bytes()
    assert given == [b'', kept]
