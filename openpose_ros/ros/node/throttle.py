"""Warnings that repeat themselves, said now and then."""

from __future__ import annotations

import threading
from time import monotonic

_MOST_KINDS = 100


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
