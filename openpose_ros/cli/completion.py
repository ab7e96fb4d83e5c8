"""
What a shell offers when the user presses Tab, through argcomplete.

argcomplete is what completes ROS's own `ros2`, so it is there in every ROS installation; it knows
bash, zsh and fish, and reads the flags from the parser. Without it nothing is completed.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterable
import os

_ASKED = '_ARGCOMPLETE'  # set by the shell's function
_LINE = 'COMP_LINE'
Completer = Callable[..., Iterable[str]]


def words_to_complete() -> list[str] | None:
    """Return the words of the line that a shell asks about; None if none does."""
    return os.environ.get(_LINE, '').split() if _ASKED in os.environ else None


def complete(parser: argparse.ArgumentParser) -> None:
    """Answer the shell and end the process."""
    try:
        import argcomplete
    except ImportError as exc:
        raise SystemExit(1) from exc
    _add_completers(parser, argcomplete.completers.DirectoriesCompleter())
    argcomplete.autocomplete(parser, always_complete_options='long')


def _add_completers(parser: argparse.ArgumentParser, folders: Completer) -> None:
    """Say what the values of flags are, where these are neither files nor a choice."""
    values: dict[str, Completer] = {
        'model': _models,
        'param': _parameters,
        'log_level': _levels,
    }
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            for below in action.choices.values():
                _add_completers(below, folders)
        elif action.dest == 'output' and action.metavar == 'DIR':
            action.completer = folders  # type: ignore[attr-defined]
        elif action.dest in values:
            action.completer = values[action.dest]  # type: ignore[attr-defined]


def _models(prefix: str, **_: object) -> list[str]:
    """Return the names of networks, or files where a path was begun."""
    from openpose_ros.models import list_models

    if os.sep in prefix:
        from argcomplete.completers import FilesCompleter

        return list(FilesCompleter()(prefix))
    return [spec.name for spec in list_models()]


def _parameters(**_: object) -> list[str]:
    from openpose_ros.ros.node.declared import node_declarations

    return [f'{item.name}:=' for item in node_declarations()]


def _levels(**_: object) -> tuple[str, ...]:
    from openpose_ros.cli.log_levels import LEVELS

    return LEVELS
