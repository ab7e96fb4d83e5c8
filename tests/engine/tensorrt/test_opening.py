"""Which cached engine is taken, when one is built, and what is said where there is none."""

from __future__ import annotations

from dataclasses import replace

import pytest

from openpose_ros.engine import open_engine
from openpose_ros.engine.tensorrt import opening as tensorrt_opening
from openpose_ros.engine.tensorrt.cache import store_engine
from openpose_ros.engine.tensorrt.key import make_key
from openpose_ros.engine.tensorrt.opening import open_tensorrt, search_engine
from openpose_ros.engine.tensorrt.shapes import choose_shapes
from openpose_ros.errors import EngineError, MissingError, ModelError
from openpose_ros.models import load_model
from tests.engine.graphs import write_network
from tests.engine.tensorrt.pretended import FACTS, PretendedDriver, PretendedTensorrt

PAIR = {'heatmaps': 19, 'pafs': 38}
RANGE = (1, 3, 32, 32), (1, 3, 64, 96), (1, 3, 128, 160)


class Machine:
    """A pretended machine: its GPU, its TensorRT, and a model."""

    def __init__(self, folder):
        self.driver = PretendedDriver()
        tensorrt = PretendedTensorrt(self.driver, RANGE, PAIR)
        flags = type('NetworkDefinitionCreationFlag', (), {})
        tensorrt.module.NetworkDefinitionCreationFlag = flags
        self.library = tensorrt.library
        self.spec = load_model(write_network(folder / 'net.onnx', PAIR).path)
        self.built = []

    def load_library(self, flavour=None):
        if flavour not in (None, 'tensorrt'):
            raise EngineError(f'{flavour} is not installed')
        return self.library

    def key(self, precision='fp16', size=(96, 64), *, fixed=False):
        shapes = choose_shapes(self.spec, optimum=size, fixed=fixed)
        return make_key(self.spec, self.library, precision=precision, shapes=shapes, gpu=FACTS)

    def store(self, key, precision=None):
        return store_engine(key, 'net', precision or key.precision, b'a plan', {})

    def build(self, spec, library, key, *, gpu, on_progress):
        self.built.append(key)
        on_progress(0.5, 'tactics')
        return self.store(key)

    def open(self, **options):
        options = {'net_resolution': (96, 64), **options}
        return open_tensorrt(self.spec, None, None, **options)

    def search(self, precision='', size=(96, 64)):
        return search_engine(self.spec, precision, size)


@pytest.fixture
def machine(tmp_path, monkeypatch):
    monkeypatch.setenv('OPENPOSE_ROS_CACHE', str(tmp_path / 'cache'))
    machine = Machine(tmp_path)
    monkeypatch.setattr(tensorrt_opening, 'load_library', machine.load_library)
    monkeypatch.setattr(tensorrt_opening, 'find_driver', lambda: machine.driver)
    monkeypatch.setattr(tensorrt_opening, 'build_engine', machine.build)
    return machine


def test_engine_of_the_cache_is_opened(machine):
    built = machine.store(machine.key())
    assert machine.search().engine == built
    with machine.open() as engine:
        assert engine.precision == 'fp16'
        assert built.path.name in engine.description
    assert machine.driver.leaks == (0, 0, 0, 0)


@pytest.mark.parametrize(
    ('asked', 'there', 'taken'),
    [
        ('', ['fp32', 'fp16'], 'fp16'),
        ('', ['fp32'], 'fp32'),
        ('fp32', ['fp16', 'fp32'], 'fp32'),
        ('fp16', ['fp32'], None),
        ('int8', ['fp16'], None),
        ('bf16', ['fp16'], None),
        ('bf16', ['fp32'], 'fp32'),  # what its graph is in says the engine
    ],
)
def test_precision_decides(machine, asked, there, taken):
    for precision in there:
        machine.store(machine.key(precision))
    engine = machine.search(asked).engine
    assert (engine.precision if engine else None) == taken


@pytest.mark.parametrize(
    ('built', 'fixed', 'wanted', 'fits'),
    [
        ((656, 368), False, (-1, 368), True),
        ((656, 368), False, (656, 368), True),
        ((656, 368), False, (456, 256), True),
        ((656, 368), True, (656, 368), True),
        ((656, 368), True, (-1, 368), False),  # a picture of another aspect would not do
        ((656, 368), True, (456, 256), False),
        ((96, 64), False, (656, 368), False),
    ],
)
def test_resolution_decides(machine, built, fixed, wanted, fits):
    machine.store(machine.key(size=built, fixed=fixed))
    assert (machine.search(size=wanted).engine is not None) is fits


def test_without_an_engine_it_says_why_and_how_to_build(machine):
    with pytest.raises(EngineError, match=r'no engine of net has been built; .* build-engine'):
        machine.open()
    machine.store(replace(machine.key(), version='8.6.1'))
    with pytest.raises(EngineError, match=r'is of tensorrt 8\.6\.1, not tensorrt 10\.3\.0; build'):
        machine.open()
    assert machine.driver.leaks == (0, 0, 0, 0)


def test_build_when_asked_to_and_only_once(machine):
    told = []
    for _ in range(2):
        with machine.open(on_build=lambda *now: told.append(now)) as engine:
            assert engine.precision == 'fp16'
    assert told == [(0.0, 'no engine of net has been built'), (0.5, 'tactics')]
    assert machine.built == [machine.key(fixed=True)]


@pytest.mark.parametrize(
    ('precision', 'size', 'fixed'), [('fp32', (96, 64), True), ('', (-1, 64), False)]
)
def test_build_is_of_what_was_asked_for(machine, precision, size, fixed):
    machine.open(precision=precision, net_resolution=size, on_build=lambda *_: None).close()
    (key,) = machine.built
    assert key.precision == (precision or 'fp16')
    assert key.shapes.is_fixed is fixed
    assert key.shapes.optimum[2] == 64


@pytest.mark.parametrize('precision', ['int8', 'bf16'])
def test_nothing_is_built_that_could_not_be_in_what_was_asked_for(machine, precision):
    with pytest.raises(EngineError, match=f'cannot be in {precision}: the network is in fp32'):
        machine.open(precision=precision, on_build=lambda *_: None)
    assert machine.built == []
    assert machine.driver.leaks == (0, 0, 0, 0)


def test_build_that_is_stopped_leaves_nothing_behind(machine):
    def stop(part, what):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        machine.open(on_build=stop)
    assert machine.driver.leaks == (0, 0, 0, 0)


def test_search_asks_nobody_where_nothing_was_built(machine, monkeypatch):
    monkeypatch.setattr(tensorrt_opening, 'load_library', None)
    monkeypatch.setattr(tensorrt_opening, 'find_driver', None)
    assert machine.search() == (None, 'no TensorRT engine of net has been built')


def test_search_says_what_is_missing_and_not_what_would_mend_it(machine, monkeypatch):
    def load_library(flavour=None):
        raise MissingError('no TensorRT for /usr/bin/python3', 'install it')

    def find_driver():
        raise MissingError('no NVIDIA GPU can be used', 'buy one')

    machine.store(machine.key())
    monkeypatch.setattr(tensorrt_opening, 'load_library', load_library)
    assert machine.search() == (None, 'no TensorRT for /usr/bin/python3')
    with pytest.raises(EngineError, match='no TensorRT for /usr/bin/python3: install it'):
        machine.open()
    monkeypatch.setattr(tensorrt_opening, 'find_driver', find_driver)
    assert machine.search() == (None, 'no NVIDIA GPU can be used')


def test_search_goes_on_where_the_gpu_does_not_answer(machine):
    machine.store(machine.key())
    machine.driver.fails['facts'] = machine.driver.errors[0]('the GPU is lost')
    assert machine.search() == (None, 'GPU 0 cannot be used (the GPU is lost)')


def test_what_is_not_for_tensorrt_is_refused(machine):
    with pytest.raises(EngineError, match=r'CPUExecutionProvider.* are for the backend onnxrun'):
        open_tensorrt(machine.spec, ['CPUExecutionProvider'], None)
    with pytest.raises(ModelError, match='needs an ONNX file'):
        open_tensorrt(replace(machine.spec, file='net.xml'), None, None)


def test_auto_takes_an_engine_that_fits(machine, caplog):
    machine.store(machine.key())
    with caplog.at_level('INFO'), open_engine(machine.spec, net_resolution=(96, 64)) as engine:
        assert engine.name == 'tensorrt'
    assert 'backend auto took tensorrt for net: the cached engine net-fp16' in caplog.text


def test_auto_goes_on_where_the_engine_does_not_run(machine, caplog):
    machine.store(machine.key()).path.chmod(0o644)
    machine.driver.fails['make_stream'] = machine.driver.errors[0]('no luck')
    with caplog.at_level('INFO'), open_engine(machine.spec, net_resolution=(96, 64)) as engine:
        assert engine.name == 'onnxruntime'
    assert 'no luck; taking onnxruntime (CPUExecutionProvider) instead' in caplog.text
    assert 'the cached TensorRT engine does not run; ONNX Runtime has no CUDA' in caplog.text


def test_auto_does_not_build(machine):
    with open_engine(machine.spec, on_build=lambda *_: None) as engine:
        assert engine.name == 'onnxruntime'
    assert machine.built == []
