"""Models that are here, changed, or not here."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
import sys

import pytest

from openpose_ros.cli.checks import models
from tests.models import known
from tests.models.known import sha256

cache, know = known.cache, known.know  # fixtures

CONTENT = b'<net/>'
# The real ONNX Runtime, which claims a CUDA that it cannot open.
WITHOUT_ITS_CUDA = """
import sys
sys.path[:] = {path!r}
del sys.modules['onnxruntime']
import onnxruntime
onnxruntime.get_available_providers = lambda: ['CUDAExecutionProvider', 'CPUExecutionProvider']
"""


def test_model_that_is_here_is_compared_with_its_hash(know, cache):
    origin = [{'file': 'a.xml', 'sha256': sha256(CONTENT), 'urls': ['http://127.0.0.1/a']}]
    know('a', CONTENT, file='a.xml', origin=origin)
    know('b', b'elsewhere')
    cache.mkdir(parents=True)
    (cache / 'a.xml').write_bytes(CONTENT)
    here, rest = models.check_models()
    assert here == ('a', 'ok', f'{cache / "a.xml"}, sha256 {sha256(CONTENT)[:12]}', '')
    assert (rest.state, rest.found) == ('missing', 'not here: b')
    (cache / 'a.xml').write_bytes(b'changed')
    here, rest = models.check_models()
    assert here.state == 'broken'
    assert f'expected {sha256(CONTENT)}' in here.found
    assert here.fix == f"rm '{cache}/a.xml' && openpose-ros models fetch a"


def test_no_model_at_all_is_missing(know, cache):
    origin = [{'file': 'a.xml', 'sha256': sha256(CONTENT), 'urls': ['http://127.0.0.1/a']}]
    know('a', CONTENT, file='a.xml', origin=origin)
    [finding] = models.check_models()
    assert (finding.state, finding.fix) == ('missing', 'openpose-ros models fetch a')


def test_file_that_nothing_describes_is_a_warning(know, cache, tmp_path, monkeypatch):
    monkeypatch.setenv('OPENPOSE_ROS_MODEL_PATH', str(tmp_path))
    (tmp_path / 'mine.onnx').write_bytes(b'')
    know('a', CONTENT)
    warning, _ = models.check_models()
    assert (warning.state, str(tmp_path / 'mine.onnx') in warning.found) == ('warning', True)


def test_folder_that_is_not_there_is_a_warning(know, cache, tmp_path, monkeypatch):
    monkeypatch.setenv('OPENPOSE_ROS_MODEL_PATH', f'{tmp_path}:{tmp_path}/modles')
    know('a', CONTENT)
    warning, _ = models.check_models()
    assert (warning.name, warning.state) == ('model folder', 'warning')
    assert f'{tmp_path}/modles' in warning.found


def test_estimate_says_what_runs_and_why(shared: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv('OPENPOSE_ROS_MODEL_PATH', str(shared / 'models'))
    [finding] = models.check_estimate('human-pose-estimation-0001')
    assert finding.state == 'ok', finding
    assert finding.found.startswith('human-pose-estimation-0001 runs with ')
    assert finding.found.endswith(')')


def test_estimate_that_runs_on_less_than_it_could_is_a_warning(
    shared: Path, fake_module: Callable[[str, str], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv('OPENPOSE_ROS_MODEL_PATH', str(shared / 'models'))
    fake_module('onnxruntime', WITHOUT_ITS_CUDA.format(path=sys.path[1:]))
    [finding] = models.check_estimate('human-pose-estimation-0001')
    assert finding.state == 'warning', finding
    assert 'CUDAExecutionProvider' in finding.found.partition('but: ')[2]


@pytest.mark.parametrize('model', ["it's nonsense", 'posenet-mobilenet-v1-075'])
def test_estimate_that_cannot_run_says_why(
    model: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.delenv('OPENPOSE_ROS_MODEL_PATH', raising=False)
    monkeypatch.setenv('OPENPOSE_ROS_CACHE', str(tmp_path))  # neither of them is here
    [finding] = models.check_estimate(model)
    assert finding.state == 'broken'
    assert model in finding.found
