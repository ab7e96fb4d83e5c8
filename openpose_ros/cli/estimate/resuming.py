"""`estimate --resume`: what must be given for it, and what makes two runs the same."""

from __future__ import annotations

import argparse
from dataclasses import asdict
from hashlib import sha256
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from openpose_ros.cli.parameters import given_parameters
from openpose_ros.errors import ParameterError
from openpose_ros.files import Claims
from openpose_ros.files.places import STANDARD_OUTPUT, find_place
from openpose_ros.files.whole import name_beside
from openpose_ros.tracking import TrackingParams

if TYPE_CHECKING:
    from collections.abc import Sequence

    from openpose_ros.estimator import PoseEstimator
    from openpose_ros.io import Source
    from openpose_ros.io.progress import Progress

IN_FOLDER = 'progress.jsonl'
_BESIDE_FILE = '.progress'
# What results depend on, besides the network and its parameters.
RUN_FLAGS = (
    'start',
    'every',
    'max_frames',
    'rotate',
    'keypoint_files',
    'labels',
    'render_threshold',
    'track',
    'seed',
)


def add_resume(group: argparse._ActionsContainer) -> None:
    """Give a parser the flag."""
    group.add_argument(
        '--resume',
        action='store_true',
        help=f'leave out what is done, and go on; DIR/{IN_FOLDER}, or FILE{_BESIDE_FILE} beside '
        'the JSON, says what that is. Give it from the first time on',
    )


def check_resume(args: argparse.Namespace, sources: Sequence[Source], claims: Claims) -> None:
    """
    See that what is asked for can be taken up again.

    Raises
    ------
    ParameterError
        If flags do not go together, a source cannot be had again, or a file would be lost.
    OutputError
        If the file of the progress cannot be written at all.

    """
    if not args.resume:
        return
    if args.output is None and args.json is None:
        raise ParameterError('--resume needs results to go on with: --output DIR or --json FILE')
    if args.json is not None and (args.json == STANDARD_OUTPUT or find_place(args.json).direct):
        raise ParameterError(f'--resume cannot go on with {args.json}: it is no file')
    for flag in ('csv', 'mcap', 'coco', 'coco_results'):
        if getattr(args, flag) is not None:
            name = flag.replace('_', '-')
            raise ParameterError(
                f'--{name} cannot be resumed, only --output and --json; write it in another run'
            )
    for source in sources:
        if not os.path.isfile(source.name):
            raise _not_a_file(source.name)
    claims.claim(_path(args))


def refuse_to_resume(args: argparse.Namespace, names: Sequence[str]) -> None:
    """Raise a ParameterError for the name of a pipe or a device, before it is opened."""
    for name in names if args.resume else ():
        if os.path.exists(name) and not (os.path.isfile(name) or os.path.isdir(name)):
            raise _not_a_file(name)


def _not_a_file(name: str) -> ParameterError:
    return ParameterError(f'--resume works on files of pictures and videos; {name} is none')


def open_progress(args: argparse.Namespace, estimator: PoseEstimator) -> Progress | None:
    """
    Return what is done already; None without `--resume`.

    Raises
    ------
    ParameterError
        If it is of another run.
    OutputError
        If it cannot be read, or another process works on it.

    """
    if not args.resume:
        return None
    from openpose_ros.io.progress import Progress

    return Progress(_path(args), _run(args, estimator))


def _path(args: argparse.Namespace) -> Path:
    if args.output is not None:
        return Path(args.output) / IN_FOLDER
    return name_beside(find_place(args.json).path, _BESIDE_FILE)


def _run(args: argparse.Namespace, estimator: PoseEstimator) -> dict[str, Any]:
    """Return what two runs must have in common, ready for JSON."""
    spec = estimator.spec
    drawn: dict[str, Any] = {}
    if args.output is not None:
        drawn['draw'] = sorted(set(args.draw or ['skeletons']))
    return {
        'model': spec.name,
        'network': _digest(spec.path) if spec.path is not None else '',
        'decoder': spec.decoder,
        'backend': estimator.engine.name,
        'precision': estimator.engine.precision,
        'parameters': {
            **asdict(estimator.params),
            **asdict(estimator.augmentation),
            **asdict(estimator.parts.params),
            **_part_networks(estimator),
            'net_resolution': list(estimator.net_resolution),
            **{name: getattr(args, name) for name in RUN_FLAGS},
            **asdict(given_parameters(args, TrackingParams)),
            **drawn,
        },
    }


def _part_networks(estimator: PoseEstimator) -> dict[str, str]:
    """Return which networks look for hands and faces; nothing where none does."""
    finders = {'hand': estimator.parts.hand, 'face': estimator.parts.face}
    return {
        part: _digest(finder.spec.path) if finder.spec.path is not None else ''
        for part, finder in finders.items()
        if finder is not None
    }


def _digest(path: str | os.PathLike[str]) -> str:
    """Return the first digits of a file's sha256; of a folder of files, none."""
    try:
        return sha256(Path(path).read_bytes()).hexdigest()[:16]
    except OSError:
        return ''
