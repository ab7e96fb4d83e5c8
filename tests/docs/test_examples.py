"""What the README says is so: its examples run."""

from __future__ import annotations

from pathlib import Path
import re
import shlex

import pytest

from openpose_ros import cli

README = Path(__file__).parents[2] / 'README.md'
TEXT = README.read_text(encoding='utf-8')
PYTHON_BLOCKS = re.findall(r'```python\n(.*?)```', TEXT, re.DOTALL)
COMMANDS = re.findall(r'^(openpose-ros .*?)(?:  +#.*)?$', TEXT, re.MULTILINE)


@pytest.mark.parametrize('name', ['parser', 'pipeline', 'accuracy', 'networks'])
def test_benchmarks_have_their_place(name: str) -> None:
    assert TEXT.count(f'<!-- benchmark:{name} -->\n') == 1
    assert TEXT.count(f'<!-- /benchmark:{name} -->') == 1


@pytest.mark.parametrize('command', COMMANDS)
def test_command_is_understood(command: str) -> None:
    assert cli._parsed(cli._with_sizes_joined(shlex.split(command)[1:])).run is not None


def test_readme_has_commands_and_examples() -> None:
    assert len(COMMANDS) >= 3
    assert len(PYTHON_BLOCKS) == 2


def test_example_node_is_the_installed_one() -> None:
    script = (README.parent / 'scripts' / 'print_people').read_text(encoding='utf-8')
    [block] = re.findall(r'```py\n(.*?)```', TEXT, re.DOTALL)
    assert script == f'#!/usr/bin/env python3\n{block}'


@pytest.mark.parametrize('block', PYTHON_BLOCKS, ids=['estimator', 'parser'])
def test_python_example_runs(
    block: str,
    shared: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    (tmp_path / 'photo.jpg').write_bytes((shared / 'images/000000000785.jpg').read_bytes())
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv('OPENPOSE_ROS_MODEL_PATH', str(shared / 'models'))
    exec(compile(block, str(README), 'exec'), {})
    assert re.search(r'the nose is at 36\d\.\d, \d+\.\d|0 \(0, 18, 3\)', capsys.readouterr().out)
