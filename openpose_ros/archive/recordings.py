"""From a bag to the bag that `bag` makes of it, with tracking."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
import posixpath
from time import perf_counter

from openpose_ros.archive.bench import MOST_NOTES, Bench
from openpose_ros.archive.items import Item, Outcome, Range
from openpose_ros.archive.markers import write_marker
from openpose_ros.archive.ranges import Stored, pieces
from openpose_ros.archive.remembering import Recalling, Taking
from openpose_ros.bags import BagJob, process_bag
from openpose_ros.estimator import PoseEstimator
from openpose_ros.io.frame import Frame
from openpose_ros.people import People

_MS = 1000


class Recordings:
    """
    Looks at bags; what is written is what `process_bag` writes.

    A range of a bag is one of its log, in milliseconds from its beginning. All that a range is
    for is to know who is in its images: the whole bag is then gone through once more, and tells
    of each image, by a digest of its pixels, who was found. So nothing depends on where ranges
    begin, and what no range knows is looked at then.

    Parameters
    ----------
    bench : Bench
        What the worker has at hand.

    """

    def __init__(self, bench: Bench) -> None:
        self._bench = bench

    def divide(self, item: Item, path: Path) -> tuple[Range, ...]:
        """Return the ranges in which a bag is to be looked at; none: as a whole."""
        options = self._bench.settings.bag_options()
        place = self._bench.place
        with (
            place.draft(item.result, folder=True) as draft,
            BagJob(path, draft / 'bag', options) as job,
        ):
            total = round(_MS * job.seconds)
        return pieces(total, round(_MS * self._bench.settings.range_s))

    def look(self, item: Item, path: Path) -> Outcome:
        """Look at all of a bag."""
        return self._written(item, path, self._bench.estimator)

    def store(self, item: Item, path: Path, wanted: Range) -> Outcome:
        """Look at the images of a range, and store who is in them."""
        started, options = perf_counter(), self._bench.settings.bag_options()
        options = replace(
            options,
            params=replace(options.params, tracking=False, depth=False),
            start_s=wanted.start / _MS,
            duration_s=None if wanted.stop is None else (wanted.stop - wanted.start) / _MS,
        )
        taking = Taking(self._bench.estimator)

        def count(frame: Frame, people: People) -> None:
            self._bench.frames += 1

        with self._bench.place.draft(item.result, folder=True) as draft:
            report = process_bag(
                path, draft / 'bag', taking.as_estimator, options, on_people=count
            )
        facts = {**self._bench.facts_of(item), 'seconds': perf_counter() - started}
        self._bench.write_range(item, wanted, taking.packed(facts))
        return Outcome(frames=report.images)

    def join(self, item: Item, path: Path, ranges: tuple[Range, ...]) -> Outcome:
        """Go through the whole bag, with what is known of its images."""
        seconds = 0.0

        def parts() -> Iterator[Stored]:
            nonlocal seconds
            for one in ranges:
                stored = self._bench.read_range(item, one)
                if stored is not None:
                    seconds += stored.facts['seconds']
                    yield stored

        recalling = Recalling(self._bench.estimator, parts())
        outcome = self._written(item, path, recalling.as_estimator, lambda: seconds)
        self._bench.place.delete(item.ranges)
        return outcome

    def _written(
        self,
        item: Item,
        path: Path,
        estimator: PoseEstimator,
        before_s: Callable[[], float] = lambda: 0.0,
    ) -> Outcome:
        """Write the bag, and its marker if nothing is missing."""
        started, place = perf_counter(), self._bench.place
        ids: set[str] = set()
        notes: list[str] = []

        def count(frame: Frame, people: People) -> None:
            self._bench.frames += 1
            ids.update(filter(None, people.ids))

        place.delete(item.marker)
        with place.draft(item.result, folder=True) as draft:
            report = process_bag(
                path,
                draft / posixpath.basename(item.result),  # its files are called after it
                estimator,
                self._bench.settings.bag_options(),
                say=lambda line: notes.append(line.replace(str(path), item.name)),
                on_people=count,
            )
            failure = ''
            if not report.is_whole:
                failure = (
                    f'{item.name} is not whole: {report.failed} of {report.images} images failed, '
                    f'{report.broken} troubles, see above'
                )
            outcome = Outcome(
                frames=report.images,
                people=len(ids),
                seconds=perf_counter() - started + before_s(),
                failure=failure,
                notes=tuple(f'{item.name}: {line}' for line in dict.fromkeys(notes))[:MOST_NOTES],
            )
            place.delete(item.result)
            if report.place is not None:
                place.keep(report.place, item.partial if failure else item.result)
        if not failure:
            place.delete(item.partial)
            write_marker(place, item, self._bench.run, outcome, place.size(item.result) or 0)
        return outcome
