"""The names that users rely on stay where they are; everything else may move without an alias."""

from __future__ import annotations

import ast
from importlib import import_module
import os
from pathlib import Path
from pkgutil import resolve_name
import subprocess
import sys
from types import ModuleType

import pytest

import openpose_ros
from openpose_ros._lazy import lazy_names

ROOT = Path(__file__).parents[1]
NAMES = {
    'openpose_ros': (
        *('PoseEstimator', 'People', 'Person', 'load_skeleton', 'load_model', 'open_engine'),
        *('draw_people', 'stream', '__version__'),
    ),
    'openpose_ros.parsing': (
        *('parse_pafs', 'PafParams', 'parse_posenet', 'PoseNetParams', 'explain', 'Explanation'),
    ),
    'openpose_ros.models': (
        *('load_model', 'list_models', 'fetch_model', 'import_model', 'ModelSpec'),
    ),
    'openpose_ros.engine': ('open_engine',),
    'openpose_ros.drawing': ('draw_people', 'draw_heatmaps', 'draw_pafs'),
    'openpose_ros.skeletons': ('Skeleton', 'load_skeleton', 'available_skeletons'),
    'openpose_ros.tracking': ('Tracker', 'TrackingParams', 'Tracks', 'Coasting'),
    'openpose_ros.ros.messages': ('people_from_message',),
}
FILES = (
    *('scripts/openpose-ros', 'scripts/openpose_camera', 'scripts/openpose_node'),
    *('scripts/openpose_follow', 'scripts/print_people', 'launch/demo.launch.py'),
    *('launch/openpose.launch.py', 'launch/follow.launch.py'),
)
FRONTS = sorted(
    path
    for path in (ROOT / 'openpose_ros').rglob('__init__.py')
    if '\n__all__' in path.read_text(encoding='utf-8') and 'cli' not in path.parts  # verbs
)


def imports_of(path: Path) -> dict[str, str]:
    """Return the names of ours that a file imports, with their modules."""
    tree = ast.parse(path.read_text(encoding='utf-8'))
    return {
        alias.name: node.module
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and f'{node.module}.'.startswith('openpose_ros.')
        for alias in node.names
    }


def functions_of(path: Path) -> set[str]:
    body = ast.parse(path.read_text(encoding='utf-8')).body
    return {node.name for node in body if isinstance(node, ast.FunctionDef)}


@pytest.mark.parametrize(
    ('module', 'name'), [(module, name) for module, names in NAMES.items() for name in names]
)
def test_public_name_is_there(module: str, name: str) -> None:
    found = import_module(module)
    assert name in found.__all__
    assert getattr(found, name).__doc__


def test_command_is_there() -> None:
    declared = (ROOT / 'pyproject.toml').read_text(encoding='utf-8')
    assert '\nopenpose-ros = "openpose_ros.__main__:main"\n' in declared
    assert callable(resolve_name('openpose_ros.__main__:main'))


@pytest.mark.parametrize('name', [name for name in FILES if name.startswith('scripts/')])
def test_script_calls_what_is_there(name: str) -> None:
    assert os.access(ROOT / name, os.X_OK)
    ours = {name: at for name, at in imports_of(ROOT / name).items() if at != 'openpose_ros.msg'}
    assert ours
    for function, module in ours.items():
        source = ROOT / f'{module.replace(".", "/")}.py'
        if source.is_file():  # read, not imported: rclpy need not be there
            assert function in functions_of(source)
        else:
            assert callable(resolve_name(f'{module}:{function}'))


@pytest.mark.parametrize('name', [name for name in FILES if name.startswith('launch/')])
def test_launch_file_describes_a_launch(name: str) -> None:
    assert 'generate_launch_description' in functions_of(ROOT / name)


def test_nothing_else_is_a_script_or_launch_file() -> None:
    there = {path for folder in ('scripts', 'launch') for path in (ROOT / folder).iterdir()}
    assert {
        path.relative_to(ROOT).as_posix() for path in there if path.name != '__pycache__'
    } == set(FILES)


@pytest.mark.parametrize(
    'path', FRONTS, ids=lambda path: path.parent.relative_to(ROOT).as_posix().replace('/', '.')
)
def test_front_has_the_names_that_it_says(path: Path) -> None:
    """What type checkers are told, what is listed, and what is there, are the same."""
    front = import_module('.'.join(path.parent.relative_to(ROOT).parts))
    told = {name: at for name, at in imports_of(path).items() if name != 'lazy_names'}
    assert sorted(front.__all__) == sorted(told)
    for name, module in told.items():
        assert getattr(front, name) is getattr(import_module(module), name)


@pytest.mark.parametrize(
    'path', FRONTS, ids=lambda path: path.parent.relative_to(ROOT).as_posix().replace('/', '.')
)
def test_front_lists_its_names_before_they_are_imported(path: Path) -> None:
    """And neither its helpers nor what is private."""
    name = '.'.join(path.parent.relative_to(ROOT).parts)
    program = f'import {name}; print(*dir({name}))'
    run = subprocess.run([sys.executable, '-c', program], capture_output=True, cwd=ROOT, text=True)
    front = import_module(name)
    listed = {word for word in run.stdout.split() if not word.startswith('__')}
    assert set(front.__all__) - {'__version__'} <= listed, run.stderr
    modules = {word for word in listed if isinstance(getattr(front, word), ModuleType)}
    assert listed - modules == set(front.__all__) - {'__version__'}
    assert not {word for word in listed if word.startswith('_')}


def test_package_says_what_it_does_not_have() -> None:
    with pytest.raises(AttributeError, match="'openpose_ros' has no attribute 'estimate_all'"):
        _ = openpose_ros.estimate_all


def test_lazy_name_of_a_module_that_is_missing_says_so() -> None:
    with pytest.raises(ModuleNotFoundError, match='nowhere'):
        lazy_names(__name__, {'name': 'openpose_ros.nowhere'})('name')
