"""The ROS node without a ROS installation."""

from __future__ import annotations

import argparse
from functools import partial
import sys
import time

from openpose_ros.cli.log_levels import DEFAULT_LEVEL, LEVELS, is_above, level_of, log_level
from openpose_ros.cli.network import add_node_parameters, add_rules, check_dds
from openpose_ros.cli.viewing import add_protection, options_of
from openpose_ros.view.addresses import DEFAULT, parse_address

SUMMARY = 'the ROS 2 node, without a ROS installation'
EXAMPLES = (
    (
        'node -r image:=/camera/image_raw',
        'finds people in the images of a camera that is there already',
    ),
    (
        'node -p model:=human-pose-estimation-0001 -p min_parts:=5',
        'with another network, for people of at least 5 keypoints',
    ),
    (
        'node --params-file mine.yaml -r __ns:=/left',
        'with a file like config/openpose.yaml, as the node /left/openpose',
    ),
    (
        'node --view -r image:=/camera/image_raw',
        'with a page in the browser on which the thresholds can be turned',
    ),
    (
        'node --ros-args -r image:=/camera/image_raw --log-level debug',
        "with arguments in ROS's own form",
    ),
)
_PATIENCE_S = 4.7  # after a stop, with a library that hangs; the node itself has less


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Give the parser what `run` needs."""
    add_node_parameters(parser, again='read again after the signal HUP; ')
    add_rules(parser)
    parser.add_argument(
        '--log-level',
        type=log_level,
        action='append',
        default=[],
        metavar='[NAME:=]LEVEL',
        help=f'least level that is logged: {", ".join(LEVELS)} (default: {DEFAULT_LEVEL}); with '
        'NAME that of one logger, openpose or front.openpose say',
    )
    page = parser.add_argument_group('page in the browser')
    page.add_argument(
        '--view',
        nargs='?',
        const=DEFAULT,
        metavar='HOST:PORT',
        help=f'serve a page there (default {DEFAULT}: for this machine alone) with the images, '
        'their people and every threshold; the same as -p view:=HOST:PORT',
    )
    add_protection(page)


def run(args: argparse.Namespace) -> int:
    """
    Run the node until it is interrupted or terminated.

    Returns
    -------
    int
        0: that is how it ends.

    """
    check_dds()
    from openpose_ros.ros.dds.node import NODE_NAME, DdsNode
    from openpose_ros.ros.node.names import Names

    names = Names.from_rules(NODE_NAME, args.remap)
    least = LEVELS.index(level_of(names.logger, args.log_level))

    def log(level: str, text: str) -> None:
        if LEVELS.index(level) >= least:
            shown = {'warning': 'WARN'}.get(level, level.upper())
            line = f'[{shown}] [{time.time():.6f}] [{names.logger}]: {text}'
            print(line, file=sys.stderr, flush=True)

    for given in args.log_level:
        if not is_above(given.logger, names.logger):
            log('warning', f'no level of {given.logger}: the logger here is {names.logger}')
    # Quoted: [::1]:8088 is a list else, for YAML.
    page = [f"view:='{parse_address(args.view)}'"] if args.view is not None else []
    node = DdsNode(
        log,
        rules=args.remap,
        params_files=args.params_file,
        assignments=[*args.param, *page],
        read_view_options=partial(options_of, args),
    )
    with args.stop.noted(_PATIENCE_S):
        node.run(args.stop)
    return 0
