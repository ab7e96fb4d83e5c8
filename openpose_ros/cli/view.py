"""Pictures and videos on a page in the browser, with every threshold to turn."""

from __future__ import annotations

import argparse

from openpose_ros.cli import estimate

SUMMARY = 'see people in the browser, and turn every threshold'
EXAMPLES = (
    ('view photo.jpg --open', 'opens a page on which thresholds are tried as a slider moves'),
    ('view walk.mp4 --track', 'a video to stop, to step and to seek in; people keep their ids'),
    (
        'view walk.mp4 --json people.jsonl',
        'writes every frame while one looks on: the page may hold the work, and not go back',
    ),
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Give the parser what `run` needs: what `estimate` takes, with --view."""
    estimate.add_arguments(parser)
    parser.set_defaults(view=True)


def run(args: argparse.Namespace) -> int:
    """
    Serve the page until Ctrl-C.

    Returns
    -------
    int
        0; as `estimate` where results are written.

    """
    return estimate.run(args)
