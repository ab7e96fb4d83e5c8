"""The engines in the cache, and whether they fit this machine."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from importlib.util import find_spec
from shlex import quote

from openpose_ros.cli.checks.finding import Finding
from openpose_ros.cli.checks.gpu import ask_driver, has_gpu
from openpose_ros.cli.checks.tensorrt import ask_library
from openpose_ros.commands import command
from openpose_ros.engine.tensorrt.cache import CachedEngine, find_engine, list_engines
from openpose_ros.errors import ModelError
from openpose_ros.models import load_model


def look_at_engines() -> list[Finding]:
    """Return every engine, and whether it fits."""
    return [_look(engine) for engine in list_engines()]


def _look(engine: CachedEngine) -> Finding:
    """Look for the engine that would be wanted here in its place."""
    wanted = engine.key
    for gpu in ask_driver().facts.get('gpus', [])[:1]:
        wanted = replace(wanted, gpu=gpu['name'], targets=(f'sm_{gpu["sm"]}',))
    if find_spec(wanted.library) is not None:
        version = ask_library(wanted.library).facts.get('version', wanted.version)
        wanted = replace(wanted, version=version)
    with suppress(ModelError):  # of one whose file is gone
        wanted = replace(wanted, onnx_sha256=load_model(engine.source, need_file=False).sha256)
    found, reason = find_engine(wanted, engine.model)
    what = f'{engine.path.name}, {engine.precision}, {engine.key.shapes}'
    if found is None:  # one of other shapes may have taken its place
        height, width = engine.key.shapes.optimum[2:]
        size = width, height
        found = find_engine(wanted, engine.model, size=size, any_shapes=True).engine
    if found is None:
        options = f'--net-resolution {width}x{height} --precision {engine.key.precision}'
        fix = command(f'build-engine {quote(engine.source)} {options}')
        return Finding('engine', 'warning', reason, fix)
    if found.path != engine.path:
        return Finding('engine', 'ok', f'{what}; {found.path.name} took its place')
    if not has_gpu():
        targets = ', '.join(engine.key.targets)
        return Finding('engine', 'ok', f'{what}; for {targets}, there is no GPU here')
    return Finding('engine', 'ok', f'{what}; fits this machine')
