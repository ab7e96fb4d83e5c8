"""What another process opened is left alone: engines in the child of an os.fork()."""

from __future__ import annotations

import ctypes
import os
from typing import TypeVar
from weakref import WeakSet

from openpose_ros.errors import EngineError

Thing = TypeVar('Thing')
_KEPT: WeakSet[Opened] = WeakSet()


class Opened:
    """
    Things of a library that work, and may be freed, in the process that opened them only.

    Their threads do not live on in the child of a fork. There, freeing them would wait for these
    threads for ever, or crash; so the child never frees them, not even at its end.
    """

    def __init__(self) -> None:
        self._process = os.getpid()
        self._things: list[object] = []
        _KEPT.add(self)

    def keep(self, thing: Thing) -> Thing:
        """Add what the library made, and return it."""
        self._things.append(thing)
        return thing

    def is_here(self) -> bool:
        """Return whether this is the process that opened them."""
        return os.getpid() == self._process

    def check(self, name: str) -> None:
        """
        Check that this is the process that opened them.

        Raises
        ------
        EngineError
            If it is another.

        """
        if not self.is_here():
            raise EngineError(
                f'the engine of {name} was opened by process {self._process}, and this is '
                f'process {os.getpid()}: open an engine after the fork, not before it'
            )

    def close(self) -> None:
        """Let go of the things; whoever else refers to them decides when they are freed."""
        self._things.clear()

    def _keep_for_ever(self) -> None:
        for thing in self._things:
            ctypes.pythonapi.Py_IncRef(ctypes.py_object(thing))


def _in_child() -> None:
    for opened in list(_KEPT):
        opened._keep_for_ever()


os.register_at_fork(after_in_child=_in_child)
