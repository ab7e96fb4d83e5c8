"""The commands as they are: what the documentation says of them is compared with that."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator
from functools import cache
from importlib import import_module
from pathlib import Path
import runpy
import sys
from types import ModuleType
from typing import Any
from unittest.mock import patch

from openpose_ros import cli
from openpose_ros.cli.ros_arguments import TAKES

_LAUNCH = (
    'launch',
    'launch.actions',
    'launch.conditions',
    'launch.logging',
    'launch.launch_description_sources',
    'launch.substitutions',
    'launch_ros',
    'launch_ros.actions',
    'launch_ros.parameter_descriptions',
    'launch_ros.substitutions',
)

SAME = {'view': 'estimate'}  # verbs that have the very flags of another one, which tells them


def parsers() -> Iterator[tuple[str, argparse.ArgumentParser]]:
    """Yield each verb that takes flags, 'estimate' or 'models fetch', and its parser."""
    for name, (module, _) in cli.VERBS.items():
        parser = argparse.ArgumentParser(name)
        import_module(module).add_arguments(parser)
        below = [
            action for action in parser._actions if isinstance(action, argparse._SubParsersAction)
        ]
        if below:
            yield from ((f'{name} {action}', its) for action, its in below[0].choices.items())
        else:
            yield name, parser


def flags_of(parser: argparse.ArgumentParser) -> set[str]:
    """Return every spelling of every flag but that of the help."""
    ros = {'--ros-args'} if parser.prog in TAKES else set()
    return ros | {
        flag
        for action in parser._actions
        if not isinstance(action, argparse._HelpAction)
        for flag in action.option_strings
    }


class _Pretended(ModuleType):
    """A module of ROS's launch, where there is none: whatever is asked of it is a `_Call`."""

    def __getattr__(self, name: str) -> Callable[..., _Call]:
        if name.startswith('__'):
            raise AttributeError(name)
        return lambda *values, **named: _Call(name, values, named)


class _Call:
    """What was called, with what."""

    made: list[_Call]

    def __init__(self, name: str, values: tuple[Any, ...], named: dict[str, Any]) -> None:
        self.name, self.values, self.named = name, values, named
        self.made.append(self)


@cache
def launch_arguments(path: Path) -> frozenset[str]:
    """Return the arguments that a launch file declares, and those of the files it includes."""
    _Call.made = []
    with patch.dict(sys.modules, {name: _Pretended(name) for name in _LAUNCH}):
        runpy.run_path(str(path))['generate_launch_description']()
    calls = list(_Call.made)
    found = {call.values[0] for call in calls if call.name == 'DeclareLaunchArgument'}
    for call in calls:
        if call.name == 'PythonLaunchDescriptionSource':
            included = path.parent / call.values[0].values[0][-1]
            found |= launch_arguments(included)
    return frozenset(found)
