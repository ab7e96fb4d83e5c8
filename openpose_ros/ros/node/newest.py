"""A worker thread that is always on the newest item, and counts what became of each."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
import logging
import threading
from time import monotonic
from typing import Any, Generic, TypeVar

_LOGGER = logging.getLogger(__name__)
_GLANCE_S = 0.1
_MOST_HELD = 8
Item = TypeVar('Item')
Resource = TypeVar('Resource')
Outcome = TypeVar('Outcome')


@dataclass(frozen=True, kw_only=True)
class Counts:
    """
    What became of every item, at one moment.

    Always ``received == taken + waiting + sum(refused.values())``, and
    ``taken == sum(outcomes.values()) + replaced + failed + in_flight``.

    Attributes
    ----------
    received : int
        Offered to the worker.
    taken : int
        Taken out of the slot, by the worker or by a newer item.
    outcomes : dict of str to int
        What `work` returned, and how often.
    replaced : int
        A newer one came before their turn.
    failed : int
        `work` raised, or was still at it when `stop` gave up.
    in_flight : int
        Being worked on; 0 or 1.
    waiting : int
        In the slot, or held back before it.
    refused : dict of str to int
        Not even put into the slot, by reason.

    """

    received: int
    taken: int
    outcomes: dict[str, int]
    replaced: int
    failed: int
    in_flight: int
    waiting: int
    refused: dict[str, int]


@dataclass(eq=False)
class _Run:
    """One life of the thread, from `start` to `stop`."""

    ready: threading.Event = field(default_factory=threading.Event)
    stopping: bool = False
    error: BaseException | None = None
    thread: threading.Thread | None = None


class NewestWorker(Generic[Item, Resource]):
    """
    One slot, one thread, and a resource that belongs to that thread alone.

    An item may be held back for a while before it comes into the slot, until something else comes
    that belongs to it. Whatever comes into the slot takes the place of all that is older.

    The thread makes the resource, works with it, and frees it: an engine with its CUDA context,
    say. Items are refused until `accept`, and from `pause` on. After `stop` it may be started
    again. Every method may be called from any other thread.

    Parameters
    ----------
    name : str
        Of the thread.
    setup : callable
        Returns the resource. If it raises, it leaves nothing behind.
    work : callable
        Takes the resource and an item, and returns the name under which the item is counted.
    teardown : callable
        Takes the resource and frees it.
    report : callable
        Gets, in the thread, what `work` or `teardown` raised; the thread goes on.

    """

    def __init__(
        self,
        name: str,
        *,
        setup: Callable[[], Resource],
        work: Callable[[Resource, Item], str],
        teardown: Callable[[Resource], None],
        report: Callable[[BaseException], None],
    ) -> None:
        self._name = name
        self._setup = setup
        self._work = work
        self._teardown = teardown
        self._report = report
        # Guards all that follows, and wakes whoever waits for a change of it.
        self._changed = threading.Condition()
        self._run: _Run | None = None
        self._accepting = False
        self._slot: list[Item] = []
        self._held: list[tuple[Item, float]] = []  # and until when; the oldest first
        self._in_flight = 0
        self._received = self._taken = self._replaced = self._failed = 0
        self._outcomes: dict[str, int] = {}
        self._refused: dict[str, int] = {}

    def start(self, stopped: Callable[[], bool] = lambda: False) -> None:
        """
        Start the thread and wait until `setup` is done, however long that takes.

        Parameters
        ----------
        stopped : callable
            Asked now and then whether to wait no longer; `stop` is to be called then.

        Raises
        ------
        KeyboardInterrupt
            If it waits no longer.
        RuntimeError
            If it runs already.
        BaseException
            What `setup` raised; then there is no thread any more.

        """
        run = _Run()
        run.thread = threading.Thread(target=self._live, args=(run,), name=self._name, daemon=True)
        with self._changed:
            if self._run is not None:
                raise RuntimeError(f'{self._name} runs already; stop it first')
            self._run = run
            run.thread.start()
        while not run.ready.wait(_GLANCE_S):
            if stopped():
                raise KeyboardInterrupt
        if run.error is not None:
            run.thread.join()
            self._forget(run)
            raise run.error

    def stop(self, timeout_s: float) -> bool:
        """
        Drop what waits, let the work in hand end, tear down and join the thread.

        Parameters
        ----------
        timeout_s : float
            How long to wait at most, seconds.

        Returns
        -------
        bool
            False if it took longer: the thread was left to itself, counts nothing any more, and
            tears down when its work returns. Stopping what does not run is True.

        """
        with self._changed:
            run = self._run
            if run is None or run.thread is None:
                return True
            run.stopping = True
            self._refuse_from_now('stopped')
        run.thread.join(timeout_s)
        self._forget(run)
        return not run.thread.is_alive()

    def accept(self) -> None:
        """Take items from now on."""
        with self._changed:
            self._accepting = self._run is not None and not self._run.stopping

    def pause(self, timeout_s: float) -> bool:
        """
        Take no items from now on, drop what waits, and wait for the work in hand.

        Returns
        -------
        bool
            False if that took longer than `timeout_s` seconds.

        """
        with self._changed:
            self._refuse_from_now('paused')
            return self._changed.wait_for(lambda: self._in_flight == 0, timeout_s)

    def left_behind(self) -> bool:
        """Return whether the calling thread is one that `stop` gave up waiting for."""
        with self._changed:
            return self._run is None or self._run.thread is not threading.current_thread()

    def put(self, item: Item, wait_s: float = 0.0) -> None:
        """
        Offer an item: it takes the place of one that waits.

        Parameters
        ----------
        item : object
            What to work on.
        wait_s : float
            How long to hold it back at most, seconds; see `promote`.

        """
        with self._changed:
            self._received += 1
            if not self._accepting:
                _count(self._refused, 'paused')
                return
            if wait_s > 0:
                self._held.append((item, monotonic() + wait_s))
                if len(self._held) > _MOST_HELD:
                    self._replace(self._held, 1)
            else:
                self._replace(self._held, len(self._held))
                self._fill(item)
            self._changed.notify_all()

    def promote(self, completed: Callable[[Item], Item | None]) -> None:
        """
        Let the newest of the items that are held back, and are complete now, into the slot.

        Parameters
        ----------
        completed : callable
            Takes an item and returns what to work on instead, or None while something lacks.

        """
        with self._changed:
            for place in reversed(range(len(self._held))):
                item = completed(self._held[place][0])
                if item is not None:
                    del self._held[place]
                    self._replace(self._held, place)
                    self._fill(item)
                    self._changed.notify_all()
                    return

    def refuse(self, reason: str) -> None:
        """Count an item that the caller does not offer, and why."""
        with self._changed:
            self._received += 1
            _count(self._refused, reason)

    def counts(self) -> Counts:
        """Return what became of every item so far, since this object was made."""
        with self._changed:
            return Counts(
                received=self._received,
                taken=self._taken,
                outcomes=dict(self._outcomes),
                replaced=self._replaced,
                failed=self._failed,
                in_flight=self._in_flight,
                waiting=len(self._slot) + len(self._held),
                refused=dict(self._refused),
            )

    def _fill(self, item: Item) -> None:
        self._replace(self._slot, len(self._slot))
        self._slot.append(item)

    def _replace(self, items: list[Any], count: int) -> None:
        """Drop the first ones: a newer one takes their place."""
        del items[:count]
        self._taken += count
        self._replaced += count

    def _refuse_from_now(self, reason: str) -> None:
        self._accepting = False
        for _ in (*self._slot, *self._held):
            _count(self._refused, reason)
        self._slot.clear()
        self._held.clear()
        self._changed.notify_all()

    def _forget(self, run: _Run) -> None:
        with self._changed:
            if self._run is run:
                self._run = None
                self._failed += self._in_flight
                self._in_flight = 0
                self._changed.notify_all()

    def _live(self, run: _Run) -> None:
        try:
            resource = self._setup()
        except BaseException as exc:  # noqa: BLE001  `start` raises it
            run.error = exc
            return
        finally:
            run.ready.set()
        while self._work_on_next(run, resource):
            pass
        self._try(lambda: self._teardown(resource))

    def _work_on_next(self, run: _Run, resource: Resource) -> bool:
        with self._changed:
            while not (run.stopping or self._slot):
                self._changed.wait(self._until_due())
            if run.stopping:
                return False
            item = self._slot.pop()
            self._taken += 1
            self._in_flight = 1
        outcome = self._try(lambda: self._work(resource, item))
        with self._changed:
            if self._run is run:  # else `stop` gave up, and counted the item
                self._in_flight = 0
                if outcome is None:
                    self._failed += 1
                else:
                    _count(self._outcomes, outcome)
                self._changed.notify_all()
        return True

    def _until_due(self) -> float | None:
        """
        Return how long nothing is due, seconds, or None: for ever.

        When the oldest has been held back long enough, the newest comes into the slot: it would
        not be long until that is due too, and nobody waits for the old one.
        """
        if not self._held:
            return None
        left_s = self._held[0][1] - monotonic()
        if left_s <= 0:
            newest, _ = self._held.pop()
            self._replace(self._held, len(self._held))
            self._fill(newest)
            return 0.0
        return left_s

    def _try(self, action: Callable[[], Outcome]) -> Outcome | None:
        """Return what an action returns; report what it raises, and return None."""
        try:
            return action()
        except BaseException as exc:  # noqa: BLE001  the thread outlives whatever it works on
            try:
                self._report(exc)
            except BaseException:
                _LOGGER.exception('%s cannot report an error', self._name)
            return None


def _count(counts: dict[str, int], name: str) -> None:
    counts[name] = counts.get(name, 0) + 1
