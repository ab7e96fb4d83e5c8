"""Every parameter is an argument of the launch file, which says nothing about them itself."""

from __future__ import annotations

from pathlib import Path
import runpy
import sys
from types import ModuleType
from typing import Any, List  # noqa: UP035  launch compares with this one

import pytest

from openpose_ros.errors import ParameterError
from openpose_ros.ros.node.declared import node_declarations
from openpose_ros.ros.node.launching import (
    BOOLEANS,
    camera_remappings,
    cameras_of,
    check_params_file,
    check_single,
    given_parameters,
    parameter_arguments,
)
from openpose_ros.ros.node.parameters import NodeParams

LAUNCH_FILE = Path(__file__).parents[3] / 'launch/openpose.launch.py'
ARGUMENTS = {item.name: item for item in parameter_arguments()}
NOTHING = dict.fromkeys(ARGUMENTS, '')


def test_every_parameter_is_an_argument_that_leaves_what_the_file_says() -> None:
    assert list(ARGUMENTS) == [item.name for item in node_declarations()]
    assert {item.default_value for item in ARGUMENTS.values()} == {''}
    assert given_parameters(NOTHING) == {}
    for item in node_declarations():
        assert ARGUMENTS[item.name].description.startswith(item.description)


@pytest.mark.parametrize(
    ('name', 'choices'),
    [
        ('image_transport', ['', 'raw', 'compressed']),
        ('precision', ['', 'fp32', 'fp16', 'bf16', 'int8']),
        ('rotate', ['', '0', '90', '180', '270']),
        ('lazy', ['', *BOOLEANS]),
        ('nms_window', None),
    ],
)
def test_choices(name: str, choices: list[str] | None) -> None:
    assert ARGUMENTS[name].choices == choices


def test_description_says_the_range_and_leaves_choices_to_launch() -> None:
    assert ARGUMENTS['nms_window'].description.endswith(' (3 to 31, odd)')
    for name in ('lazy', 'matching'):
        assert not ARGUMENTS[name].description.endswith(')')


@pytest.mark.parametrize(
    ('name', 'text', 'value'),
    [
        ('nms_window', '3', 3),
        ('peak_threshold', '1', 1.0),
        ('peak_threshold', '1e-3', 0.001),
        *(('lazy', text, True) for text in ('true', 'True', '1')),
        *(('enabled', text, False) for text in ('false', 'False', '0')),
        ('rotate', '90', 90),
        ('net_resolution', '[656, -1]', (656, -1)),
        ('model', '8', '8'),
        ('model', 'a: b', 'a: b'),
        ('precision', 'fp16', 'fp16'),
        ('cameras', 'front,left', ('front', 'left')),
        ('cameras', 'front', ('front',)),
        ('cameras', "[front, 'left']", ('front', 'left')),
    ],
)
def test_texts_become_what_the_node_takes(name: str, text: str, value: Any) -> None:
    given = given_parameters({**NOTHING, name: text})
    assert list(given) == [name]
    assert getattr(NodeParams.from_mapping(given), name) == value


def test_texts_of_single_cameras_are_taken_too() -> None:
    texts = {'cameras': 'front,left', 'front.rotate': '90', 'left.enabled': 'false'}
    given = given_parameters({**NOTHING, **texts, 'front.image': '/a', 'other.thing': '1'})
    assert given == {'cameras': ['front', 'left'], 'front.rotate': 90, 'left.enabled': False}
    given = given_parameters({'left.max_rate': '5', 'left.image_transport': 'compressed'})
    assert given == {'left.max_rate': 5, 'left.image_transport': 'compressed'}


class Context(dict[str, str]):
    """Stands for launch's, which holds all that was given."""

    @property
    def launch_configurations(self) -> dict[str, str]:
        return self


class Recorded:
    """Stands for what launch and launch_ros make: keeps what it was told."""

    def __init__(self, *given: Any, **named: Any) -> None:
        self.given, self.named = given, named

    def perform(self, context: dict[str, str]) -> str:
        return context[self.given[0]]


@pytest.fixture
def launch_file(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """Return the names of the launch file, run where no ROS is."""
    modules = {
        'launch': ['LaunchContext', 'LaunchDescription'],
        'launch.actions': ['DeclareLaunchArgument', 'OpaqueFunction'],
        'launch.conditions': ['IfCondition'],
        'launch.logging': ['get_logger'],
        'launch.substitutions': ['LaunchConfiguration', 'PathJoinSubstitution'],
        'launch_ros': [],
        'launch_ros.actions': ['Node'],
        'launch_ros.parameter_descriptions': ['ParameterValue'],
        'launch_ros.substitutions': ['FindPackageShare'],
    }
    for name, classes in modules.items():
        module = ModuleType(name)
        for each in classes:
            setattr(module, each, type(each, (Recorded,), {}))
        monkeypatch.setitem(sys.modules, name, module)
    return runpy.run_path(str(LAUNCH_FILE))


def test_launch_file_declares_each_argument_once(launch_file: dict[str, Any]) -> None:
    [entries] = launch_file['generate_launch_description']().given
    names = [entry.given[0] for entry in entries if entry.named.get('description')]
    assert set(ARGUMENTS) < set(names)
    assert len(names) == len(set(names))
    declared = {entry.given[0]: entry.named for entry in entries if entry.given}
    for name, item in ARGUMENTS.items():
        told = {key: value for key, value in item._asdict().items() if key != 'name'}
        assert declared[name] == told


def test_launch_file_hands_on_what_was_given(launch_file: dict[str, Any], tmp_path: Path) -> None:
    path = tmp_path / 'mine.yaml'
    path.write_text('/**: {ros__parameters: {min_parts: 4}}')
    defaults = {name: default for name, default, *_ in launch_file['ARGUMENTS']}
    given = {'min_parts': '5', 'lazy': 'true', 'model': '8', 'use_sim_time': 'true'}
    given['net_resolution'] = '[656, 368]'
    context = Context({**defaults, **NOTHING, 'params_file': str(path), **given})
    pose, rviz = launch_file['start'](context)
    assert rviz.named['parameters'] == [{'use_sim_time': True}]
    file, parameters = pose.named['parameters']
    assert file == str(path)
    model = parameters.pop('model')
    assert (model.given, model.named) == (('8',), {'value_type': str})
    size = parameters.pop('net_resolution')
    assert (size.given, size.named) == (([656, 368],), {'value_type': List[int]})  # noqa: UP006
    assert parameters == {'min_parts': 5, 'lazy': True, 'use_sim_time': True}


def test_launch_file_leaves_the_time_to_the_parameter_file(
    launch_file: dict[str, Any], tmp_path: Path
) -> None:
    path = tmp_path / 'mine.yaml'
    path.write_text('/**: {ros__parameters: {use_sim_time: true}}')
    defaults = {name: default for name, default, *_ in launch_file['ARGUMENTS']}
    context = Context({**defaults, **NOTHING, 'params_file': str(path)})
    pose, rviz = launch_file['start'](context)
    assert pose.named['parameters'] == [str(path)]
    assert rviz.named['parameters'] == []
    context['use_sim_time'] = 'False'
    pose, _ = launch_file['start'](context)
    assert pose.named['parameters'] == [str(path), {'use_sim_time': False}]


@pytest.mark.parametrize(
    ('text', 'says'),
    [
        (None, 'cannot read the parameter file'),
        ('openpose: {ros__parameters: {min_part: 3}}', "unknown parameter 'min_part'"),
        ('nonsense', "has no 'ros__parameters'"),
    ],
)
def test_launch_file_checks_the_parameter_file(
    launch_file: dict[str, Any], tmp_path: Path, text: str | None, says: str
) -> None:
    path = tmp_path / 'mine.yaml'
    if text is not None:
        path.write_text(text)
    defaults = {name: default for name, default, *_ in launch_file['ARGUMENTS']}
    with pytest.raises(ParameterError, match=says):
        launch_file['start'](Context({**defaults, **NOTHING, 'params_file': str(path)}))


def test_parameter_file_with_a_likely_mistake_is_a_line(tmp_path: Path) -> None:
    path = tmp_path / 'mine.yaml'
    path.write_text('/**: {ros__parameters: {min_part: 3}}')
    (line,) = check_params_file(str(path), '/front/openpose')
    assert "'min_parts' is a parameter of this node" in line


def test_launch_file_refuses_what_the_networks_decoder_has_not(
    launch_file: dict[str, Any], tmp_path: Path
) -> None:
    path = tmp_path / 'mine.yaml'
    path.write_text('/**: {ros__parameters: {model: posenet-mobilenet-v1-075, min_parts: 4}}')
    defaults = {name: default for name, default, *_ in launch_file['ARGUMENTS']}
    context = {**defaults, **NOTHING, 'params_file': str(path)}
    launch_file['start'](Context({**context, 'max_poses': '3'}))
    for given, says in (
        ({'min_parts': '5'}, 'min_parts is a parameter of another decoder'),
        ({'max_poses': '3', 'model': 'openpose-ros-small'}, 'max_poses is a parameter of anot'),
    ):
        with pytest.raises(ParameterError, match=says):
            launch_file['start'](Context({**context, **given}))


@pytest.mark.parametrize(
    ('given', 'expected'),
    [
        ({}, {'camera_info': 'camera_info', 'depth_camera_info': 'depth_camera_info'}),
        (
            {'image': '/cam/image_raw', 'depth_image': '/cam/depth/image_raw'},
            {'camera_info': '/cam/camera_info', 'depth_camera_info': '/cam/depth/camera_info'},
        ),
        (
            {'image': 'cam/image', 'camera_info': 'info', 'depth_image': 'depth'},
            {'camera_info': 'info', 'depth_camera_info': 'depth_camera_info'},
        ),
    ],
)
def test_camera_info_is_beside_its_image(given: dict[str, str], expected: dict[str, str]) -> None:
    topics = {'image': 'image', 'camera_info': '', 'depth_image': 'depth_image'}
    topics = {**topics, 'depth_camera_info': '', **given}
    found = dict(camera_remappings(topics))
    assert found == {
        'image': topics['image'],
        'depth_image': topics['depth_image'],
        **expected,
    }


def test_launch_file_hands_on_several_cameras(launch_file: dict[str, Any], tmp_path: Path) -> None:
    path = tmp_path / 'mine.yaml'
    path.write_text('/**: {ros__parameters: {min_parts: 4}}')
    defaults = {name: default for name, default, *_ in launch_file['ARGUMENTS']}
    given = {'cameras': 'front,left', 'left.rotate': '90', 'left.image': '/usb/image'}
    pose, _ = launch_file['start'](
        Context({**defaults, **NOTHING, 'params_file': str(path), **given})
    )
    _, parameters = pose.named['parameters']
    cameras = parameters.pop('cameras')
    assert (cameras.given, cameras.named) == (
        (['front', 'left'],),
        {'value_type': List[str]},  # noqa: UP006  as above
    )
    assert parameters == {'left.rotate': 90}
    assert ('front/image', 'front/image') in pose.named['remappings']
    assert ('left/image', '/usb/image') in pose.named['remappings']
    with pytest.raises(ParameterError, match=r'right\.rotate is of no camera'):
        launch_file['start'](
            Context(
                {**defaults, **NOTHING, **given, 'right.rotate': '90', 'params_file': str(path)}
            )
        )


COMMON = {'image': 'image', 'camera_info': '', 'depth_image': 'depth_image'}
COMMON['depth_camera_info'] = ''


def test_topics_of_several_cameras_are_below_their_names_or_as_given() -> None:
    assert dict(camera_remappings(COMMON, ['front'])) == {
        'front/image': 'front/image',
        'front/camera_info': 'front/camera_info',
        'front/depth_image': 'front/depth_image',
        'front/depth_camera_info': 'front/depth_camera_info',
    }
    topics = {
        **COMMON,
        'image': 'color/image_raw',
        'left.image': '/usb/image_raw',
        'left.depth_camera_info': '/depths/info',
    }
    found = dict(camera_remappings(topics, ['front', 'left']))
    assert found['front/image'] == 'front/color/image_raw'
    assert found['front/camera_info'] == 'front/color/camera_info'
    assert found['left/image'] == '/usb/image_raw'
    assert found['left/camera_info'] == '/usb/camera_info'
    assert found['left/depth_camera_info'] == '/depths/info'


def test_one_topic_for_several_cameras_is_refused() -> None:
    topics = {**COMMON, 'image': '/cam/image_raw', 'front.image': '/front/image_raw'}
    assert camera_remappings(topics, ['front'])
    with pytest.raises(ParameterError, match=r'image is /cam/image_raw, .* left\.image:=/cam'):
        camera_remappings(topics, ['front', 'left'])


def test_what_is_said_of_no_camera_is_refused() -> None:
    check_single({**COMMON, 'left.image': 'a', 'left.rotate': '90', 'x.y': '1'}, ['front', 'left'])
    for name in ('lefty.image', 'right.rotate', 'right.depth_image'):
        with pytest.raises(
            ParameterError, match=rf'{name} is of no camera: cameras is front,left'
        ):
            check_single({name: 'x'}, ['front', 'left'])


def test_cameras_are_those_of_the_launch_or_of_the_file(tmp_path: Path) -> None:
    path = tmp_path / 'mine.yaml'
    path.write_text('openpose: {ros__parameters: {cameras: [front, left], front.rotate: 90}}')
    assert cameras_of({}, str(path), '/openpose') == ['front', 'left']
    assert cameras_of({'cameras': ['front']}, str(path), '/openpose') == ['front']
    path.write_text('openpose: {ros__parameters: {rotate: 90}}')
    assert cameras_of({}, str(path), '/openpose') == ['']
