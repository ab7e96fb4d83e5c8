"""Whether two images can be of one picture."""

from __future__ import annotations

from openpose_ros.placement import Size


def is_same_picture(one: Size, other: Size) -> bool:
    """Return whether an image of one size can be the other scaled, up to rounding."""
    (width, height), (other_width, other_height) = one, other
    slack = max(width, height, other_width, other_height)
    return abs(width * other_height - height * other_width) <= slack
