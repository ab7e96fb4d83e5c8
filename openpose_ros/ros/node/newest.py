"""A worker thread that is always on the newest item of each of its sources, in turns."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
import logging
import threading
from typing import Generic, TypeVar

from openpose_ros.ros.node.slots import Item, Resource, Slot

_LOGGER = logging.getLogger(__name__)
_GLANCE_S = 0.1
Outcome = TypeVar('Outcome')


@dataclass(eq=False)
class _Run:
    """One life of the thread, from `start` to `stop`."""

    ready: threading.Event = field(default_factory=threading.Event)
    stopping: bool = False
    error: BaseException | None = None
    thread: threading.Thread | None = None


class NewestWorker(Generic[Item, Resource]):
    """
    Slots, one thread, and a resource that belongs to that thread alone.

    Of the slots that hold an item, the one whose last turn is the longest ago has the next one.
    So each gets its share, and what one that is filled less often does not need goes to the
    others. The oldest item first would let a slot starve: of sources that are filled at the same
    moments, the first one would always have the oldest.

    The thread makes the resource, works with it, and frees it: an engine with its CUDA context,
    say. Items are refused until `accept`, and from `pause` on. After `stop` it may be started
    again. Every method may be called from any other thread.

    Parameters
    ----------
    name : str
        Of the thread.
    setup : callable
        Returns the resource. If it raises, it leaves nothing behind.
    teardown : callable
        Takes the resource and frees it.
    report : callable
        Gets, in the thread, what `teardown` raised.

    """

    def __init__(
        self,
        name: str,
        *,
        setup: Callable[[], Resource],
        teardown: Callable[[Resource], None],
        report: Callable[[BaseException], None],
    ) -> None:
        self._name = name
        self._setup = setup
        self._teardown = teardown
        self._report = report
        # Guards all that follows, and wakes whoever waits for a change of it.
        self._changed = threading.Condition()
        self._run: _Run | None = None
        self._slots: list[Slot[Item, Resource]] = []
        self._turns = 0

    def slot(
        self,
        work: Callable[[Resource, Item], str],
        report: Callable[[BaseException], None],
    ) -> Slot[Item, Resource]:
        """Return another slot, which takes items after the next `accept`; as `Slot` takes them."""
        slot = Slot(self._changed, work, report)
        with self._changed:
            self._slots.append(slot)
        return slot

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
            self._close_slots('stopped')
        run.thread.join(timeout_s)
        self._forget(run)
        return not run.thread.is_alive()

    def accept(self) -> None:
        """Take items from now on."""
        with self._changed:
            if self._run is not None and not self._run.stopping:
                for slot in self._slots:
                    slot.accept()

    def pause(self, timeout_s: float) -> bool:
        """
        Take no items from now on, drop what waits, and wait for the work in hand.

        Returns
        -------
        bool
            False if that took longer than `timeout_s` seconds.

        """
        with self._changed:
            self._close_slots('paused')
            return self._changed.wait_for(
                lambda: not any(slot.is_in_flight() for slot in self._slots), timeout_s
            )

    def left_behind(self) -> bool:
        """Return whether the calling thread is one that `stop` gave up waiting for."""
        with self._changed:
            return self._run is None or self._run.thread is not threading.current_thread()

    def _close_slots(self, reason: str) -> None:
        for slot in self._slots:
            slot.close(reason)
        self._changed.notify_all()

    def _forget(self, run: _Run) -> None:
        with self._changed:
            if self._run is run:
                self._run = None
                for slot in self._slots:
                    slot.abandon()
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
        self._try(lambda: self._teardown(resource), self._report)

    def _work_on_next(self, run: _Run, resource: Resource) -> bool:
        with self._changed:
            slot = self._next_slot(run)
            if slot is None:
                return False
            self._turns += 1
            item = slot.take(self._turns)
        outcome = self._try(lambda: slot.work(resource, item), slot.report)
        with self._changed:
            if self._run is run:  # else `stop` gave up, and counted the item
                slot.ended(outcome)
                self._changed.notify_all()
        return True

    def _next_slot(self, run: _Run) -> Slot[Item, Resource] | None:
        """Wait for an item and return the slot whose turn it is; None: there is none any more."""
        while not run.stopping:
            waits_s = [slot.until_due() for slot in self._slots]
            filled = [slot for slot in self._slots if slot.is_filled()]
            if filled:
                return min(filled, key=lambda slot: slot.turn)
            self._changed.wait(min((s for s in waits_s if s is not None), default=None))
        return None

    def _try(
        self, action: Callable[[], Outcome], report: Callable[[BaseException], None]
    ) -> Outcome | None:
        """Return what an action returns; report what it raises, and return None."""
        try:
            return action()
        except BaseException as exc:  # noqa: BLE001  the thread outlives whatever it works on
            try:
                report(exc)
            except BaseException:
                _LOGGER.exception('%s cannot report an error', self._name)
            return None
