"""Parameter files and NAME:=VALUE, read as ROS reads them, without it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
import re
from typing import Any

from openpose_ros.documents import parse_yaml
from openpose_ros.errors import ParameterError

_PARAMETERS = 'ros__parameters'


def read_params_file(path: str | Path, node: str) -> dict[str, Any]:
    """
    Return the parameters that a file holds for a node.

    Parameters
    ----------
    path : str or Path
        A YAML file of nodes' names (or patterns: `*` is one part of a name, `**` any number),
        each with `ros__parameters`.
    node : str
        The node's full name: '/openpose', '/front/openpose'.

    Returns
    -------
    dict of str to object
        Nested names joined by dots; where several entries fit, the last in the file wins.

    Raises
    ------
    ParameterError
        If the file cannot be read, or is not such a file.

    """
    try:
        document = parse_yaml(Path(path).expanduser().read_bytes())
    except OSError as exc:
        raise ParameterError(f'cannot read the parameter file {path}: {exc.strerror}') from exc
    except ValueError as exc:
        raise ParameterError(f'the parameter file {path} is not YAML: {exc}') from exc
    found: dict[str, Any] = {}
    entries = list(_entries(document, ())) if isinstance(document, Mapping) else []
    if not entries and document is not None:
        raise ParameterError(
            f"the parameter file {path} has no '{_PARAMETERS}'; write '/**:' on its first line, "
            f"'  {_PARAMETERS}:' on the second, and the parameters below, indented"
        )
    for pattern, values in entries:
        if _fits(pattern, node):
            found.update(_flat(values))
    return found


def read_arguments(arguments: Sequence[str], node: str) -> dict[str, Any]:
    """
    Return the parameters that a ROS command line gives a node: of its files, then of its `-p`.

    Parameters
    ----------
    arguments : sequence of str
        With `--ros-args`; what does not follow one is not looked at.
    node : str
        As `read_params_file` takes it.

    Raises
    ------
    ParameterError
        As `read_params_file` and `parse_assignment` do.

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
    values: dict[str, Any] = {}
    for file in files:
        values.update(read_params_file(file, node))
    for text in assigned:
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


def _entries(
    document: Mapping[Any, Any], path: tuple[str, ...]
) -> Iterator[tuple[str, Mapping[Any, Any]]]:
    """Yield the pattern of each node, and its parameters."""
    for key, value in document.items():
        if key == _PARAMETERS:
            yield '/'.join(path), value if isinstance(value, Mapping) else {}
        elif isinstance(value, Mapping):
            yield from _entries(value, (*path, str(key).strip('/')))


def _fits(pattern: str, node: str) -> bool:
    wild = {'**': r'.+', '*': r'[^/]+'}
    parts = (wild.get(part, re.escape(part)) for part in pattern.split('/'))
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
