"""What a launch file says about the node's parameters; it imports this, and nothing of ROS."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any, NamedTuple

from openpose_ros.errors import ModelError, ParameterError
from openpose_ros.parameters import Declaration
from openpose_ros.ros.node.assigned import check_assigned
from openpose_ros.ros.node.camera_names import is_override
from openpose_ros.ros.node.declared import node_declarations, ros_type
from openpose_ros.ros.node.params_file import parse_assignment, read_params_files
from openpose_ros.ros.node.transport import camera_info_beside, named

CAMERA_TOPICS = ('image', 'camera_info', 'depth_image', 'depth_camera_info')
# What launch itself takes in conditions, and what people type.
_NOTHING: Mapping[str, Any] = MappingProxyType({})
BOOLEANS = ('true', 'True', '1', 'false', 'False', '0')


class LaunchArgument(NamedTuple):
    """
    An argument of a launch file, as `launch.actions.DeclareLaunchArgument` takes it.

    Attributes
    ----------
    name, default_value, description : str
        An empty default leaves what the parameter file says.
    choices : list of str or None

    """

    name: str
    default_value: str
    description: str
    choices: list[str] | None


def parameter_arguments() -> list[LaunchArgument]:
    """Return an argument for each parameter of the node."""
    return [
        LaunchArgument(
            item.name,
            '',
            item.description + (f' ({item.limits})' if item.limits and not item.choices else ''),
            _choices(item.choices, item.default),
        )
        for item in node_declarations()
    ]


def given_parameters(texts: Mapping[str, str]) -> dict[str, Any]:
    """
    Return the parameters of the arguments that were given, by name.

    Parameters
    ----------
    texts : mapping of str to str
        What each argument of `parameter_arguments` is; empty where it was not given. Those of
        single cameras, 'front.rotate' say, are taken as well; whatever else it holds is left out.

    """
    declared = {item.name: item for item in node_declarations()}
    return {
        name: _value(declared[name.rpartition('.')[2]], text)
        for name, text in texts.items()
        if text and (name in declared or is_override(name))
    }


def cameras_of(given: Mapping[str, Any], path: str, node: str) -> Sequence[str]:
    """
    Return the names of a node's cameras: those that were given, else those of its file.

    Parameters
    ----------
    given : mapping of str to object
        As `given_parameters` returns it.
    path, node : str
        As `check_params_file` takes them.

    """
    known = [item.name for item in node_declarations()]
    names = {**read_params_files([path], node, known, given)[0], **given}.get('cameras', [''])
    return names if isinstance(names, list) else ['']  # of which the node says more


def camera_remappings(
    topics: Mapping[str, str], cameras: Sequence[str] = ('',)
) -> list[tuple[str, str]]:
    """
    Return the remappings of a node's cameras.

    Parameters
    ----------
    topics : mapping of str to str
        What each of CAMERA_TOPICS is, below the name of each camera that has one, and
        'NAME.image' and so on for one camera alone; that of a camera_info is beside its image
        where it is ''.
    cameras : sequence of str
        Their names.

    Raises
    ------
    ParameterError
        If several cameras would listen to one topic.

    """
    remappings = []
    for camera in cameras:
        for image, info in (('image', 'camera_info'), ('depth_image', 'depth_camera_info')):
            topic = _topic(topics, camera, image)
            own = named(camera, info)
            # A name in no other folder shares it with everything: nothing there is its own.
            is_elsewhere = topic.startswith('/') or topic.rpartition('/')[0] != camera
            beside = camera_info_beside(topic) if is_elsewhere else own
            remappings += [
                (named(camera, image), topic),
                (own, _topic(topics, camera, info) or beside),
            ]
    return remappings


def _topic(topics: Mapping[str, str], camera: str, name: str) -> str:
    """Return what one of CAMERA_TOPICS is for one camera, or ''."""
    common, own = topics[name], topics.get(f'{camera}.{name}', '')
    if own or not common or not camera:
        return own or common
    if common.startswith(('/', '~')):
        raise ParameterError(
            f'{name} is {common}, which would be that of every camera; with several, say what it '
            f'is of each, {camera}.{name}:={common} say, or a name below theirs, '
            f'{name}:={common.rpartition("/")[2]}'
        )
    return named(camera, common)


def check_single(texts: Mapping[str, str], cameras: Sequence[str]) -> None:
    """
    Check that whatever is said of single cameras is said of those that are there.

    Parameters
    ----------
    texts : mapping of str to str
        All arguments; what is no topic and no parameter of a camera is not looked at.
    cameras : sequence of str
        Their names.

    Raises
    ------
    ParameterError
        If a camera is not there.

    """
    for name in texts:
        camera, _, item = name.partition('.')
        if camera not in cameras and (is_override(name) or item in CAMERA_TOPICS):
            raise ParameterError(
                f'{name} is of no camera: cameras is {",".join(cameras) or "not given"}; name '
                f'it there, cameras:={camera} say'
            )


def is_true(text: str) -> bool:
    """Return what one of BOOLEANS means."""
    return text.lower() in ('true', '1')


def check_params_file(path: str, node: str, given: Mapping[str, Any] = _NOTHING) -> list[str]:
    """
    Check a parameter file before the node is started with it.

    Parameters
    ----------
    path : str
        The file.
    node : str
        The node's full name.
    given : mapping of str to object
        As `given_parameters` returns it.

    Returns
    -------
    list of str
        Lines for the log.

    Raises
    ------
    ParameterError
        If it cannot be read, or holds an unknown parameter of this node.

    """
    known = [item.name for item in node_declarations()]
    return read_params_files([path], node, known, given)[1]


def check_given(given: Mapping[str, Any], path: str, node: str) -> None:
    """
    Check that no parameter was given that the network's decoder has not.

    A parameter file may hold those of every decoder; the node sees both as one.

    Parameters
    ----------
    given : mapping of str to object
        As `given_parameters` returns it.
    path, node : str
        As `check_params_file` takes them.

    Raises
    ------
    ParameterError
        If one was.

    """
    known = [item.name for item in node_declarations()]
    in_file = read_params_files([path], node, known, given)[0]
    try:
        check_assigned(str(given.get('model', in_file.get('model', ''))), given)
    except ModelError:
        return  # of which the node says more


def _value(item: Declaration, text: str) -> Any:
    if isinstance(item.default, str):
        return text
    if isinstance(item.default, bool):
        return is_true(text)
    if ros_type(item) == 'string_array':  # front,left or as YAML has it
        return [word.strip(' \'"') for word in text.strip('[] ').split(',')]
    return parse_assignment(f'{item.name}:={text}')[1]


def _choices(choices: tuple[str | int, ...], default: Any) -> list[str] | None:
    if isinstance(default, bool):
        choices = BOOLEANS
    return list(dict.fromkeys(['', *map(str, choices)])) if choices else None
