"""From a bag to a bag with the people of its images: nothing is dropped."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
import os
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np

from openpose_ros.bags.ahead import read_ahead
from openpose_ros.bags.contents import Channel, Complaints, Key, Message
from openpose_ros.bags.options import BagOptions
from openpose_ros.bags.places import check_output, followed, places_of
from openpose_ros.bags.plan import Plan, plan_of
from openpose_ros.bags.reading import Bag
from openpose_ros.bags.recording import Recorded
from openpose_ros.bags.report import BagReport, Done
from openpose_ros.bags.steps import Step, Unpacking, steps
from openpose_ros.bags.writing import BagWriter
from openpose_ros.closing import Closing
from openpose_ros.errors import ParameterError
from openpose_ros.estimator import PoseEstimator
from openpose_ros.io.frame import Frame
from openpose_ros.io.streaming import check_estimator
from openpose_ros.people import People
from openpose_ros.ros.messages.people import nanoseconds, people_from_message
from openpose_ros.ros.messages.seen import seen_persons
from openpose_ros.ros.messages.transforms import BODY
from openpose_ros.ros.node.guard import one_line
from openpose_ros.ros.node.transport import OUTPUT_TYPES

_DEFAULTS = BagOptions()
OnPeople = Callable[[Frame, People], object]


class BagJob(Closing):
    """
    A bag that is to be worked on; all that can be said before a network is loaded, is.

    Parameters
    ----------
    source, out : str or path
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
        source: str | os.PathLike[str],
        out: str | os.PathLike[str],
        options: BagOptions = _DEFAULTS,
        say: Callable[[str], object] = lambda _: None,
    ) -> None:
        for name, path in (('source', source), ('out', out)):
            if not isinstance(path, str | os.PathLike):
                raise ParameterError(
                    f'{name} is a {type(path).__name__}, but must be the path of a bag'
                )
        if not isinstance(options, BagOptions):
            raise ParameterError(
                f'options are a {type(options).__name__}, but must be BagOptions: '
                'BagOptions(name=value)'
            )
        source, out = Path(source), Path(out)
        check_output(out, source, overwrite=options.overwrite)
        self._out = out = followed(out)
        self.places = places_of(out)
        self._options = options
        self._say = say
        self._complain = Complaints(say)
        self.bag = Bag(source, self._complain)
        try:
            self._plan = plan_of(self.bag, options, self._complain)
        except BaseException:
            self.close()
            raise
        self.seconds = self._plan.seconds

    def close(self) -> None:
        """Remove what was unpacked of the source."""
        self.bag.close()

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
            Finds the people; meanwhile its parameters are those of the options.
        stopped : callable
            Asked before each image whether to end.
        on_done : callable
            Told, after each image, how far the work is.
        on_people : callable, optional
            Gets each image, as a frame of `BAG:TOPIC`, and its people.

        Raises
        ------
        ParameterError
            If the estimator is none.
        OutputError
            If the bag cannot be written; what could be is OUT.partial.

        """
        check_estimator(estimator)
        plan, options, started = self._plan, self._options, perf_counter()
        run = _Run(plan, self._complain, estimator, on_done, on_people)
        items = run.prepare()
        writer = BagWriter(
            self._out,
            storage=options.storage or self.bag.storage,
            compression=options.compression,
            distro=options.distro,
            types=plan.types,
            say=self._say,
        )
        with _kept_parameters(estimator):
            run.work(items, writer, stopped)
        return BagReport(
            writer.place,
            plan.images,
            run.failed,
            run.most,
            self._complain.count,
            run.interrupted,
            perf_counter() - started,
        )


@contextmanager
def _kept_parameters(estimator: PoseEstimator) -> Iterator[None]:
    """Give an estimator its own parameters back: a bag's are those of a node."""
    before = estimator.params, estimator.augmentation, estimator.parts.params
    try:
        yield
    finally:
        estimator.params, estimator.augmentation, estimator.parts.params = before


class _Run:
    """
    The state of `BagJob.run`.

    Attributes
    ----------
    failed, most : int
        As `BagReport` has them.
    interrupted : bool

    """

    def __init__(
        self,
        plan: Plan,
        complain: Complaints,
        estimator: PoseEstimator,
        on_done: Callable[[Done], object],
        on_people: OnPeople | None,
    ) -> None:
        self._plan = plan
        self._complain = complain
        self._estimator = estimator
        self._on_done = on_done
        self._on_people = on_people
        self.failed = self.most = self._people = 0
        self.interrupted = False
        self._unpack = Unpacking(plan.types, complain)

    def prepare(self) -> Iterator[Step]:
        """Open what the parameters ask for, and return what is to be done, in its order."""
        plan, views = self._plan, self._plan.viewings
        unpack = self._unpack
        for view in views.values():
            view.prepare()
        statics = plan.learn_statics(unpack)
        return steps(
            plan.bag,
            {key: view.camera for key, view in views.items()},
            {channel.key for channel in plan.copied},
            plan.frames.union(*(view.keys for view in views.values())).difference(statics),
            unpack,
            start_ns=plan.start_ns,
            stop_ns=plan.stop_ns,
            max_pixels=plan.params.max_image_pixels,
        )

    def work(self, items: Iterator[Step], writer: BagWriter, stopped: Callable[[], bool]) -> None:
        """Look at every image, and write what is found."""
        plan, bag, views = self._plan, self._plan.bag, self._plan.viewings
        try:
            with writer, read_ahead(items, lambda step: step.weight) as ready:
                for view in views.values():
                    writer.open_topic(view.resolve('~/persons'), OUTPUT_TYPES['persons'])
                copied = self._open_copied(writer, plan.copied)
                for step in ready:
                    if stopped():
                        self.interrupted = writer.ended_early = True
                        break
                    self._take(step, writer, copied)
                if not plan.images and not self.interrupted:
                    self._complain(
                        f'{bag.path} has no image in that part of its log, which is of '
                        f'{(bag.end_ns - bag.start_ns) / 1e9:.1f} s'
                    )
        finally:
            for view in views.values():
                view.close()

    def _open_copied(self, writer: BagWriter, channels: Iterable[Channel]) -> set[Key]:
        found = set()
        for channel in channels:
            reason = writer.copy_topic(channel)
            if reason:
                self._complain(f'{channel.topic} is not copied: {reason}')
            else:
                found.add(channel.key)
        return found

    def _without_bodies(self, raw: Message) -> bytes | memoryview | None:
        """Return a TFMessage without people's frames, None if it has no others."""
        message = self._unpack(raw)
        if message is None:
            return raw.data
        others = [one for one in message.transforms if not one.child_frame_id.startswith(BODY)]
        if len(others) == len(message.transforms):
            return raw.data
        self._complain.mention(
            f'{raw.key[0]}: frames of people are not copied, since publish_tf writes new ones'
        )
        if not others:
            return None
        kept = type(message)(transforms=others)
        data: bytes | memoryview = self._plan.types.store.serialize_cdr(kept, raw.key[1])
        return data

    def _take(self, step: Step, writer: BagWriter, copied: set[Key]) -> None:
        plan, log_ns = self._plan, step.raw.log_ns
        if step.raw.key in copied:
            data = self._without_bodies(step.raw) if step.raw.key in plan.bodies else step.raw.data
            if data is not None:
                writer.write_packed(step.raw.key, log_ns, data)
        if step.camera is None:
            return
        plan.world.log_ns = log_ns
        for raw, message in step.around:
            if raw.key in plan.frames:
                plan.world.learn(message, static=False)
            for view in plan.viewings.values():
                view.hear(raw, message)
        view = plan.viewings[step.raw.key]
        index = view.count
        if index == 0:
            self._write(writer, view.skeleton(self._estimator), log_ns)
        try:
            found = view.look(step, self._estimator)
        except Exception as exc:  # noqa: BLE001  the bag outlives whatever is in it
            self.failed += 1
            self._complain(f'{step.raw.key[0]}: an image has no people: {one_line(exc)}')
        else:
            self._write(writer, found, log_ns)
            self._tell(step, index, view.transport.persons)
        log_s = (log_ns - plan.start_ns) / 1e9
        self._on_done(Done(log_s, plan.images, self.failed, self._people))

    def _write(self, writer: BagWriter, found: Iterable[Recorded], log_ns: int) -> None:
        for recorded in found:
            writer.write(recorded, log_ns)

    def _tell(self, step: Step, index: int, persons: Any) -> None:
        self._people = len(seen_persons(persons))
        self.most = max(self.most, self._people)
        if self._on_people is None:
            return
        picture = step.frame
        assert isinstance(picture, np.ndarray)
        topic = step.raw.key[0]
        stamp_s = nanoseconds(step.message.header.stamp) / 1e9
        frame = Frame(picture, f'{self._plan.bag.path}:{topic}', index, stamp_s)
        self._on_people(frame, people_from_message(persons, self._estimator.spec.skeleton))


def process_bag(
    source: str | os.PathLike[str],
    out: str | os.PathLike[str],
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
