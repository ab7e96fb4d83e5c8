"""What one worker does: a whole file, a range of a video, or ranges joined."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import replace
import os
from pathlib import Path
import posixpath
from time import perf_counter
from typing import BinaryIO

import cv2

from openpose_ros.archive.items import BAG, PICTURES, Item, Outcome, Range, Task
from openpose_ros.archive.markers import read_marker, write_marker
from openpose_ros.archive.places import fetched, open_place
from openpose_ros.archive.ranges import (
    InexactError,
    Seen,
    Store,
    Stored,
    divided,
    in_order,
    unpacked,
)
from openpose_ros.archive.settings import Settings
from openpose_ros.bags import process_bag
from openpose_ros.errors import (
    MapsError,
    OpenPoseError,
    OutputError,
    SourceError,
)
from openpose_ros.estimator import PoseEstimator
from openpose_ros.io.frame import Frame
from openpose_ros.io.people_json import to_line
from openpose_ros.io.pictures import Picture
from openpose_ros.io.quiet import silence_opencv
from openpose_ros.io.sources import Source, find_sources
from openpose_ros.io.video import Video
from openpose_ros.people import People

_MOST_NOTES = 20  # of an item


class Worker:
    """
    Holds a warm estimator, and does one task at a time; `progress` alone may be asked meanwhile.

    Parameters
    ----------
    settings : Settings
    run : mapping
        What `Settings.run` returned where the archive was planned.
    threads : int
        How many compute one operator, and decode one video, on a CPU.

    """

    def __init__(self, settings: Settings, run: dict[str, object], threads: int) -> None:
        self._settings, self._run, self._threads = settings, run, threads
        self._estimator: PoseEstimator | None = None
        self._warm = False
        self._doing = ('', 0)

    def ready(self) -> str:
        """Load the network; return a line if that fails, else ''."""
        silence_opencv()
        os.environ['OPENCV_FFMPEG_THREADS'] = str(self._threads)
        cv2.setNumThreads(self._threads)
        try:
            if self._settings.run() != self._run:
                return (
                    'the network of this worker is another one, or its package: install the same '
                    'on every machine of the cluster'
                )
            self._place = open_place(self._settings.output)
            self._estimator = self._settings.open_estimator(self._threads)
        except (OpenPoseError, ImportError) as exc:
            return ' '.join(str(exc).split())
        return ''

    def progress(self) -> tuple[str, int]:
        """Return what is worked on, and how many frames of it are done."""
        return self._doing

    def work(self, task: Task) -> Outcome:
        """Do a task; what can go wrong with it is in what is returned."""
        started = perf_counter()
        self._doing = (task.item.name, 0)
        try:
            outcome = self._done(task)
        except OutputError as exc:
            outcome = Outcome(failure=str(exc), fatal=True)
        except OpenPoseError as exc:
            outcome = Outcome(failure=str(exc))
        except MemoryError:
            outcome = Outcome(failure=f'{task.item.name} needs more memory than there is')
        except (OSError, ValueError, RuntimeError, cv2.error) as exc:
            said = ' '.join(str(exc).split())
            outcome = Outcome(failure=f'{task.item.name}: {type(exc).__name__}: {said}')
        self._doing = ('', 0)
        if outcome.stored or outcome.seconds:
            return outcome
        return replace(outcome, seconds=perf_counter() - started)

    def _done(self, task: Task) -> Outcome:
        if task.joined:
            return self._joined(task.item, task.joined)
        facts = None if task.range else read_marker(self._place, task.item, self._run)
        if facts is not None:
            return Outcome(
                frames=facts.frames, people=facts.people, seconds=facts.seconds, stored=True
            )
        with fetched(task.item.path, task.item.files) as path:
            try:
                if task.range is not None:
                    return self._stored(task.item, path, task.range)
                if task.item.kind == BAG:
                    return self._bag(task.item, path)
                sources = list(self._sources(task.item, path))
                if not task.whole and isinstance(sources[0], Video):
                    ranges = divided(sources[0], self._settings.range_s)
                    if ranges:
                        return Outcome(ranges=ranges)
                return self._whole(task.item, sources)
            except SourceError as exc:
                return Outcome(failure=_named(exc, path, task.item))

    def _sources(self, item: Item, path: Path) -> Iterator[Source]:
        most = self._settings.limits.max_image_pixels
        if item.kind == PICTURES:
            yield from (Picture(path / name, most) for name in item.files)
        else:
            yield from find_sources(str(path), max_pixels=most)

    def _whole(self, item: Item, sources: Iterable[Source]) -> Outcome:
        """Look at all of an item."""
        troubles: list[str] = []
        notes: list[str] = []

        def found() -> Iterator[tuple[Frame, People]]:
            for source in sources:
                named = replace(item, name=_name_of(source, item))
                yield from self._found(source.frames(), named, source.name, troubles, notes)

        return self._written(item, found(), troubles, notes)

    def _bag(self, item: Item, path: Path) -> Outcome:
        """Write what a node would have published for the images of a bag into another bag."""
        estimator = self._estimator
        assert estimator is not None, 'ready comes first'
        started, place = perf_counter(), self._place
        ids: set[str] = set()
        notes: list[str] = []

        def count(frame: Frame, people: People) -> None:
            self._doing = (item.name, self._doing[1] + 1)
            ids.update(filter(None, people.ids))

        place.delete(item.marker)
        before = estimator.params, estimator.augmentation, estimator.parts.params
        with place.draft(item.result, folder=True) as draft:
            try:
                report = process_bag(
                    path,
                    draft / 'bag',
                    estimator,
                    self._settings.bag_options(),
                    say=lambda line: notes.append(line.replace(str(path), item.name)),
                    on_people=count,
                )
            finally:
                estimator.params, estimator.augmentation, estimator.parts.params = before
            failure = ''
            if not report.is_whole:
                failure = (
                    f'{item.name} is not whole: {report.failed} of {report.images} images failed, '
                    f'{report.broken} troubles, see above'
                )
            outcome = Outcome(
                frames=report.images,
                people=len(ids),
                seconds=perf_counter() - started,
                failure=failure,
                notes=tuple(f'{item.name}: {line}' for line in dict.fromkeys(notes))[:_MOST_NOTES],
            )
            place.delete(item.result)
            if report.place is not None:
                place.keep(report.place, item.partial if failure else item.result)
        if not failure:
            place.delete(item.partial)
            write_marker(place, item, self._run, outcome, place.size(item.result) or 0)
        return outcome

    def _stored(self, item: Item, path: Path, wanted: Range) -> Outcome:
        """Look at a range of a video, and store what is found."""
        name = posixpath.join(item.ranges, wanted.file)
        known = self._read_range(item, wanted)
        if known is not None:
            return Outcome(frames=len(known.arrays['index']), stored=True)
        (video,) = find_sources(str(path), max_pixels=self._settings.limits.max_image_pixels)
        assert isinstance(video, Video), 'only videos are divided'
        started, store, seen = perf_counter(), Store(), Seen()
        troubles: list[str] = []
        frames = overflow = 0
        for frame, people in self._found(
            seen.frames(video, wanted), item, video.name, troubles, []
        ):
            store.add(frame, people)
            frames, overflow = frames + 1, overflow + people.overflow
        facts = {
            **self._facts(item),
            'first': seen.first,
            'following': seen.following,
            'troubles': troubles,
            'overflow': overflow,
            'seconds': perf_counter() - started,
        }
        self._place.write(name, store.packed(facts))
        return Outcome(frames=frames, overflow=overflow)

    def _facts(self, item: Item) -> dict[str, object]:
        return {'input': dict(item.stamp), **self._run}

    def _read_range(self, item: Item, wanted: Range) -> Stored | None:
        """Return what is stored of a range, if it is of this input and this run."""
        data = self._place.read(posixpath.join(item.ranges, wanted.file))
        stored = None if data is None else unpacked(data)
        if stored is None or any(
            stored.facts.get(key) != value for key, value in self._facts(item).items()
        ):
            return None
        return stored

    def _joined(self, item: Item, ranges: tuple[Range, ...]) -> Outcome:
        """Follow people through all that is stored of a video."""
        assert self._estimator is not None, 'ready comes first'
        skeleton = self._estimator.spec.skeleton
        troubles: list[str] = []
        seconds = 0.0

        def parts() -> Iterator[Stored]:
            for one in ranges:
                stored = self._read_range(item, one)
                if stored is None:
                    raise InexactError('a range is gone')
                yield stored

        def found() -> Iterator[tuple[Frame, People]]:
            nonlocal seconds
            for part in in_order(parts()):
                seconds += part.facts['seconds']
                troubles.extend(part.facts['troubles'])
                yield from part.frames(item.name, skeleton)

        try:
            outcome = self._written(item, found(), troubles, [], lambda: seconds)
        except InexactError:
            self._place.delete(item.ranges)
            return Outcome(inexact=True)
        if not outcome.failure:
            self._place.delete(item.ranges)
        return outcome

    def _found(
        self,
        frames: Iterator[Frame],
        item: Item,
        read: str,
        troubles: list[str],
        notes: list[str],
    ) -> Iterator[tuple[Frame, People]]:
        """Yield frames under their names, and the people in them."""
        estimator = self._estimator
        assert estimator is not None, 'ready comes first'
        while True:
            try:
                frame = next(frames, None)
            except SourceError as exc:
                troubles.append(str(exc).replace(read, item.name))
                return
            if frame is None:
                return
            if frame.note:
                notes.append(f'{item.name} {frame.note}')
            if not self._warm:
                self._warm = True
                with suppress(MapsError):  # which the frame itself will tell
                    estimator.warm_up((frame.image.shape[1], frame.image.shape[0]))
            try:
                people = estimator.estimate(frame.image).people
            except MapsError as exc:  # of this frame; the next one may be well
                troubles.append(f'{item.name}: {exc}')
                continue
            self._doing = (self._doing[0], self._doing[1] + 1)
            yield Frame(frame.image, item.name, frame.index, frame.stamp_s, frame.fps), people

    def _written(
        self,
        item: Item,
        found: Iterator[tuple[Frame, People]],
        troubles: list[str],
        notes: list[str],
        before_s: Callable[[], float] = lambda: 0.0,
    ) -> Outcome:
        """Write the lines of an item, and its marker if nothing is missing."""
        started = perf_counter()
        place = self._place
        place.delete(item.marker)  # before the result that it is of
        with place.draft(item.result) as draft:
            with open(draft, 'wb') as file:
                frames, people, overflow = self._write_lines(file, found)
                size = file.tell()
            outcome = Outcome(
                frames=frames,
                people=people,
                overflow=overflow,
                seconds=perf_counter() - started + before_s(),
                failure=_failure(troubles),
                notes=tuple(dict.fromkeys(notes))[:_MOST_NOTES],
            )
            if troubles:
                place.delete(item.result)
                if size:
                    place.keep(draft, item.partial)
                return outcome
            place.keep(draft, item.result)
        place.delete(item.partial)
        write_marker(place, item, self._run, outcome, size)
        return outcome

    def _write_lines(
        self, file: BinaryIO, found: Iterator[tuple[Frame, People]]
    ) -> tuple[int, int, int]:
        """Return how many frames, people and lost candidates there were."""
        tracker = self._settings.open_tracker()
        frames = still = overflow = 0
        ids: set[str] = set()
        for frame, people in found:
            frames, overflow = frames + 1, overflow + people.overflow
            if frame.stamp_s is None:
                still += len(people)
            else:
                people = tracker.update(people, frame.stamp_s).people
                ids.update(filter(None, people.ids))
            file.write(to_line(frame, people).encode())
        return frames, still + len(ids), overflow


def _name_of(source: Source, item: Item) -> str:
    """Return what a source of an item is called by the user."""
    if item.kind != PICTURES:
        return item.name
    return posixpath.join(item.name, posixpath.basename(source.name))


def _named(exc: Exception, path: Path, item: Item) -> str:
    return str(exc).replace(str(path), item.name)


def _failure(troubles: list[str]) -> str:
    different = list(dict.fromkeys(troubles))
    if len(different) < 2:
        return ''.join(different)
    return f'{different[0]} (and {len(different) - 1} more like it)'
