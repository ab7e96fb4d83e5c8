"""TensorRT where it is, where it is not, and where it is too old or for other GPUs."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from openpose_ros.cli.checks import gpu, tensorrt
from openpose_ros.engine.tensorrt_cache import EngineKey, list_engines, store_engine
from openpose_ros.engine.tensorrt_shapes import InputShapes

Put = Callable[[str, str], None]
# What `load_library` asks of a TensorRT.
TENSORRT = """
__version__ = '{version}'
class ILogger:
    pass
class ComputeCapability:
    __members__ = {{'NONE': 0, 'SM89': 1}}
"""

SHAPES = InputShapes(*[(1, 3, 368, 656)] * 3)
BUILT = EngineKey('0' * 64, 'tensorrt', '10.3.0', 'Orin', ('sm_87',), 'fp16', SHAPES)


@pytest.fixture(autouse=True)
def clean(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Start without what is installed, and without what another test's driver said."""
    monkeypatch.setattr(tensorrt, 'find_spec', lambda name: None)
    monkeypatch.setattr(tensorrt, 'version_of', lambda package: '')
    gpu.ask_driver.cache_clear()
    tensorrt.ask_library.cache_clear()
    yield
    gpu.ask_driver.cache_clear()
    tensorrt.ask_library.cache_clear()


def install(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setattr(tensorrt, 'find_spec', lambda module: module == name or None)


@pytest.mark.skipif(find_spec('tensorrt_rtx') is None, reason='needs tensorrt_rtx')
def test_rtx_that_is_installed_tells_its_version(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gpu, '_READ_GPUS', 'facts = {"gpus": []}')
    install(monkeypatch, 'tensorrt_rtx')
    [finding] = tensorrt.check_tensorrt()
    assert (finding.name, finding.state) == ('TensorRT-RTX', 'ok')
    assert finding.found[0].isdigit()


def test_tensorrt_is_missed_only_where_there_is_a_gpu(
    fake_driver: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    [finding] = tensorrt.check_tensorrt()
    assert (finding.name, finding.state) == ('TensorRT', 'missing')
    assert finding.fix == 'pip install tensorrt-cu12'  # its driver can do CUDA 12.6
    monkeypatch.setattr(tensorrt, 'is_jetson', lambda: True)
    assert tensorrt.check_tensorrt()[0].fix.startswith('sudo apt install')
    monkeypatch.setenv('FAKE_CUDA_STATUS', '100')
    gpu.ask_driver.cache_clear()
    assert tensorrt.check_tensorrt() == []


@pytest.mark.parametrize(
    ('flavour', 'version', 'state', 'says'),
    [
        ('tensorrt', '10.3.0', 'ok', '10.3.0'),
        ('tensorrt', '8.5.2.2', 'broken', 'JetPack 5 is not supported'),
        ('tensorrt_rtx', '1.7.1.116', 'warning', 'has no code for sm_87'),
    ],
)
def test_tensorrt_must_suit_this_package_and_the_gpu(
    flavour: str,
    version: str,
    state: str,
    says: str,
    fake_driver: None,
    fake_module: Put,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    install(monkeypatch, flavour)
    fake_module(flavour, TENSORRT.format(version=version))
    [finding] = tensorrt.check_tensorrt()
    assert finding.state == state
    assert says in finding.found


def test_bindings_are_missed_only_with_tensorrt_and_a_gpu(
    fake_driver: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert tensorrt.check_bindings() == []
    install(monkeypatch, 'tensorrt')
    [finding] = tensorrt.check_bindings()
    assert (finding.state, finding.fix) == ('missing', "pip install 'cuda-python<13'")


def test_bindings_that_cannot_be_imported_are_broken(
    fake_driver: None, fake_module: Put, monkeypatch: pytest.MonkeyPatch
) -> None:
    install(monkeypatch, 'tensorrt')
    monkeypatch.setattr(tensorrt, 'version_of', {'pycuda': '2024.1'}.get)
    for name in ('pycuda', 'cuda'):
        fake_module(name, f'raise ImportError("{name} is for another Python")')
    [finding] = tensorrt.check_bindings()
    assert (finding.state, finding.fix) == ('broken', "pip install 'cuda-python<13'")
    assert 'pycuda is for another Python' in finding.found


def test_onnx_is_missed_only_with_tensorrt(monkeypatch: pytest.MonkeyPatch) -> None:
    assert tensorrt.check_onnx() == []
    install(monkeypatch, 'tensorrt')
    assert tensorrt.check_onnx() == [
        ('onnx', 'missing', 'build-engine needs it', 'pip install onnx')
    ]


@pytest.mark.parametrize(
    ('difference', 'state', 'says'),
    [
        ({}, 'ok', 'fits this machine'),
        ({'gpu': '', 'targets': ('sm_86', 'sm_87')}, 'ok', 'fits this machine'),
        ({'version': '10.16.2'}, 'warning', 'is of tensorrt 10.16.2, not tensorrt 10.3.0'),
        ({'gpu': 'A2', 'targets': ('sm_86',)}, 'warning', 'is for A2 (sm_86), not Orin (sm_87)'),
    ],
)
def test_engine_must_fit_this_machine(
    difference: dict[str, Any],
    state: str,
    says: str,
    fake_driver: None,
    fake_module: Put,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv('OPENPOSE_ROS_CACHE', str(tmp_path / 'cache'))
    install(monkeypatch, 'tensorrt')
    fake_module('tensorrt', TENSORRT.format(version='10.3.0'))
    store_engine(replace(BUILT, **difference), 'mine', 'fp16', b'plan', {})
    [finding] = tensorrt.check_engines()
    assert finding.state == state
    assert says in finding.found
    assert finding.fix == ('' if state == 'ok' else 'openpose-ros build-engine mine')


def test_engine_of_another_machine_is_looked_at_where_there_is_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gpu, '_READ_GPUS', 'facts = {"gpus": []}')
    monkeypatch.setenv('OPENPOSE_ROS_CACHE', str(tmp_path / 'cache'))
    store_engine(BUILT, 'mine', 'fp16', b'plan', {})
    [finding] = tensorrt.check_engines()
    assert finding.state == 'ok'
    assert finding.found.endswith('fp16, 656x368; for sm_87, there is no GPU here')
    list_engines()[0].path.write_bytes(b'half')
    [finding] = tensorrt.check_engines()
    assert finding.state == 'warning'
    assert finding.found.endswith('is damaged')
