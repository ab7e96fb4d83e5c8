"""When a robot that follows a person is sent a goal, and when that is taken back."""

from __future__ import annotations

from dataclasses import dataclass
from math import acos, dist, inf
from typing import NamedTuple

PERIOD_S = 1.0  # between two goals: a planner needs time, too
MOVED_M, TURNED = 0.25, 0.35  # metres and radians: nearer goals are the same


class Spot(NamedTuple):
    """
    Where a robot is to be.

    Attributes
    ----------
    frame : str
        In which frame.
    place : (float, float, float)
        Metres.
    turn : (float, float, float, float)
        A unit quaternion x, y, z, w.

    """

    frame: str
    place: tuple[float, float, float]
    turn: tuple[float, float, float, float]

    def is_near(self, other: Spot) -> bool:
        """Tell whether a robot that is at one of them need not go to the other."""
        cosine = abs(sum(one * two for one, two in zip(self.turn, other.turn)))
        turned = 2 * acos(min(cosine, 1.0))
        return (
            self.frame == other.frame
            and dist(self.place, other.place) < MOVED_M
            and turned < TURNED
        )


@dataclass
class Pursuit:
    """
    Follows what is seen of a person, and says what to do about it.

    All times are those of one clock that never jumps, seconds.

    Parameters
    ----------
    moves : bool
        Whether the goal is the spot itself, and goes with it; else one goal stands for all spots,
        as where the robot's own software follows a topic.
    patience_s : float
        After so long without a spot the goal is taken back.

    """

    moves: bool
    patience_s: float
    _goal: Spot | None = None  # that the robot has, or has reached
    _is_under_way: bool = False
    _seen_s: float = -inf
    _sent_s: float = -inf

    def on_spot(self, spot: Spot, now_s: float) -> bool:
        """Take a spot; return whether it is to be sent as a goal, and hold it for sent if so."""
        self._seen_s = now_s
        if now_s - self._sent_s < PERIOD_S or not self._is_wanted(spot):
            return False
        self._goal, self._is_under_way, self._sent_s = spot, True, now_s
        return True

    def on_end(self, *, reached: bool) -> None:
        """Note that the robot is done with the goal that was sent last, or gave it up."""
        self._is_under_way = False
        if not reached:
            self._goal = None

    def gives_up(self, now_s: float) -> bool:
        """Tell, once, that the goal is to be taken back: nobody was seen for long."""
        if not self._is_under_way or now_s - self._seen_s <= self.patience_s:
            return False
        self.on_end(reached=False)
        return True

    def _is_wanted(self, spot: Spot) -> bool:
        if self._goal is None:
            return True
        if not self.moves:
            return not self._is_under_way
        return not spot.is_near(self._goal)
