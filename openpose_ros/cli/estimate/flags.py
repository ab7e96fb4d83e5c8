"""What `estimate` can be told."""

from __future__ import annotations

import argparse

from openpose_ros.cli.estimate.forms import add_forms
from openpose_ros.cli.estimate.resuming import add_resume
from openpose_ros.cli.looking import add_all_parameters, add_network
from openpose_ros.cli.parameters import number_from_0, score, whole_number
from openpose_ros.cli.results import folder_name
from openpose_ros.cli.sources import add_recursive
from openpose_ros.cli.viewing import add_view
from openpose_ros.drawing.defaults import RENDER_THRESHOLD

DRAWINGS = ('heatmaps', 'pafs', 'skeletons')  # in the order in which they are laid on
SKELETONS = 'skeletons'
TURNS = (0, 90, 180, 270)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Give the parser what `run` needs."""
    parser.add_argument(
        'sources',
        nargs='+',
        metavar='SOURCE',
        help='a picture, a video, a folder of them, a bag of ROS 2, an address (rtsp://…), a '
        'camera (0), or - for standard input',
    )
    _add_frames(parser.add_argument_group('frames'))
    _add_results(parser.add_argument_group('results'))
    add_view(parser.add_argument_group('page in the browser'))
    add_network(parser.add_argument_group('network'))
    add_all_parameters(parser)


def _add_frames(frames: argparse._ActionsContainer) -> None:
    add_recursive(frames)
    frames.add_argument(
        '--start',
        type=number_from_0,
        default=0,
        metavar='N',
        help='begin with frame N of each video or camera; the first is 0 (default)',
    )
    frames.add_argument(
        '--every',
        type=whole_number,
        default=1,
        metavar='N',
        help='work on one of N frames of each video or camera (default: on each)',
    )
    frames.add_argument(
        '--max-frames',
        type=whole_number,
        metavar='N',
        help='work on the first N frames of each source only, of those that are wanted',
    )
    frames.add_argument(
        '--rotate',
        type=int,
        choices=TURNS,
        default=0,
        metavar='DEGREES',
        help='degrees clockwise that bring the frames of a camera on its side upright; results '
        'are in the pixels of the frames as they came (default 0)',
    )


def _add_results(results: argparse._ActionsContainer) -> None:
    results.add_argument(
        '-o',
        '--output',
        type=folder_name,
        metavar='DIR',
        help="write annotated pictures and videos there, and OpenPose's JSON beside them",
    )
    results.add_argument(
        '--no-keypoint-files',
        dest='keypoint_files',
        action='store_false',
        help="leave OpenPose's JSON out of DIR, a file a frame",
    )
    add_forms(results)
    add_resume(results)
    results.add_argument(
        '--track',
        action='store_true',
        help='follow people through videos and cameras: an id for each, in the JSON and drawn',
    )
    results.add_argument(
        '--seed',
        type=number_from_0,
        metavar='N',
        help='give the ids that every run with this N gives; each source counts from 1',
    )
    results.add_argument(
        '--show', action='store_true', help='show each frame in a window; q or Esc ends'
    )
    results.add_argument(
        '--draw',
        nargs='+',
        action='extend',
        choices=DRAWINGS,
        help=f'what to draw (default {SKELETONS}); several words lie over each other',
    )
    results.add_argument(
        '--labels',
        action='store_true',
        help='write above each person their place in the JSON and their score',
    )
    results.add_argument(
        '--render-threshold',
        type=score,
        metavar='X',
        help=f'draw only keypoints with a score above X (default {RENDER_THRESHOLD})',
    )
    results.add_argument(
        '--quiet', action='store_true', help='no bar and no table; what goes wrong is still said'
    )
