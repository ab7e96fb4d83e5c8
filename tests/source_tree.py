"""The files that the project is: what a wheel, an sdist, an installed tree are compared with."""

from __future__ import annotations

from functools import cache
from pathlib import Path
import subprocess

import pytest

ROOT = Path(__file__).parents[1]


@cache
def source_files() -> frozenset[str]:
    """
    Return the paths below ROOT of what git keeps, or would keep of what is new here.

    Where git or its folder is missing, as in an unpacked sdist, nobody can tell them from what was
    made here: the test is skipped.
    """
    if not (ROOT / '.git').exists():
        pytest.skip('compares with a git checkout')
    try:
        listed = subprocess.run(
            ['git', 'ls-files', '-z', '--cached', '--others', '--exclude-standard'],
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=True,
        ).stdout
    except (OSError, subprocess.CalledProcessError) as exc:
        pytest.skip(f'git does not list this checkout: {exc}')
    return frozenset(name for name in listed.split('\0') if name and (ROOT / name).is_file())
