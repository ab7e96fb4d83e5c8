"""The libraries that `estimate` is made of."""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec

from openpose_ros.cli.checks.finding import Finding
from openpose_ros.cli.checks.probe import ask_python

_OPENCV = """
import cv2, re
built = cv2.getBuildInformation()
def has(pattern):
    return re.search('^ *' + pattern, built, re.MULTILINE) is not None
facts = {
    'version': cv2.__version__,
    'windows': has('GUI:[ \\\\t]+(?!NONE)\\\\S|(GTK.|QT|Cocoa):[ \\\\t]+YES'),
    'FFmpeg': has('FFMPEG:[ \\\\t]+YES'),
    'GStreamer': has('GStreamer:[ \\\\t]+YES'),
}
"""
_OPENCV_PACKAGES = (
    'opencv-python',
    'opencv-python-headless',
    'opencv-contrib-python',
    'opencv-contrib-python-headless',
)
_NUMBA = """
import numba
from openpose_ros.parsing._kernels.cache import kept_in
from openpose_ros.parsing._kernels.compiling import from_python
from openpose_ros.parsing._kernels.sorting import argsort_descending
kernel = from_python(argsort_descending)
compiles = hasattr(kernel, 'stats')
facts = {
    'version': numba.__version__,
    'compiles': compiles,
    'cache': kept_in(kernel)[0] if compiles else None,
}
"""


def check_numpy() -> list[Finding]:
    """Return NumPy's version."""
    return [check_import('NumPy', 'numpy')]


def check_numba() -> list[Finding]:
    """Return Numba's version, whether it compiles, and whether it can keep what it compiled."""
    facts, trouble, _ = ask_python(_NUMBA)
    if trouble:
        return [_broken('Numba', 'numba', trouble)]
    number = facts['version']
    if not facts['compiles']:
        found = f'{number}; NUMBA_DISABLE_JIT is set, which makes the parser very slow'
        return [Finding('Numba', 'warning', found, 'unset NUMBA_DISABLE_JIT')]
    if not facts['cache']:
        found = f'{number}; its cache cannot be written, so that every start compiles'
        fix = 'export NUMBA_CACHE_DIR=/a/folder/that/can/be/written'
        return [Finding('Numba', 'warning', found, fix)]
    return [Finding('Numba', 'ok', f'{number}, cache {facts["cache"]}')]


def check_opencv() -> list[Finding]:
    """Return OpenCV's version and what it was built with."""
    facts, trouble, _ = ask_python(_OPENCV)
    if trouble:
        fix = 'pip install --force-reinstall opencv-python-headless'
        return [_broken('OpenCV', 'cv2', trouble, fix)]
    parts = ('windows', 'FFmpeg', 'GStreamer')
    found = f'{facts["version"]}, ' + ', '.join(
        f'{"with" if facts[part] else "without"} {part}' for part in parts
    )
    packages = [name for name in _OPENCV_PACKAGES if version_of(name)]
    if len(packages) > 1:
        found += f'; {" and ".join(packages)} overwrite each other'
        # Taking one away takes the other's files, too.
        fix = f'pip uninstall -y {" ".join(packages)} && pip install {packages[0]}'
        return [Finding('OpenCV', 'warning', found, fix)]
    if not facts['FFmpeg'] and not facts['GStreamer']:
        return [Finding('OpenCV', 'warning', f'{found}: it reads hardly any video')]
    return [Finding('OpenCV', 'ok', found)]


def check_openvino() -> list[Finding]:
    """Return OpenVINO's version."""
    if find_spec('openvino') is None:
        found = 'only int8 networks and OpenVINO IR want it'
        return [Finding('OpenVINO', 'missing', found, "pip install 'openpose_ros[openvino]'")]
    return [check_import('OpenVINO', 'openvino')]


def check_aiohttp() -> list[Finding]:
    """Return aiohttp's version."""
    if find_spec('aiohttp') is None:
        found = 'only the page in the browser wants it'
        return [Finding('aiohttp', 'missing', found, "pip install 'openpose_ros[view]'")]
    return [check_import('aiohttp', 'aiohttp')]


def check_import(name: str, module: str) -> Finding:
    """Import a module in a process of its own and return its version."""
    facts, trouble, _ = ask_python(
        f'import {module}\nfacts = {{"version": getattr({module}, "__version__", "")}}'
    )
    if trouble:
        return _broken(name, module, trouble)
    # OpenVINO appends its build's number and branch.
    return Finding(name, 'ok', facts['version'].partition('-')[0] or version_of(module))


def version_of(package: str) -> str:
    """Return the version of an installed package, '' if there is none."""
    try:
        return version(package)
    except PackageNotFoundError:
        return ''


def _broken(name: str, module: str, trouble: str, fix: str = '') -> Finding:
    return Finding(name, 'broken', trouble, fix or f'pip install --force-reinstall {module}')
