"""A person in the room as markers: skeleton, velocity, the way the torso faces, and a label."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from openpose_ros.drawing.labels import colour_of, number_of
from openpose_ros.ros.messages.marker import (
    ARROW,
    LINE_LIST,
    SPHERE_LIST,
    TEXT,
    WHITE,
    Name,
    marker,
    point,
)
from openpose_ros.ros.messages.seen import label_of
from openpose_ros.skeletons import Skeleton

Array = npt.NDArray[np.float64]
Shown = npt.NDArray[np.bool_]

_LIMB, _JOINT = 0.03, 0.06  # metres
_ARROW = (0.03, 0.07, 0.1)  # of its shaft and head, and how long the head is, metres
_FACING_LENGTH = 0.6  # metres
_SLOWEST = 0.1  # metres a second that are shown: one who stands does not point anywhere
_LETTERS, _ABOVE = 0.15, 0.25  # metres


def number_for(person: Any, index: int) -> int:
    """Return the number of a person's markers: the id's, below 0 for who has none."""
    return number_of(person.id) if person.id else -1 - index


def body_markers(
    types: Any,
    header: Any,
    person: Any,
    number: int,
    places: Array,
    shown: Shown,
    skeleton: Skeleton,
) -> list[Any]:
    """
    Return the markers of one person, in metres.

    Parameters
    ----------
    types : namespace
        As `Transport.types`.
    header : std_msgs/Header
        The image's.
    person : openpose_ros/Person
        Who it is.
    number : int
        As `number_for` returns it.
    places : float64 (K, 3)
        Of the keypoints.
    shown : bool (K,)
        Which of them are shown; these are finite.
    skeleton : Skeleton
        Theirs.

    """
    colour = colour_of(person.id)
    points = {index: point(types, places[index]) for index in np.flatnonzero(shown).tolist()}
    limbs = [
        points[end]
        for limb in skeleton.limbs
        if limb.drawn and shown[limb.start] and shown[limb.end]
        for end in (limb.start, limb.end)
    ]
    found = []

    def add(namespace: str, kind: int, scale: tuple[float, float, float], **what: Any) -> None:
        found.append(marker(types, header, Name(namespace, number), kind, scale, **what))

    if limbs:
        add('limbs', LINE_LIST, (_LIMB,) * 3, points=limbs, colour=colour)
    if points:
        add('joints', SPHERE_LIST, (_JOINT,) * 3, points=list(points.values()), colour=colour)
    hips, velocity, ahead = _place(person), _velocity(person), _axis(person, 0)
    for namespace, way, hue in (
        ('velocity', velocity if np.linalg.norm(velocity) >= _SLOWEST else None, WHITE),
        ('facing', _FACING_LENGTH * ahead, colour),
    ):
        if way is not None and np.isfinite(hips + way).all():
            ends = [point(types, end) for end in (hips, hips + way)]
            add(namespace, ARROW, _ARROW, points=ends, colour=hue)
    text, position = label_of(person), _label_place(person, places[shown])
    if text and np.isfinite(position).all():
        place = tuple(position.tolist())
        add('label', TEXT, (_LETTERS,) * 3, text=text, position=place)
    return found


def _place(person: Any) -> Array:
    place = person.pose.pose.position
    return np.array([place.x, place.y, place.z])


def _velocity(person: Any) -> Array:
    velocity = person.velocity
    return np.array([velocity.x, velocity.y, velocity.z])


def _axis(person: Any, axis: int) -> Array:
    """Return an axis of the body in the frame of the header; NaN where that is not known."""
    turn = person.pose.pose.orientation
    x, y, z, w = turn.x, turn.y, turn.z, turn.w
    if axis == 0:
        return np.array([1 - 2 * (y * y + z * z), 2 * (x * y + w * z), 2 * (x * z - w * y)])
    return np.array([2 * (x * z + w * y), 2 * (y * z - w * x), 1 - 2 * (x * x + y * y)])


def _label_place(person: Any, places: Array) -> Array:
    """Return a place above the head."""
    up = _axis(person, 2)
    if not np.isfinite(up).all():
        up = np.array([0.0, -1.0, 0.0])  # of an upright camera
    if len(places):
        top: Array = places[np.argmax(places @ up)]
        return top + _ABOVE * up
    return _place(person) + up  # about a torso, a head and some air
