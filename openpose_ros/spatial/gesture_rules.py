"""
Which gestures people make: fixed rules on keypoints, that must hold for a while.

Lengths are in torsos of the same person, from between the shoulders to between the hips in the
image (or 1.4 times the shoulders' width, where no hip is seen); up is where the upright image has
it; left and right are the person's own. A gesture begins when its rule has held for 0.3 s, and
ends when it has not for 0.3 s. All keypoints that a rule names must be found.

- hand_raised_left, hand_raised_right: the wrist is 0.4 torsos above its shoulder, about as high
  as the crown, and above its elbow. It goes on above 0.3.
- waving: a wrist is above its elbow and not below its shoulder by more than 0.2, and the forearm
  has turned back twice within 1.6 s, each time after 0.35 rad to one side.
- pointing_left, pointing_right: the arm is straight (at most 0.5 rad at the elbow), points neither
  down (0.9 rad at least from there) nor up (0.6 rad at most above the level). Of who has depth
  that holds in space; else in the image, where the arm must look 0.75 torsos long.
- arms_crossed: each wrist is on the other side of the body's middle by 0.05 torsos, between
  shoulders and hips and not far above or below its elbow (0.4), of who shows her front or back
  (shoulders 0.3 torsos apart).
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from openpose_ros.spatial.parts import PLACE

Array = npt.NDArray[np.float64]
Direction = tuple[float, float, float]

_RAISED, _STILL_RAISED = 0.4, 0.3
_WAVED_S, _SWING, _TURNS, _BELOW = 1.6, 0.35, 2, 0.2
_BENT, _DOWN, _UP, _ARM = 0.5, 0.9, 0.6, 0.75
_ACROSS, _SLANTED, _FRONTAL = 0.05, 0.4, 0.3
_NOWHERE: Direction = (float('nan'), float('nan'), float('nan'))
_SIDES = ('left', 'right')


@dataclass(frozen=True, eq=False)
class Figure:
    """
    One person as the rules see her.

    Attributes
    ----------
    points : float64 (P, 2)
        The parts of `parts.NAMES`: x to the right of the upright image, y up, torsos; NaN where
        they were not found.
    scores : float64 (P,)
        Of the parts.
    positions : float64 (P, 3)
        Metres in the image's optical frame; NaN where no depth is known.
    up : float64 (3,)
        The vertical there.

    """

    points: Array
    scores: Array
    positions: Array
    up: Array

    def arm(self, side: str) -> tuple[Array, Array, Array]:
        """Return shoulder, elbow and wrist, (2,) each."""
        shoulder, elbow, wrist = self.points[_ARMS[side]]
        return shoulder, elbow, wrist

    def arm_in_space(self, side: str) -> tuple[Array, Array, Array]:
        """Return shoulder, elbow and wrist, (3,) each."""
        shoulder, elbow, wrist = self.positions[_ARMS[side]]
        return shoulder, elbow, wrist

    def point(self, name: str) -> Array:
        """Return a part, (2,)."""
        return np.asarray(self.points[PLACE[name]])

    def score(self, *sides: str) -> float:
        """Return how sure the least sure part of some arms is."""
        return float(min(self.scores[_ARMS[side]].min() for side in sides))


@dataclass(frozen=True)
class Swings:
    """How the forearms of one person moved of late: when, seconds, and at what angle, radians."""

    left: deque[tuple[float, float]] = field(default_factory=deque)
    right: deque[tuple[float, float]] = field(default_factory=deque)


@dataclass(frozen=True)
class Verdict:
    """
    What a rule says.

    Attributes
    ----------
    holds : bool
    score : float
        How sure the keypoints are, 0 to 1.
    direction : (float, float, float)
        As `Gesture.direction`.

    """

    holds: bool = False
    score: float = 0.0
    direction: Direction = _NOWHERE


Rule = Callable[[Figure, Swings, bool, float], Verdict]
_ARMS = {
    side: [PLACE[f'{side}_{part}'] for part in ('shoulder', 'elbow', 'wrist')] for side in _SIDES
}


def _raised(side: str) -> Rule:
    def rule(figure: Figure, swings: Swings, on: bool, stamp_s: float) -> Verdict:
        shoulder, elbow, wrist = figure.arm(side)
        enough = _STILL_RAISED if on else _RAISED
        holds = wrist[1] - shoulder[1] > enough and wrist[1] > elbow[1]
        return Verdict(True, figure.score(side)) if holds else Verdict()

    return rule


def _waving(figure: Figure, swings: Swings, on: bool, stamp_s: float) -> Verdict:
    best = Verdict()
    for side, angles in (('left', swings.left), ('right', swings.right)):
        shoulder, elbow, wrist = figure.arm(side)
        while angles and stamp_s - angles[0][0] > _WAVED_S:
            angles.popleft()
        if wrist[1] > elbow[1] and wrist[1] > shoulder[1] - _BELOW:
            angles.append((stamp_s, float(np.arctan2(*(wrist - elbow)))))
            if _turns(angle for _, angle in angles) >= _TURNS:
                score = figure.score(side)
                best = Verdict(True, score) if score > best.score else best
    return best


def _turns(angles: Iterable[float]) -> int:
    """Return how often something that swings has turned back, after _SWING to one side."""
    turns, way, start = 0, 0, None
    for angle in angles:
        if start is None:
            start = low = high = angle
        low, high = min(low, angle), max(high, angle)
        if way >= 0 and high - angle > _SWING:
            turns, way, low = turns + (way > 0), -1, angle
        elif way <= 0 and angle - low > _SWING:
            turns, way, high = turns + (way < 0), 1, angle
    return turns


def _pointing(side: str) -> Rule:
    def rule(figure: Figure, swings: Swings, on: bool, stamp_s: float) -> Verdict:
        shoulder, elbow, wrist = figure.arm_in_space(side)
        up = figure.up
        if np.isnan(shoulder + elbow + wrist).any():
            if np.isfinite(figure.positions).any():
                return Verdict()  # with depth, what looks straight need not be
            shoulder, elbow, wrist = figure.arm(side)
            up = np.array([0.0, 1.0])
            if not np.hypot(*(wrist - shoulder)) > _ARM:
                return Verdict()
        upper, lower, whole = elbow - shoulder, wrist - elbow, wrist - shoulder
        bent, raised = _between(upper, lower), np.pi / 2 - _between(whole, up)
        # False for NaN too: a part that was not found.
        if not (bent < _BENT and -np.pi / 2 + _DOWN < raised < _UP):
            return Verdict()
        ahead = whole / np.sqrt(whole @ whole)
        direction = (
            (float(ahead[0]), float(ahead[1]), float(ahead[2])) if len(up) > 2 else _NOWHERE
        )
        return Verdict(True, figure.score(side), direction)

    return rule


def _between(one: Array, other: Array) -> float:
    """Return the angle between two vectors; NaN of NaN, and of none."""
    length = np.sqrt((one @ one) * (other @ other))
    return float(np.arccos(np.clip(one @ other / length, -1, 1))) if length > 0 else np.nan


def _crossed(figure: Figure, swings: Swings, on: bool, stamp_s: float) -> Verdict:
    (left, left_elbow, left_wrist) = figure.arm('left')
    (right, right_elbow, right_wrist) = figure.arm('right')
    middle, hips = (left + right) / 2, figure.point('mid_hip')
    width = left[0] - right[0]
    if not abs(width) > _FRONTAL:
        return Verdict()
    side = np.sign(width)  # of the image on which her left is
    bottom = -1.0 + middle[1] if np.isnan(hips[1]) else hips[1]
    holds = all(
        sign * side * (wrist[0] - middle[0]) < -_ACROSS
        and bottom < wrist[1] < middle[1]
        and abs(wrist[1] - elbow[1]) < _SLANTED
        for sign, elbow, wrist in ((1, left_elbow, left_wrist), (-1, right_elbow, right_wrist))
    )
    return Verdict(True, figure.score(*_SIDES)) if holds else Verdict()


RULES: dict[str, Rule] = {
    'hand_raised_left': _raised('left'),
    'hand_raised_right': _raised('right'),
    'waving': _waving,
    'pointing_left': _pointing('left'),
    'pointing_right': _pointing('right'),
    'arms_crossed': _crossed,
}
