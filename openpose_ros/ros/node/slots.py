"""The place of the newest item of one source, and what became of all that came from there."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
import threading
from time import monotonic
from typing import Any, Generic, TypeVar

_MOST_HELD = 8
Item = TypeVar('Item')
Resource = TypeVar('Resource')


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


class Slot(Generic[Item, Resource]):
    """
    Room for one item, before which others may be held back; made by `NewestWorker.slot`.

    An item may be held back for a while before it comes into the slot, until something else comes
    that belongs to it. Whatever comes into the slot takes the place of all that is older.

    `put`, `promote`, `refuse` and `counts` may be called from any thread. The other methods are
    the worker's, which holds the lock.

    Parameters
    ----------
    changed : Condition
        The worker's: guards everything here, and wakes whoever waits for a change of it.
    work : callable
        Takes the resource and an item, and returns the name under which the item is counted.
    report : callable
        Gets, in the worker's thread, what `work` raised; the thread goes on.

    Attributes
    ----------
    work, report
        As above.
    turn : int
        Which number its last turn had; 0 before the first.

    """

    def __init__(
        self,
        changed: threading.Condition,
        work: Callable[[Resource, Item], str],
        report: Callable[[BaseException], None],
    ) -> None:
        self.work = work
        self.report = report
        self.turn = 0
        self._changed = changed
        self._accepting = False
        self._slot: list[Item] = []
        self._is_complete = True  # what is in the slot lacks nothing that may come
        self._held: list[tuple[Item, float]] = []  # and until when; the oldest first
        self._in_flight = 0
        self._received = self._taken = self._replaced = self._failed = 0
        self._outcomes: dict[str, int] = {}
        self._refused: dict[str, int] = {}

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

    def accept(self) -> None:
        """Take items from now on."""
        self._accepting = True

    def close(self, reason: str) -> None:
        """Take no items from now on, and drop what waits."""
        self._accepting = False
        for _ in (*self._slot, *self._held):
            _count(self._refused, reason)
        self._slot.clear()
        self._held.clear()

    def until_due(self) -> float | None:
        """
        Return how long there is nothing to take, seconds, or None: until something comes.

        When the oldest has been held back long enough, the newest comes into the slot: it would
        not be long until that is due too, and nobody waits for the old one. While the slot waits
        for its turn, it takes the place of what came in so before, but not of what is complete.
        """
        left_s = self._held[0][1] - monotonic() if self._held else None
        if left_s is not None and left_s <= 0 and not (self._slot and self._is_complete):
            newest, _ = self._held.pop()
            self._replace(self._held, len(self._held))
            self._fill(newest, complete=False)
        return 0.0 if self._slot else left_s

    def is_filled(self) -> bool:
        """Return whether there is something to take."""
        return bool(self._slot)

    def take(self, turn: int) -> Item:
        """Return what is in the slot, to be worked on in this turn."""
        self.turn = turn
        self._taken += 1
        self._in_flight = 1
        return self._slot.pop()

    def is_in_flight(self) -> bool:
        """Return whether what was taken is still worked on."""
        return self._in_flight > 0

    def ended(self, outcome: str | None) -> None:
        """Count what became of what was taken; None: it failed."""
        self._in_flight = 0
        if outcome is None:
            self._failed += 1
        else:
            _count(self._outcomes, outcome)

    def abandon(self) -> None:
        """Count what is still worked on as failed: nobody waits for it any more."""
        self._failed += self._in_flight
        self._in_flight = 0

    def _fill(self, item: Item, *, complete: bool = True) -> None:
        self._is_complete = complete
        self._replace(self._slot, len(self._slot))
        self._slot.append(item)

    def _replace(self, items: list[Any], count: int) -> None:
        """Drop the first ones: a newer one takes their place."""
        del items[:count]
        self._taken += count
        self._replaced += count


def _count(counts: dict[str, int], name: str) -> None:
    counts[name] = counts.get(name, 0) + 1
