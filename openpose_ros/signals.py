"""
Signals: how a process hears that it is to end, or to read its files again.

Python runs a signal handler in the main thread, between any two of its instructions: what the
handler raises comes out of `Thread.join`, which takes it for the thread's end (bpo-45274), out of
an import, or out of a callback that C called and that does not look. And while the main thread is
inside of C, the handler waits. So a thread hears the signals here, and a stretch of the program
says what the first one does to it: end the process where it stands (`at_once`), be noted for a
loop that looks (`noted`), or raise KeyboardInterrupt (`raising`). The second ends the process at
once, whatever that is in.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
import os
import select
import signal
import sys
import threading
from time import monotonic
from types import FrameType

_ENDING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
_SAME_S = 0.1  # `timeout` and some managers signal both the process and its group: one request
_GLANCE_S = 0.1
_AT_ONCE, _NOTED, _RAISING = 'at once', 'noted', 'raising'
_FAREWELLS: list[Callable[[], object]] = []


def before_any_end(function: Callable[[], object]) -> None:
    """
    Have something done where the process ends at once, by a signal or by `leave`.

    No `finally` runs then, and no finalizer.

    Parameters
    ----------
    function : callable
        Called in the thread that hears the signals, while the others go on: it must be quick,
        wait for nobody, and raise nothing but OSErrors.

    """
    _FAREWELLS.append(function)


class Stop:
    """
    What this process was asked for; made by `watched`.

    Every method may be called from any thread; stretches are those of the main thread.

    Parameters
    ----------
    serves : bool
        Being interrupted or terminated is how this process ends well: with the status 0.
    reloads : bool
        SIGHUP is no request to end.
    farewell : str
        What is written to stderr where the process ends at once with another status than 0.

    Attributes
    ----------
    number : int
        Of the first signal that asked to end; 0 while there was none.

    """

    def __init__(self, *, serves: bool = False, reloads: bool = False, farewell: str = '') -> None:
        self.number = 0
        self._serves = serves
        self._reloads = reloads
        self._farewell = farewell
        self._reload = False
        self._stretch = _AT_ONCE
        self._patience_s: float | None = None
        self._asked_s: float | None = None
        self._to_raise = False
        self._raised = False
        self._pokes = 0
        self._report = sys.unraisablehook
        self._last = threading.RLock()  # held by who ends the process
        # Readable when asked. No Event: what a handler raises while the main thread waits for one
        # may leave the Event's lock locked.
        self._asked, self._ask = os.pipe()

    @property
    def requested(self) -> bool:
        """Whether this process was asked to end."""
        return self.number != 0

    @property
    def status(self) -> int:
        """The exit status that tells who asked: 0 from a server, else 128 and the signal's."""
        if self._serves and self.number in (0, signal.SIGINT, signal.SIGTERM):
            return 0
        return 128 + (self.number or signal.SIGINT)

    def serve(self) -> None:
        """Let being interrupted or terminated be how this process ends well, from now on."""
        self._serves = True

    def wait(self, seconds: float | None = None) -> bool:
        """Sleep until this process is asked to end, `seconds` at most; return `requested`."""
        select.select([self._asked], [], [], seconds)
        return self.requested

    def take_reload(self) -> bool:
        """Return whether SIGHUP came since this was last asked."""
        asked, self._reload = self._reload, False
        return asked

    @contextmanager
    def at_once(self) -> Iterator[None]:
        """Let the process end where it stands: nothing is lost, nothing need be tidied up."""
        with self._in(_AT_ONCE):
            if self.requested:
                self._end(self.status)
            yield

    @contextmanager
    def noted(self, patience_s: float | None = None) -> Iterator[None]:
        """
        Only note the request, for a loop that looks at `requested` or sleeps in `wait`.

        Parameters
        ----------
        patience_s : float, optional
            How many seconds after the request the process ends all the same, for a loop that may
            hang where it cannot look.

        """
        before, self._patience_s = self._patience_s, patience_s
        try:
            with self._in(_NOTED):
                yield
        finally:
            self._patience_s = before

    @contextmanager
    def raising(self) -> Iterator[None]:
        """
        Raise KeyboardInterrupt, once; not for what joins threads or is called by C.

        While something is imported it waits: there are libraries that end the process when an
        exception comes out of the import of their parts in C++. What is raised inside of a
        finalizer or of a callback, where Python drops it, is raised once more.
        """
        report, sys.unraisablehook = sys.unraisablehook, self._dropped
        self._report = report
        try:
            with self._in(_RAISING):
                if self.requested and not self._raised:
                    self._raised = True
                    raise KeyboardInterrupt
                yield
        finally:
            sys.unraisablehook = report

    def _dropped(self, what: sys.UnraisableHookArgs) -> None:
        """Be Python's hook for exceptions that cannot be raised: ours can be, a moment later."""
        if what.exc_type is KeyboardInterrupt and self._raised:
            self._raised, self._to_raise = False, True
        else:
            self._report(what)

    @contextmanager
    def _in(self, stretch: str) -> Iterator[None]:
        before, self._stretch = self._stretch, stretch
        try:
            yield
        finally:
            self._stretch = before

    def handle(self, number: int, frame: FrameType | None) -> None:
        """Be Python's handler: in the main thread, perhaps long after the signal."""
        if self._reloads and number == signal.SIGHUP:
            return
        self.number = self.number or number
        if self._raised:
            return
        if self._stretch == _RAISING and not _is_import(frame):  # else it is asked again
            self._raised = True
            raise KeyboardInterrupt

    def hear(self, reading: int) -> None:
        """Be the thread that reads the numbers of signals, as they come, until a 0."""
        while True:
            asked_s, patience_s = self._asked_s, self._patience_s
            glance_s = None
            if asked_s is not None:
                glance_s = _GLANCE_S
                if patience_s is not None and monotonic() > asked_s + patience_s:
                    self._end(self.status)
            ready, _, _ = select.select([reading], [], [], glance_s)
            if not ready:
                self._insist()
                continue
            for number in os.read(reading, 64):
                if number == 0:
                    return
                if self._pokes and number == self.number:
                    self._pokes -= 1
                else:
                    self._heard(number)

    def _heard(self, number: int) -> None:
        if self._reloads and number == signal.SIGHUP:
            self._reload = True
        elif number not in _ENDING:
            return
        elif self._asked_s is None:
            self.number = self.number or number
            self._asked_s = monotonic()
            if self._stretch == _AT_ONCE and not self._raised:  # else the handler was here first
                self._end(self.status)
            self._to_raise = self._stretch == _RAISING
            os.write(self._ask, b'\0')
        elif monotonic() > self._asked_s + _SAME_S:
            _leave_now(128 + number)

    def _insist(self) -> None:
        """See that what was to be raised is raised, or was not needed any more."""
        if not self._to_raise or self._raised:
            return
        if self._stretch == _AT_ONCE:  # the other stretch ended as it came
            self._end(self.status)
        elif self._stretch == _RAISING and not self._pokes:
            self._pokes += 1
            signal.pthread_kill(threading.main_thread().ident or 0, self.number)

    def close(self) -> None:
        """Free what `wait` waits for."""
        os.close(self._asked)
        os.close(self._ask)

    def _end(self, status: int) -> None:
        with self._last:
            if status and self._farewell:
                with suppress(OSError):
                    os.write(2, self._farewell.encode())
            _leave_now(status)


def _leave_now(status: int) -> None:
    for function in _FAREWELLS:
        with suppress(OSError):
            function()
    os._exit(status)


def _is_import(frame: FrameType | None) -> bool:
    """Tell whether something is being imported."""
    while frame is not None:
        if frame.f_code.co_filename == '<frozen importlib._bootstrap>':
            return True
        frame = frame.f_back
    return False


@contextmanager
def watched(*, serves: bool = False, reloads: bool = False, farewell: str = '') -> Iterator[Stop]:
    """
    Hear SIGINT, SIGTERM and SIGHUP until the context ends, and if one came until the process does.

    A SIGINT that is ignored, as a shell has it for what runs in the background, is heard too; a
    SIGHUP that is ignored, as nohup has it, stays so. Other threads than the main one hear
    nothing: Python has signals for that one alone.

    Parameters
    ----------
    serves, reloads, farewell
        As `Stop` takes them. It begins in the stretch `at_once`.

    """
    stop = Stop(serves=serves, reloads=reloads, farewell=farewell)
    if threading.current_thread() is not threading.main_thread():
        try:
            yield stop
        finally:
            stop.close()
        return
    numbers = [
        number
        for number in _ENDING
        if number != signal.SIGHUP or signal.getsignal(number) != signal.SIG_IGN
    ]
    reading, writing = os.pipe()
    os.set_blocking(writing, False)
    thread = threading.Thread(target=stop.hear, args=(reading,), name='signals', daemon=True)
    thread.start()
    wakeup = signal.set_wakeup_fd(writing, warn_on_full_buffer=False)
    before = [signal.signal(number, stop.handle) for number in numbers]
    # They may be held back: by `__main__` until now, or by whatever started this process.
    mask = signal.pthread_sigmask(signal.SIG_UNBLOCK, _ENDING)
    try:
        yield stop
    finally:
        if not stop.requested:
            for number, handler in zip(numbers, before):
                signal.signal(number, signal.SIG_DFL if handler is None else handler)
            signal.pthread_sigmask(signal.SIG_SETMASK, mask)
            signal.set_wakeup_fd(wakeup)
            os.write(writing, b'\0')
            thread.join()
            os.close(reading)
            os.close(writing)
            stop.close()


def leave(status: int) -> None:
    """
    End the process without Python's own end.

    That waits for threads, or crashes where one is still inside of a library, which loads a
    network say. What was printed is flushed, and what `before_any_end` was told
    is done.

    """
    for stream in (sys.stdout, sys.stderr):
        with suppress(Exception):  # closed, full, or nobody reads any more
            stream.flush()
    _leave_now(status)
