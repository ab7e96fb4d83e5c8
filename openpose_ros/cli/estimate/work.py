"""The loop of `estimate`: each frame of each source, and every result of it."""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, closing, nullcontext, suppress
from itertools import islice
import sys
from time import perf_counter
from typing import TYPE_CHECKING

from openpose_ros.cli.estimate.forms import Form, JsonLines, open_forms
from openpose_ros.cli.estimate.painting import Painter
from openpose_ros.cli.estimate.report import RunReport
from openpose_ros.cli.parameters import given_parameters
from openpose_ros.errors import MapsError, SourceError
from openpose_ros.estimates import Estimate
from openpose_ros.estimator import PoseEstimator
from openpose_ros.files import Claims
from openpose_ros.frames import FrameArray
from openpose_ros.io import Frame, Source
from openpose_ros.io.behind import WriteBehind
from openpose_ros.io.coco.truth import Truth
from openpose_ros.io.progress import Progress, find_stat
from openpose_ros.io.results import Results
from openpose_ros.io.selection import Selection
from openpose_ros.io.windows import Window
from openpose_ros.people import People
from openpose_ros.rotation import rotate_upright, unrotate_people
from openpose_ros.tracking import TrackingParams

if TYPE_CHECKING:
    from openpose_ros.tracking import Tracker
    from openpose_ros.view.watch import Watch


class Work:
    """
    What is done with the frames of all sources.

    Parameters
    ----------
    args : argparse.Namespace
        What `estimate` was told.
    estimator : PoseEstimator
        Finds the people.
    claims : Claims
        What the command reads and writes.
    tally : RunReport
        Gets what was done, and what went wrong.
    progress : Progress, optional
        Says what is done already, and gets what will be.
    watch : Watch, optional
        Shows the work, and may hold it.

    """

    def __init__(
        self,
        args: argparse.Namespace,
        estimator: PoseEstimator,
        claims: Claims,
        tally: RunReport,
        progress: Progress | None = None,
        watch: Watch | None = None,
    ) -> None:
        self._args = args
        self._watch = watch
        self._progress = progress
        self._estimator = estimator
        estimator.on_view = tally.viewed
        self._claims = claims
        self._tally = tally
        self._stop = args.stop
        self._paint = Painter(args)
        self._selection = Selection(args.start, args.every, lambda: bool(self._stop.requested))
        self._forms: list[Form] = []
        self._behind: WriteBehind | None = None
        self._window = Window() if args.show else None
        self._noted_of_videos = False
        self._warm = False

    def run(self, named: Sequence[tuple[Source, str]], truth: Truth | None = None) -> None:
        """Work on each source, of a stem each; give every result its name, whatever ends it."""
        args, tally, progress = self._args, self._tally, self._progress
        with ExitStack() as stack:
            # Noted only: the frame in hand is finished, so that videos and lines are whole.
            stack.enter_context(self._stop.noted())
            if progress is not None:
                stack.enter_context(closing(progress))
                named = self._left(named, progress)
            sources = [source for source, _ in named]
            skeleton = self._estimator.spec.skeleton
            goes_on = progress is not None and progress.goes_on
            self._forms = open_forms(args, sources, skeleton, truth, stack, goes_on=goes_on)
            self._behind = stack.enter_context(WriteBehind())
            stack.enter_context(tally.progress(sources, self._selection, args.max_frames))
            if progress is not None:
                lines = next((f.lines for f in self._forms if isinstance(f, JsonLines)), None)
                progress.begin(self._behind, lines)
                stack.enter_context(progress)
            for place, (source, stem) in enumerate(named):
                if self._watch is not None:
                    self._watch.begin(source, place)
                if not self._work_on(source, stem):
                    break
                tally.finished(place)
            tally.interrupted = self._stop.requested
            for form in self._forms:
                form.ended_early = tally.interrupted

    def _left(
        self, named: Sequence[tuple[Source, str]], progress: Progress
    ) -> Sequence[tuple[Source, str]]:
        args = self._args
        left = progress.left(named, folder=args.output, lines=args.json)
        if len(left) < len(named):
            self._tally.inform(
                f'{len(named) - len(left)} of {len(named)} sources are done already'
            )
        return left

    def _work_on(self, source: Source, stem: str) -> bool:
        """Work on one source, and note if it is done; return whether to go on."""
        if self._progress is None:
            return self._look_at(source, stem)
        troubles, start = self._tally.troubles, self._progress.place()
        seen = find_stat(source)
        goes_on = self._look_at(source, stem)
        whole = goes_on and not self._stop.requested and self._tally.troubles == troubles
        if whole and seen is not None:
            self._progress.note(source, stem, start, seen)
        return goes_on

    def _open_tracker(self) -> Tracker:
        from openpose_ros import tracking  # compiled: not before the parser's line is said

        params, seed = given_parameters(self._args, TrackingParams), self._args.seed
        if seed is None:
            return tracking.Tracker(params)
        return tracking.Tracker(params, new_id=tracking.Names(seed).next)

    def _look_at(self, source: Source, stem: str) -> bool:
        """Work on one source; return whether to go on."""
        args = self._args
        if args.output is not None and stem != source.stem:
            self._tally.inform(f'the name is taken: results of {source.name} are called {stem}')
        tracker = self._open_tracker() if args.track else None
        with self._results(stem) as results:
            for frame in self._frames(source):
                found = self._estimate(frame)
                if found is None:
                    continue
                people = unrotate_people(found.people, args.rotate, frame.image.shape[1::-1])
                if tracker is not None and frame.stamp_s is not None:
                    with self._tally.timed('track'):
                        people = tracker.update(people, frame.stamp_s).people
                if self._watch is not None:
                    self._watch.show(frame, found, self._upright(people, found))
                drawn = frame.image
                if results is not None or self._window is not None:
                    with self._tally.timed('draw'):
                        drawn = self._paint(drawn, found, people)
                self._write(frame, people, drawn, results)
                if self._window is not None and not self._window.show(
                    drawn, wait=frame.fps is None, stopped=lambda: bool(self._stop.requested)
                ):
                    return False
        return True

    def _upright(self, people: People, found: Estimate) -> People:
        """Return people in pixels of the frame as the network saw it."""
        turn = -self._args.rotate % 360
        return unrotate_people(people, turn, found.placement.source_size)

    def _results(self, stem: str) -> Results | nullcontext[None]:
        args = self._args
        if not args.output:
            return nullcontext()
        return Results(
            args.output,
            stem,
            claims=self._claims,
            behind=self._behind,
            keypoints=args.keypoint_files,
            every=args.every,
            note=self._note_of_video,
        )

    def _write(
        self, frame: Frame, people: People, drawn: FrameArray, results: Results | None
    ) -> None:
        if results is None and not self._forms:
            if self._window is None:
                self._tally.note(_summary(frame, people), file=sys.stdout)
            return
        with self._tally.timed('write'):
            if results is not None:
                results.write(frame, drawn, people)
            for form in self._forms:
                form.write(frame, people)

    def _note_of_video(self, line: str) -> None:
        """Say what is odd about videos once, as it is the same of all."""
        if not self._noted_of_videos:
            self._noted_of_videos = True
            self._tally.inform(f'openpose-ros: {line}')

    def _frames(self, source: Source) -> Iterator[Frame]:
        """Yield the frames of a source; what ends them too early is reported here."""
        frames = source.frames(self._selection)
        # A picture has one frame anyway, and may say something after it.
        if source.total != 1:
            frames = islice(frames, self._args.max_frames)
        try:
            while not self._stop.requested:
                started = perf_counter()
                frame = next(frames, None)
                if frame is None:
                    return
                self._tally.took({'read': perf_counter() - started})
                if frame.note:
                    self._tally.note(f'openpose-ros: {frame.source} {frame.note}')
                yield frame
        except SourceError as exc:
            self._tally.trouble(exc)

    def _estimate(self, frame: Frame) -> Estimate | None:
        """Return what is found in a frame turned upright."""
        image = rotate_upright(frame.image, self._args.rotate)
        if not self._warm:
            self._warm = True
            self._warm_up(image)
        if self._watch is not None:
            self._watch.wait(frame)
        try:
            found = self._estimator.estimate(image)
        except MapsError as exc:  # of this frame; the next one may be well
            self._tally.trouble(f'{frame.source}: {exc}')
            return None
        self._tally.took(found.times)
        self._tally.left_out(found.crops_left_out)
        self._tally.found(found.people, moving=frame.fps is not None)
        return found

    def _warm_up(self, image: FrameArray) -> None:
        """Let no frame of the table pay for what only the first one does."""
        with self._tally.paused(), suppress(MapsError):  # which the frame itself will tell
            self._estimator.warm_up((image.shape[1], image.shape[0]))


def _summary(frame: Frame, people: People) -> str:
    which = frame.source if frame.fps is None else f'{frame.source} frame {frame.index}'
    scores = ', '.join(f'{score:.2f}' for score in people.scores)
    number = len(people)
    count = f'{number} {"person" if number == 1 else "people"}'
    return f'{which}: {count}' + (f' (scores {scores})' if scores else '')
