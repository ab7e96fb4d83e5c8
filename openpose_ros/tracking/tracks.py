"""What tracking returns."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from openpose_ros.people import People

FloatArray = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Coasting:
    """
    People who are not seen at the moment, and expected to be somewhere.

    Attributes
    ----------
    ids : tuple of str, length M
        In the order in which they were first seen.
    keypoints : float64 (M, K, 2)
        Where they are expected, x and y in the unit of the people; NaN where a part was not seen
        lately.
    velocities : float64 (M, 2)
        Of the body, unit of the people a second.
    time_since_seen : float64 (M,)
        Seconds, above 0.
    numbers : tuple of int, length M
        As of `Tracks`.

    """

    ids: tuple[str, ...]
    keypoints: FloatArray
    velocities: FloatArray
    time_since_seen: FloatArray
    numbers: tuple[int, ...]

    def __len__(self) -> int:
        return len(self.ids)


@dataclass(frozen=True, eq=False)
class Tracks:
    """
    The people of one frame, with what is known of them from earlier ones.

    Attributes
    ----------
    people : People
        Those of the frame in their order, with `ids`: '' of who has not been seen often enough.
        The keypoints are smoothed if the parameters say so.
    velocities : float64 (N, 2)
        Of the body of each, unit of the people a second; NaN at the first sighting.
    coasting : Coasting
        Who has an id and is not seen in this frame.
    numbers : tuple of int, length N
        Who each is from her first sighting on, before she has an id; a tracker gives each above 0
        and once. Of somebody in whom nothing was found 0.

    """

    people: People
    velocities: FloatArray
    coasting: Coasting
    numbers: tuple[int, ...]
