"""Each command of training says in one line what it misses."""

from __future__ import annotations

import ast
import os
from pathlib import Path
import re
import subprocess
import sys

import pytest

from tests.source_tree import ROOT

COMMANDS = sorted(
    path.stem
    for path in (ROOT / 'training').glob('*.py')
    if "__name__ == '__main__'" in path.read_text(encoding='utf-8')
)


def missing(name: str) -> str:
    """Return what Python raises for a module that is not installed, as code."""
    return f'ModuleNotFoundError("No module named {name!r}", name={name!r})'


def run(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run a command of training; modules in the folder hide installed ones."""
    path = os.pathsep.join([str(folder), str(ROOT), os.environ.get('PYTHONPATH', '')])
    return subprocess.run(
        [sys.executable, '-m', *arguments],
        env={**os.environ, 'PYTHONPATH': path},
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize('command', COMMANDS)
def test_a_missing_library_is_one_line(command: str, tmp_path: Path) -> None:
    for name in ('numpy', 'onnx', 'pytorch_optimizer', 'torch'):  # each command needs one at least
        (tmp_path / f'{name}.py').write_text(f'raise {missing(name)}\n', encoding='utf-8')
    done = run(tmp_path, f'training.{command}', '--help')
    line = (
        rf'training\.{command}: \w+ is missing, which training needs: '
        r'pip install "openpose_ros\[training\]"\n'
    )
    assert re.fullmatch(line, done.stderr), done.stderr
    assert done.returncode == 1


@pytest.mark.parametrize('command', COMMANDS)
def test_flags_of_the_documents_are_the_commands(command: str) -> None:
    """Also where the command cannot be run without PyTorch."""
    source = (ROOT / f'training/{command}.py').read_text(encoding='utf-8')
    taken = set(re.findall(r"'(--[a-z][a-z-]*)'", source))
    usage = ast.get_docstring(ast.parse(source)) or ''
    calls = [line for line in usage.splitlines() if line.startswith('    ')]
    for path in (*ROOT.glob('training/*.md'), *ROOT.glob('docs/*.md'), ROOT / 'CHANGELOG.md'):
        text = path.read_text(encoding='utf-8').replace('\\\n', ' ')
        calls += re.findall(rf'(?:training\.{command}|\b{command}\.py)\b([^\n#`]*)', text)
    named = {flag for call in calls for flag in re.findall(r'(?<![\w-])--[a-z][a-z-]*', call)}
    assert named <= taken, named - taken


def test_an_error_of_ours_is_one_line(tmp_path: Path) -> None:
    nowhere = tmp_path / 'nowhere.json'
    done = run(tmp_path, 'training.calibrate', 'network', '--annotations', str(nowhere))
    assert done.returncode == 1
    assert done.stderr.startswith(f'training.calibrate: no annotations at {nowhere}; give ')
    assert done.stderr.count('\n') == 1


def test_any_other_error_keeps_its_traceback(tmp_path: Path) -> None:
    """What nobody foresaw has to be found; and what is missing of ours is no library."""
    code = (
        "import sys; sys.argv[:1] = ['-m']; import training; "
        "sys.argv[:1] = ['/training/train.py']; "
    )
    for raised in ("ValueError('odd')", missing('training.nothing')):
        done = subprocess.run(
            [sys.executable, '-c', f'{code}raise {raised}'],
            env={**os.environ, 'PYTHONPATH': str(ROOT)},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 1
        assert done.stderr.startswith('Traceback'), done.stderr
