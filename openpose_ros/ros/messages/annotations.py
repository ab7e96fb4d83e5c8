"""People to foxglove_msgs/ImageAnnotations, which Foxglove draws over the camera's own image."""

from __future__ import annotations

from typing import Any

from openpose_ros.ros.messages.seen import label_of, seen_persons
from openpose_ros.skeletons import Skeleton

_POINTS, _LINE_LIST = 1, 4  # foxglove_msgs/PointsAnnotation
_HALF = 0.5  # Foxglove counts from the corner of the first pixel, we from its centre


def annotations_message(
    foxglove: Any, persons: Any, skeleton: Skeleton, render_threshold: float
) -> Any:
    """
    Return the persons of an image as limbs, joints and labels, without those only expected.

    Parameters
    ----------
    foxglove : namespace
        The message classes of foxglove_msgs, as `Transport.package` returns them.
    persons : openpose_ros/PersonArray
        Its stamp becomes that of every annotation.
    skeleton : Skeleton
        The message's.
    render_threshold : float
        Keypoints with a higher score are shown.

    """
    stamp = persons.header.stamp
    unit = max(1.0, min(persons.image_width, persons.image_height) / 240)
    colours = [
        foxglove.Color(r=red / 255, g=green / 255, b=blue / 255, a=1.0)
        for red, green, blue in skeleton.colours
    ]
    none = foxglove.Color(r=0.0, g=0.0, b=0.0, a=0.0)
    drawn, texts = [], []

    def draw(kind: int, points: list[Any], hues: list[Any], thickness: float) -> None:
        if points:
            drawn.append(
                foxglove.PointsAnnotation(
                    timestamp=stamp,
                    type=kind,
                    points=points,
                    outline_color=none,
                    outline_colors=hues,
                    fill_color=none,
                    thickness=thickness,
                )
            )

    for person in seen_persons(persons):
        shown = {
            index: foxglove.Point2(x=float(found.x) + _HALF, y=float(found.y) + _HALF)
            for index, found in enumerate(person.keypoints)
            if found.score > render_threshold
        }
        limbs = [
            limb
            for limb in skeleton.limbs
            if limb.drawn and limb.start in shown and limb.end in shown
        ]
        ends = [shown[end] for limb in limbs for end in (limb.start, limb.end)]
        draw(_LINE_LIST, ends, [colours[limb.end] for limb in limbs], 2 * unit)
        # One annotation, not a circle each, which would cost half as much again.
        draw(_POINTS, list(shown.values()), [colours[index] for index in shown], 4 * unit)
        text = label_of(person)
        if text and shown:
            texts.append(_label(foxglove, stamp, text, person.bbox, 10 * unit))
    return foxglove.ImageAnnotations(circles=[], points=drawn, texts=texts)


def _label(foxglove: Any, stamp: Any, text: str, bbox: Any, size: float) -> Any:
    """Return a line above somebody's box, or inside where the picture ends above it."""
    x, y = float(bbox[0]), float(bbox[1]) - size / 2
    return foxglove.TextAnnotation(
        timestamp=stamp,
        position=foxglove.Point2(x=x + _HALF, y=max(y, size) + _HALF),
        text=text,
        font_size=size,
        text_color=foxglove.Color(r=1.0, g=1.0, b=1.0, a=1.0),
        background_color=foxglove.Color(r=0.125, g=0.125, b=0.125, a=1.0),
    )
