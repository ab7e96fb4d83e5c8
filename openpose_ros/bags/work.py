"""From a bag to a bag with the people of its images: nothing is dropped."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from time import perf_counter
from typing import Any
import zlib

import numpy as np

from openpose_ros.bags.ahead import read_ahead
from openpose_ros.bags.contents import LAST_NS, Channel, Complaints, Key
from openpose_ros.bags.options import BagOptions
from openpose_ros.bags.reading import Bag
from openpose_ros.bags.recording import Recorded, World
from openpose_ros.bags.steps import Step, Unpacking, steps
from openpose_ros.bags.topics import find_cameras
from openpose_ros.bags.viewing import Viewing
from openpose_ros.bags.writing import BagWriter, check_output, places_of
from openpose_ros.closing import Closing
from openpose_ros.estimator import PoseEstimator
from openpose_ros.io.frame import Frame
from openpose_ros.people import People
from openpose_ros.ros.messages.people import nanoseconds, people_from_message
from openpose_ros.ros.messages.seen import seen_persons
from openpose_ros.ros.node.guard import one_line
from openpose_ros.ros.node.rules import unused_rules
from openpose_ros.ros.node.transport import OUTPUT_TYPES
from openpose_ros.ros.types.store import message_types
from openpose_ros.spatial import TransformBuffer
from openpose_ros.tracking.identities import Names as Ids

_TRANSFORMS = 'tf2_msgs/msg/TFMessage'
_MOVING, _STATIC = '/tf', '/tf_static'
_DEFAULTS = BagOptions()
OnPeople = Callable[[Frame, People], object]


@dataclass(frozen=True)
class Done:
    """
    How far the work is.

    Attributes
    ----------
    log_s : float
        Seconds of the bag's log that are done.
    images, failed : int
        How many images were looked at, and how many of these gave nothing.
    people : int
        How many people there are in the last image.

    """

    log_s: float
    images: int
    failed: int
    people: int


@dataclass(frozen=True)
class BagReport:
    """
    What was done with a bag.

    Attributes
    ----------
    place : Path or None
        The bag that was written; OUT.partial where the work ended early; None if there is none.
    images, failed : int
        How many images were looked at, and how many of these gave nothing.
    most : int
        How many people there were at most in an image.
    broken : int
        How many lines were said of what is broken in the source, images included.
    interrupted : bool
        Whether the work was stopped.
    seconds : float
        How long it took.

    """

    place: Path | None
    images: int
    failed: int
    most: int
    broken: int
    interrupted: bool
    seconds: float

    @property
    def is_whole(self) -> bool:
        """Whether all of the source is in the bag."""
        return not (self.broken or self.failed or self.interrupted) and self.place is not None


class BagJob(Closing):
    """
    A bag that is to be worked on; all that can be said before a network is loaded, is.

    Parameters
    ----------
    source, out : Path
        The bag that is read, and the folder that is written.
    options : BagOptions
        What is done.
    say : callable
        Takes lines for the user, from any thread.

    Attributes
    ----------
    bag : Bag
    places : tuple of Path
        The folders that may be written, or replaced.
    seconds : float
        How long the log is that is worked on.

    Raises
    ------
    ParameterError
        If there is a bag already, or the source has no such topics.
    SourceError
        If the source cannot be read, or has no images.

    """

    def __init__(
        self,
        source: Path,
        out: Path,
        options: BagOptions = _DEFAULTS,
        say: Callable[[str], object] = lambda _: None,
    ) -> None:
        check_output(out, source, overwrite=options.overwrite)
        self._out = out
        self.places = places_of(out)
        self._options = options
        self._say = say
        self._complain = Complaints(say)
        self._types = message_types(options.distro)
        self._world = World(self._types, TransformBuffer())
        self.bag = Bag(source, self._complain)
        try:
            self._prepare()
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """Remove what was unpacked of the source."""
        self.bag.close()

    def _prepare(self) -> None:
        options, bag = self._options, self.bag
        if options.without_effect:
            self._complain.mention(
                f'{", ".join(options.without_effect)}: without effect on a bag, of which no image '
                'is dropped'
            )
        given = options.names.resolve('image')
        wanted = options.topics
        if not wanted and any(given == new for _, new in options.names.rules):
            wanted = (given,)  # -r image:=TOPIC
        cameras = find_cameras(bag, wanted, self._types, self._complain)
        shared = ('image',) if wanted == (given,) else ()
        if line := unused_rules(options.names, [camera.name for camera in cameras], shared):
            self._complain.mention(line)
        self._start_ns = bag.start_ns + round(options.start_s * 1e9)
        self._stop_ns = LAST_NS
        if options.duration_s is not None:
            self._stop_ns = self._start_ns + round(options.duration_s * 1e9)
        self.seconds = max(0, min(self._stop_ns, bag.end_ns + 1) - self._start_ns) / 1e9
        ids = Ids(self._seed(cameras[0].topic))
        self._viewings: dict[Key, Viewing] = {}
        bodies = None
        for camera in cameras:
            view = Viewing(
                camera, bag, self._world, options, ids.next, self._complain.mention, bodies
            )
            self._viewings[camera.channel.key], bodies = view, view.bodies
        params = options.effective
        self._frames: set[Key] = set()
        if params.depth or params.target_frame:
            self._frames = {one.key for one in bag.channels if one.type_name == _TRANSFORMS}
        views = self._viewings.values()
        ours = {view.resolve(f'~/{output}') for view in views for output in OUTPUT_TYPES}
        self._copied = [
            one
            for one in bag.channels
            if one.topic not in ours
            and any(fnmatchcase(one.topic, pattern) for pattern in options.copied)
        ]

    def _seed(self, topic: str) -> int:
        """Return what chooses the letters of ids: the same in every run on the same bag."""
        if self._options.seed is not None:
            return self._options.seed
        return zlib.crc32(f'{topic} {self.bag.start_ns}'.encode())

    def run(
        self,
        estimator: PoseEstimator,
        *,
        stopped: Callable[[], bool] = lambda: False,
        on_done: Callable[[Done], object] = lambda _: None,
        on_people: OnPeople | None = None,
    ) -> BagReport:
        """
        Look at every image, and write the bag.

        Parameters
        ----------
        estimator : PoseEstimator
            Finds the people; its parameters become those of the options.
        stopped : callable
            Asked before each image whether to end.
        on_done : callable
            Told, after each image, how far the work is.
        on_people : callable, optional
            Gets each image, as a frame of `BAG:TOPIC`, and its people.

        Raises
        ------
        OutputError
            If the bag cannot be written; what could be is OUT.partial.

        """
        return _Run(self, estimator, on_done, on_people).run(stopped)


class _Run:
    """The state of `BagJob.run`."""

    def __init__(
        self,
        job: BagJob,
        estimator: PoseEstimator,
        on_done: Callable[[Done], object],
        on_people: OnPeople | None,
    ) -> None:
        self._job = job
        self._estimator = estimator
        self._on_done = on_done
        self._on_people = on_people
        self._failed = self._most = self._people = 0

    def run(self, stopped: Callable[[], bool]) -> BagReport:
        job, options, started = self._job, self._job._options, perf_counter()
        views, interrupted = job._viewings, False
        copied = {channel.key for channel in job._copied}
        around = job._frames.union(*(view.keys for view in views.values()))
        unpack = Unpacking(job._types, job._complain)
        for view in views.values():
            view.prepare()
        statics = [key for key in job._frames if key[0] == _STATIC]
        for raw in job.bag.messages(statics) if statics else ():
            message = unpack(raw)
            if message is not None:
                job._world.learn(message, static=True)
        items = steps(
            job.bag,
            {key: view.camera for key, view in views.items()},
            copied,
            around.difference(statics),
            unpack,
            start_ns=job._start_ns,
            stop_ns=job._stop_ns,
            max_pixels=options.effective.max_image_pixels,
        )
        writer = BagWriter(
            job._out,
            storage=options.storage or job.bag.storage,
            compression=options.compression,
            distro=options.distro,
            types=job._types,
            say=job._say,
        )
        try:
            with writer, read_ahead(items, lambda step: step.weight) as ready:
                for view in views.values():
                    writer.open_topic(view.resolve('~/persons'), OUTPUT_TYPES['persons'])
                copied = self._open_copied(writer, job._copied)
                for step in ready:
                    if stopped():
                        interrupted = writer.ended_early = True
                        break
                    self._take(step, writer, copied)
                if not self._images and not interrupted:
                    job._complain(
                        f'{job.bag.path} has no image in that part of its log, which is of '
                        f'{(job.bag.end_ns - job.bag.start_ns) / 1e9:.1f} s'
                    )
        finally:
            for view in views.values():
                view.close()
        return BagReport(
            writer.place,
            self._images,
            self._failed,
            self._most,
            job._complain.count,
            interrupted,
            perf_counter() - started,
        )

    @property
    def _images(self) -> int:
        return sum(view.count for view in self._job._viewings.values())

    def _open_copied(self, writer: BagWriter, channels: Iterable[Channel]) -> set[Key]:
        found = set()
        for channel in channels:
            reason = writer.copy_topic(channel)
            if reason:
                self._job._complain(f'{channel.topic} is not copied: {reason}')
            else:
                found.add(channel.key)
        return found

    def _take(self, step: Step, writer: BagWriter, copied: set[Key]) -> None:
        job, log_ns = self._job, step.raw.log_ns
        if step.raw.key in copied:
            writer.write_packed(step.raw.key, log_ns, step.raw.data)
        if step.camera is None:
            return
        job._world.log_ns = log_ns
        for raw, message in step.around:
            if raw.key in job._frames:
                job._world.learn(message, static=False)
            for view in job._viewings.values():
                view.hear(raw, message)
        view = job._viewings[step.raw.key]
        index = view.count
        if index == 0:
            self._write(writer, view.skeleton(self._estimator), log_ns)
        try:
            found = view.look(step, self._estimator)
        except Exception as exc:  # noqa: BLE001  the bag outlives whatever is in it
            self._failed += 1
            job._complain(f'{step.raw.key[0]}: an image has no people: {one_line(exc)}')
        else:
            self._write(writer, found, log_ns)
            self._tell(step, index, view.transport.persons)
        log_s = (log_ns - job._start_ns) / 1e9
        self._on_done(Done(log_s, self._images, self._failed, self._people))

    def _write(self, writer: BagWriter, found: Iterable[Recorded], log_ns: int) -> None:
        for recorded in found:
            writer.write(recorded, log_ns)

    def _tell(self, step: Step, index: int, persons: Any) -> None:
        self._people = len(seen_persons(persons))
        self._most = max(self._most, self._people)
        if self._on_people is None:
            return
        picture = step.frame
        assert isinstance(picture, np.ndarray)
        topic = step.raw.key[0]
        stamp_s = nanoseconds(step.message.header.stamp) / 1e9
        frame = Frame(picture, f'{self._job.bag.path}:{topic}', index, stamp_s)
        self._on_people(frame, people_from_message(persons, self._estimator.spec.skeleton))


def process_bag(
    source: Path,
    out: Path,
    estimator: PoseEstimator,
    options: BagOptions = _DEFAULTS,
    *,
    say: Callable[[str], object] = lambda _: None,
    stopped: Callable[[], bool] = lambda: False,
    on_done: Callable[[Done], object] = lambda _: None,
    on_people: OnPeople | None = None,
) -> BagReport:
    """
    Write the people of a bag's images, or of a range of it, into another bag.

    Parameters
    ----------
    source, out
        As `BagJob` takes them.
    estimator, stopped, on_done, on_people
        As `BagJob.run` takes them.
    options, say
        As `BagJob` takes them; `start_s` and `duration_s` choose the range.

    Raises
    ------
    ParameterError, SourceError
        As `BagJob`.
    OutputError
        As `BagJob.run`.

    """
    with BagJob(source, out, options, say) as job:
        return job.run(estimator, stopped=stopped, on_done=on_done, on_people=on_people)
