"""Parameter files and NAME:=VALUE, read as ROS reads them, without it."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
import os
from pathlib import Path
import re
from types import MappingProxyType
from typing import Any, NamedTuple

from openpose_ros.documents import parse_yaml, read_document
from openpose_ros.errors import ParameterError
from openpose_ros.home import expand_user
from openpose_ros.parameters import edit_distance, nearest
from openpose_ros.ros.node.camera_names import is_override, override_names

_PARAMETERS = 'ros__parameters'


# What ROS's own libraries and our transports take besides, whoever's section it stands in.
_ALWAYS = ('use_sim_time', 'start_type_description_service')
_ALWAYS_BELOW = ('qos_overrides.', 'diagnostic_updater.')
_LIKELY_TYPO = 2  # edits
_NOTHING: Mapping[str, Any] = MappingProxyType({})


class Section(NamedTuple):
    """
    A node's parameters in a file.

    Attributes
    ----------
    pattern : str
        '/front/openpose', '/**'.
    values : dict of str to object
        Nested names joined by dots.

    """

    pattern: str
    values: dict[str, Any]

    @property
    def names_a_node(self) -> bool:
        """Whether its last word is a node's name: then the parameters are meant for that one."""
        return '*' not in self.pattern.rpartition('/')[2]


def read_params_file(path: str | Path, node: str) -> list[Section]:
    """
    Return the sections of a file that are a node's.

    Parameters
    ----------
    path : str or Path
        A YAML file of nodes' names (or patterns: `*` is one part of a name, `**` any number),
        each with `ros__parameters`; as in rcl a name may stand below its namespace.
    node : str
        The node's full name: '/openpose', '/front/openpose'.

    Returns
    -------
    list of Section
        In the order of the file: later ones go before earlier ones.

    Raises
    ------
    ParameterError
        If the file cannot be read, or is not such a file.

    """
    try:
        document = parse_yaml(read_document(Path(expand_user(path))), joined=True)
    except OSError as exc:
        raise ParameterError(f'cannot read the parameter file {path}: {exc.strerror}') from exc
    except ValueError as exc:
        raise ParameterError(f'the parameter file {path} is not YAML: {exc}') from exc
    if document is None:
        return []
    if not isinstance(document, Mapping) or not document:
        raise _no_section(path)
    sections = list(_sections(document, (), path))
    return [section for section in sections if _fits(section.pattern, node)]


def read_params_files(
    paths: Sequence[str | Path],
    node: str,
    known: Collection[str],
    assigned: Mapping[str, Any] = _NOTHING,
) -> tuple[dict[str, Any], list[str]]:
    """
    Return the parameters that files hold for a node, and what is odd about them.

    Parameters
    ----------
    paths : sequence of str or Path
        Later ones go before earlier ones.
    node : str
        As `read_params_file` takes it.
    known : collection of str
        The node's own parameters, of all its cameras.
    assigned : mapping of str to object
        What was given beside the files, and goes before them: its `cameras`, or theirs, say
        which parameters of single cameras there are besides.

    Returns
    -------
    dict of str to object
        The node's own, and what every node takes: `use_sim_time`, `qos_overrides.` and others.
    list of str
        A line for each name in a section of many nodes that looks like one of ours misspelt, and
        for each file without a section for this node.

    Raises
    ------
    ParameterError
        If a file cannot be read, or a section that names this node holds an unknown parameter.

    """
    values: dict[str, Any] = {}
    odd: list[str] = []
    found = [(path, read_params_file(path, node)) for path in paths]
    cameras: Any = []
    for _, sections in found:
        for section in sections:
            cameras = section.values.get('cameras', cameras)
    cameras = assigned.get('cameras', cameras)
    single = override_names(cameras if isinstance(cameras, list | tuple) else [])
    known = [*known, *single]
    for path, sections in found:
        if not sections:
            odd.append(
                f'the parameter file {path} has no section for {node}, and changes nothing: write '
                f"'/**:' or '{node}:' over its parameters"
            )
        for section in sections:
            for name, value in section.values.items():
                if (
                    name in single and value == ''
                ):  # null: what `ros2 param dump` writes if not set
                    continue
                if name in known or is_of_every_node(name):
                    values[name] = value
                    continue
                near = nearest(name, known)
                if section.names_a_node:
                    raise ParameterError(
                        f"unknown parameter '{name}' in the section {section.pattern} of {path}; "
                        f"the nearest is '{near}'"
                    )
                if edit_distance(name, near) <= _LIKELY_TYPO:
                    odd.append(
                        f"'{name}' in the section {section.pattern} of {path} is ignored; "
                        f"'{near}' is a parameter of this node"
                    )
    return values, odd


def is_of_every_node(name: str) -> bool:
    """Return whether a parameter is of ROS's own libraries, or of our transports."""
    return name in _ALWAYS or name.startswith(_ALWAYS_BELOW)


def check_known(names: Iterable[str], known: Collection[str]) -> None:
    """
    Check that a node has the parameters that are given to it by name; of others ROS is silent.

    Parameters
    ----------
    names : iterable of str
        Those of single cameras are not looked at.
    known : collection of str
        The node's own parameters, of all its cameras.

    Raises
    ------
    ParameterError
        If one is unknown.

    """
    for name in names:
        if name not in known and not is_override(name) and not is_of_every_node(name):
            raise ParameterError(
                f"unknown parameter '{name}'; the nearest is '{nearest(name, known)}'"
            )


def misspelt(names: Iterable[str], known: Collection[str]) -> list[str]:
    """Return a line for each name that looks like a known one misspelt, short ones left out."""
    near = {name: nearest(name, known) for name in names if name not in known}
    return [
        f"'{name}' is ignored; did you mean '{meant}'?"
        for name, meant in near.items()
        if edit_distance(name, meant) <= min(_LIKELY_TYPO, len(name) // 5)
    ]


def can_be_read_again(path: str | Path) -> bool:
    """Return whether a parameter file is no pipe, say, that is empty once it was read."""
    found = expand_user(path)
    return os.path.isfile(found) or not os.path.exists(found)


def check_can_be_read_again(paths: Iterable[str | Path]) -> None:
    """
    See that parameter files are there for a second time.

    Raises
    ------
    ParameterError
        If one is none, but a pipe say: that was emptied, and who reads it would wait for ever.

    """
    for path in paths:
        if not can_be_read_again(path):
            raise ParameterError(
                f'the parameter file {path} is no regular file, and cannot be read again'
            )


def ros_arguments(arguments: Sequence[str], node: str) -> tuple[list[str], dict[str, Any]]:
    """
    Return the parameter files of a ROS command line, and what its `-p` say for a node.

    Parameters
    ----------
    arguments : sequence of str
        With `--ros-args`; what does not follow one is not looked at.
    node : str
        As `read_params_file` takes it.

    Raises
    ------
    ParameterError
        As `parse_assignment` does.

    """
    files: list[str] = []
    assigned: list[str] = []
    of_ros = False
    words = iter(arguments)
    for word in words:
        if word in ('--ros-args', '--'):
            of_ros = word == '--ros-args'
        elif of_ros and word == '--params-file':
            files.append(next(words, ''))
        elif of_ros and word in ('-p', '--param'):
            assigned.append(next(words, ''))
    return files, assigned_values(assigned, node)


def assigned_values(texts: Iterable[str], node: str) -> dict[str, Any]:
    """
    Return what `-p` give a node: NAME:=VALUE, or NODE:NAME:=VALUE for the node of that name.

    Raises
    ------
    ParameterError
        As `parse_assignment` does.

    """
    values: dict[str, Any] = {}
    for text in texts:
        name, value = parse_assignment(text)
        to, colon, name_of_it = name.rpartition(':')
        if not colon or node.endswith(f'/{to.strip("/")}'):
            values[name_of_it] = value
    return values


def parse_assignment(text: str) -> tuple[str, Any]:
    """
    Return name and value of NAME:=VALUE; the value is read as YAML.

    Raises
    ------
    ParameterError
        If it is not of that form.

    """
    name, assigned, value = text.partition(':=')
    if not assigned or not name.strip():
        raise ParameterError(f"'{text}' is not of the form NAME:=VALUE: peak_threshold:=0.1")
    try:
        return name.strip(), _number(parse_yaml(value) if value.strip() else '')
    except ValueError:
        return name.strip(), value  # a word with colons or brackets is still a word


def _sections(
    document: Mapping[Any, Any], above: tuple[str, ...], path: str | Path
) -> Iterator[Section]:
    """Yield the section of each node; refuse what is none, as rcl does."""
    for key, value in document.items():
        if key == _PARAMETERS and above:
            if value is not None and not isinstance(value, Mapping):
                raise ParameterError(
                    f'in the parameter file {path}, the section {_joined(above)} holds '
                    f"{value!r:.40}, but must hold parameters, 'name: value' each"
                )
            yield Section(_joined(above), dict(_flat(value or {})))
        elif not isinstance(value, Mapping) or not value:
            raise _no_section(path)
        else:
            parts = tuple(filter(None, str(key).split('/')))
            for part in parts:
                if '*' in part and part not in ('*', '**'):
                    raise ParameterError(
                        f"in the parameter file {path}, '{key}' is no name of nodes: a * is a "
                        'whole part of a name, a ** any number of parts'
                    )
            yield from _sections(value, above + parts, path)


def _joined(parts: Sequence[str]) -> str:
    return '/' + '/'.join(parts)


def _no_section(path: str | Path) -> ParameterError:
    return ParameterError(
        f"the parameter file {path} has no '{_PARAMETERS}'; write '/**:' on "
        f"its first line, '  {_PARAMETERS}:' on the second, and the parameters below, indented"
    )


def _fits(pattern: str, node: str) -> bool:
    wild = {'**': r'.+', '*': r'[^/]+'}
    parts = (wild.get(part, re.escape(part)) for part in pattern.strip('/').split('/'))
    expression = '/'.join(parts).replace('.+/', '(?:.+/)?')
    return re.fullmatch(expression, node.strip('/')) is not None


def _flat(values: Mapping[Any, Any], prefix: str = '') -> Iterator[tuple[str, Any]]:
    for key, value in values.items():
        if isinstance(value, Mapping):
            yield from _flat(value, f'{prefix}{key}.')
        else:
            yield f'{prefix}{key}', _number(value)


def _number(value: Any) -> Any:
    """Return 1e-3 as the number that it is to ROS, and a word to YAML 1.1."""
    if isinstance(value, str) and re.fullmatch(r'[-+]?\d+(\.\d*)?[eE][-+]?\d+', value):
        return float(value)
    return '' if value is None else value
