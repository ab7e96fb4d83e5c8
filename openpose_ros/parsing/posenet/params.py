"""The parameters of PoseNet's decoder: names, defaults, ranges and meaning, each written once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

from openpose_ros.parameters import check, from_mapping, parameter
from openpose_ros.parsing.single_person import single_person

Params = TypeVar('Params', bound='PoseNetParams')


@dataclass(frozen=True, kw_only=True)
class PoseNetParams:
    """
    How PoseNet's heatmaps, offsets and displacements become people.

    Creating an object with a value that is not allowed raises a ParameterError. Whole numbers are
    accepted for floats.
    """

    score_threshold: float = parameter(
        0.5,
        'a keypoint must score at least this for a person to be looked for from it',
        low=0.0,
        high=1.0,
        section='poses',
    )
    nms_radius: float = parameter(
        20.0,
        'the same keypoint of two people lies further apart than this, pixels of the input',
        low=1.0,
        high=4096.0,
        slider_high=100.0,
        section='poses',
    )
    max_poses: int = parameter(
        20,
        'look for at most so many people',
        low=1,
        high=4096,
        slider_high=50,
        section='poses',
    )
    local_maximum_radius: int = parameter(
        1,
        'no cell this near to a keypoint that a person is looked for from scores more, map cells',
        low=1,
        high=32,
        section='poses',
    )
    single_person: bool = single_person()

    def __post_init__(self) -> None:
        check(self)

    @classmethod
    def from_mapping(cls: type[Params], values: Mapping[str, Any]) -> Params:
        """Create from names and values, as `openpose_ros.parameters.from_mapping` does."""
        return from_mapping(cls, values)
