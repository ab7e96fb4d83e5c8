"""Find people in pictures, folders, videos and cameras."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from contextlib import ExitStack, nullcontext
from itertools import chain, islice
import sys
from time import perf_counter
from typing import TYPE_CHECKING, NamedTuple

from openpose_ros.backends import AUTO, CHOICES
from openpose_ros.cli.parameters import (
    add_parameters,
    given_parameters,
    net_resolution,
    whole_number,
)
from openpose_ros.cli.results import add_json, folder_name
from openpose_ros.commands import command
from openpose_ros.errors import MapsError, SourceError
from openpose_ros.files import Claims, LineFile, check_json_file
from openpose_ros.parsing import PafParams
from openpose_ros.pictures.limits import PictureParams

if TYPE_CHECKING:
    from openpose_ros.cli.run_report import RunReport
    from openpose_ros.estimator import Estimate, PoseEstimator
    from openpose_ros.frames import FrameArray
    from openpose_ros.io import Frame, Source
    from openpose_ros.io.behind import WriteBehind
    from openpose_ros.io.windows import Window
    from openpose_ros.signals import Stop

SUMMARY = 'find people in pictures, folders, videos or a camera'
EXAMPLES = (
    (
        'estimate photo.jpg --output out',
        "draws skeletons, writes OpenPose's JSON beside the picture, both in out",
    ),
    (
        'estimate walk.mp4 --output out --json people.jsonl',
        'the same of a video, and one line of JSON a frame',
    ),
    ('estimate 0 --show', 'the first camera, in a window'),
    (
        'estimate photo.jpg --json - --net-resolution -1x368',
        'to standard output; a larger input finds smaller people',
    ),
)
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


def run(args: argparse.Namespace) -> int:
    """
    Work on every source; what fails is said and left out.

    Returns
    -------
    int
        0 if all was done, 1 if something was left out, 130 after Ctrl-C, 143 and 129 after the
        signals TERM and HUP.

    """
    params = given_parameters(args, PafParams)
    limits = given_parameters(args, PictureParams)
    with args.stop.at_once():
        from openpose_ros.cli.run_report import RunReport
        from openpose_ros.engine.tensorrt.cache import engine_folder
        from openpose_ros.io.quiet import silence_opencv
        from openpose_ros.io.result_names import prepare_folder, stems_of
        from openpose_ros.io.sources import paths_of
        from openpose_ros.io.windows import check_window
        from openpose_ros.models.finding import files_of

        silence_opencv()
        tally, claims = RunReport(), Claims()
        for name in [*args.sources, args.model or '']:
            claims.reads(name)  # before it is looked into, which takes a while
        if args.json is not None:
            claims.claim(args.json, grows=True)
            check_json_file(args.json)
        sources = _found_sources(args.sources, limits, tally)
        if not sources:
            return 1
        for path in chain.from_iterable(map(paths_of, sources)):
            claims.reads(path)
        stems = stems_of(sources)
        if args.output is not None:
            prepare_folder(args.output, sources, stems=stems, claims=claims)
        if args.show:
            check_window()

        from openpose_ros.estimator import PoseEstimator  # takes a second: the compiled kernels

        estimator = PoseEstimator.from_model(
            args.model,
            backend=args.backend,
            net_resolution=args.net_resolution,
            params=params,
            providers=args.providers,
            threads=args.threads,
        )
    with estimator:
        for path in (*files_of(estimator.spec.path), *engine_folder().glob('*')):
            claims.reads(path)
        _save(args, sources, stems, estimator, claims, tally)
    print(tally.table(), file=sys.stderr)
    if tally.interrupted:
        return int(args.stop.status)
    return 1 if tally.troubles else 0


def _found_sources(names: list[str], limits: PictureParams, tally: RunReport) -> list[Source]:
    from openpose_ros.io import find_sources

    sources = []
    for name in names:
        try:
            sources += find_sources(name, max_pixels=limits.max_image_pixels)
        except SourceError as exc:
            tally.trouble(exc)
    return sources


class _Outputs(NamedTuple):
    claims: Claims
    behind: WriteBehind
    lines: LineFile | None
    window: Window | None


def _save(
    args: argparse.Namespace,
    sources: list[Source],
    stems: list[str],
    estimator: PoseEstimator,
    claims: Claims,
    tally: RunReport,
) -> None:
    """Work, and give every result its name, whatever ends it."""
    from openpose_ros.io.behind import WriteBehind
    from openpose_ros.io.sources import is_live
    from openpose_ros.io.windows import Window

    with ExitStack() as stack:
        # Noted only: the frame in hand is finished, so that videos and lines are whole.
        stack.enter_context(args.stop.noted())
        lines = None
        if args.json is not None:
            kept = any(map(is_live, sources))
            lines = stack.enter_context(LineFile(args.json, kept=kept))
        behind = stack.enter_context(WriteBehind())
        stack.enter_context(tally.progress(sources, args.max_frames))
        outputs = _Outputs(claims, behind, lines, Window() if args.show else None)
        _work(args, sources, stems, estimator, outputs, tally)
        tally.interrupted = args.stop.requested
        if lines is not None:
            lines.ended_early = tally.interrupted


def _work(
    args: argparse.Namespace,
    sources: list[Source],
    stems: list[str],
    estimator: PoseEstimator,
    outputs: _Outputs,
    tally: RunReport,
) -> None:
    from openpose_ros.io.people_json import to_line
    from openpose_ros.io.results import Results

    claims, behind, lines, window = outputs
    for source, stem in zip(sources, stems):
        if args.output is not None and stem != source.stem:
            tally.note(f'the name is taken: results of {source.name} are called {stem}')
        with (
            Results(args.output, stem, claims=claims, behind=behind)
            if args.output
            else nullcontext()
        ) as results:
            for frame in _frames(source, args.max_frames, args.stop, tally):
                found = _estimate(estimator, frame, tally)
                if found is None:
                    continue
                drawn = frame.image
                if results is not None or window is not None:
                    with tally.timed('draw'):
                        _draw(drawn, found, args.draw or ['skeletons'])
                if results is not None or lines is not None:
                    with tally.timed('write'):
                        if results is not None:
                            results.write(frame, drawn, found.people)
                        if lines is not None:
                            lines.write(to_line(frame, found.people))
                elif window is None:
                    tally.note(_summary(frame, found), file=sys.stdout)
                if window is not None and not window.show(
                    drawn, wait=frame.fps is None, stopped=lambda: args.stop.requested
                ):
                    return


def _frames(source: Source, limit: int | None, stop: Stop, tally: RunReport) -> Iterator[Frame]:
    """Yield the frames of a source, until stopped; what ends them too early is reported here."""
    # A picture has one frame anyway, and may say something after it.
    frames = source.frames() if source.total == 1 else islice(source.frames(), limit)
    try:
        while not stop.requested:
            started = perf_counter()
            frame = next(frames, None)
            if frame is None:
                return
            tally.took({'read': perf_counter() - started})
            if frame.note:
                tally.note(f'openpose-ros: {frame.source} {frame.note}')
            yield frame
    except SourceError as exc:
        tally.trouble(exc)


def _estimate(estimator: PoseEstimator, frame: Frame, tally: RunReport) -> Estimate | None:
    try:
        found = estimator.estimate(frame.image)
    except MapsError as exc:  # of this frame; the next one may be well
        tally.trouble(f'{frame.source}: {exc}')
        return None
    tally.took(found.times)
    tally.found(found.people)
    return found


def _draw(image: FrameArray, found: Estimate, drawings: list[str]) -> None:
    from openpose_ros.drawing import draw_heatmaps, draw_pafs, draw_people

    maps, place, skeleton = found.maps, found.placement, found.people.skeleton
    if 'heatmaps' in drawings:
        draw_heatmaps(image, maps.heatmaps[0], place, skeleton)
    if 'pafs' in drawings:
        draw_pafs(image, maps.pafs[0], place, skeleton)
    if 'skeletons' in drawings:
        draw_people(image, found.people)


def _summary(frame: Frame, found: Estimate) -> str:
    which = frame.source if frame.fps is None else f'{frame.source} frame {frame.index}'
    scores = ', '.join(f'{score:.2f}' for score in found.people.scores)
    number = len(found.people)
    people = f'{number} {"person" if number == 1 else "people"}'
    return f'{which}: {people}' + (f' (scores {scores})' if scores else '')
