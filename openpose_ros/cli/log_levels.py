"""Levels of the log, as ROS writes them: LEVEL, or NAME:=LEVEL for one logger."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from typing import NamedTuple

LEVELS = ('debug', 'info', 'warning', 'error', 'fatal')
DEFAULT_LEVEL = 'info'
_ALSO = {'warn': 'warning'}  # ROS's word


class LogLevel(NamedTuple):
    """
    The least level that a logger logs.

    Attributes
    ----------
    logger : str
        '' for all; a logger's level goes for those below it, too: 'front' for 'front.openpose'.
    level : str
        One of LEVELS.

    """

    logger: str
    level: str


def log_level(text: str) -> LogLevel:
    """Read [NAME:=]LEVEL, as argparse's `type`; as in rcl upper and lower case are the same."""
    logger, assigned, level = text.rpartition(':=')
    level = _ALSO.get(level.lower(), level.lower())
    if level not in LEVELS or (assigned and not logger):
        raise argparse.ArgumentTypeError(
            f"'{text}' is no level; choose one of {', '.join(LEVELS)}, or NAME:=LEVEL for the "
            'logger NAME'
        )
    return LogLevel(logger, level)


def level_of(logger: str, given: Sequence[LogLevel]) -> str:
    """Return a logger's level: that of the longest name above it, of equals the last one."""
    level, longest = DEFAULT_LEVEL, -1
    for name, wanted in given:
        if is_above(name, logger) and len(name) >= longest:
            level, longest = wanted, len(name)
    return level


def is_above(name: str, logger: str) -> bool:
    """Tell whether the level of a name goes for a logger."""
    return not name or logger == name or logger.startswith(f'{name}.')
