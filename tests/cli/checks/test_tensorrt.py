"""TensorRT where it is, where it is not, and where it is too old or for other GPUs."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from importlib.util import find_spec
from pathlib import Path

import pytest

from openpose_ros.cli.checks import gpu, tensorrt
from openpose_ros.engine.tensorrt.cache import store_engine
from openpose_ros.engine.tensorrt.key import EngineKey
from openpose_ros.engine.tensorrt.shapes import InputShapes

Put = Callable[[str, str], None]
# What `load_library` asks of a TensorRT.
TENSORRT = """
__version__ = '{version}'
class ILogger:
    pass
class ComputeCapability:
    __members__ = {{'NONE': 0, 'SM89': 1}}
"""


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
    assert finding.found.endswith(f'to reach the GPU: {finding.fix}')


def test_onnx_is_missed_only_with_tensorrt(monkeypatch: pytest.MonkeyPatch) -> None:
    assert tensorrt.check_onnx() == []
    install(monkeypatch, 'tensorrt')
    assert tensorrt.check_onnx() == [
        ('onnx', 'missing', 'build-engine needs it', 'pip install onnx')
    ]


def test_engines_are_listed_by_another_process(
    tmp_path: Path, fake_module: Put, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv('OPENPOSE_ROS_CACHE', str(tmp_path / 'cache'))
    assert tensorrt.check_engines() == []
    shapes = InputShapes(*[(1, 3, 368, 656)] * 3)
    key = EngineKey('0' * 64, 'tensorrt', '10.3.0', 'Orin', ('sm_87',), 'fp16', shapes)
    store_engine(key, 'mine', 'fp16', b'plan', {})
    [finding] = tensorrt.check_engines()
    assert finding.name == 'engine'
    fake_module('numpy', 'raise ImportError("for another Python")')
    [finding] = tensorrt.check_engines()
    assert finding == ('engines', 'broken', 'ImportError: for another Python', '')
