"""How a body is seen: axes that stand before the camera where she is."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from openpose_ros.spatial.parts import PLACE

Array = npt.NDArray[np.float64]

_TORSO = np.array([PLACE[n] for n in ('neck', 'mid_hip', 'left_shoulder', 'right_shoulder')])


@dataclass(frozen=True, eq=False)
class Sight:
    """
    N people as they are seen, in the image's optical frame.

    Attributes
    ----------
    directions : float64 (N, P, 3)
        Unit vectors to the parts of `parts.NAMES`; NaN where they are not seen.
    surface : float64 (N, P, 3) or None
        What is seen there, metres; NaN where no depth is known. None without depth.
    distance : float64 (N,)
        To the middle of the torso, metres; NaN unknown.
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
        along = (self.directions[:, places] @ axis[:, :, np.newaxis])[..., 0]
        return np.asarray(along * self.distance[:, np.newaxis])

    def depths(self, places: npt.NDArray[np.int64], axis: Array) -> Array | None:
        """Return how far (N, M) the surface of parts lies along an axis (N, 3); None: no depth."""
        if self.surface is None:
            return None
        return np.asarray((self.surface[:, places] @ axis[:, :, np.newaxis])[..., 0])


def torso_directions(directions: Array) -> Array:
    """Return unit vectors (N, 3) to where torsos are, NaN where nothing of them is seen."""
    torso = directions[:, _TORSO]
    seen = ~np.isnan(torso)
    total = np.where(seen, torso, 0).sum(axis=1)
    with np.errstate(invalid='ignore', divide='ignore'):
        return np.asarray(total / np.linalg.norm(total, axis=1, keepdims=True))


def axes(middle: Array, up: Array) -> tuple[Array, Array]:
    """Return `towards` and `aside` (N, 3) of `Sight`; NaN straight above or below the camera."""
    level = (middle @ up)[:, np.newaxis] * up - middle
    length = np.linalg.norm(level, axis=1, keepdims=True)
    with np.errstate(invalid='ignore', divide='ignore'):
        towards = np.where(length > 1e-3, level / length, np.nan)
    return towards, np.cross(up, towards)
