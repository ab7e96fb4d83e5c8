"""
What `cmake --install` installs, compared with the source tree.

Without ROS the packages that CMakeLists.txt asks for are stand-ins: of ament the folder of Python
modules, of rosidl the messages that it is given, of the test runners the files that they are
given. All install rules are those of CMakeLists.txt. In a workspace, where colcon has installed
the package, that tree is compared too.
"""

from __future__ import annotations

import os
from pathlib import Path
import re
import shutil
import subprocess

import pytest

from tests.source_tree import ROOT, source_files

SITE = 'lib/python3/site-packages'
STAND_INS = {
    'ament_cmake': """
        macro(ament_package)
        endmacro()
        macro(ament_export_dependencies)
        endmacro()
    """,
    'ament_cmake_python': f"""
        macro(ament_get_python_install_dir name)
          set(${{name}} "{SITE}")
        endmacro()
    """,
    'geometry_msgs': '',
    'std_msgs': '',
    # As rosidl does it: what is generated comes before what is installed after it.
    'rosidl_default_generators': f"""
        function(rosidl_generate_interfaces name)
          cmake_parse_arguments(ARG "" "" "DEPENDENCIES" ${{ARGN}})
          install(FILES ${{ARG_UNPARSED_ARGUMENTS}} DESTINATION share/${{name}}/msg)
          file(WRITE ${{CMAKE_BINARY_DIR}}/generated/__init__.py "")
          install(FILES ${{CMAKE_BINARY_DIR}}/generated/__init__.py DESTINATION {SITE}/${{name}})
        endfunction()
    """,
    'ament_cmake_pytest': """
        function(ament_add_pytest_test name path)
          file(APPEND ${CMAKE_BINARY_DIR}/tests.txt "${path}\\n")
        endfunction()
    """,
    'launch_testing_ament_cmake': """
        function(add_launch_test path)
          file(APPEND ${CMAKE_BINARY_DIR}/tests.txt "${path}\\n")
        endfunction()
    """,
}


def files_below(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob('*')
        if path.is_file() and '__pycache__' not in path.parts
    }


def sources_below(*folders: str) -> dict[str, bytes]:
    return {
        name.partition('/')[2]: (ROOT / name).read_bytes()
        for name in source_files()
        if name.split('/')[0] in folders
    }


@pytest.fixture(scope='module')
def build(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Configure a copy with stand-ins for ROS, install it into prefix/ of the folder returned."""
    if shutil.which('cmake') is None or shutil.which('cc') is None or shutil.which('c++') is None:
        pytest.skip('needs cmake and a C++ compiler')
    folder = tmp_path_factory.mktemp('cmake')
    for name in source_files():
        target = folder / 'source' / name
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(ROOT / name, target)  # CMake takes files of one second for the same file
    # Left by who ran the sources.
    stale = folder / 'source/openpose_ros/__pycache__'
    stale.mkdir()
    (stale / 'people.cpython-311.pyc').touch()
    for name, text in STAND_INS.items():
        config = folder / 'stand_ins' / name / f'{name}Config.cmake'
        config.parent.mkdir(parents=True)
        config.write_text(text)
    for command in (
        [
            *('cmake', '-S', 'source', '-B', '.', '-DBUILD_TESTING=ON'),
            f'-DCMAKE_PREFIX_PATH={folder}/stand_ins',
        ],
        ['cmake', '--install', '.', '--prefix', 'prefix'],
    ):
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
    return folder


def test_installed_modules_and_data_are_those_of_the_source_tree(build: Path) -> None:
    prefix = build / 'prefix'
    assert files_below(prefix / SITE / 'openpose_ros') == sources_below('openpose_ros')
    assert not list(prefix.rglob('__pycache__'))
    assert {path.name for path in (prefix / SITE).iterdir()} == {'openpose_ros'}


def test_installed_scripts_are_those_of_the_source_tree(build: Path) -> None:
    scripts = build / 'prefix/lib/openpose_ros'
    assert files_below(scripts) == sources_below('scripts')
    assert all(os.access(path, os.X_OK) for path in scripts.iterdir())


@pytest.mark.parametrize('folder', ['config', 'launch', 'msg'])
def test_installed_share_is_that_of_the_source_tree(folder: str, build: Path) -> None:
    assert files_below(build / 'prefix/share/openpose_ros' / folder) == sources_below(folder)


def test_nothing_else_is_installed(build: Path) -> None:
    installed = files_below(build / 'prefix')
    places = (f'{SITE}/openpose_ros/', 'lib/openpose_ros/', 'share/openpose_ros/')
    assert [name for name in installed if not name.startswith(places)] == []
    share = {path.name for path in (build / 'prefix/share/openpose_ros').iterdir()}
    assert share == {'config', 'launch', 'msg'}


def test_cmake_names_tests_that_exist(build: Path) -> None:
    named = (build / 'tests.txt').read_text().split()
    assert len(named) >= 2
    assert set(named) <= source_files()


def test_cmake_asks_for_what_package_xml_declares(build: Path) -> None:
    declared = (ROOT / 'package.xml').read_text(encoding='utf-8')
    assert [
        name
        for name in STAND_INS
        if f'_depend>{name}<' not in declared and f'<depend>{name}<' not in declared
    ] == []


def test_tree_that_colcon_installed_is_that_of_the_sources() -> None:
    prefixes = os.environ.get('AMENT_PREFIX_PATH', '').split(os.pathsep)
    prefix = next(
        (Path(at) for at in prefixes if (Path(at) / 'share/openpose_ros').is_dir()), None
    )
    if prefix is None:
        pytest.skip('no workspace is sourced that has the package')
    assert files_below(prefix / 'lib/openpose_ros') == sources_below('scripts')
    for folder in ('config', 'launch'):
        installed = files_below(prefix / 'share/openpose_ros' / folder)
        assert installed == sources_below(folder)
    ours = sources_below('openpose_ros')
    (package,) = (at.parent for at in prefix.glob('**/*-packages/openpose_ros/estimator.py'))
    installed = files_below(package)
    assert {name: text for name, text in installed.items() if name in ours} == ours
    # Beside ours: what rosidl generates, msg/ and what that loads.
    others = {name.split('/')[0] for name in installed if name not in ours}
    assert {name for name in others if not re.match('_?openpose_ros_s[._]', name)} == {'msg'}
    given = sources_below('msg')
    interfaces = files_below(prefix / 'share/openpose_ros/msg')
    assert {name: interfaces.get(name) for name in given} == given
