"""Processes that this one starts: none outlives it, however it ends."""

from __future__ import annotations

from collections.abc import Callable
import ctypes
import os
import signal

_PR_SET_PDEATHSIG = 1  # of linux/prctl.h


def ends_with_us(number: int, *, held: bool = False) -> Callable[[], None]:
    """
    Return what a new process shall do first, as `preexec_fn`: get a signal when this one ends.

    Parameters
    ----------
    number : int
        The signal.
    held : bool
        Whether signals wait until it hears them, as our verbs do: while Python starts, a Ctrl-C
        would be a traceback.

    """
    parent, libc = os.getpid(), ctypes.CDLL(None)

    def begin() -> None:
        if held:
            signal.pthread_sigmask(
                signal.SIG_BLOCK, {signal.SIGINT, signal.SIGTERM, signal.SIGHUP}
            )
        libc.prctl(_PR_SET_PDEATHSIG, number)
        if os.getppid() != parent:  # it has ended already
            os._exit(1)

    return begin
