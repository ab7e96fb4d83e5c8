"""The machine and its Python."""

from __future__ import annotations

import os
from pathlib import Path
import platform
import re
import sys
import tempfile

import openpose_ros
from openpose_ros.cli.checks.finding import Finding
from openpose_ros.models.finding import cache_folder

RELEASE = Path('/etc/nv_tegra_release')
BOARD = Path('/proc/device-tree/model')
_JETPACKS = {32: '4', 35: '5', 36: '6', 38: '7', 39: '7'}  # by the release of Jetson Linux
_OLDEST_JETPACK = 6
_NEW_CACHE = 'export OPENPOSE_ROS_CACHE=/a/folder/that/can/be/written'


def check_python() -> list[Finding]:
    """Return this package's and Python's versions and places."""
    ours = Finding('openpose_ros', 'ok', f'{openpose_ros.__version__}, {openpose_ros.__path__[0]}')
    found = f'{platform.python_version()}, {sys.executable}, {_environment()}'
    if is_jetson() and _is_isolated():
        return [
            ours,
            Finding(
                'Python',
                'warning',
                f"{found}, which does not see JetPack's TensorRT",
                f'python3 -m venv --system-site-packages --upgrade {sys.prefix}',
            ),
        ]
    return [ours, Finding('Python', 'ok', found)]


def check_platform() -> list[Finding]:
    """Return the operating system, and JetPack on a Jetson."""
    try:
        system = platform.freedesktop_os_release()['PRETTY_NAME']
    except (OSError, KeyError):
        system = platform.system()
    findings = [
        Finding('system', 'ok', f'{system}, {platform.machine()}, {os.cpu_count()} processors')
    ]
    if is_jetson():
        findings.append(_jetson())
    return findings


def check_cache() -> list[Finding]:
    """Return where downloads and engines are kept, and whether that can be written."""
    folder = cache_folder()
    if not folder.is_absolute():
        return [Finding('cache', 'warning', f'{folder} is relative: no home folder', _NEW_CACHE)]
    nearest = next(parent for parent in (folder, *folder.parents) if parent.is_dir())
    try:
        with tempfile.TemporaryFile(dir=nearest):
            return [Finding('cache', 'ok', str(folder))]
    except OSError as exc:
        found = f'{folder} cannot be written: {exc.strerror}'
        return [Finding('cache', 'warning', found, _NEW_CACHE)]


def is_jetson() -> bool:
    """Return whether this is a Jetson, or a container on one."""
    return RELEASE.exists() or 'Jetson' in _read(BOARD)


def _jetson() -> Finding:
    """Return the board and its JetPack; the file says `# R36 (release), REVISION: 4.3, …`."""
    board = _read(BOARD).strip('\0\n ') or 'Jetson'
    match = re.match(r'# R(\d+) \(release\), REVISION: ([\d.]+)', _read(RELEASE))
    if match is None:
        return Finding('Jetson', 'ok', f'{board}, JetPack unknown: no {RELEASE} (a container?)')
    jetpack = _JETPACKS.get(int(match[1]))
    found = f'{board}, Jetson Linux {match[1]}.{match[2]}'
    if jetpack is None:
        return Finding('Jetson', 'ok', found)
    if int(jetpack) < _OLDEST_JETPACK:
        return Finding(
            'Jetson',
            'warning',
            f'{found}: the TensorRT of JetPack {jetpack} is for an older Python than 3.10 and is '
            f'not supported; install JetPack {_OLDEST_JETPACK} or 7',
        )
    return Finding('Jetson', 'ok', f'{found} (JetPack {jetpack})')


def _environment() -> str:
    if Path(sys.prefix, 'conda-meta').is_dir():
        return 'a conda environment'
    if sys.prefix == sys.base_prefix:
        return "the system's"
    alone = 'without' if _is_isolated() else 'with'
    return f"a virtual environment {alone} the system's packages"


def _is_isolated() -> bool:
    """Return whether this is a virtual environment that does not see the system's packages."""
    settings = _read(Path(sys.prefix, 'pyvenv.cfg')).lower()
    return sys.prefix != sys.base_prefix and not re.search(
        r'^include-system-site-packages\s*=\s*true', settings, re.MULTILINE
    )


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding='utf-8', errors='replace')
    except OSError:
        return ''
