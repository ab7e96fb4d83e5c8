"""Flags that say with which network, and how, people are looked for in files."""

from __future__ import annotations

import argparse
from collections.abc import Iterator

from openpose_ros.augmentation.params import AugmentationParams
from openpose_ros.backends import AUTO, CHOICES
from openpose_ros.cli.parameters import add_parameters, net_resolution, thread_count
from openpose_ros.commands import command
from openpose_ros.parameters import declarations
from openpose_ros.parsing.decoders import PARAMS
from openpose_ros.parts.params import PartParams
from openpose_ros.pictures.limits import PictureParams
from openpose_ros.tracking import TrackingParams


def add_all_parameters(parser: argparse.ArgumentParser) -> None:
    """Give a parser all parameters of how people are looked for and followed."""
    add_parameters(parser, PictureParams)
    add_parameters(parser, AugmentationParams, PartParams)
    add_parameters(parser, *PARAMS.values())
    parser.add_argument(
        '--number-people-max',
        dest='max_people',
        type=int,
        default=argparse.SUPPRESS,
        metavar='N',
        help="--max-people under OpenPose's name",
    )
    add_parameters(parser, TrackingParams)


def flags_of(args: argparse.Namespace, params: type) -> Iterator[str]:
    """Yield the flags that were given for some parameters."""
    for item in declarations(params):
        if hasattr(args, item.name):
            yield f'--{item.name.replace("_", "-")}'


def looked_for_in_vain(args: argparse.Namespace) -> Iterator[str]:
    """Yield a line for each flag of these that changes nothing beside the others."""
    if not args.hand and not args.face:
        for flag in flags_of(args, PartParams):
            yield f'{flag} has no effect without --hand or --face'
    if hasattr(args, 'scale_gap') and getattr(args, 'scale_number', 1) == 1:
        yield '--scale-gap has no effect without --scale-number'
    if hasattr(args, 'tile_overlap') and not getattr(args, 'tiles', False):
        yield '--tile-overlap has no effect without --tiles'


def add_network(
    network: argparse._ActionsContainer, *, threads: str = 'the choice of the backend'
) -> None:
    """Give a group what says which network runs, and with what; `threads` without a number."""
    network.add_argument(
        '--model', metavar='M', help=f'name or path of the network; see {command("models list")}'
    )
    network.add_argument(
        '--hand', metavar='M', help='name or path of a network for hands, to look for them too'
    )
    network.add_argument(
        '--face', metavar='M', help='name or path of a network for faces, to look for them too'
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
        type=thread_count,
        metavar='N',
        help=f'how many threads compute one operator on a CPU (default: {threads})',
    )
    network.add_argument(
        '--providers',
        type=lambda text: text.split(','),
        metavar='P,…',
        help='execution providers of ONNX Runtime, separated by commas, the best first',
    )
