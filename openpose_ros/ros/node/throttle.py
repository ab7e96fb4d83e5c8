"""Warnings that repeat themselves, said now and then."""

from __future__ import annotations

from collections.abc import Callable
import threading
from time import monotonic

_MOST_KINDS = 100
_LONGEST_LINE = 600  # characters
_LENGTH_OF_KIND = 40  # characters by which warnings are held to be the same


class Throttle:
    """
    Lets one line of a kind through in a while; from any thread.

    Parameters
    ----------
    period_s : float
        Seconds between two lines of a kind. The machine's clock counts, not ROS time, which may
        stand still or jump.

    """

    def __init__(self, period_s: float) -> None:
        self._period_s = period_s
        self._lock = threading.Lock()
        self._seen: dict[str, tuple[float, int]] = {}

    def passes(self, kind: str) -> int | None:
        """
        Ask whether a line may be said now.

        Parameters
        ----------
        kind : str
            What it is about; the last hundred kinds are remembered.

        Returns
        -------
        int or None
            None if not; else how many of this kind were held back since the last one.

        """
        now = monotonic()
        with self._lock:
            due, held_back = self._seen.get(kind, (now, 0))
            passing = now >= due
            self._seen[kind] = (now + self._period_s, 0) if passing else (due, held_back + 1)
            if len(self._seen) > _MOST_KINDS:
                del self._seen[next(iter(self._seen))]
        return held_back if passing else None


class Warnings:
    """
    Warns, but not all the time of the same kind; from any thread.

    Parameters
    ----------
    log : callable
        Takes a level and a line.
    throttle : Throttle
        Says when.

    """

    def __init__(self, log: Callable[[str, str], object], throttle: Throttle) -> None:
        self._log = log
        self._throttle = throttle

    def __call__(self, text: str, kind: str = '') -> bool:
        """
        Say a line, if its kind is due; by default, of a kind is what begins like it.

        Returns
        -------
        bool
            Whether it was said.

        """
        held_back = self._throttle.passes(kind or text[:_LENGTH_OF_KIND])
        if held_back is not None:
            more = f' (and {held_back} more like this)' if held_back else ''
            self._log('warning', plain(text) + more)
        return held_back is not None


def plain(text: str, longest: int = _LONGEST_LINE) -> str:
    """Return a text in one line, whatever names of others are in it, and not too long."""
    line = ''.join(sign if sign.isprintable() else '?' for sign in ' '.join(text.split()))
    return line if len(line) <= longest else f'{line[:longest]}...'
