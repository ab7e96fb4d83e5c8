"""Parameter files and NAME:=VALUE."""

from __future__ import annotations

from pathlib import Path
import re
from typing import Any

import pytest

from openpose_ros.errors import ParameterError
from openpose_ros.ros.node.declared import node_declarations
from openpose_ros.ros.node.params_file import (
    check_known,
    misspelt,
    parse_assignment,
    read_params_file,
    read_params_files,
    ros_arguments,
)


def values_in(path: Path, node: str) -> dict[str, Any]:
    """Return what the sections of a file say, the last one of a name."""
    sections = read_params_file(path, node)
    return {name: value for section in sections for name, value in section.values.items()}


def written(tmp_path: Path, text: str, name: str = 'parameters of mine.yaml') -> Path:
    path = tmp_path / name
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
    assert values_in(path, node) == ({'lazy': True} if fits else {})


def test_sections_of_the_same_name_are_joined_as_in_rcl(tmp_path: Path) -> None:
    path = written(
        tmp_path,
        """
/**:
  ros__parameters: {min_parts: 4, max_people: 2, left: {rotate: 90}}
openpose:
  ros__parameters: {lazy: true}
/**:
  ros__parameters: {min_parts: 5, lazy: false, left: {enabled: true}, left: {rotate: 180}}
""",
    )
    found = values_in(path, '/openpose')
    assert found == {
        'min_parts': 5,
        'max_people': 2,
        'lazy': True,
        'left.enabled': True,
        'left.rotate': 180,
    }


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
    found = values_in(path, '/front/openpose')
    assert found == {'lazy': True, 'model': 'ünïcode/b.onnx', 'max_rate': 5}


def test_nested_names_are_joined(tmp_path: Path) -> None:
    path = written(
        tmp_path,
        '/**:\n  ros__parameters:\n    qos_overrides:\n      /image:\n        depth: 2\n',
    )
    assert values_in(path, '/openpose') == {'qos_overrides./image.depth': 2}


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
    assert values_in(written(tmp_path, text), '/openpose') == {}


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
    assert values_in(path, '/openpose') == {'min_score': 0.001, 'model': '1e3.onnx'}


@pytest.mark.parametrize(
    'text',
    [
        '/:\n  openpose:\n    ros__parameters: {lazy: true}\n',
        '/:\n  front:\n    openpose:\n      ros__parameters: {lazy: true}\n',
        '/front:\n  openpose:\n    ros__parameters: {lazy: true}\n',
        '/front/:\n  /openpose:\n    ros__parameters: {lazy: true}\n',
        '"*":\n  openpose:\n    ros__parameters: {lazy: true}\n',
        '/**/openpose:\n  ros__parameters: {lazy: true}\n',
    ],
)
def test_names_stand_below_their_namespace(tmp_path: Path, text: str) -> None:
    node = '/openpose' if text.startswith('/:\n  openpose') else '/front/openpose'
    assert values_in(written(tmp_path, text), node) == {'lazy': True}


@pytest.mark.parametrize(
    ('text', 'says'),
    [
        ('openpose: {lazy: true}', "has no 'ros__parameters'"),
        ('openpose:\n', "has no 'ros__parameters'"),
        ('ros__parameters: {lazy: true}', "has no 'ros__parameters'"),
        ('/**: {ros__parameters: {lazy: true}}\nlazy: true', "has no 'ros__parameters'"),
        ('/**: {ros__parameters: [lazy]}', r"section /\*\* holds \['lazy'\], but must hold"),
        ('open*: {ros__parameters: {lazy: true}}', "'open\\*' is no name of nodes"),
    ],
)
def test_forms_that_rcl_does_not_take_are_told(tmp_path: Path, text: str, says: str) -> None:
    with pytest.raises(ParameterError, match=says):
        read_params_file(written(tmp_path, text), '/openpose')


KNOWN = ('lazy', 'min_parts', 'peak_threshold')


def test_unknown_name_in_a_section_that_names_the_node_is_an_error(tmp_path: Path) -> None:
    for section in ('openpose', '/openpose', '/**/openpose'):
        path = written(tmp_path, f'{section}: {{ros__parameters: {{min_part: 3}}}}')
        with pytest.raises(ParameterError) as raised:
            read_params_files([path], '/openpose', KNOWN)
        assert str(raised.value) == (
            f"unknown parameter 'min_part' in the section /{section.lstrip('/')} of {path}; "
            "the nearest is 'min_parts'"
        )


def test_unknown_name_in_a_section_of_many_nodes_is_ignored_unless_it_is_near(
    tmp_path: Path,
) -> None:
    path = written(
        tmp_path,
        '/**: {ros__parameters: {robot_radius: 0.3, min_part: 3, lazzy: true, lazy: true}}\n'
        '/*: {ros__parameters: {peak_threshhold: 0.1}}\n'
        'camera: {ros__parameters: {rate: 5}}\n',
    )
    values, odd = read_params_files([path], '/openpose', KNOWN)
    assert values == {'lazy': True}
    assert [line.split("'")[1] for line in odd] == ['min_part', 'lazzy', 'peak_threshhold']
    assert "'min_parts' is a parameter of this node" in odd[0]


def test_what_every_node_takes_is_taken_everywhere(tmp_path: Path) -> None:
    path = written(
        tmp_path,
        'openpose:\n  ros__parameters:\n    use_sim_time: true\n'
        '    start_type_description_service: false\n'
        '    diagnostic_updater: {period: 2.0}\n'
        '    qos_overrides: {/image: {subscription: {depth: 2}}}\n',
    )
    values, odd = read_params_files([path], '/openpose', KNOWN)
    assert set(values) == {
        'use_sim_time',
        'start_type_description_service',
        'diagnostic_updater.period',
        'qos_overrides./image.subscription.depth',
    }
    assert odd == []


def test_file_for_other_nodes_alone_is_told(tmp_path: Path) -> None:
    path = written(tmp_path, '/camera: {ros__parameters: {rate: 5}}')
    values, (line,) = read_params_files([path], '/openpose', KNOWN)
    assert values == {}
    assert 'has no section for /openpose' in line


OF_CAMERAS = ('cameras', 'rotate')


def test_parameters_of_single_cameras_are_known_where_the_camera_is(tmp_path: Path) -> None:
    path = written(
        tmp_path,
        '/**: {ros__parameters: {front: {rotate: 90, size: 3}, obstacles: {enabled: true}}}\n'
        'openpose: {ros__parameters: {cameras: [front, left], left.enabled: false}}\n',
    )
    values, odd = read_params_files([path], '/openpose', OF_CAMERAS)
    assert values == {'cameras': ['front', 'left'], 'front.rotate': 90, 'left.enabled': False}
    assert odd == []
    # What is given beside the files says which cameras there are.
    with pytest.raises(ParameterError, match=r"unknown parameter 'left\.enabled' in the section"):
        read_params_files([path], '/openpose', OF_CAMERAS, {'cameras': ['front']})
    second = written(tmp_path, 'openpose: {ros__parameters: {right.rotate: 180}}', 'second.yaml')
    given = {'cameras': ['front', 'left', 'right']}
    values, _ = read_params_files([path, second], '/openpose', OF_CAMERAS, given)
    assert values['right.rotate'] == 180


def test_what_is_not_set_of_a_camera_is_null_in_a_dump(tmp_path: Path) -> None:
    path = written(
        tmp_path,
        '/openpose: {ros__parameters: {cameras: [left], left: {rotate: null, enabled: true}}}',
    )
    values, odd = read_params_files([path], '/openpose', OF_CAMERAS)
    assert values == {'cameras': ['left'], 'left.enabled': True}
    assert odd == []


def test_cameras_that_are_no_list_are_left_to_the_check(tmp_path: Path) -> None:
    path = written(tmp_path, 'openpose: {ros__parameters: {cameras: 5}}')
    assert read_params_files([path], '/openpose', OF_CAMERAS)[0] == {'cameras': 5}


def test_arguments_of_a_ros_command_line() -> None:
    words = [
        *('-p', 'min_parts:=9', '--params-file', 'nobody.yaml'),  # of another program
        *('--ros-args', '-r', '__ns:=/front', '--params-file', 'first.yaml'),
        *('--params-file', 'second.yaml', '-p', 'lazy:=true', '--param', 'openpose:rotate:=90'),
        *('-p', 'other:max_people:=5', '--', '-p', 'min_parts:=9'),
        *('--ros-args', '-p', 'max_people:=3'),
    ]
    assert ros_arguments(words, '/front/openpose') == (
        ['first.yaml', 'second.yaml'],
        {'lazy': True, 'rotate': 90, 'max_people': 3},
    )
    assert ros_arguments([], '/openpose') == ([], {})


def test_argument_without_its_value() -> None:
    with pytest.raises(ParameterError):
        ros_arguments(['--ros-args', '-p'], '/openpose')


def test_name_that_is_given_must_be_known() -> None:
    others = (
        'use_sim_time',
        'qos_overrides./image.subscription.depth',
        'diagnostic_updater.period',
    )
    check_known([*KNOWN, 'front.rotate', *others], KNOWN)
    with pytest.raises(ParameterError, match=r"'peak_treshold'; the nearest is 'peak_threshold'"):
        check_known(['lazy', 'peak_treshold'], KNOWN)


def test_names_that_look_misspelt() -> None:
    known = ('model', 'tracking', 'peak_threshold')
    assert misspelt(['mode', 'patience', 'tracking', 'front.rotate'], known) == []
    assert misspelt(['tracing', 'peak_treshhold'], known) == [
        "'tracing' is ignored; did you mean 'tracking'?",
        "'peak_treshhold' is ignored; did you mean 'peak_threshold'?",
    ]


@pytest.mark.parametrize('name', ['demo', 'follow'])
def test_own_arguments_of_other_launch_files_look_like_none(name: str) -> None:
    text = (Path(__file__).parents[3] / f'launch/{name}.launch.py').read_text()
    own = re.findall(r"DeclareLaunchArgument\(\s*'(\w+)'", text)
    assert own
    known = [item.name for item in node_declarations()]
    assert misspelt(own, known) == []
