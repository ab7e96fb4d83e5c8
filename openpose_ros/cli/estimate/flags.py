"""What `estimate` can be told."""

from __future__ import annotations

import argparse

from openpose_ros.backends import AUTO, CHOICES
from openpose_ros.cli.parameters import add_parameters, net_resolution, whole_number
from openpose_ros.cli.results import add_json, folder_name
from openpose_ros.commands import command
from openpose_ros.parsing import PafParams
from openpose_ros.pictures.limits import PictureParams

DRAWINGS = ('heatmaps', 'pafs', 'skeletons')  # in the order in which they are laid on


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Give the parser what `run` needs."""
    parser.add_argument(
        'sources',
        nargs='+',
        metavar='SOURCE',
        help='a picture, a folder of pictures, a video, an address (rtsp://…) or a camera (0)',
    )
    results = parser.add_argument_group('results')
    results.add_argument(
        '--output',
        type=folder_name,
        metavar='DIR',
        help="write annotated pictures and videos there, and OpenPose's JSON beside them",
    )
    add_json(results, 'one line of JSON for each frame')
    results.add_argument(
        '--show', action='store_true', help='show each frame in a window; q or Esc ends'
    )
    results.add_argument(
        '--draw',
        action='append',
        choices=DRAWINGS,
        help='what to draw (default skeletons); several --draw lie over each other',
    )
    results.add_argument(
        '--max-frames',
        type=whole_number,
        metavar='N',
        help='work on the first N frames of each source only',
    )
    network = parser.add_argument_group('network')
    network.add_argument(
        '--model', metavar='M', help=f'name or path of the network; see {command("models list")}'
    )
    network.add_argument(
        '--backend',
        choices=CHOICES,
        default=AUTO,
        help='what runs the network (default %(default)s)',
    )
    network.add_argument(
        '--net-resolution',
        type=net_resolution,
        metavar='WxH',
        help="the network's input in pixels; -1 for what keeps the aspect (default: the model's)",
    )
    network.add_argument(
        '--threads',
        type=whole_number,
        metavar='N',
        help='how many threads compute one operator on a CPU (default: the choice of the backend)',
    )
    network.add_argument(
        '--providers',
        type=lambda text: text.split(','),
        metavar='P,…',
        help='execution providers of ONNX Runtime, separated by commas, the best first',
    )
    add_parameters(parser, PictureParams)
    add_parameters(parser, PafParams)
