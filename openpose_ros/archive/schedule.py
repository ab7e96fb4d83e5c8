"""What is to be done next, and what became of everything."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Iterable
from dataclasses import dataclass, field

from openpose_ros.archive.items import Item, Outcome, Range, Task


@dataclass(frozen=True)
class Record:
    """
    What became of an item.

    Attributes
    ----------
    item : Item
    frames, people : int
        As `Outcome` has them.
    seconds : float
        That the work took, of all workers together.
    failure : str
        '' where all is well.
    before : bool
        Whether an earlier run did it.

    """

    item: Item
    frames: int = 0
    people: int = 0
    seconds: float = 0.0
    failure: str = ''
    before: bool = False


@dataclass
class _Divided:
    """A video whose ranges are being looked at."""

    ranges: tuple[Range, ...]
    open: set[Range]
    seconds: float = 0.0


@dataclass
class Schedule:
    """
    Gives out tasks, and takes their outcomes; a task is with one worker at a time.

    Parameters
    ----------
    items : iterable of Item
        In the order in which they are begun.
    retries : int
        How often a task is given out again after its worker died.

    Attributes
    ----------
    records : dict of str to Record
        By the results of the items that are over.
    fatal : str
        A line about what stops everything; '' while nothing does.
    frames, overflow : int
        That were looked at in this run; candidates that found no room.
    bytes_left : float
        Of the items that are not over; of ranges their share.

    """

    items: Iterable[Item]
    retries: int
    records: dict[str, Record] = field(default_factory=dict)
    fatal: str = ''
    frames: int = 0
    overflow: int = 0
    bytes_left: float = 0.0
    _waiting: deque[Task] = field(default_factory=deque)
    _deaths: Counter[Task] = field(default_factory=Counter)
    _divided: dict[str, _Divided] = field(default_factory=dict)
    _given: set[Task] = field(default_factory=set)

    def __post_init__(self) -> None:
        self._waiting.extend(map(Task, self.items))
        self.bytes_left = float(sum(task.item.size for task in self._waiting))

    @property
    def is_over(self) -> bool:
        """Whether nothing is left to do."""
        return bool(self.fatal) or not (self._waiting or self._given)

    @property
    def waiting(self) -> int:
        """How many tasks nobody has."""
        return len(self._waiting)

    def next_task(self) -> Task | None:
        """Return what a free worker does next; None if there is nothing at the moment."""
        if not self._waiting or self.fatal:
            return None
        task = self._waiting.popleft()
        self._given.add(task)
        return task

    def finished(self, task: Task, outcome: Outcome) -> Record | None:
        """Take the outcome of a task; return what became of the item if it is over now."""
        self._given.discard(task)
        item = task.item
        if item.result in self.records:  # given up, while this range of it was worked on
            return None
        if outcome.fatal:
            self.fatal = outcome.failure
            return None
        self.overflow += outcome.overflow
        if not outcome.stored and not task.joined:
            self.frames += outcome.frames
        if outcome.ranges:
            ranges = outcome.ranges
            self._divided[item.result] = _Divided(ranges, set(ranges), outcome.seconds)
            self._waiting.extendleft(Task(item, range=one) for one in reversed(ranges))
            return None
        if outcome.inexact:
            self._divided.pop(item.result, None)
            self.bytes_left += item.size
            self._waiting.appendleft(Task(item, whole=True))
            return None
        if task.range is not None and not outcome.failure:
            self._take_range(task, outcome)
            return None
        return self._over(item, outcome)

    def _take_range(self, task: Task, outcome: Outcome) -> None:
        divided = self._divided[task.item.result]
        assert task.range is not None
        divided.open.discard(task.range)
        divided.seconds += outcome.seconds
        self.bytes_left -= task.item.size / len(divided.ranges)
        if not divided.open:
            self._waiting.appendleft(Task(task.item, joined=divided.ranges))

    def _over(self, item: Item, outcome: Outcome) -> Record:
        divided = self._divided.pop(item.result, None)
        seconds = outcome.seconds  # of what was joined, with that of its ranges
        if divided and divided.open:
            seconds += divided.seconds
        done = 1 - len(divided.open) / len(divided.ranges) if divided else 0
        self.bytes_left -= item.size * (1 - done)
        self._waiting = deque(task for task in self._waiting if task.item != item)
        record = Record(
            item, outcome.frames, outcome.people, seconds, outcome.failure, outcome.stored
        )
        self.records[item.result] = record
        return record

    def died(self, task: Task, how: str) -> Record | None:
        """Take that a worker died over a task; return what became of the item if it is over."""
        self._deaths[task] += 1
        times = self._deaths[task]
        if times <= self.retries:
            self._given.discard(task)
            if task.item.result not in self.records:
                self._waiting.append(task)
            return None
        many = 'once' if times == 1 else f'{times} times'
        said = f'{task.item.name} ended its worker {many} ({how}); it is left out'
        return self.finished(task, Outcome(failure=said))

    def returned(self, task: Task) -> None:
        """Take a task back that a worker did not begin."""
        self._given.discard(task)
        self._waiting.appendleft(task)

    def already(self, item: Item, frames: int, people: int, seconds: float) -> None:
        """Note an item that an earlier run did."""
        self.records[item.result] = Record(item, frames, people, seconds, before=True)


def failures(records: Iterable[Record]) -> list[Record]:
    """Return the records of what failed."""
    return [record for record in records if record.failure]
