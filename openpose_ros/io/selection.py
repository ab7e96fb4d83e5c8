"""Which frames of a source are wanted."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass


def _never() -> bool:
    return False


@dataclass(frozen=True)
class Selection:
    """
    Frame `start`, and each that lies a multiple of `every` behind it.

    Attributes
    ----------
    start : int
        From 0.
    every : int
        From 1.
    stopped : callable
        Asked at each frame, wanted or not, whether none is wanted any more.

    """

    start: int = 0
    every: int = 1
    stopped: Callable[[], bool] = _never

    def has(self, index: int) -> bool:
        """Tell whether a frame is wanted."""
        return index >= self.start and (index - self.start) % self.every == 0

    def count(self, total: int) -> int:
        """Return how many of so many frames are wanted."""
        return max(0, -(-(total - self.start) // self.every))


ALL = Selection()
