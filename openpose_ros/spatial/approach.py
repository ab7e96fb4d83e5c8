"""
Where a robot is to stand, to stand before somebody: a spot on the ground that moves smoothly.

It is before her, as far as it is known which way she faces, else on the line from her to the
camera; the change from one to the other takes a second.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from openpose_ros.spatial.angles import wrapped
from openpose_ros.spatial.located import Located
from openpose_ros.spatial.orientations import orientations
from openpose_ros.spatial.transforms import Transform

Array = npt.NDArray[np.float64]

SILENT_S = 0.5  # after which nothing is said of whom is not seen

_UNSURE, _SURE_AGAIN = 0.6, 0.5  # radians: spreads of facing at which the rule changes
_CHANGE_S = 1.0  # which takes so long
_GAP_S = 1.0  # after so long without a spot the next is a new one
_CREEP = 0.4  # m/s by which the spot may move though she does not, and at most for one image:
_LARGEST_CREEP = 0.025  # metres
_RESTING, _STILL = 0.2, 0.3  # m/s, rad/s: by which noise moves and turns her
_DOUBT = 0.25  # standard deviations that she is thought to turn slower than it seems
_RESTED = 0.5  # images in which everybody is thought to have rested before she is seen
_MOMENTS_S = 0.2  # over which her speed is smoothed


@dataclass(frozen=True, eq=False)
class Standing:
    """
    Somebody, and the spot before her, in one frame.

    Attributes
    ----------
    person, spot : float64 (3,)
        Metres.
    person_orientation, spot_orientation : float64 (4,)
        x, y, z, w: of the person x the way she faces, of the spot x towards her; z up.

    """

    person: Array
    person_orientation: Array
    spot: Array
    spot_orientation: Array


class Approach:
    """
    Follows one person after the other with a spot. Not for several threads at a time.

    Attributes
    ----------
    is_before : bool
        Whether the last spot was before her, and not on the line to the camera or on the way
        there.

    """

    def __init__(self) -> None:
        self.reset()

    def reset(self) -> None:
        """Begin with somebody new: what comes next owes nothing to what was."""
        self._stamp_s = -np.inf
        self._frame = ''
        self._distance = 0.0
        self._facing_part = 0.0  # 1: before her; 0: on the line
        self._is_sure = False
        self._angle = 0.0  # of her front from that line, not wrapped
        self._person = self._spot = np.full(3, np.nan)
        self._count = 0
        self._elapsed_s = 0.0
        self._speed = np.zeros(3)  # hers, over the last moments

    @property
    def is_before(self) -> bool:
        return self._facing_part == 1

    def stand(
        self,
        located: Located,
        index: int,
        *,
        to_frame: Transform | None,
        up: Array,
        frame: str,
        distance: float,
        stamp_s: float,
    ) -> Standing | None:
        """
        Say where to stand now.

        Parameters
        ----------
        located : Located
            Where people are, smoothed.
        index : int
            Her place among them.
        to_frame : Transform or None
            From the image's frame to the one that is wanted, with z up and the ground at z = 0.
            None: the image's own is; then the spot is as high as her mid-hip.
        up : float64 (3,)
            The vertical in the image's frame; of the other it is z.
        frame : str
            The name of the frame that is wanted: in another, nothing owes to what was.
        distance : float
            From her to the spot, metres.
        stamp_s : float
            When the image was taken, seconds.

        Returns
        -------
        Standing or None
            None where her position is not known, or the camera is right above her.

        """
        eye, own = np.zeros(3), to_frame is None
        position = located.position[index]
        front = Transform(eye, located.orientation[index]).turn([1.0, 0.0, 0.0])
        if to_frame is not None:
            position, front = to_frame.apply(position), to_frame.turn(front)
            eye, up = to_frame.translation, np.array([0.0, 0.0, 1.0])
        line = _level(eye - position, up)
        if np.isnan(line).any():
            return None
        self._elapsed_s = stamp_s - self._stamp_s
        if not 0 <= self._elapsed_s <= _GAP_S or frame != self._frame:
            self.reset()
        is_new = np.isnan(self._spot).any()
        self._stamp_s, self._frame = stamp_s, frame
        before = self._facing_part
        front = _level(front, up)
        turn = self._turn(_angle(line, front, up), float(located.facing_stddev[index]), is_new)
        ahead = np.cos(turn) * line + np.sin(turn) * np.cross(up, line)
        spot = position + distance * ahead
        if not own:
            spot[2] = 0.0
        if not is_new:
            turned = abs(self._facing_part - before) * abs(self._angle)
            turned += self._elapsed_s * self._turning(*located.turning[index].tolist())
            wished = abs(distance - self._distance)  # somebody set another one
            spot = self._limited(spot, position, distance * turned + wished)
        self._person, self._spot, self._distance = position, spot, distance
        return Standing(
            position,
            _facing(ahead, up),
            spot,
            _facing(_level(position - spot, up), up),
        )

    def _turn(self, angle: float, stddev: float, is_new: bool) -> float:
        """Return by how much the spot is off the line to the camera, radians."""
        limit = _UNSURE if self._is_sure else _SURE_AGAIN
        self._is_sure = not np.isnan(angle) and stddev <= limit
        if is_new:
            self._facing_part = float(self._is_sure)
        else:
            step = self._elapsed_s / _CHANGE_S * (1 if self._is_sure else -1)
            self._facing_part = float(np.clip(self._facing_part + step, 0, 1))
        if self._is_sure or (not np.isnan(angle) and self._facing_part == 0):
            self._angle += float(wrapped(angle - self._angle))
        if self._facing_part in (0.0, 1.0):
            self._angle = float(wrapped(self._angle))  # the shorter way, when it changes again
        return self._facing_part * self._angle

    def _turning(self, rate: float, stddev: float) -> float:
        """Return how fast the spot may go round her, radians a second."""
        surely = abs(rate) - _DOUBT * stddev
        return surely if self._is_sure and surely > _STILL else 0.0

    def _limited(self, spot: Array, person: Array, reach: float) -> Array:
        """
        Return a spot that has moved no further than there is a reason for.

        Parameters
        ----------
        spot, person : float64 (3,)
            Where it should be, and where she is.
        reach : float
            By which it may move besides, metres: round her, or to another distance.

        """
        elapsed_s = self._elapsed_s
        if elapsed_s > 0:
            # At first the mean of all that was seen, and of half an image in which she rested.
            self._count += 1
            share = max(elapsed_s / (elapsed_s + _MOMENTS_S), 1 / (_RESTED + self._count))
            self._speed = self._speed + share * ((person - self._person) / elapsed_s - self._speed)
        speed = float(np.linalg.norm(self._speed))
        reach += elapsed_s * speed * (speed > _RESTING)
        reach += min(_CREEP * elapsed_s, _LARGEST_CREEP)
        way = spot - self._spot
        length = float(np.linalg.norm(way))
        return spot if length <= reach else self._spot + way * (reach / length)


def _level(vector: Array, up: Array) -> Array:
    """Return the direction of a vector, horizontally; NaN where it has none."""
    level = vector - (vector @ up) * up
    length = float(np.linalg.norm(level))
    return np.asarray(level / length) if length > 1e-6 else np.full(3, np.nan)


def _angle(start: Array, end: Array, up: Array) -> float:
    """Return by how much one horizontal direction is to the left of another."""
    return float(np.arctan2(up @ np.cross(start, end), start @ end))


def _facing(direction: Array, up: Array) -> Array:
    """Return the orientation with x in a horizontal direction, and z up."""
    return np.asarray(orientations(np.zeros(1), direction[np.newaxis], up)[0])
