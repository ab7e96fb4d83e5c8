"""
People to hri_msgs, as REP 155 wants bodies described.

hri_msgs' Skeleton2D says that it follows OpenPose's COCO model, but has the left eye and ear
before the right ones, where OpenPose has the right ones first (2.0.0, msg/Skeleton2D.msg): each
keypoint goes where the constant of its name says.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Any

from openpose_ros.skeletons import Skeleton

PARTS = (  # the constants of hri_msgs/Skeleton2D, in lower case
    *('nose', 'neck', 'left_eye', 'right_eye', 'left_ear', 'right_ear'),
    *('left_shoulder', 'left_elbow', 'left_wrist', 'left_hip', 'left_knee', 'left_ankle'),
    *('right_shoulder', 'right_elbow', 'right_wrist', 'right_hip', 'right_knee', 'right_ankle'),
)


def ids_message(hri: Any, header: Any, ids: Sequence[str]) -> Any:
    """
    Return who is seen, as hri_msgs/IdsList.

    Parameters
    ----------
    hri : namespace
        The message classes of hri_msgs, as `Transport.package` returns them.
    header : std_msgs/Header
        The image's.
    ids : sequence of str
        Of everybody who is in the image and has an id.

    """
    return hri.IdsList(header=header, ids=list(ids))


def region_message(hri: Any, persons: Any, person: Any) -> Any:
    """
    Return somebody's box as hri_msgs/NormalizedRegionOfInterest2D.

    Parameters
    ----------
    hri : namespace
        As in `ids_message`.
    persons : openpose_ros/PersonArray
        Says when, and how large the image is.
    person : openpose_ros/Person
        One of its, who is in the image.

    """
    x, y, width, height = (float(value) for value in person.bbox)
    return hri.NormalizedRegionOfInterest2D(
        header=persons.header,
        xmin=_part(x, persons.image_width),
        ymin=_part(y, persons.image_height),
        xmax=_part(x + width, persons.image_width),
        ymax=_part(y + height, persons.image_height),
        c=float(person.score),
    )


def skeleton_message(hri: Any, persons: Any, person: Any, skeleton: Skeleton) -> Any:
    """
    Return somebody's keypoints as hri_msgs/Skeleton2D; 0, 0 with c = 0 is what was not found.

    Parameters
    ----------
    hri, persons, person
        As in `region_message`.
    skeleton : Skeleton
        The message's. Keypoints that hri_msgs does not have are left out, those that it has and
        `skeleton` has not are missing.

    """
    found = dict(zip(skeleton.keypoint_names, person.keypoints))
    return hri.Skeleton2D(
        header=persons.header,
        skeleton=[_point(hri, persons, found.get(name)) for name in _order(hri.Skeleton2D)],
    )


@cache
def _order(kind: Any) -> tuple[str, ...]:
    """Return the parts of a Skeleton2D in the order of its class."""
    names = {getattr(kind, name.upper()): name for name in PARTS}
    return tuple(names.get(index, '') for index in range(max(names) + 1))


def _point(hri: Any, persons: Any, keypoint: Any) -> Any:
    if keypoint is None or not keypoint.score > 0:
        return hri.NormalizedPointOfInterest2D(x=0.0, y=0.0, c=0.0)
    return hri.NormalizedPointOfInterest2D(
        x=_part(keypoint.x, persons.image_width),
        y=_part(keypoint.y, persons.image_height),
        c=float(keypoint.score),
    )


def _part(pixels: float, size: int) -> float:
    """Return where in the image a pixel is, 0 at its first edge and 1 at its last."""
    return min(max((float(pixels) + 0.5) / size, 0.0), 1.0)
