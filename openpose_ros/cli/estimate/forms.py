"""The files that `estimate` writes about all sources: lines of JSON, a table, COCO's forms."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from openpose_ros.cli.results import add_json, file_name, file_path
from openpose_ros.drawing.defaults import RENDER_THRESHOLD
from openpose_ros.errors import ParameterError
from openpose_ros.files import Claims, LineFile, check_json_file
from openpose_ros.files.places import find_place

if TYPE_CHECKING:
    from openpose_ros.cli.estimate.report import RunReport
    from openpose_ros.io import Frame, Source
    from openpose_ros.io.coco.truth import Truth
    from openpose_ros.people import People
    from openpose_ros.skeletons import Skeleton


class Form(Protocol):
    """A file that gets the people of every frame."""

    ended_early: bool

    def write(self, frame: Frame, people: People) -> None:
        """Write what was found in a frame."""


class JsonLines:
    """A line of JSON a frame."""

    def __init__(self, lines: LineFile) -> None:
        self.lines = lines

    @property
    def ended_early(self) -> bool:
        """Whether the work was stopped."""
        return self.lines.ended_early

    @ended_early.setter
    def ended_early(self, early: bool) -> None:
        self.lines.ended_early = early

    def write(self, frame: Frame, people: People) -> None:
        """Write the line of a frame."""
        from openpose_ros.io.people_json import to_line

        self.lines.write(to_line(frame, people))


def add_forms(group: argparse._ActionsContainer) -> None:
    """Give a parser the flags."""
    add_json(group, 'one line of JSON for each frame')
    group.add_argument(
        '--csv',
        type=file_name,
        metavar='FILE',
        help='write a table with a row for each keypoint that was found; - is standard output',
    )
    group.add_argument(
        '--mcap',
        type=file_name,
        metavar='FILE',
        help='record the frames, and people as annotations over them: Foxglove and Lichtblick '
        'open it, and so does ROS 2',
    )
    group.add_argument(
        '--coco',
        type=file_name,
        metavar='FILE',
        help='write a dataset in the format of COCO, which annotation tools import',
    )
    group.add_argument(
        '--coco-results',
        type=file_name,
        metavar='FILE',
        help='write a list of results in the format of COCO, to be scored against TRUTH',
    )
    group.add_argument(
        '--coco-truth',
        type=file_path,
        metavar='TRUTH',
        help='annotations in the format of COCO, which have the ids of the pictures by the names '
        'of their files',
    )


def check_forms(args: argparse.Namespace, claims: Claims) -> None:
    """
    See that what is asked for can be written, before anything is begun.

    Raises
    ------
    ParameterError
        If flags do not go together, or a file would be lost.
    OutputError
        If a file cannot be looked at.

    """
    from openpose_ros.io.csv_file import check_csv_file

    if (args.coco_results is None) != (args.coco_truth is None):
        raise ParameterError(
            '--coco-results FILE and --coco-truth TRUTH go together: the list has the ids that '
            'pictures have in TRUTH'
        )
    if args.coco_truth is not None:
        claims.reads(args.coco_truth)
    asked: tuple[tuple[str | None, bool, Callable[[str], None]], ...] = (
        (args.json, True, check_json_file),
        (args.csv, True, check_csv_file),
        (args.coco, False, check_json_file),
        (args.coco_results, False, check_json_file),
    )
    if [_is_standard_output(name) for name, *_ in asked].count(True) > 1:
        raise ParameterError('only one form can go to standard output; name a FILE for the others')
    for name, grows, check in asked:
        if name is not None:
            claims.claim(name, grows=grows)
            check(name)
    if args.mcap is not None:
        from openpose_ros.cli.network import check_bags

        check_bags('--mcap')
        from openpose_ros.bags.recorder import check_mcap_file

        claims.claim(args.mcap)
        check_mcap_file(args.mcap)


def _is_standard_output(name: str | None) -> bool:
    """Return whether a name is that of standard output: '-', /dev/stdout, /proc/self/fd/1."""
    with suppress(OSError):  # which is told where it is claimed
        return name is not None and find_place(name).descriptor == 1
    return False


def read_truth_of(
    args: argparse.Namespace, sources: Sequence[Source], tally: RunReport
) -> Truth | None:
    """
    Return the truth that was named, and say which sources it lacks.

    Raises
    ------
    SourceError, ParameterError
        If it cannot be read, has none of the sources, or one of them twice.

    """
    if args.coco_truth is None:
        return None
    from openpose_ros.io.coco.results_file import left_out, strangers
    from openpose_ros.io.coco.truth import read_truth

    truth = read_truth(Path(args.coco_truth))
    lacking = strangers(sources, truth)
    if lacking:
        tally.note(f'openpose-ros: {left_out(lacking, truth, args.coco_results)}')
    return truth


def open_forms(
    args: argparse.Namespace,
    sources: Sequence[Source],
    skeleton: Skeleton,
    truth: Truth | None,
    stack: ExitStack,
    *,
    goes_on: bool = False,
) -> list[Form]:
    """
    Open what was asked for; the stack closes it.

    With `goes_on`, the lines of JSON come behind those that are there.

    Raises
    ------
    OutputError, ParameterError
        If a file cannot be written.

    """
    from openpose_ros.io.coco.dataset import DatasetFile
    from openpose_ros.io.coco.results_file import ResultsFile
    from openpose_ros.io.csv_file import CsvFile
    from openpose_ros.io.sources import is_live

    kept = any(map(is_live, sources))
    forms: list[Form] = []
    if args.json is not None:
        lines = LineFile(args.json, kept=kept or args.resume, goes_on=goes_on)
        forms.append(JsonLines(stack.enter_context(lines)))
    if args.csv is not None:
        forms.append(stack.enter_context(CsvFile(args.csv, kept=kept)))
    if args.mcap is not None:
        from openpose_ros.bags.recorder import Recording

        shown = RENDER_THRESHOLD if args.render_threshold is None else args.render_threshold
        recording = Recording(args.mcap, render_threshold=shown)
        forms.append(stack.enter_context(recording))
    if args.coco is not None:
        forms.append(stack.enter_context(DatasetFile(args.coco, skeleton, sources)))
    if args.coco_results is not None and truth is not None:
        forms.append(stack.enter_context(ResultsFile(args.coco_results, truth)))
    return forms
