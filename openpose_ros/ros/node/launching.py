"""What a launch file says about the node's parameters; it imports this, and nothing of ROS."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from openpose_ros.errors import ModelError
from openpose_ros.parameters import Declaration
from openpose_ros.ros.node.assigned import check_assigned
from openpose_ros.ros.node.parameters import node_declarations
from openpose_ros.ros.node.params_file import parse_assignment, read_params_files
from openpose_ros.ros.node.transport import camera_info_beside

CAMERA_TOPICS = ('image', 'camera_info', 'depth_image', 'depth_camera_info')
# What launch itself takes in conditions, and what people type.
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
        What each argument of `parameter_arguments` is; empty where it was not given.

    """
    return {
        item.name: _value(item, texts[item.name])
        for item in node_declarations()
        if texts[item.name]
    }


def camera_remappings(topics: Mapping[str, str]) -> list[tuple[str, str]]:
    """
    Return the remappings of a node's cameras.

    Parameters
    ----------
    topics : mapping of str to str
        What each of CAMERA_TOPICS is; that of a camera_info is beside its image where it is ''.

    """
    remappings = []
    for image, info in (('image', 'camera_info'), ('depth_image', 'depth_camera_info')):
        topic = topics[image]
        # A name without a folder shares it with everything: nothing there is its own.
        beside = camera_info_beside(topic) if '/' in topic else info
        remappings += [(image, topic), (info, topics[info] or beside)]
    return remappings


def is_true(text: str) -> bool:
    """Return what one of BOOLEANS means."""
    return text.lower() in ('true', '1')


def check_params_file(path: str, node: str) -> list[str]:
    """
    Check a parameter file before the node is started with it.

    Parameters
    ----------
    path : str
        The file.
    node : str
        The node's full name.

    Returns
    -------
    list of str
        Lines for the log.

    Raises
    ------
    ParameterError
        If it cannot be read, or holds an unknown parameter of this node.

    """
    return read_params_files([path], node, [item.name for item in node_declarations()])[1]


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
    in_file = read_params_files([path], node, known)[0]
    try:
        check_assigned(str(given.get('model', in_file.get('model', ''))), given)
    except ModelError:
        return  # of which the node says more


def _value(item: Declaration, text: str) -> Any:
    if isinstance(item.default, str):
        return text
    if isinstance(item.default, bool):
        return is_true(text)
    return parse_assignment(f'{item.name}:={text}')[1]


def _choices(choices: tuple[str | int, ...], default: Any) -> list[str] | None:
    if isinstance(default, bool):
        choices = BOOLEANS
    return list(dict.fromkeys(['', *map(str, choices)])) if choices else None
