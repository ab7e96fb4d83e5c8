"""The one parameter that every decoder has, written once."""

from __future__ import annotations

from openpose_ros.parameters import parameter


def single_person() -> bool:
    """Return the field, for a dataclass of parameters."""
    field: bool = parameter(
        False,
        'one person at most: the global maximum of each heatmap, no limbs',
        section='people',
    )
    return field
