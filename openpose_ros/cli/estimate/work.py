"""The loop of `estimate`: each frame of each source, and every result of it."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from contextlib import ExitStack, nullcontext
from itertools import islice
import sys
from time import perf_counter
from typing import NamedTuple

from openpose_ros.cli.estimate.report import RunReport
from openpose_ros.drawing import draw_heatmaps, draw_pafs, draw_people
from openpose_ros.errors import MapsError, SourceError
from openpose_ros.estimator import Estimate, PoseEstimator
from openpose_ros.files import Claims, LineFile
from openpose_ros.frames import FrameArray
from openpose_ros.io import Frame, Source
from openpose_ros.io.behind import WriteBehind
from openpose_ros.io.people_json import to_line
from openpose_ros.io.results import Results
from openpose_ros.io.sources import is_live
from openpose_ros.io.windows import Window
from openpose_ros.signals import Stop


def work_on(
    args: argparse.Namespace,
    sources: list[Source],
    stems: list[str],
    estimator: PoseEstimator,
    claims: Claims,
    tally: RunReport,
) -> None:
    """Work, and give every result its name, whatever ends it."""
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


class _Outputs(NamedTuple):
    claims: Claims
    behind: WriteBehind
    lines: LineFile | None
    window: Window | None


def _work(
    args: argparse.Namespace,
    sources: list[Source],
    stems: list[str],
    estimator: PoseEstimator,
    outputs: _Outputs,
    tally: RunReport,
) -> None:
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
