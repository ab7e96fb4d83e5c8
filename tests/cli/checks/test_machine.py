"""The machine, with a Jetson's files and with a user's mess."""

from __future__ import annotations

from pathlib import Path
import sys

import pytest

from openpose_ros.cli.checks import machine

CACHE = 'OPENPOSE_ROS_CACHE'


def test_python_names_its_environment() -> None:
    ours, python = machine.check_python()
    assert (ours.state, python.state) == ('ok', 'ok')
    assert python.found.startswith(f'{sys.version_info[0]}.{sys.version_info[1]}.')
    assert sys.executable in python.found
    is_virtual = sys.prefix != sys.base_prefix
    assert ('virtual environment' in python.found) == is_virtual


def test_platform_without_a_jetson_is_one_line() -> None:
    assert [finding.name for finding in machine.check_platform()] == ['system']


@pytest.mark.parametrize(
    ('release', 'state', 'says'),
    [
        ('# R36 (release), REVISION: 4.3, GCID: 38968081, BOARD: generic', 'ok', '36.4.3 (JetPa'),
        ('# R39 (release), REVISION: 2.0, GCID: 1, BOARD: generic', 'ok', '(JetPack 7)'),
        ('# R35 (release), REVISION: 4.1, GCID: 1, BOARD: t186ref', 'warning', 'JetPack 5 is for'),
        ('# R99 (release), REVISION: 1.0, GCID: 1', 'ok', 'Jetson Linux 99.1.0'),  # to come
        ('something else', 'ok', 'JetPack unknown'),
    ],
)
def test_jetson_tells_its_jetpack(
    release: str, state: str, says: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, content in (('RELEASE', release), ('BOARD', 'NVIDIA Jetson Orin Nano\0')):
        (tmp_path / name).write_text(content)
        monkeypatch.setattr(machine, name, tmp_path / name)
    _, jetson = machine.check_platform()
    assert jetson.state == state
    assert jetson.found.startswith('NVIDIA Jetson Orin Nano, ')
    assert says in jetson.found


def test_environment_that_hides_the_tensorrt_of_a_jetson_is_a_warning(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(machine, 'RELEASE', tmp_path)
    monkeypatch.setattr(sys, 'prefix', str(tmp_path))
    settings = tmp_path / 'pyvenv.cfg'
    settings.write_text('home = /usr/bin\ninclude-system-site-packages = false\n')
    python = machine.check_python()[1]
    assert python.state == 'warning'
    assert '--system-site-packages' in python.fix
    settings.write_text('home = /usr/bin\ninclude-system-site-packages = true\n')
    assert machine.check_python()[1].state == 'ok'


def test_cache_is_found_where_it_will_be(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(CACHE, str(tmp_path / 'not yet' / 'there'))
    assert machine.check_cache() == [('cache', 'ok', str(tmp_path / 'not yet' / 'there'), '')]
    assert list(tmp_path.iterdir()) == []


def test_cache_that_cannot_be_written_is_a_warning(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(CACHE, '/proc/openpose_ros')  # not even root may
    [finding] = machine.check_cache()
    assert finding.state == 'warning'
    assert finding.fix.startswith('export OPENPOSE_ROS_CACHE=')


def test_cache_without_a_home_is_a_warning(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(CACHE, raising=False)
    monkeypatch.delenv('XDG_CACHE_HOME', raising=False)
    monkeypatch.setenv('HOME', '.')  # what remains of ~ for a user whom the system does not know
    [finding] = machine.check_cache()
    assert finding.state == 'warning'
    assert finding.found.endswith('is relative: no home folder')
