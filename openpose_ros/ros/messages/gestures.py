"""Gestures to their message; msg/Gestures.msg says what its fields mean."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from openpose_ros.spatial.gestures import Gesture


def gestures_message(types: Any, header: Any, gestures: Sequence[Gesture]) -> Any:
    """
    Return the gestures of an image as a message, also when there are none.

    Parameters
    ----------
    types : namespace
        As `Transport.types`.
    header : std_msgs/Header
        The image's, which becomes the message's: see `persons_message`.
    gestures : sequence of Gesture
        Directions in the frame of the header.

    """
    directions = [gesture.direction for gesture in gestures]
    return types.Gestures(
        header=header,
        ids=[gesture.id for gesture in gestures],
        names=[gesture.name for gesture in gestures],
        scores=types.sequence(np.array([gesture.score for gesture in gestures], np.float32)),
        directions=[types.Vector3(x=x, y=y, z=z) for x, y, z in directions],
    )
