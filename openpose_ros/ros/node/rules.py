"""Remapping rules that no camera of a node follows: ROS says nothing of them."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence

from openpose_ros.errors import ParameterError
from openpose_ros.ros.node.camera_names import is_camera_name
from openpose_ros.ros.node.names import Names
from openpose_ros.ros.node.transport import IMAGES, OF_THE_NODE, OUTPUTS, named

_DEPTHS = ('', '/compressedDepth')
_INPUTS = (
    *(f'image{ending}' for ending, _ in IMAGES.values()),
    *(f'depth_image{ending}' for ending in _DEPTHS),
    'camera_info',
    'depth_camera_info',
)
_OUTPUTS = tuple(output for output in OUTPUTS if output not in OF_THE_NODE)


def unused_rules(names: Names, cameras: Sequence[str], used: Collection[str] = ()) -> str:
    """
    Return a line that names the rules for topics of cameras which no camera has.

    Parameters
    ----------
    names : Names
        The node's, with its rules.
    cameras : sequence of str
        Theirs; [''] is one whose topics have no name before them.
    used : collection of str
        Topics, relative to the namespace, that are used besides.

    Returns
    -------
    str
        '' where each is used. Rules for topics that a camera does not have, under any name, are
        left alone: they may be meant for other nodes.

    """
    known = {*used, *(named(camera, name) for camera in cameras for name in _INPUTS)}
    own = {named(camera, name) for camera in cameras for name in _OUTPUTS}
    folder, private = f'{names.namespace.rstrip("/")}/', f'{names.full}/'
    unused, instead = [], ''
    for old, new in names.rules:
        if old.startswith(private):
            kind, topic, known_here = _OUTPUTS, old.removeprefix(private), own
        elif old.startswith(folder):
            kind, topic, known_here = _INPUTS, old.removeprefix(folder), known
        else:
            continue
        camera, name = _parted(topic, kind)
        if name and topic not in known_here and (not camera or is_camera_name(camera)):
            mark = '~/' if kind is _OUTPUTS else ''
            unused.append(f'{mark}{topic}:={new}')
            instead = instead or f'{mark}{named(cameras[0], name)}'
    if not unused:
        return ''
    if cameras[0]:
        there = f'the cameras are {", ".join(cameras)}'
    else:
        there = 'there is one, which has no name'
    return f'no camera uses {" or ".join(unused)}: {there}; remap {instead}'


def rules_of(arguments: Sequence[str]) -> list[str]:
    """Return the remapping rules of a ROS command line, each FROM:=TO."""
    rules, of_ros = [], False
    words = iter(arguments)
    for word in words:
        if word in ('--ros-args', '--'):
            of_ros = word == '--ros-args'
        elif of_ros and word in ('-r', '--remap'):
            rules.append(next(words, ''))
    return rules


def unused_arguments(node: str, arguments: Sequence[str], cameras: Sequence[str]) -> str:
    """
    Return what `unused_rules` does, of a ROS command line; '' where ROS alone understands it.

    Parameters
    ----------
    node : str
        The node's name, where no rule changes it.
    arguments, cameras
        As `rules_of` and `unused_rules` take them.

    """
    try:
        return unused_rules(Names.from_rules(node, rules_of(arguments)), cameras)
    except ParameterError:
        return ''


def _parted(topic: str, kind: Iterable[str]) -> tuple[str, str]:
    """Part 'front/image' into the camera's name and the topic's; ('', '') for others."""
    for name in kind:
        if topic == name:
            return '', name
    for name in kind:
        if topic.endswith(f'/{name}'):
            return topic.removesuffix(f'/{name}'), name
    return '', ''
