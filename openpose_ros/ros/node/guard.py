"""What callbacks raise is a line and a count: no message, request or timer ends the node."""

from __future__ import annotations

from collections.abc import Callable
import threading
from typing import Any

from openpose_ros.errors import OpenPoseError
from openpose_ros.ros.node.throttle import Throttle, plain

_SAY_EVERY_S = 5.0
_LONGEST_LINE = 400  # characters of an error that others wrote


class Guard:
    """
    Stands around the callbacks of a node.

    Parameters
    ----------
    log : callable
        Takes a level and a line; what it raises is held back too.

    """

    def __init__(self, log: Callable[[str, str], None]) -> None:
        self._log = log
        self._throttle = Throttle(_SAY_EVERY_S)
        self._lock = threading.Lock()
        self._count = 0

    @property
    def count(self) -> int:
        """How often a callback failed so far."""
        return self._count

    def around(
        self,
        what: str,
        callback: Callable[..., Any],
        otherwise: Callable[..., Any] = lambda *_: None,
    ) -> Callable[..., Any]:
        """
        Return a callback that does the same, and goes on where that fails.

        Parameters
        ----------
        what : str
            What it deals with, for the log: 'a message on /camera_info'.
        callback : callable
            Whatever it raises, but what ends a process, is logged and counted.
        otherwise : callable
            Gets the same arguments; what is returned then.

        """

        def guarded(*arguments: Any) -> Any:
            try:
                return callback(*arguments)
            except Exception as exc:  # noqa: BLE001  the node outlives whatever it is sent
                self.failed(what, exc)
                return otherwise(*arguments)

        return guarded

    def failed(self, what: str, exc: BaseException) -> None:
        """Log, now and then, and count that something failed."""
        with self._lock:
            self._count += 1
        held_back = self._throttle.passes(what)
        if held_back is None:
            return
        more = f' (and {held_back} more like this)' if held_back else ''
        try:
            self._log('error', f'{what} failed: {one_line(exc)}{more}')
        except Exception:  # noqa: BLE001  nobody reads the log any more
            return


def one_line(exc: BaseException) -> str:
    """Return what an exception says, whoever wrote it."""
    kind = '' if isinstance(exc, OpenPoseError) else f'{type(exc).__name__}: '
    return plain(f'{kind}{exc}', _LONGEST_LINE)
