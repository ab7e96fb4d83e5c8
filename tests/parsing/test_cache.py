"""Numba's cache on disk, damaged as a power cut or an upgrade does it."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
import os
from pathlib import Path
import shutil
import subprocess
import sys

import numba
import pytest

from openpose_ros.parsing._kernels import cache
from openpose_ros.parsing._kernels.compiling import from_python
from openpose_ros.parsing.warming import compile_kernels

KERNEL = """
from openpose_ros.parsing._kernels.compiling import compiled

@compiled('float64(float64)')
def twice(x):
    return 2.0 * x
"""
USE = """
from kernel import twice
print(twice(21.0), sum(twice.stats.cache_hits.values()))
"""

pytestmark = pytest.mark.skipif(
    bool(numba.config.DISABLE_JIT), reason='nothing is compiled with NUMBA_DISABLE_JIT'
)


@pytest.fixture(scope='module')
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with a module and a cache that holds what it compiles."""
    folder = tmp_path_factory.mktemp('kernel')
    (folder / 'kernel.py').write_text(KERNEL)
    assert cached(folder) == '42.0 0'
    assert cached(folder) == '42.0 1', 'the cache is not used'
    return folder


def cached(folder: Path) -> str:
    return use(folder, NUMBA_CACHE_DIR=str(folder / 'cache'))


@pytest.fixture
def installed(tmp_path: Path) -> Path:
    """Return a folder with a module, and what it compiles beside it, as installed as root."""
    (tmp_path / 'kernel.py').write_text(KERNEL)
    assert use(tmp_path, NUMBA_CACHE_DIR='') == '42.0 0'
    assert list((tmp_path / '__pycache__').glob('kernel.twice*.nbc'))
    return tmp_path


def use(folder: Path, code: str = USE, *, before: str = '', **variables: str) -> str:
    """Call the compiled function in a process of its own, and return what it says."""
    run = subprocess.run(
        [sys.executable, '-W', 'error', '-c', before + code],
        cwd=folder,
        env={**os.environ, **variables},
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stderr
    return run.stdout.strip()


def emptied(content: bytes) -> bytes:
    return b''


def cut(content: bytes) -> bytes:
    return content[: len(content) // 2]


def zeroed(content: bytes) -> bytes:
    return bytes(len(content))


def with_a_hole(content: bytes) -> bytes:
    """Zero a part in the middle, as a block that was never written."""
    part = len(content) // 8
    return content[: 4 * part] + bytes(part) + content[5 * part :]


def of_a_module_that_moved(content: bytes) -> bytes:
    return content.replace(b'kernel', b'gonekl')


@pytest.mark.parametrize('ending', ['.nbi', '.nbc'])
@pytest.mark.parametrize('damage', [emptied, cut, zeroed, with_a_hole, of_a_module_that_moved])
def test_damaged_file_is_compiled_anew_and_replaced(
    folder: Path, damage: Callable[[bytes], bytes], ending: str
) -> None:
    paths = list((folder / 'cache').rglob(f'kernel.twice*{ending}'))
    assert paths
    for path in paths:
        path.write_bytes(damage(path.read_bytes()))
    assert cached(folder).startswith('42.0')
    assert cached(folder) == '42.0 1', 'the damaged file is still there'


def test_installed_files_are_used_before_another_folder_is_filled(installed: Path) -> None:
    assert use(installed, NUMBA_CACHE_DIR=str(installed / 'cache')) == '42.0 1'
    assert not [path for path in (installed / 'cache').rglob('*') if path.is_file()]


READ_ONLY = """
import tempfile
def refused(**options):
    raise PermissionError(13, 'Permission denied')
tempfile.TemporaryFile = refused  # how Numba finds out; root may write anywhere
"""


def test_installed_files_are_used_where_nothing_can_be_written(installed: Path) -> None:
    assert use(installed, before=READ_ONLY) == '42.0 1'
    for path in (installed / '__pycache__').glob('kernel.twice*.nbc'):
        path.write_bytes(cut(path.read_bytes()))
    assert use(installed, before=READ_ONLY) == '42.0 0', 'damaged files are believed'


def test_installed_files_of_another_source_are_not_used(installed: Path) -> None:
    (installed / 'kernel.py').write_text(KERNEL.replace('2.0 * x', '3.0 * x'))
    assert use(installed, before=READ_ONLY) == '63.0 0'


def test_files_of_other_kernels_are_not_used(installed: Path) -> None:
    """What is compiled holds the kernels that it calls, of another source perhaps."""
    (installed / 'called.py').write_text('')
    assert use(installed, before=READ_ONLY) == '42.0 0'


def test_files_with_numbers_of_another_module_are_not_used(tmp_path: Path) -> None:
    room = tmp_path / 'place' / '_kernels'
    room.mkdir(parents=True)
    (tmp_path / 'place' / 'numbers.py').write_text('TIMES = 2.0\n')
    source = KERNEL.replace('2.0 *', 'TIMES *')
    (room / 'kernel.py').write_text(f'from place.numbers import TIMES\n{source}')
    code = USE.replace('from kernel', 'from place._kernels.kernel')
    variables = {'NUMBA_CACHE_DIR': str(tmp_path / 'cache'), 'PYTHONDONTWRITEBYTECODE': '1'}
    assert use(tmp_path, code, **variables) == '42.0 0'
    assert use(tmp_path, code, **variables) == '42.0 1'
    (tmp_path / 'place' / 'numbers.py').write_text('TIMES = 3.25\n')
    assert use(tmp_path, code, **variables) == '68.25 0'


def test_where_kernels_are_kept(installed: Path) -> None:
    code = """
from openpose_ros.parsing._kernels.cache import kept_in
from kernel import twice
print(*kept_in(twice))
"""
    here, other = installed / '__pycache__', installed / 'other'
    assert use(installed, code) == f'{here} False'
    for path in here.glob('kernel.twice*'):
        path.unlink()
    kept, compiled = use(installed, code, NUMBA_CACHE_DIR=str(other)).split()
    assert Path(kept).parent == other
    assert compiled == 'True'
    shutil.rmtree(here)
    here.touch()  # a file where the folder would be stops even root
    nowhere = dict.fromkeys(('NUMBA_CACHE_DIR', 'HOME', 'XDG_CACHE_HOME'), '/dev/null')
    assert use(installed, code, **nowhere) == 'None True'


def test_every_kernel_is_checked() -> None:
    kernels, processor = compile_kernels()
    assert processor
    names = {kernel.name for kernel in kernels}
    assert {'paf.parse.parse', 'paf.optimal.parse_optimally', 'posenet.poses.find_poses'} <= names
    for kernel in kernels:
        room, module, name = kernel.name.split('.')
        inside = 'openpose_ros' if room in ('parsing', 'spatial') else 'openpose_ros.parsing'
        place = f'{inside}.{room}._kernels.{module}'
        function = from_python(getattr(import_module(place), name))
        assert isinstance(function._cache._cache_file, cache.CheckedCacheFile), kernel.name
