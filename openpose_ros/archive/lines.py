"""From the frames of a video, or of the pictures of a folder, to lines of JSON."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
import posixpath
from time import perf_counter
from typing import BinaryIO

from openpose_ros.archive.bench import MOST_NOTES, Bench
from openpose_ros.archive.items import PICTURES, Item, Outcome, Range
from openpose_ros.archive.markers import write_marker
from openpose_ros.archive.ranges import InexactError, Seen, Store, divided, in_order, pieces
from openpose_ros.errors import MapsError, SourceError
from openpose_ros.io.frame import Frame
from openpose_ros.io.people_json import to_line
from openpose_ros.io.pictures import Picture
from openpose_ros.io.sources import Source, find_sources
from openpose_ros.io.video import Video
from openpose_ros.people import People

_PICTURES_PER_S = 30  # that a folder counts as, where ranges are in seconds


class Lines:
    """
    Looks at videos and pictures; their results are those of `estimate --track --json`.

    Parameters
    ----------
    bench : Bench
        What the worker has at hand.

    """

    def __init__(self, bench: Bench) -> None:
        self._bench = bench
        self._warm = False

    def divide(self, item: Item, path: Path) -> tuple[Range, ...]:
        """Return the ranges in which an item is to be looked at; none: as a whole."""
        range_s = self._bench.settings.range_s
        if item.kind == PICTURES:
            return pieces(len(item.files), round(range_s * _PICTURES_PER_S))
        (source,) = self._sources(item, path)
        return divided(source, range_s) if isinstance(source, Video) else ()

    def look(self, item: Item, path: Path) -> Outcome:
        """Look at all of an item; raises a SourceError if there is nothing to look at."""
        sources = list(self._sources(item, path))
        troubles: list[str] = []
        notes: list[str] = []

        def found() -> Iterator[tuple[Frame, People]]:
            for source in sources:
                named = replace(item, name=_name_of(source, item))
                yield from self._found(source.frames(), named, source.name, troubles, notes)

        return self._written(item, found(), troubles, notes)

    def store(self, item: Item, path: Path, wanted: Range) -> Outcome:
        """Look at a range of a video, or of the pictures of a folder, and store what is found."""
        started, store, seen = perf_counter(), Store(), Seen()
        troubles: list[str] = []
        notes: list[str] = []

        def found() -> Iterator[tuple[Frame, People]]:
            sources = self._sources(item, path)
            if item.kind != PICTURES:
                (video,) = sources
                assert isinstance(video, Video), 'nothing else is divided'
                frames = seen.frames(video, wanted)
                yield from self._found(frames, item, video.name, troubles, notes)
                return
            for place, source in enumerate(sources):
                if wanted.has(place):
                    named = replace(item, name=_name_of(source, item))
                    for frame, people in self._found(
                        source.frames(), named, source.name, troubles, notes
                    ):
                        yield replace(frame, index=place), people

        frames = overflow = 0
        for frame, people in found():
            store.add(frame, people)
            frames, overflow = frames + 1, overflow + people.overflow
        facts = {
            **self._bench.facts_of(item),
            'first': seen.first,
            'following': seen.following,
            'troubles': troubles,
            'notes': notes,
            'seconds': perf_counter() - started,
        }
        self._bench.write_range(item, wanted, store.packed(facts))
        return Outcome(frames=frames, overflow=overflow)

    def join(self, item: Item, ranges: tuple[Range, ...]) -> Outcome:
        """Follow people through all that is stored of a video; put pictures behind each other."""
        skeleton = self._bench.estimator.spec.skeleton
        troubles: list[str] = []
        notes: list[str] = []
        seconds = 0.0

        def found() -> Iterator[tuple[Frame, People]]:
            nonlocal seconds
            parts = self._bench.read_ranges(item, ranges)
            for part in parts if item.kind == PICTURES else in_order(parts):
                seconds += part.facts['seconds']
                troubles.extend(part.facts['troubles'])
                notes.extend(part.facts['notes'])
                for frame, people in part.frames(item.name, skeleton):
                    yield _as_picture(frame, item) if item.kind == PICTURES else frame, people

        try:
            outcome = self._written(item, found(), troubles, notes, lambda: seconds)
        except InexactError:
            self._bench.place.delete(item.ranges)
            return Outcome(inexact=True)
        if not outcome.failure:
            self._bench.place.delete(item.ranges)
        return outcome

    def _sources(self, item: Item, path: Path) -> Iterator[Source]:
        most = self._bench.settings.limits.max_image_pixels
        if item.kind == PICTURES:
            yield from (Picture(path / name, most) for name in item.files)
        else:
            yield from find_sources(str(path), max_pixels=most)

    def _found(
        self,
        frames: Iterator[Frame],
        item: Item,
        read: str,
        troubles: list[str],
        notes: list[str],
    ) -> Iterator[tuple[Frame, People]]:
        """Yield frames under their names, and the people in them."""
        estimator = self._bench.estimator
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
            self._bench.frames += 1
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
        place = self._bench.place
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
                notes=tuple(dict.fromkeys(notes))[:MOST_NOTES],
            )
            if troubles:
                place.delete(item.result)
                if size:
                    place.keep(draft, item.partial)
                return outcome
            place.keep(draft, item.result)
        place.delete(item.partial)
        write_marker(place, item, self._bench.run, outcome, size)
        return outcome

    def _write_lines(
        self, file: BinaryIO, found: Iterator[tuple[Frame, People]]
    ) -> tuple[int, int, int]:
        """Return how many frames, people and lost candidates there were."""
        tracker = self._bench.settings.open_tracker()
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


def _as_picture(frame: Frame, item: Item) -> Frame:
    """Return a frame whose index is a place in a folder as that picture's."""
    return Frame(frame.image, posixpath.join(item.name, item.files[frame.index]))


def _name_of(source: Source, item: Item) -> str:
    """Return what a source of an item is called by the user."""
    if item.kind != PICTURES:
        return item.name
    return posixpath.join(item.name, posixpath.basename(source.name))


def _failure(troubles: list[str]) -> str:
    different = list(dict.fromkeys(troubles))
    if len(different) < 2:
        return ''.join(different)
    return f'{different[0]} (and {len(different) - 1} more like it)'
