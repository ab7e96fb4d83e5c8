"""Threads that take turns, of this process alone."""

from __future__ import annotations

import os
import threading
from types import TracebackType
from weakref import WeakSet

_KEPT: WeakSet[Turn] = WeakSet()


class Turn:
    """
    A lock as a context, for one thread at a time, which may take it again meanwhile.

    The child of a fork has it anew: the thread that held it does not live on there, and would be
    waited for for ever.
    """

    def __init__(self) -> None:
        self._lock = threading.RLock()
        _KEPT.add(self)

    def __enter__(self) -> None:
        self._lock.acquire()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._lock.release()

    def _renew(self) -> None:
        if self._lock.acquire(blocking=False):  # who forked may hold it
            self._lock.release()
        else:
            self._lock = threading.RLock()


def _in_child() -> None:
    for turn in list(_KEPT):
        turn._renew()


if hasattr(os, 'register_at_fork'):  # not on Windows, where there is no fork
    os.register_at_fork(after_in_child=_in_child)
