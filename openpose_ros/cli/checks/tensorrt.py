"""TensorRT, and what it needs from Python to reach the GPU."""

from __future__ import annotations

from importlib.util import find_spec

from openpose_ros.cli.checks.finding import Finding
from openpose_ros.cli.checks.gpu import ask_driver, has_gpu
from openpose_ros.cli.checks.libraries import version_of
from openpose_ros.cli.checks.machine import is_jetson
from openpose_ros.cli.checks.probe import ask_python

_FLAVOURS = {'tensorrt': 'TensorRT', 'tensorrt_rtx': 'TensorRT-RTX'}
_LOAD = """
from openpose_ros.engine.tensorrt_library import load_library
library = load_library({flavour!r})
facts = {{'version': library.version, 'targets': library.targets}}
"""
_BINDINGS = ('pycuda', 'cuda-python', 'cuda-bindings')
_REACH = """
from openpose_ros.engine.tensorrt_cuda import find_driver
facts = {'name': find_driver().name}
"""


def check_tensorrt() -> list[Finding]:
    """Return each TensorRT that is installed, and whether it has code for the GPU that is here."""
    findings = [_flavour(name) for name in _FLAVOURS if find_spec(name) is not None]
    if not findings and has_gpu():
        fix = 'sudo apt install python3-libnvinfer' if is_jetson() else 'pip install tensorrt'
        found = 'the fastest there is on this GPU'
        return [Finding('TensorRT', 'missing', found, fix)]
    return findings


def check_bindings() -> list[Finding]:
    """Return what the engines of TensorRT reach the GPU with; nothing where they cannot run."""
    if not has_gpu() or not any(map(find_spec, _FLAVOURS)):
        return []
    fix = 'pip install cuda-python'
    if not any(map(version_of, _BINDINGS)):
        found = 'TensorRT engines need it, or pycuda, to reach the GPU'
        return [Finding('cuda-python', 'missing', found, fix)]
    facts, trouble, _ = ask_python(_REACH)
    if trouble:
        return [Finding('pycuda, cuda-python', 'broken', trouble, fix)]
    return [Finding('pycuda, cuda-python', 'ok', facts['name'])]


def _flavour(name: str) -> Finding:
    facts, trouble, _ = ask_python(_LOAD.format(flavour=name))
    if trouble:
        return Finding(_FLAVOURS[name], 'broken', trouble)
    here = {f'sm_{gpu["sm"]}' for gpu in ask_driver().facts.get('gpus', [])}
    unknown = ', '.join(sorted(here - set(facts['targets'])))
    if name == 'tensorrt_rtx' and unknown:
        found = f'{facts["version"]}, which has no code for {unknown}'
        return Finding(_FLAVOURS[name], 'warning', found, 'pip install tensorrt')
    return Finding(_FLAVOURS[name], 'ok', facts['version'])
