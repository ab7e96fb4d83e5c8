"""Numba's cache on disk, damaged as a power cut or an upgrade does it."""

from __future__ import annotations

from collections.abc import Callable
import os
from pathlib import Path
import subprocess
import sys

import numba
import pytest

KERNEL = """
from openpose_ros.parsing.paf._kernels.compiling import compiled

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
    assert use(folder) == '42.0 0'
    assert use(folder) == '42.0 1', 'the cache is not used'
    return folder


def use(folder: Path) -> str:
    """Call the compiled function in a process of its own, and return what it says."""
    run = subprocess.run(
        [sys.executable, '-W', 'error', '-c', USE],
        cwd=folder,
        env={**os.environ, 'NUMBA_CACHE_DIR': str(folder / 'cache')},
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
    assert use(folder).startswith('42.0')
    assert use(folder) == '42.0 1', 'the damaged file is still there'


def test_every_kernel_is_checked() -> None:
    from openpose_ros.parsing.paf._kernels import assembly, cache, compiling, limbs, peaks

    kernels = [compiling.falling, assembly.assemble, limbs.find_limbs, peaks.find_peaks]
    files = [kernel._cache._cache_file for kernel in kernels if hasattr(kernel._cache, 'flush')]
    assert all(isinstance(file, cache.CheckedCacheFile) for file in files)
