"""Where the people of an image are in the room, and which way they face."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]
Positions = npt.NDArray[np.float32]

DIAGONAL = slice(0, 15, 7)  # of a position's rows and columns in a covariance, of 36 in a row
# Of what is known of a person, from `position` on.
_SHAPES: tuple[tuple[int, ...], ...] = ((3,), (6, 6), (4,), (3,), (3,), (), (), (2,))


@dataclass(frozen=True, eq=False)
class Located:
    """
    What is known of the N people of an image, in the image's optical frame.

    Metres and radians; x right, y down, z forward (REP 103); NaN is what is not known. It starts
    as `unknown`; each step that measures something returns a copy with that filled in
    (`dataclasses.replace`), and never fills in what it did not measure. Who changes an array
    makes a new one.

    Attributes
    ----------
    positions : float32 (N, K, 3) or None
        The visible surface under each of the K keypoints; None where nothing measures depth, and
        then no position is published.
    position : float64 (N, 3)
        The mid-hip, inside the body.
    covariance : float64 (N, 6, 6)
        Of position and orientation: x, y, z and turns about the fixed axes x, y, z. Rows and
        columns 3 to 5 are NaN where the orientation is not known, all of it where the position
        is not.
    orientation : float64 (N, 4)
        Unit quaternion x, y, z, w: x the way the torso faces, horizontal; z up.
    velocity : float64 (N, 3)
        Of the mid-hip, a second, relative to the camera.
    gaze : float64 (N, 3)
        Unit vector, the way the head faces.
    facing : float64 (N,)
        About the vertical, -pi to pi; 0 towards the camera, above 0 turned to their own left.
    facing_stddev : float64 (N,)
        Standard deviation of `facing`.
    turning : float64 (N, 2)
        How fast `facing` grows, a second, and the standard deviation of that; not published.

    """

    positions: Positions | None
    position: Array
    covariance: Array
    orientation: Array
    velocity: Array
    gaze: Array
    facing: Array
    facing_stddev: Array
    turning: Array

    @classmethod
    def unknown(cls, people: int, keypoints: int = 0) -> Located:
        """
        Return what is known of people of whom nothing is known; its arrays are shared.

        Parameters
        ----------
        people : int
            N.
        keypoints : int
            K, where `positions` are to be arrays; 0: they are None.

        """
        positions = None
        if keypoints:
            positions = np.full((people, keypoints, 3), np.nan, np.float32)
        return cls(positions, *_nothing(people))

    def __len__(self) -> int:
        return len(self.position)

    def one(self, index: int) -> One:
        """Return what is known of one of them, as plain numbers."""
        return One(
            [] if self.positions is None else self.positions[index].tolist(),
            self.position[index].tolist(),
            self.covariance[index].reshape(-1),
            self.orientation[index].tolist(),
            self.velocity[index].tolist(),
            self.gaze[index].tolist(),
            float(self.facing[index]),
            float(self.facing_stddev[index]),
        )


@lru_cache(maxsize=64)
def _nothing(people: int) -> tuple[Array, ...]:
    """Return what `Located` has of so many people of whom nothing is known; not to be changed."""
    arrays = tuple(np.full((people, *shape), np.nan) for shape in _SHAPES)
    for array in arrays:
        array.setflags(write=False)
    return arrays


class One(NamedTuple):
    """One person of `Located`; `positions` may be empty, `covariance` is float64 (36,)."""

    positions: list[list[float]]
    position: list[float]
    covariance: Array
    orientation: list[float]
    velocity: list[float]
    gaze: list[float]
    facing: float
    facing_stddev: float
