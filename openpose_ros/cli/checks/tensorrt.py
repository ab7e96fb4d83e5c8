"""TensorRT, and what it needs from Python to reach the GPU."""

from __future__ import annotations

from functools import cache
from importlib.util import find_spec

from openpose_ros.cli.checks.finding import Finding
from openpose_ros.cli.checks.gpu import ask_driver, has_gpu
from openpose_ros.cli.checks.libraries import check_import, version_of
from openpose_ros.cli.checks.machine import is_jetson
from openpose_ros.cli.checks.probe import Answer, ask_python
from openpose_ros.commands import install_cuda_python

_FLAVOURS = {'tensorrt': 'TensorRT', 'tensorrt_rtx': 'TensorRT-RTX'}
_LOAD = """
from openpose_ros.engine.tensorrt.library import load_library
library = load_library({flavour!r})
facts = {{'version': library.version, 'targets': library.targets}}
"""
_BINDINGS = ('pycuda', 'cuda-python', 'cuda-bindings')
_REACH = """
from openpose_ros.engine.tensorrt.cuda import find_driver
facts = {'name': find_driver().name}
"""
_ENGINES = """
from openpose_ros.cli.checks.engines import look_at_engines
facts = {'findings': look_at_engines()}
"""


@cache
def ask_library(flavour: str) -> Answer:
    """Return the version of a TensorRT, and the GPUs that it lists as targets."""
    return ask_python(_LOAD.format(flavour=flavour))


def check_tensorrt() -> list[Finding]:
    """Return each TensorRT that is installed, and whether it has code for the GPU that is here."""
    findings = [_flavour(name) for name in _FLAVOURS if find_spec(name) is not None]
    if not findings and has_gpu():
        fix = 'sudo apt install python3-libnvinfer' if is_jetson() else f'pip install {_package()}'
        found = 'the backend tensorrt needs it'
        return [Finding('TensorRT', 'missing', found, fix)]
    return findings


def check_bindings() -> list[Finding]:
    """Return what the engines of TensorRT reach the GPU with; nothing where they cannot run."""
    if not has_gpu() or not any(map(find_spec, _FLAVOURS)):
        return []
    fix = install_cuda_python(_driver_cuda())
    if not any(map(version_of, _BINDINGS)):
        found = 'TensorRT engines need it, or pycuda, to reach the GPU'
        return [Finding('cuda-python', 'missing', found, fix)]
    facts, trouble, _ = ask_python(_REACH)
    if trouble:
        return [Finding('pycuda, cuda-python', 'broken', trouble, fix)]
    return [Finding('pycuda, cuda-python', 'ok', facts['name'])]


def check_onnx() -> list[Finding]:
    """Return the package that engines are built with, where there is a TensorRT to build them."""
    if not any(map(find_spec, _FLAVOURS)):
        return []
    if find_spec('onnx') is None:
        return [Finding('onnx', 'missing', 'build-engine needs it', 'pip install onnx')]
    return [check_import('onnx', 'onnx')]


def check_engines() -> list[Finding]:
    """Return every engine in the cache; what reads them needs NumPy, which may be broken."""
    facts, trouble, _ = ask_python(_ENGINES)
    if trouble:
        return [Finding('engines', 'broken', trouble)]
    return [Finding(*found) for found in facts['findings']]


def _flavour(name: str) -> Finding:
    facts, trouble, _ = ask_library(name)
    if trouble:
        return Finding(_FLAVOURS[name], 'broken', trouble)
    here = {f'sm_{gpu["sm"]}' for gpu in ask_driver().facts.get('gpus', [])}
    unknown = ', '.join(sorted(here - set(facts['targets'])))
    if name == 'tensorrt_rtx' and unknown:
        found = f'{facts["version"]}, which has no code for {unknown}'
        return Finding(_FLAVOURS[name], 'warning', found, f'pip install {_package()}')
    return Finding(_FLAVOURS[name], 'ok', facts['version'])


def _package() -> str:
    # NVIDIA builds the other with CUDA 13.
    return 'tensorrt-cu12' if _driver_cuda() < 13 else 'tensorrt'


def _driver_cuda() -> float:
    return float(ask_driver().facts['cuda'])
