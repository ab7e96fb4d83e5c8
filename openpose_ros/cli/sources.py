"""Flags that say what a verb looks at."""

from __future__ import annotations

import argparse


def add_recursive(group: argparse._ActionsContainer) -> None:
    """Give a parser, or a group of it, `--recursive`, which is the same for every verb."""
    group.add_argument(
        '--recursive', action='store_true', help='take what is in the folders of a folder, too'
    )
