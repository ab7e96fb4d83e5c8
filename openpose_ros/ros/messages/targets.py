"""The person that a robot follows, and the spot where it is to stand, as messages."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]


def pose_message(types: Any, stamp: Any, frame: str, position: Array, orientation: Array) -> Any:
    """
    Return a geometry_msgs/PoseStamped.

    Parameters
    ----------
    types : namespace
        As `Transport.types`.
    stamp : builtin_interfaces/Time
        The image's.
    frame : str
        Of position and orientation.
    position : float64 (3,)
        Metres.
    orientation : float64 (4,)
        x, y, z, w.

    """
    return types.PoseStamped(
        header=types.Header(stamp=stamp, frame_id=frame),
        pose=types.Pose(
            position=types.Point(**dict(zip('xyz', position.tolist()))),
            orientation=types.Quaternion(**dict(zip('xyzw', orientation.tolist()))),
        ),
    )


def one_of(types: Any, persons: Any, index: int | None) -> Any:
    """Return a PersonArray as it is, but with one of its persons alone; None: with none."""
    return types.PersonArray(
        header=persons.header,
        image_width=persons.image_width,
        image_height=persons.image_height,
        skeleton=persons.skeleton,
        persons=[] if index is None else [persons.persons[index]],
    )
