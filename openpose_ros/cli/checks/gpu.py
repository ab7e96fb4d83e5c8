"""NVIDIA's GPUs and what runs networks on them; where there is none, a line or two."""

from __future__ import annotations

from functools import cache
import os
from pathlib import Path
import platform
import shutil

from openpose_ros.cli.checks.finding import Finding
from openpose_ros.cli.checks.libraries import version_of
from openpose_ros.cli.checks.machine import is_jetson
from openpose_ros.cli.checks.probe import Answer, ask_python, missing_libraries, run

PCI = Path('/sys/bus/pci/devices')
SMI_PATIENCE_S = 15.0
_NVIDIA = '0x10de'
_DISPLAYS = '0x03'  # the class of graphics cards, and of those without a display
_READ_GPUS = 'from openpose_ros.cli.checks.driver import read_gpus\nfacts = read_gpus()'
_OPEN_CUDA = """
from openpose_ros.engine import open_engine
engine = open_engine(backend='onnxruntime', providers=['CUDAExecutionProvider'])
facts = {'description': engine.description}
"""
_PROVIDERS = """
import onnxruntime
facts = {
    'version': onnxruntime.__version__,
    'providers': [
        name.replace('ExecutionProvider', '')
        for name in onnxruntime.get_available_providers()
    ],
}
"""


@cache
def ask_driver() -> Answer:
    """Return what `read_gpus` finds."""
    return ask_python(_READ_GPUS)


def has_gpu() -> bool:
    """Return whether the driver knows a GPU."""
    return bool(ask_driver().facts.get('gpus'))


def check_gpus() -> list[Finding]:
    """Return each GPU, what CUDA the driver can do, and whether nvidia-smi answers."""
    facts, trouble, errors = ask_driver()
    findings = _nvidia_smi()
    if not trouble:
        findings.append(Finding('CUDA', 'ok', f'{facts["cuda"]}, the newest this driver can do'))
    for gpu in facts.get('gpus', []):
        found = f'{gpu["name"]}, sm_{gpu["sm"]}, {gpu["memory"] / (1 << 30):.1f} GB'
        findings.append(Finding('GPU', 'ok', found))
    if not trouble:
        return findings
    if not missing_libraries(errors):
        fix = 'unset CUDA_VISIBLE_DEVICES' if 'CUDA_VISIBLE_DEVICES' in os.environ else ''
        return [*findings, Finding('GPU', 'broken', trouble, fix)]
    if not _has_card():
        found = 'none of NVIDIA; networks run on the processor'
        return [*findings, Finding('GPU', 'missing', found)]
    if Path('/.dockerenv').exists():
        found = 'here, but this container was not given it'
        return [*findings, Finding('GPU', 'broken', found, 'docker run --gpus all …')]
    found, fix = 'here, but its driver is not installed', 'sudo ubuntu-drivers install'
    return [*findings, Finding('GPU', 'broken', found, fix)]


def check_onnxruntime() -> list[Finding]:
    """Return ONNX Runtime's version and providers; where there is a GPU, open a model on it."""
    facts, trouble, _ = ask_python(_PROVIDERS)
    if trouble:
        fix = 'pip install --force-reinstall onnxruntime'
        return [Finding('ONNX Runtime', 'broken', trouble, fix)]
    found = f'{facts["version"]}, {", ".join(facts["providers"])}'
    if version_of('onnxruntime') and version_of('onnxruntime-gpu'):
        found += '; onnxruntime and onnxruntime-gpu overwrite each other'
        fix = 'pip uninstall -y onnxruntime && pip install --force-reinstall onnxruntime-gpu'
        return [Finding('ONNX Runtime', 'warning', found, fix)]
    findings = [Finding('ONNX Runtime', 'ok', found)]
    if not has_gpu():
        return findings
    if 'CUDA' not in facts['providers']:
        found = 'not in this build, which runs on the processor'
        # PyPI has no build with CUDA for other machines.
        x86 = platform.machine() == 'x86_64'
        fix = 'pip uninstall -y onnxruntime && pip install onnxruntime-gpu' if x86 else ''
        return [*findings, Finding('ONNX Runtime, CUDA', 'missing', found, fix)]
    facts, trouble, errors = ask_python(_OPEN_CUDA)
    if not trouble:
        return [*findings, Finding('ONNX Runtime, CUDA', 'ok', 'opens a model')]
    libraries = missing_libraries(errors)
    fix = "pip install 'onnxruntime-gpu[cuda,cudnn]'" if libraries else ''
    return [*findings, Finding('ONNX Runtime, CUDA', 'broken', trouble, fix)]


def _nvidia_smi() -> list[Finding]:
    """Ask nvidia-smi for the driver's version; when a GPU has fallen off its bus, it hangs."""
    program = shutil.which('nvidia-smi')
    if program is None:
        return []
    output, trouble, _ = run(
        [program, '--query-gpu=driver_version', '--format=csv,noheader'], SMI_PATIENCE_S
    )
    said = output.strip().splitlines() or ['no version']
    if trouble:  # it complains on stdout
        found = trouble if trouble.startswith('no answer') else f'nvidia-smi: {said[0]}'
        return [Finding('NVIDIA driver', 'broken', found)]
    return [Finding('NVIDIA driver', 'ok', said[0])]


def _has_card() -> bool:
    """Return whether a GPU of NVIDIA is on the PCI bus, or this is a Jetson."""
    for device in PCI.glob('*'):
        try:
            vendor = (device / 'vendor').read_text(encoding='ascii')
            kind = (device / 'class').read_text(encoding='ascii')
        except OSError:
            continue
        if vendor.strip() == _NVIDIA and kind.startswith(_DISPLAYS):
            return True
    return is_jetson()
