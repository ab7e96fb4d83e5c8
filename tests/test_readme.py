"""
What the README says is so: its tables are the code's, its examples run.

`python -m tests.test_readme` writes the tables anew.
"""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path
import re
import shlex

import pytest

from openpose_ros import cli
from openpose_ros.models.finding import known_models
from openpose_ros.parsing import PafParams

README = Path(__file__).parents[1] / 'README.md'
TEXT = README.read_text(encoding='utf-8')
PYTHON_BLOCKS = re.findall(r'```python\n(.*?)```', TEXT, re.DOTALL)
COMMANDS = re.findall(r'^(openpose-ros .*?)(?:  +#.*)?$', TEXT, re.MULTILINE)


def parameters_table() -> str:
    rows = ['| name | type | default | range | meaning |', '|---|---|---|---|---|']
    for item in fields(PafParams):
        meta = item.metadata
        limits = f'{meta["low"]} to {meta["high"]}' if meta['low'] is not None else ''
        allowed = ' or '.join(f'`{word}`' for word in meta['choices']) or limits
        default = str(item.default).lower() if isinstance(item.default, bool) else item.default
        rows.append(
            f'| `{item.name}` | {type(item.default).__name__} | `{default}` | {allowed} '
            f'| {meta["description"]} |'
        )
    return '\n'.join(rows)


def models_table() -> str:
    rows = ['| name | skeleton | AP | licence | what |', '|---|---|---|---|---|']
    for spec in known_models():
        ap = '' if spec.ap is None else f'{spec.ap:.3f}'
        rows.append(
            f'| [{spec.name}]({spec.homepage}) | {spec.skeleton.name} | {ap} | {spec.licence} '
            f'| {spec.description} |'
        )
    return '\n'.join(rows)


def with_tables(text: str) -> str:
    """Return the README with the tables of the code between their marks."""
    for name, table in (('parameters', parameters_table), ('models', models_table)):
        marked = re.compile(rf'(?<=<!-- {name} -->\n).*?(?=<!-- /{name} -->)', re.DOTALL)
        text, number = marked.subn(f'{table()}\n'.replace('\\', r'\\'), text)
        assert number == 1, f'the README needs one place for the table of {name}'
    return text


def test_tables_are_the_codes() -> None:
    assert with_tables(TEXT) == TEXT, 'run python -m tests.test_readme'


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


if __name__ == '__main__':
    README.write_text(with_tables(TEXT), encoding='utf-8')
