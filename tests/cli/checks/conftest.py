"""Modules, programs and drivers of a test's own, found as the real ones are."""

from __future__ import annotations

from collections.abc import Callable
import os
from pathlib import Path
import shutil
import subprocess

import pytest

# A stand-in for libcuda.so.1: one GPU, or whatever status cuInit is told to return.
DRIVER = """
#include <stdlib.h>
#include <string.h>
int cuInit(unsigned f) { const char *s = getenv("FAKE_CUDA_STATUS"); return s ? atoi(s) : 0; }
int cuGetErrorString(int s, const char **t) { *t = "no CUDA-capable device"; return 0; }
int cuDriverGetVersion(int *v) { *v = 12060; return 0; }
int cuDeviceGetCount(int *n) { *n = 1; return 0; }
int cuDeviceGetName(char *t, int n, int d) { strncpy(t, "Orin", n); return 0; }
int cuDeviceTotalMem_v2(size_t *n, int d) { *n = 8ull << 30; return 0; }
int cuDeviceGetAttribute(int *v, int a, int d) { *v = a == 75 ? 8 : 7; return 0; }
"""


@pytest.fixture
def fake_module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str, str], None]:
    """Return a function that puts a module before all others of its name."""
    folder = tmp_path / 'modules'
    folder.mkdir()
    monkeypatch.syspath_prepend(str(folder))

    def put(name: str, source: str) -> None:
        (folder / f'{name}.py').write_text(source, encoding='utf-8')

    return put


@pytest.fixture
def fake_program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str, str], None]:
    """Return a function that puts a shell script before all programs of its name."""
    folder = tmp_path / 'programs'
    folder.mkdir()
    monkeypatch.setenv('PATH', str(folder), prepend=os.pathsep)

    def put(name: str, script: str) -> None:
        (folder / name).write_text(f'#!/bin/sh\n{script}\n', encoding='utf-8')
        (folder / name).chmod(0o755)

    return put


@pytest.fixture
def fake_driver(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Put a driver with one GPU where the dynamic linker looks first."""
    compiler = shutil.which('cc', path=os.defpath)
    if compiler is None:
        pytest.skip('needs a C compiler for a driver to ask')
    source = tmp_path / 'driver.c'
    source.write_text(DRIVER, encoding='utf-8')
    library = tmp_path / 'libcuda.so.1'
    subprocess.run(
        [compiler, '-shared', '-fPIC', '-w', '-o', library, source],
        env={'PATH': os.defpath},
        check=True,
    )
    monkeypatch.setenv('LD_LIBRARY_PATH', str(tmp_path), prepend=os.pathsep)
