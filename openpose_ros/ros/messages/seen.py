"""What several messages say of the persons of a PersonArray."""

from __future__ import annotations

import math
from typing import Any

from openpose_ros.drawing.labels import label_text


def seen_persons(persons: Any) -> list[Any]:
    """Return who is in the image of a PersonArray, without those who are only expected."""
    return [person for person in persons.persons if not person.time_since_seen > 0]


def distance_of(person: Any) -> float:
    """Return how far the mid-hip of a Person is from the camera, metres; NaN: unknown."""
    place = person.pose.pose.position
    return math.sqrt(place.x**2 + place.y**2 + place.z**2)


def label_of(person: Any) -> str:
    """Return what is written beside a Person: id and distance, as far as they are known."""
    return label_text(person.id, distance_of(person))
