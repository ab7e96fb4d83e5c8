"""What people do with their arms."""

from __future__ import annotations

from typing import NamedTuple

NAMES = (
    'hand_raised_left',
    'hand_raised_right',
    'waving',
    'pointing_left',
    'pointing_right',
    'arms_crossed',
)


class Gesture(NamedTuple):
    """
    One gesture of one person.

    Attributes
    ----------
    id : str
        Whose.
    name : str
        One of NAMES; left and right are the person's own.
    score : float
        How sure the keypoints are that show it, 0 to 1.
    direction : (float, float, float)
        Where it points: a unit vector in the image's optical frame; NaN for what does not point,
        or where that is not known.

    """

    id: str
    name: str
    score: float
    direction: tuple[float, float, float]
