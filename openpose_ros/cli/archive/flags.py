"""What `archive` can be told."""

from __future__ import annotations

import argparse

from openpose_ros.cli.looking import add_all_parameters, add_network
from openpose_ros.cli.parameters import number_from_0, positive_number, whole_number
from openpose_ros.cli.results import add_json, folder_name

_RANGE_S = 300.0
_RETRIES = 2
_INDEXES = ('csv', 'parquet')


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Give the parser what `run` needs."""
    parser.add_argument(
        'inputs',
        nargs='+',
        metavar='INPUT',
        help='a folder, with all that is in folders below it, a video, a picture, a bag, or an '
        'address (s3://…) where fsspec is installed',
    )
    results = parser.add_argument_group('results')
    results.add_argument(
        '-o',
        '--output',
        type=_folder_or_address,
        required=True,
        metavar='DIR',
        help='write a file of JSON lines there for each video and each folder of pictures, and a '
        'bag for each bag; what is done there already is left out',
    )
    results.add_argument(
        '--index',
        choices=_INDEXES,
        default=_INDEXES[0],
        help='the form of the table of all files, DIR/index.csv or DIR/index.parquet (default '
        '%(default)s)',
    )
    add_json(results, 'a summary of the run')
    results.add_argument(
        '--seed',
        type=number_from_0,
        metavar='N',
        help='give the ids that every run with this N gives; each file counts from 1',
    )
    results.add_argument(
        '--quiet', action='store_true', help='no table of workers; what goes wrong is still said'
    )
    workers = parser.add_argument_group('workers')
    workers.add_argument(
        '--workers',
        type=whole_number,
        metavar='N',
        help='how many files are worked on at a time (default: cores by threads, or one a GPU)',
    )
    workers.add_argument(
        '--address',
        metavar='A',
        help='the Ray cluster to work on, HOST:PORT or auto (default: Ray runs on this machine '
        'while the work lasts)',
    )
    workers.add_argument(
        '--range',
        type=positive_number,
        default=_RANGE_S,
        metavar='S',
        help='look at longer videos in ranges of so many seconds, several at a time (default '
        f'{_RANGE_S:g})',
    )
    workers.add_argument(
        '--retries',
        type=number_from_0,
        default=_RETRIES,
        metavar='N',
        help='how often a file that ends its worker is tried again (default %(default)s)',
    )
    parser.add_argument(
        '-p',
        '--param',
        action='append',
        default=[],
        metavar='NAME:=VALUE',
        help='a parameter of the node, for bags alone: depth:=true; may be given several times',
    )
    add_network(parser.add_argument_group('network'), threads='the share of each worker')
    add_all_parameters(parser)


def _folder_or_address(text: str) -> str:
    return text if '://' in text else str(folder_name(text))
