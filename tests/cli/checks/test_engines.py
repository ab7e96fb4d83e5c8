"""Engines of this machine, of others, and damaged ones."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
import shlex
from typing import Any

import pytest

from openpose_ros.cli.checks import engines, gpu, tensorrt
from openpose_ros.engine.tensorrt.cache import list_engines, store_engine
from openpose_ros.engine.tensorrt.key import EngineKey
from openpose_ros.engine.tensorrt.shapes import InputShapes
from openpose_ros.models import load_model
from tests.engine.graphs import write_network

SHAPES = InputShapes(*[(1, 3, 368, 656)] * 3)
BUILT = EngineKey('0' * 64, 'tensorrt', '10.3.0', 'Orin', ('sm_87',), 'fp16', SHAPES)


@pytest.fixture(autouse=True)
def clean(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv('OPENPOSE_ROS_CACHE', str(tmp_path / 'cache'))
    gpu.ask_driver.cache_clear()
    tensorrt.ask_library.cache_clear()
    yield
    gpu.ask_driver.cache_clear()
    tensorrt.ask_library.cache_clear()


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
    fake_module: Callable[[str, str], None],
) -> None:
    fake_module('tensorrt', '__version__ = "10.3.0"\nclass ILogger: pass')
    store_engine(replace(BUILT, **difference), 'mine', 'fp16', b'plan', {})
    [finding] = engines.look_at_engines()
    assert finding.state == state
    assert says in finding.found
    fix = 'openpose-ros build-engine mine --net-resolution 656x368 --precision fp16'
    assert finding.fix == ('' if state == 'ok' else fix)


def test_engine_of_other_shapes_takes_the_place_of_an_old_one(
    fake_driver: None, fake_module: Callable[[str, str], None]
) -> None:
    fake_module('tensorrt', '__version__ = "10.3.0"\nclass ILogger: pass')
    store_engine(replace(BUILT, version='8.6.1'), 'mine', 'fp16', b'plan', {})
    shapes = InputShapes((1, 3, 128, 128), (1, 3, 368, 656), (1, 3, 736, 1312))
    new = store_engine(replace(BUILT, shapes=shapes), 'mine', 'fp16', b'another', {})
    found = [finding.found for finding in engines.look_at_engines()]
    assert {finding.state for finding in engines.look_at_engines()} == {'ok'}
    assert sum(line.endswith(f'656x368; {new.path.name} took its place') for line in found) == 1


def test_fix_names_a_model_that_was_given_by_path_so_that_it_is_found(
    tmp_path: Path, fake_driver: None, fake_module: Callable[[str, str], None]
) -> None:
    fake_module('tensorrt', '__version__ = "10.3.0"\nclass ILogger: pass')
    spec = load_model(
        write_network(tmp_path / 'mein Modell.onnx', {'heatmaps': 19, 'pafs': 38}).path
    )
    key = replace(BUILT, onnx_sha256=spec.sha256, version='8.6.1')
    store_engine(key, spec.name, 'fp16', b'plan', {}, source=str(spec.path))
    [finding] = engines.look_at_engines()
    _, verb, model, *_ = shlex.split(finding.fix)
    assert (verb, load_model(model)) == ('build-engine', spec)


def test_engine_of_another_machine_is_looked_at_where_there_is_none(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(gpu, '_READ_GPUS', 'facts = {"gpus": []}')
    store_engine(BUILT, 'mine', 'fp16', b'plan', {})
    [finding] = engines.look_at_engines()
    assert finding.state == 'ok'
    assert finding.found.endswith('fp16, 656x368; for sm_87, there is no GPU here')
    list_engines()[0].path.write_bytes(b'half')
    [finding] = engines.look_at_engines()
    assert finding.state == 'warning'
    assert finding.found.endswith('is damaged')
