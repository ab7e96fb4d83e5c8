"""How a body is seen: axes that stand before the camera where she is."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from openpose_ros.spatial.orientations import leftwards
from openpose_ros.spatial.parts import PLACE

Array = npt.NDArray[np.float64]

NOISE_PX = 2.0  # of keypoints, in an image in which people are as large as the network likes
SOMEWHERE = 3.0  # metres: of whom no distance is known

STRAIGHT_DOWN = 1e-3  # of a direction's length: it has no horizontal part

# Neck, mid-hip, shoulders.
TORSO = slice(PLACE['neck'], PLACE['right_shoulder'] + 1)


@dataclass(frozen=True, eq=False)
class Sight:
    """
    N people as they are seen, in the image's optical frame.

    Attributes
    ----------
    directions : float64 (N, P, 3)
        To the parts of `parts.NAMES`, horizontally of length 1; NaN where they are not seen.
    surface : float64 (N, P, 3) or None
        What is seen there, metres; NaN where no depth is known. None without depth.
    distance : float64 (N,)
        To the middle of the torso, metres, horizontally; NaN unknown.
    spread : float64 (N,)
        Standard deviation of the distance, of itself.
    noise : float
        Of the directions, radians.
    up : float64 (3,)
        The vertical.
    towards : float64 (N, 3)
        Unit vectors from the torso horizontally to the camera; NaN where no torso is seen.
    aside : float64 (N, 3)
        Where the left of somebody is who looks there.

    """

    directions: Array
    surface: Array | None
    distance: Array
    spread: Array
    noise: float
    up: Array
    towards: Array
    aside: Array

    def offsets(self, places: npt.NDArray[np.int64], axis: Array) -> Array:
        """Return how far (N, M) parts lie along an axis (N, 3), if all are at the distance."""
        return np.asarray(
            (self.directions[:, places] @ (axis * self.distance[:, np.newaxis])[..., np.newaxis])[
                ..., 0
            ]
        )

    def depths(self, places: npt.NDArray[np.int64], axis: Array) -> Array | None:
        """Return how far (N, M) the surface of parts lies along an axis (N, 3); None: no depth."""
        if self.surface is None:
            return None
        return np.asarray((self.surface[:, places] @ axis[:, :, np.newaxis])[..., 0])


def torso_directions(directions: Array) -> Array:
    """Return unit vectors (N, 3) to where torsos are, NaN where nothing of them is seen."""
    total = torso_sums(directions)
    length = np.sqrt((total * total).sum(axis=1, keepdims=True))
    return np.asarray(total / np.where(length > 0, length, np.nan))


def torso_sums(directions: Array) -> Array:
    """Return the sums (N, 3) of directions to torsos' parts, 0 where nothing of them is seen."""
    torso = directions[:, TORSO]
    return np.asarray(np.add.reduce(torso, axis=1, where=torso == torso))


def axes(middle: Array, up: Array) -> tuple[Array, Array]:
    """Return `towards` and `aside` (N, 3) of `Sight`; NaN straight above or below the camera."""
    level = (middle @ up)[:, np.newaxis] * up - middle
    length = np.sqrt((level * level).sum(axis=1, keepdims=True))
    towards = level / np.where(length > STRAIGHT_DOWN, length, np.nan)
    return towards, towards @ leftwards(up)
