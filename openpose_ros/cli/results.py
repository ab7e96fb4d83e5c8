"""Flags that name what a verb writes."""

from __future__ import annotations

import argparse
from pathlib import Path

from openpose_ros.files.places import STANDARD_OUTPUT

# What nobody calls a folder.
# fmt: off
_OF_FILES = frozenset({
    '.avi', '.bmp', '.csv', '.gif', '.jpeg', '.jpg', '.json', '.jsonl', '.m4v', '.mkv', '.mov',
    '.mp4', '.mpeg', '.mpg', '.png', '.tif', '.tiff', '.txt', '.webm', '.webp', '.zip',
})
# fmt: on


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
    """Return the path of a folder, as argparse's `type`: neither an unset variable nor a file."""
    if not text:
        raise argparse.ArgumentTypeError('it is empty, and must name a folder')
    path = Path(text)
    if path.suffix.lower() in _OF_FILES and not path.is_dir():
        raise argparse.ArgumentTypeError(
            f'{text} is called as a file, and must name a folder, say {path.with_suffix("")}; '
            'results in it are called as their sources'
        )
    return path


def file_path(text: str) -> Path:
    """Return the path of a file, as argparse's `type`."""
    return Path(file_name(text))
