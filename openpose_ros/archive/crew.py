"""Workers that do all that is to be done, and die now and then."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
import re
from time import monotonic
from typing import Any

from openpose_ros.archive.cluster import Cluster
from openpose_ros.archive.items import Task
from openpose_ros.archive.schedule import Record, Schedule
from openpose_ros.archive.settings import Settings
from openpose_ros.errors import EngineError, OpenPoseError

_LOOK_S = 0.5  # how often it is looked whether somebody wants an end
_PATIENCE_S = 60.0  # until it is said that no worker finds room
_EXIT = re.compile(r'Worker exit type: (\w+)')
_HOW = {
    'NODE_OUT_OF_MEMORY': 'its machine was out of memory',
    'NODE_DIED': 'its machine was lost',
}
_READY, _WORK, _PROGRESS = 'ready', 'work', 'progress'


@dataclass(eq=False)
class _Hand:
    """One worker, and what it is at."""

    actor: Any
    task: Task | None = None
    ready: bool = False
    frames: int = 0  # of the task, that are done


class Crew:
    """
    The workers of one run; one that dies is replaced.

    Parameters
    ----------
    cluster : Cluster
        Where they are.
    schedule : Schedule
        What they do.
    settings : Settings
        What they are told.
    run : mapping
        What `settings.run` returned.
    tell : callable
        Gets each record, as soon as it is there.
    note : callable
        Gets lines about what is odd.
    watched : bool
        Whether to ask workers how far they are.

    """

    def __init__(
        self,
        cluster: Cluster,
        schedule: Schedule,
        settings: Settings,
        run: Mapping[str, Any],
        *,
        tell: Callable[[Record], object],
        note: Callable[[str], object],
        watched: bool = False,
    ) -> None:
        self._cluster, self._schedule = cluster, schedule
        self._settings, self._run = settings, run
        self._tell, self._note, self._watched = tell, note, watched
        self._hands: list[_Hand] = []
        self._calls: dict[Any, tuple[_Hand, str]] = {}  # that are not answered
        self._lost_starts = 0

    @property
    def at_work(self) -> list[tuple[str, int]]:
        """What each worker looks at, and how many frames of it are done."""
        return [
            (hand.task.item.name, hand.frames) for hand in self._hands if hand.task is not None
        ]

    def work(
        self,
        *,
        stopped: Callable[[], bool] = lambda: False,
        look: Callable[[Crew], object] = lambda crew: None,
    ) -> None:
        """
        Do all that is to be done.

        Parameters
        ----------
        stopped : callable
            Asked several times a second whether to end; what is worked on is given up then.
        look : callable
            Called as often.

        Raises
        ------
        EngineError
            If a worker cannot load the network.
        OpenPoseError
            If workers cannot work at all.

        """
        started_s, warned = monotonic(), False
        while not self._schedule.is_over and not stopped():
            self._give()
            self._hire()
            if self._watched:
                self._ask()
            self._hear()
            look(self)
            waits = not warned and not any(hand.ready for hand in self._hands)
            if waits and monotonic() > started_s + _PATIENCE_S:
                warned, threads = True, self._cluster.threads
                self._note(
                    f'waiting for a worker: each needs {threads} free '
                    f'{"core" if threads == 1 else "cores"}, and loads the network'
                )

    def _give(self) -> None:
        for hand in self._hands:
            if not hand.ready or hand.task is not None:
                continue
            hand.task, hand.frames = self._schedule.next_task(), 0
            if hand.task is None:
                return
            self._calls[hand.actor.work.remote(hand.task)] = hand, _WORK

    def _hire(self) -> None:
        starting = sum(not hand.ready for hand in self._hands)
        wanted = min(self._cluster.workers - len(self._hands), self._schedule.waiting - starting)
        for _ in range(wanted):
            hand = _Hand(self._cluster.hire(self._settings, self._run))
            self._hands.append(hand)
            self._calls[hand.actor.ready.remote()] = hand, _READY

    def _ask(self) -> None:
        asked = [hand for hand, what in self._calls.values() if what == _PROGRESS]
        for hand in self._hands:
            if hand.task is not None and hand not in asked:
                self._calls[hand.actor.progress.remote()] = hand, _PROGRESS

    def _hear(self) -> None:
        ray = self._cluster.ray
        answered, _ = ray.wait(list(self._calls), num_returns=1, timeout=_LOOK_S)
        for call in answered:
            hand, what = self._calls.pop(call)
            try:
                answer = ray.get(call)
            except ray.exceptions.RayActorError as exc:
                self._bury(hand, what, exc)
            except ray.exceptions.RayTaskError as exc:
                said = str(exc).strip().splitlines()[-1]
                raise OpenPoseError(
                    f'a worker cannot work: {said}; is the same openpose_ros installed on every '
                    'machine of the cluster?'
                ) from exc
            else:
                self._take(hand, what, answer)

    def _take(self, hand: _Hand, what: str, answer: Any) -> None:
        if what == _PROGRESS:
            hand.frames = answer[1]
        elif what == _READY:
            if answer:
                raise EngineError(answer)
            hand.ready = True
        elif hand.task is not None:
            task, hand.task = hand.task, None
            for line in answer.notes:
                self._note(line)
            self._over(self._schedule.finished(task, answer))

    def _bury(self, hand: _Hand, what: str, exc: Exception) -> None:
        """Take a worker that died out of the books; its task is another one's."""
        self._hands.remove(hand)
        self._calls = {call: entry for call, entry in self._calls.items() if entry[0] is not hand}
        if hand.task is not None:
            self._over(self._schedule.died(hand.task, _how(exc)))
        elif what == _READY:
            self._lost_starts += 1
            if self._lost_starts > self._schedule.retries + self._cluster.workers:
                raise EngineError(
                    f'{self._lost_starts} workers ended while they loaded the network '
                    f'({_how(exc)}); estimate tells more'
                ) from exc

    def _over(self, record: Record | None) -> None:
        if record is not None:
            self._tell(record)


def _how(exc: Exception) -> str:
    match = _EXIT.search(str(exc))
    return _HOW.get(match[1] if match else '', 'its process ended, as in a crash or by a kill')
