"""How far the work on a bag is, and what was done with it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Done:
    """
    How far the work is.

    Attributes
    ----------
    log_s : float
        Seconds of the bag's log that are done.
    images, failed : int
        How many images were looked at, and how many of these gave nothing.
    people : int
        How many people there are in the last image.

    """

    log_s: float
    images: int
    failed: int
    people: int


@dataclass(frozen=True)
class BagReport:
    """
    What was done with a bag.

    Attributes
    ----------
    place : Path or None
        The bag that was written; OUT.partial where the work ended early; None if there is none.
    images, failed : int
        How many images were looked at, and how many of these gave nothing.
    most : int
        How many people there were at most in an image.
    broken : int
        How many lines were said of what is broken in the source, images included.
    interrupted : bool
        Whether the work was stopped.
    seconds : float
        How long it took.

    """

    place: Path | None
    images: int
    failed: int
    most: int
    broken: int
    interrupted: bool
    seconds: float

    @property
    def is_whole(self) -> bool:
        """Whether all of the source is in the bag."""
        return not (self.broken or self.failed or self.interrupted) and self.place is not None
