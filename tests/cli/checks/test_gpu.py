"""GPUs that are there, that are not, and that hang."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from openpose_ros.cli.checks import gpu
from openpose_ros.cli.checks.finding import Finding

Put = Callable[[str, str], None]
NO_GPU = Finding('GPU', 'missing', 'none of NVIDIA; networks run on the processor')
# An ONNX Runtime with CUDA whose libraries are not there: it warns, and falls back to the CPU.
ONNXRUNTIME = """
import sys
__version__ = '1.20.0'
def get_available_providers():
    return ['CUDAExecutionProvider', 'CPUExecutionProvider']
class SessionOptions:
    def add_session_config_entry(self, key, value):
        pass
class InferenceSession:
    def __init__(self, *arguments, **options):
        print('libcublasLt.so.12: cannot open shared object file', file=sys.stderr)
    def get_providers(self):
        return ['CPUExecutionProvider']
"""


@pytest.fixture(autouse=True)
def bare_machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Hide the GPU of the machine that the tests run on."""
    monkeypatch.setenv('PATH', str(tmp_path / 'none'))
    monkeypatch.setattr(gpu, 'PCI', tmp_path / 'pci')
    monkeypatch.setattr(gpu, 'is_jetson', lambda: False)
    gpu.ask_driver.cache_clear()
    yield
    gpu.ask_driver.cache_clear()


@pytest.fixture
def no_driver(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gpu, '_READ_GPUS', 'import ctypes\nctypes.CDLL("libcuda.so.0")')


def test_machine_without_a_gpu_is_one_line(no_driver: None) -> None:
    assert gpu.check_gpus() == [NO_GPU]
    assert not gpu.has_gpu()


def test_card_without_a_driver_is_broken(
    no_driver: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, vendor, kind in (('0', '0x8086', '0x030000'), ('1', '0x10de', '0x040300')):
        (tmp_path / 'pci' / name).mkdir(parents=True)
        (tmp_path / 'pci' / name / 'vendor').write_text(f'{vendor}\n')
        (tmp_path / 'pci' / name / 'class').write_text(f'{kind}\n')
    assert gpu.check_gpus() == [NO_GPU]  # a card of Intel's, and the sound of one of NVIDIA's
    (tmp_path / 'pci/1/class').write_text('0x030200\n')
    [finding] = gpu.check_gpus()
    assert finding.state == 'broken'
    assert finding.fix in ('sudo ubuntu-drivers install', 'docker run --gpus all …')


def test_gpu_of_a_driver_is_described(fake_driver: None) -> None:
    assert gpu.check_gpus() == [
        ('CUDA', 'ok', '12.6, the newest this driver can do', ''),
        ('GPU', 'ok', 'Orin, sm_87, 8.0 GB', ''),
    ]
    assert gpu.has_gpu()


def test_driver_that_fails_is_one_line(fake_driver: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv('CUDA_VISIBLE_DEVICES', raising=False)
    monkeypatch.setenv('FAKE_CUDA_STATUS', '100')
    [finding] = gpu.check_gpus()
    assert finding == ('GPU', 'broken', 'OSError: cuInit: no CUDA-capable device (100)', '')
    monkeypatch.setenv('CUDA_VISIBLE_DEVICES', '')
    gpu.ask_driver.cache_clear()
    assert gpu.check_gpus()[0].fix == 'unset CUDA_VISIBLE_DEVICES'


def test_nvidia_smi_tells_the_version(no_driver: None, fake_program: Put) -> None:
    fake_program('nvidia-smi', 'echo 560.35.03')
    assert gpu.check_gpus()[0] == ('NVIDIA driver', 'ok', '560.35.03', '')


@pytest.mark.parametrize(
    ('script', 'says'),
    [
        ('echo "NVIDIA-SMI has failed"; exit 9', 'nvidia-smi: NVIDIA-SMI has failed'),
        ('exit 1', 'nvidia-smi: no version'),
        ('/bin/sleep 600', 'no answer within 0.5 s'),
        ('/bin/sleep 600 & /bin/sleep 600', 'no answer within 0.5 s'),
    ],
)
def test_nvidia_smi_that_fails_or_hangs_is_one_line(
    script: str, says: str, no_driver: None, fake_program: Put, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gpu, 'SMI_PATIENCE_S', 0.5)
    fake_program('nvidia-smi', script)
    assert gpu.check_gpus()[0] == ('NVIDIA driver', 'broken', says, '')


def test_onnxruntime_without_a_gpu_is_one_line(no_driver: None) -> None:
    [finding] = gpu.check_onnxruntime()
    assert finding.state == 'ok'
    assert finding.found.endswith('CPU')


def test_onnxruntime_that_leaves_the_gpu_idle_is_told(fake_driver: None, fake_module: Put) -> None:
    fake_module('onnxruntime', ONNXRUNTIME.replace("'CUDAExecutionProvider', ", ''))
    found, cuda = gpu.check_onnxruntime()
    assert found == ('ONNX Runtime', 'ok', '1.20.0, CPU', '')
    assert (cuda.name, cuda.state) == ('ONNX Runtime, CUDA', 'missing')


def test_onnxruntime_must_really_open_cuda(
    fake_driver: None, fake_module: Put, shared: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv('OPENPOSE_ROS_MODEL_PATH', str(shared / 'models'))
    fake_module('onnxruntime', ONNXRUNTIME)
    found, cuda = gpu.check_onnxruntime()
    assert found == ('ONNX Runtime', 'ok', '1.20.0, CUDA, CPU', '')
    assert cuda.state == 'broken'
    assert cuda.found == 'it needs libcublasLt.so.12, which cannot be found'
    assert cuda.fix == "pip install 'onnxruntime-gpu[cuda,cudnn]'"
