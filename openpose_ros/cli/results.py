"""Flags that name what a verb writes."""

from __future__ import annotations

import argparse
from pathlib import Path

from openpose_ros.files.places import STANDARD_OUTPUT


def add_json(group: argparse._ActionsContainer, what: str) -> None:
    """Give a parser, or a group of it, `--json FILE`, which is the same for every verb."""
    group.add_argument(
        '--json',
        type=file_name,
        metavar='FILE',
        help=f'write {what}; {STANDARD_OUTPUT} is standard output',
    )


def file_name(text: str) -> str:
    """Return the name of a file, as argparse's `type`: an unset variable is none."""
    if not text:
        raise argparse.ArgumentTypeError('it is empty, and must name a file')
    return text


def folder_name(text: str) -> Path:
    """Return the path of a folder, as argparse's `type`: an unset variable is not this one."""
    if not text:
        raise argparse.ArgumentTypeError('it is empty, and must name a folder')
    return Path(text)


def file_path(text: str) -> Path:
    """Return the path of a file, as argparse's `type`."""
    return Path(file_name(text))
