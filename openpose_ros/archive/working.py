"""What one worker does: a whole file, a range of a video, or ranges joined."""

from __future__ import annotations

from dataclasses import replace
import os
from time import perf_counter

import cv2

from openpose_ros.archive.bench import Bench
from openpose_ros.archive.items import BAG, PICTURES, Outcome, Task
from openpose_ros.archive.lines import Lines
from openpose_ros.archive.listing import fetched
from openpose_ros.archive.markers import read_marker
from openpose_ros.archive.places import open_place
from openpose_ros.archive.recordings import Recordings
from openpose_ros.archive.settings import Settings
from openpose_ros.errors import OpenPoseError, OutputError, SourceError
from openpose_ros.io.quiet import silence_opencv


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
        self._bench: Bench | None = None
        self._name = ''

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
            place = open_place(self._settings.output)
            estimator = self._settings.open_estimator(self._threads)
        except (OpenPoseError, ImportError) as exc:
            return ' '.join(str(exc).split())
        self._bench = Bench(self._settings, self._run, place, estimator)
        self._lines, self._recordings = Lines(self._bench), Recordings(self._bench)
        return ''

    def progress(self) -> tuple[str, int]:
        """Return what is worked on, and how many frames of it are done."""
        return self._name, 0 if self._bench is None else self._bench.frames

    def work(self, task: Task) -> Outcome:
        """Do a task; what can go wrong with it is in what is returned."""
        assert self._bench is not None, 'ready comes first'
        started, item = perf_counter(), task.item
        self._name, self._bench.frames = item.name, 0
        try:
            outcome = self._done(task, self._bench)
        except OutputError as exc:
            outcome = Outcome(failure=str(exc), fatal=True)
        except OpenPoseError as exc:
            outcome = Outcome(failure=str(exc))
        except MemoryError:
            outcome = Outcome(failure=f'{item.name} needs more memory than there is')
        except (OSError, ValueError, RuntimeError, cv2.error) as exc:
            said = ' '.join(str(exc).split())
            outcome = Outcome(failure=f'{item.name}: {type(exc).__name__}: {said}')
        self._name = ''
        if outcome.stored or outcome.seconds:
            return outcome
        return replace(outcome, seconds=perf_counter() - started)

    def _done(self, task: Task, bench: Bench) -> Outcome:
        """Do a task, or find that it is done."""
        item = task.item
        if task.range is not None:
            stored = bench.read_range(item, task.range)
            if stored is not None:
                return Outcome(frames=len(stored.arrays['index']), stored=True)
        elif not task.joined:
            facts = read_marker(bench.place, item, self._run)
            if facts is not None:
                return Outcome(
                    frames=facts.frames, people=facts.people, seconds=facts.seconds, stored=True
                )
        kind = self._recordings if item.kind == BAG else self._lines
        if task.joined and item.kind != BAG:
            return self._lines.join(item, task.joined)
        files = item.files
        if item.kind == PICTURES and task.range is not None:  # of the others none is needed
            files = files[task.range.start : task.range.stop]
        with fetched(item.path, files) as path:
            try:
                if task.range is not None:
                    return kind.store(item, path, task.range)
                if task.joined:
                    return self._recordings.join(item, path, task.joined)
                ranges = () if task.whole else kind.divide(item, path)
                return Outcome(ranges=ranges) if ranges else kind.look(item, path)
            except SourceError as exc:
                return Outcome(failure=str(exc).replace(str(path), item.name))
