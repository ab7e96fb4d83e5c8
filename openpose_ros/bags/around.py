"""What a bag has about the time of an image: its depth, its calibration, by their stamps."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple

from openpose_ros.ros.messages.people import nanoseconds

WINDOW_NS = 1_000_000_000  # before and behind the time of an image in the log


class Kept(NamedTuple):
    """
    A message that belongs to images about its time.

    Attributes
    ----------
    stamp_ns, log_ns : int
        Of its header, and of the log, nanoseconds.
    message : message
        Unpacked.

    """

    stamp_ns: int
    log_ns: int
    message: Any


class Around:
    """
    The messages of one topic about the time of the log where an image is.

    Parameters
    ----------
    lasts : bool
        Whether the last one before holds on, as a calibration does that was recorded once.

    """

    def __init__(self, *, lasts: bool = False) -> None:
        self._lasts = lasts
        self._kept: list[Kept] = []

    def add(self, message: Any, log_ns: int) -> None:
        """Take a message, in order of the log."""
        self._kept.append(Kept(nanoseconds(message.header.stamp), log_ns, message))

    def nearest(self, stamp_ns: int, log_ns: int) -> Any | None:
        """
        Return the message whose stamp is nearest to that of an image; None if there is none.

        Parameters
        ----------
        stamp_ns, log_ns : int
            The image's; of later calls not earlier.

        """
        start_ns, last = log_ns - WINDOW_NS, None
        while self._kept and self._kept[0].log_ns < start_ns:
            last = self._kept.pop(0)
        within = [one for one in self._kept if one.log_ns <= log_ns + WINDOW_NS]
        if last is not None and self._lasts and not within:
            self._kept.insert(0, last)
            return last.message
        return _nearest(within, stamp_ns)


def _nearest(kept: Iterable[Kept], stamp_ns: int) -> Any | None:
    found = min(kept, key=lambda one: abs(one.stamp_ns - stamp_ns), default=None)
    return None if found is None else found.message
