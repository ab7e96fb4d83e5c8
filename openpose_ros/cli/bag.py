"""Write the people of a bag's images into another bag."""

from __future__ import annotations

import argparse
from contextlib import ExitStack, suppress
import sys
from typing import TYPE_CHECKING

from openpose_ros.cli.network import add_node_parameters, add_rules, check_bags
from openpose_ros.cli.parameters import number_from_0, positive_number
from openpose_ros.cli.results import add_json, file_path
from openpose_ros.cli.waiting import told_of_compiling
from openpose_ros.errors import OpenPoseError, ParameterError
from openpose_ros.files import Claims, LineFile, check_json_file

if TYPE_CHECKING:
    from openpose_ros.bags.report import BagReport, Done
    from openpose_ros.bags.work import BagJob, OnPeople
    from openpose_ros.ros.node.parameters import NodeParams

SUMMARY = "write the people of a bag's images into another bag"
EXAMPLES = (
    (
        'bag walk walk-people',
        'people of all images in walk, a bag of ROS 2, as the bag walk-people',
    ),
    (
        'bag walk walk-people --copy -p tracking:=true',
        'with all that walk holds besides; people keep their ids',
    ),
    (
        'bag walk out --topic /front/image_raw --start 60 --duration 30 --json out.jsonl',
        'half a minute of one camera, and one line of JSON for each image',
    ),
    (
        'bag walk out --storage mcap --annotations --copy',
        'for Foxglove, which draws the people over the images',
    ),
)
STORAGES, COMPRESSIONS, DISTROS = ('sqlite3', 'mcap'), ('none', 'zstd'), ('humble', 'jazzy')


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Give the parser what `run` needs."""
    parser.add_argument(
        'source',
        type=file_path,
        metavar='IN',
        help='a bag of ROS 2: its folder, or one of its files',
    )
    parser.add_argument('output', type=file_path, metavar='OUT', help='the folder of the new bag')
    images = parser.add_argument_group('images')
    images.add_argument(
        '--topic',
        action='append',
        default=[],
        metavar='T',
        help='look at the images on T, raw or compressed; may be given several times (default: '
        'on all topics of images, but depth)',
    )
    images.add_argument(
        '--start',
        type=_seconds,
        default=0.0,
        metavar='S',
        help='begin S seconds behind the beginning of the log (default 0)',
    )
    images.add_argument(
        '--duration',
        type=positive_number,
        metavar='S',
        help='end S seconds later (default: at the end)',
    )
    out = parser.add_argument_group('the new bag')
    out.add_argument(
        '--copy', action='store_true', help='copy every topic that is no output of ours'
    )
    out.add_argument(
        '--copy-topic',
        action='append',
        default=[],
        metavar='PATTERN',
        help="copy the topics that look like PATTERN, '/tf*' say; may be given several times",
    )
    out.add_argument(
        '--annotations',
        action='store_true',
        help='write foxglove_msgs/ImageAnnotations too, which Foxglove draws over the images',
    )
    out.add_argument('--storage', choices=STORAGES, help='how it is stored (default: as IN)')
    out.add_argument(
        '--compression',
        choices=COMPRESSIONS,
        default='none',
        help='how it is compressed (default %(default)s)',
    )
    out.add_argument(
        '--ros-distro',
        choices=DISTROS,
        default='jazzy',
        help='the oldest ROS that is to read it (default %(default)s)',
    )
    out.add_argument(
        '--overwrite', action='store_true', help='replace OUT, once the new bag is whole'
    )
    out.add_argument(
        '--seed',
        type=number_from_0,
        metavar='N',
        help="choose the letters of people's ids (default: by the bag; the same in every run)",
    )
    add_json(parser, 'one line of JSON for each image')
    node = parser.add_argument_group('the node')
    node.add_argument(
        '--node-name',
        default='openpose',
        metavar='NAME',
        help='the node whose outputs these are: /NAME/persons (default %(default)s)',
    )
    add_node_parameters(node)
    add_rules(parser)
    parser.add_argument(
        '--quiet', action='store_true', help='no bar and no summary; what goes wrong is still said'
    )


def run(args: argparse.Namespace) -> int:
    """
    Work on a bag.

    Returns
    -------
    int
        0 if all was done, 1 if something was left out, 130 after Ctrl-C, 143 and 129 after the
        signals TERM and HUP.

    """
    check_bags('bag')
    with args.stop.at_once():
        from tqdm import tqdm

        from openpose_ros.bags.options import BagOptions, read_parameters
        from openpose_ros.bags.work import BagJob
        from openpose_ros.io.quiet import silence_opencv
        from openpose_ros.ros.node.assigned import check_assigned
        from openpose_ros.ros.node.loading import load_estimator
        from openpose_ros.ros.node.names import Names

        def say(line: str) -> None:
            tqdm.write(f'openpose-ros: {line}', file=sys.stderr)

        silence_opencv()
        names = Names.from_rules(args.node_name, args.remap)
        params, assigned, lines = read_parameters(args.params_file, args.param, names)
        check_assigned(params.model, assigned)
        for line in lines:
            say(line)
        options = BagOptions(
            params=params,
            names=names,
            topics=tuple(args.topic),
            copied=('*',) if args.copy else tuple(args.copy_topic),
            annotations=args.annotations,
            storage=args.storage or '',
            compression=args.compression,
            distro=args.ros_distro,
            start_s=args.start,
            duration_s=args.duration,
            overwrite=args.overwrite,
            seed=args.seed,
        )
    with ExitStack() as stack:
        with args.stop.at_once():
            job = stack.enter_context(BagJob(args.source, args.output, options, say))
            if args.start and not job.seconds:  # before OUT is made
                raise ParameterError(
                    f'--start {args.start:g} is behind the end of {args.source}, whose log is of '
                    f'{(job.bag.end_ns - job.bag.start_ns) / 1e9:.1f} s; start earlier'
                )
            if args.json is not None:
                _claim(args, job, params)
            with told_of_compiling(say):
                estimator = stack.enter_context(load_estimator(params, lambda *_: None))
        stack.enter_context(args.stop.noted())
        lines_out = None
        if args.json is not None:
            lines_out = stack.enter_context(LineFile(args.json))
        with _Bar(job.seconds, quiet=args.quiet) as bar:
            report = job.run(
                estimator,
                stopped=lambda: bool(args.stop.requested),
                on_done=bar.show,
                on_people=None if lines_out is None else _to_lines(lines_out),
            )
        if lines_out is not None:
            lines_out.ended_early = report.interrupted
    if not args.quiet:
        print(_summary(report), file=sys.stderr)
    if report.interrupted:
        return int(args.stop.status)
    return 0 if report.is_whole else 1


def _claim(args: argparse.Namespace, job: BagJob, params: NodeParams) -> None:
    """See that the lines of JSON are written over nothing that is read, nor into the new bag."""
    from openpose_ros.models import load_model
    from openpose_ros.models.finding import files_of

    claims = Claims([*job.bag.paths, *args.params_file])
    for name in filter(None, (params.model, params.hand_model, params.face_model)):
        claims.reads(name)
        with suppress(OpenPoseError):  # what it is, is said where it is opened
            for path in files_of(load_model(name).path):
                claims.reads(path)
    for place in job.places:
        claims.claim_folder(place)
    claims.claim(args.json, grows=True)
    check_json_file(args.json)


class _Bar:
    """Shows how far the work is, where stderr is a terminal."""

    def __init__(self, seconds: float, *, quiet: bool) -> None:
        from tqdm import tqdm

        self._bar = tqdm(
            total=round(seconds, 1),
            unit='s',
            leave=False,
            disable=True if quiet else None,
            bar_format='{l_bar}{bar}| {n:.1f}/{total:.1f} s [{elapsed}<{remaining}{postfix}]',
        )

    def __enter__(self) -> _Bar:
        return self

    def __exit__(self, *_: object) -> None:
        self._bar.close()

    def show(self, done: Done) -> None:
        """Show it."""
        failed = f', {done.failed} failed' if done.failed else ''
        self._bar.set_postfix_str(f'{done.images} images{failed}, {done.people} people', False)
        self._bar.update(max(0.0, min(done.log_s, self._bar.total) - self._bar.n))


def _to_lines(lines: LineFile) -> OnPeople:
    from openpose_ros.io.people_json import to_line

    return lambda frame, people: lines.write(to_line(frame, people))


def _summary(report: BagReport) -> str:
    images = f'{report.images} {"image" if report.images == 1 else "images"}'
    failed = f', {report.failed} failed' if report.failed else ''
    rate = report.images / report.seconds if report.seconds else 0.0
    broken = ', see above' if report.broken else ''
    where = 'nothing was written' if report.place is None else f'in {report.place}'
    return (
        f'{images}{failed}, at most {report.most} people in one, in {report.seconds:.1f} s '
        f'({rate:.1f} images/s){broken}; {where}'
    )


def _seconds(text: str) -> float:
    number = float(text)
    if not 0 <= number < float('inf'):
        raise argparse.ArgumentTypeError(f'{text} is no number of seconds from 0 on')
    return number
