"""Parameter files and NAME:=VALUE."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from openpose_ros.errors import ParameterError
from openpose_ros.ros.node.params_file import parse_assignment, read_arguments, read_params_file


def written(tmp_path: Path, text: str) -> Path:
    path = tmp_path / 'parameters of mine.yaml'
    path.write_text(text, encoding='utf-8')
    return path


@pytest.mark.parametrize(
    ('pattern', 'node', 'fits'),
    [
        ('/**', '/openpose', True),
        ('/**', '/front/left/openpose', True),
        ('openpose', '/openpose', True),
        ('/openpose', '/openpose', True),
        ('/openpose', '/front/openpose', False),
        ('openpose', '/openpose2', False),
        ('/front/openpose', '/front/openpose', True),
        ('/*/openpose', '/front/openpose', True),
        ('/*/openpose', '/openpose', False),
        ('/*/openpose', '/front/left/openpose', False),
        ('/**/openpose', '/front/left/openpose', True),
        ('/**/openpose', '/openpose', True),
        ('/front/*', '/front/openpose', True),
        ('/front/**', '/front/left/openpose', True),
        ('o.enpose', '/openpose', False),  # a name is no regular expression
    ],
)
def test_patterns_fit_as_in_ros(tmp_path: Path, pattern: str, node: str, fits: bool) -> None:
    path = written(tmp_path, f"'{pattern}':\n  ros__parameters:\n    lazy: true\n")
    assert read_params_file(path, node) == ({'lazy': True} if fits else {})


def test_later_entries_win_and_namespaces_nest(tmp_path: Path) -> None:
    path = written(
        tmp_path,
        """
/**:
  ros__parameters: {lazy: true, model: a.onnx, max_rate: 5}
front:
  openpose:
    ros__parameters: {model: ünïcode/b.onnx}
back:
  openpose:
    ros__parameters: {model: c.onnx}
""",
    )
    found = read_params_file(path, '/front/openpose')
    assert found == {'lazy': True, 'model': 'ünïcode/b.onnx', 'max_rate': 5}


def test_nested_names_are_joined(tmp_path: Path) -> None:
    path = written(
        tmp_path,
        '/**:\n  ros__parameters:\n    qos_overrides:\n      /image:\n        depth: 2\n',
    )
    assert read_params_file(path, '/openpose') == {'qos_overrides./image.depth': 2}


@pytest.mark.parametrize(
    ('text', 'says'),
    [
        ('lazy: true\n', "has no 'ros__parameters'; write"),
        ('- lazy\n- true\n', "has no 'ros__parameters'"),
        ('just words', "has no 'ros__parameters'"),
        ('/**: {ros__parameters: {lazy: true', 'is not YAML'),
        ('/**:\n\tros__parameters: 1', 'is not YAML'),
        ('!!python/object:os.system {}', 'is not YAML'),
        ('/**: {ros__parameters: {model: 2026-02-30}}', 'is not YAML'),
        ('/**: &x {ros__parameters: {model: *x}}', 'is not YAML: .* holds itself'),
        ('/**: {ros__parameters: {model: 0b_}}', 'is not YAML'),
        (f'/**: {{ros__parameters: {{min_parts: {"9" * 5000}}}}}', 'is not YAML'),
    ],
)
def test_file_that_is_none(tmp_path: Path, text: str, says: str) -> None:
    with pytest.raises(ParameterError, match=says) as raised:
        read_params_file(written(tmp_path, text), '/openpose')
    assert '\n' not in str(raised.value)


@pytest.mark.parametrize('text', ['', '# nothing yet\n', '/**:\n  ros__parameters:\n'])
def test_file_without_parameters(tmp_path: Path, text: str) -> None:
    assert read_params_file(written(tmp_path, text), '/openpose') == {}


def test_file_that_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(ParameterError, match=r'cannot read .*absent\.yaml: No such file'):
        read_params_file(tmp_path / 'absent.yaml', '/openpose')
    with pytest.raises(ParameterError, match='Is a directory'):
        read_params_file(tmp_path, '/openpose')


@pytest.mark.parametrize(
    ('text', 'name', 'value'),
    [
        ('peak_threshold:=0.1', 'peak_threshold', 0.1),
        ('peak_threshold:=1', 'peak_threshold', 1),
        ('min_score:=1e-3', 'min_score', 0.001),
        ('lazy:=true', 'lazy', True),
        ('net_resolution:=[656, 368]', 'net_resolution', [656, 368]),
        ('model:=/a folder/mine.onnx', 'model', '/a folder/mine.onnx'),
        ('model:=', 'model', ''),
        ("model:='8'", 'model', '8'),
        ('model:=a: b: c', 'model', 'a: b: c'),
        ('model:=x:=y', 'model', 'x:=y'),
    ],
)
def test_assignment(text: str, name: str, value: Any) -> None:
    assert parse_assignment(text) == (name, value)


@pytest.mark.parametrize('text', ['lazy', 'lazy=true', ':=true', ' :=1', ''])
def test_assignment_that_is_none(text: str) -> None:
    with pytest.raises(ParameterError, match='is not of the form NAME:=VALUE'):
        parse_assignment(text)


def test_scientific_numbers_in_files(tmp_path: Path) -> None:
    path = written(tmp_path, '/**:\n  ros__parameters: {min_score: 1e-3, model: 1e3.onnx}\n')
    assert read_params_file(path, '/openpose') == {'min_score': 0.001, 'model': '1e3.onnx'}


def test_arguments_of_a_ros_command_line(tmp_path: Path) -> None:
    first = written(tmp_path, '/**: {ros__parameters: {min_parts: 4, min_score: 0.2}}')
    second = tmp_path / 'second.yaml'
    second.write_text('/front/openpose: {ros__parameters: {min_score: 0.3}}\n')
    words = [
        *('-p', 'min_parts:=9', '--params-file', 'nobody.yaml'),  # of another program
        *('--ros-args', '-r', '__ns:=/front', '--params-file', str(first)),
        *('--params-file', str(second), '-p', 'lazy:=true', '--param', 'openpose:max_people:=3'),
        *('-p', 'other:max_people:=5', '--', '-p', 'min_parts:=9'),
        *('--ros-args', '-p', 'rotate:=90'),
    ]
    assert read_arguments(words, '/front/openpose') == {
        'min_parts': 4,
        'min_score': 0.3,
        'lazy': True,
        'max_people': 3,
        'rotate': 90,
    }
    assert read_arguments([], '/openpose') == {}


@pytest.mark.parametrize('words', [['--ros-args', '-p'], ['--ros-args', '--params-file']])
def test_arguments_without_their_value(words: list[str]) -> None:
    with pytest.raises(ParameterError):
        read_arguments(words, '/openpose')
