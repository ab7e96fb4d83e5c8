"""The package as pip gives it: sources, a wheel without them, where little is allowed."""

from __future__ import annotations

from importlib import import_module, metadata
import os
from pathlib import Path
import re
import shutil
import subprocess
import sys
import tarfile
from xml.etree import ElementTree
from zipfile import ZipFile

import numba
import pytest

from openpose_ros.parsing._kernels.compiling import compiled
from tests.source_tree import ROOT, source_files


def run_python(code: str, folder: Path, **environment: str) -> str:
    """Run code in a process of its own, in a folder, and return what it prints."""
    run = subprocess.run(
        [sys.executable, '-W', 'error', '-c', code],
        cwd=folder,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stderr
    return run.stdout


@pytest.fixture(scope='module')
def sdist(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build the source distribution from a copy, so that nothing is left in the sources."""
    if int(metadata.version('setuptools').split('.')[0]) < 77:
        pytest.skip('needs setuptools 77 or newer, as pyproject.toml says; extra dev has it')
    folder = tmp_path_factory.mktemp('sdist')
    for name in source_files():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, folder / name)
    run_python('from setuptools import build_meta; build_meta.build_sdist("dist")', folder)
    (built,) = folder.glob('dist/*.tar.gz')
    return built


@pytest.fixture(scope='module')
def wheel(sdist: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build the wheel from the source distribution alone, as pip does."""
    folder = tmp_path_factory.mktemp('wheel')
    subprocess.run(
        [
            *(sys.executable, '-m', 'pip', 'wheel', '--quiet', '--no-deps'),
            *('--no-build-isolation', '--wheel-dir', str(folder), str(sdist)),
        ],
        check=True,
        capture_output=True,
    )
    (built,) = folder.glob('*.whl')
    return built


def names_of(requirements: list[str]) -> set[str]:
    return {re.split(r'[^\w.-]', line)[0].lower() for line in requirements}


def test_extras_repeat_no_dependency_of_the_package() -> None:
    tomllib = pytest.importorskip('tomllib', reason='is in Python from 3.11 on')
    project = tomllib.loads((ROOT / 'pyproject.toml').read_text(encoding='utf-8'))['project']
    always = names_of(project['dependencies'])
    extras = project['optional-dependencies']
    repeated = {extra: always & names_of(extras[extra]) for extra in extras}
    assert not any(repeated.values()), repeated


def test_sdist_has_every_file_of_the_checkout(sdist: Path) -> None:
    with tarfile.open(sdist) as archive:
        names = {member.name.partition('/')[2] for member in archive if member.isfile()}
    written = {name for name in names if name.startswith('openpose_ros.egg-info/')}
    ours = {name for name in source_files() if not name.startswith('.')}  # what CI is told
    assert names - written == ours | {'PKG-INFO', 'setup.cfg'}
    assert {'CMakeLists.txt', 'package.xml', 'config/openpose.yaml'} < ours
    assert {name.split('/')[0] for name in ours} >= {'launch', 'msg', 'scripts', 'docs', 'tests'}


def test_wheel_is_no_large_download(wheel: Path) -> None:
    assert wheel.stat().st_size < 20e6, 'the networks in the package are too large'


def test_wheel_has_every_file_of_the_package(wheel: Path) -> None:
    expected = {name for name in source_files() if name.startswith('openpose_ros/')}
    names = set(ZipFile(wheel).namelist())
    assert {name for name in names if name.startswith('openpose_ros/')} == expected
    assert {'openpose_ros/cli/data/crew.jpg', 'openpose_ros/cli/data/README.md'} <= names
    assert {'openpose_ros/py.typed', 'openpose_ros/skeletons/data/coco_18.json'} <= names
    others = {name.split('/')[0] for name in names} - {'openpose_ros'}
    # No tests, no training, and nothing that needs ROS.
    assert {name.rpartition('.')[2] for name in others} == {'dist-info', 'data'}
    shared = {Path(name).name for name in names if '.data/data/share/openpose_ros/msg/' in name}
    assert shared == {path.name for path in (ROOT / 'msg').iterdir()}


def test_wheel_works_without_the_sources(wheel: Path, tmp_path: Path) -> None:
    with ZipFile(wheel) as archive:
        archive.extractall(tmp_path / 'site')
    code = (
        'import openpose_ros, openpose_ros.skeletons as s, openpose_ros.models as m\n'
        'print(openpose_ros.__file__, openpose_ros.__version__)\n'
        'print(len([s.load_skeleton(name) for name in s.available_skeletons()]))\n'
        'print(len(m.list_models()), m.load_model().path)'
    )
    where, skeletons, models = run_python(
        code, tmp_path, PYTHONPATH=str(tmp_path / 'site')
    ).splitlines()
    assert where.startswith(str(tmp_path / 'site/openpose_ros/'))
    assert int(skeletons) >= 3
    number, default = models.split(maxsplit=1)
    assert int(number) >= 3
    assert default.startswith(str(tmp_path / 'site/openpose_ros/models/data/'))


def test_version_stands_once(wheel: Path) -> None:
    """What reads it reads `_version.py`; package.xml, which cannot, says the same."""
    import openpose_ros

    assert re.fullmatch(r'\d+\.\d+\.\d+', openpose_ros.__version__)
    assert wheel.name.split('-')[1] == openpose_ros.__version__
    assert ElementTree.parse(ROOT / 'package.xml').findtext('version') == openpose_ros.__version__
    literal = re.compile(rf'version[\W_]+{re.escape(openpose_ros.__version__)}\b')
    places = {
        path.relative_to(ROOT).as_posix()
        for path in (ROOT / 'pyproject.toml', *(ROOT / 'openpose_ros').rglob('*.py'))
        if literal.search(path.read_text(encoding='utf-8'))
    }
    assert places == {'openpose_ros/_version.py'}


def test_setup_py_is_the_shim_for_old_tools() -> None:
    lines = (ROOT / 'setup.py').read_text(encoding='utf-8').split()
    assert ' '.join(lines) == 'from setuptools import setup setup()'


def test_kernels_compile_where_no_cache_can_be_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every folder in which Numba would keep compiled code lies below a file."""
    (tmp_path / 'tiny.py').write_text('def twice(x): return 2.0 * x')
    (tmp_path / '__pycache__').touch()
    below = str(tmp_path / '__pycache__/below')
    monkeypatch.setattr(numba.config, 'CACHE_DIR', below)
    monkeypatch.setenv('HOME', below)
    monkeypatch.setenv('XDG_CACHE_HOME', below)
    monkeypatch.syspath_prepend(tmp_path)
    twice = import_module('tiny').twice
    with pytest.raises(RuntimeError, match='cannot cache function'):
        numba.njit('float64(float64)', cache=True)(twice)
    assert compiled('float64(float64)')(twice)(21.0) == 42.0
