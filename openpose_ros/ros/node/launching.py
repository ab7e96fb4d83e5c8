"""What a launch file says about the node's parameters; it imports this, and nothing of ROS."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from openpose_ros.ros.node.parameters import node_declarations
from openpose_ros.ros.node.params_file import parse_assignment


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
        item.name: texts[item.name]
        if isinstance(item.default, str)
        else parse_assignment(f'{item.name}:={texts[item.name]}')[1]
        for item in node_declarations()
        if texts[item.name]
    }


def _choices(choices: tuple[str | int, ...], default: Any) -> list[str] | None:
    if isinstance(default, bool):
        choices = ('true', 'false')
    return list(dict.fromkeys(['', *map(str, choices)])) if choices else None
