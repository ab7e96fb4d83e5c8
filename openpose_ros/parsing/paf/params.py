"""The parameters of the decoder: names, defaults, ranges and meaning, each written once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

from openpose_ros.errors import ParameterError
from openpose_ros.parameters import check, from_mapping, parameter
from openpose_ros.parsing.single_person import single_person
from openpose_ros.skeletons import Skeleton

Params = TypeVar('Params', bound='PafParams')


@dataclass(frozen=True, kw_only=True)
class PafParams:
    """
    How heatmaps and part affinity fields become people.

    Creating an object with a value that is not allowed raises a ParameterError. Whole numbers are
    accepted for floats.
    """

    nms_window: int = parameter(
        5,
        'side of the square in which a peak must be the largest value, map cells',
        low=3,
        high=31,
        step=2,  # odd, so that there is a middle cell
        slider_high=15,
        section='peaks',
    )
    peak_threshold: float = parameter(
        0.05,
        'a peak of a heatmap must be above this',
        low=0.0,
        high=1.0,
        slider_high=0.5,
        section='peaks',
    )
    max_peaks: int = parameter(
        128,
        'room for candidates of each keypoint; more are counted as overflow',
        low=1,
        high=4096,
        slider_high=512,
        section='peaks',
    )
    paf_samples: int = parameter(
        10,
        'points at which a limb samples its part affinity field',
        low=2,
        high=64,
        section='limbs',
    )
    paf_threshold: float = parameter(
        0.05,
        'a sample counts when the field along the limb is above this',
        low=0.0,
        high=1.0,
        section='limbs',
    )
    paf_min_count: int = parameter(
        8,
        'samples that must count for a limb; half of it for arms',
        low=1,
        high=64,
        section='limbs',
    )
    paf_max_gap: float = parameter(
        3.0,
        'the longest gap between samples that count in one limb, map cells',
        low=0.0,
        high=4096.0,
        slider_high=20.0,
        section='limbs',
    )
    length_penalty: bool = parameter(
        False,
        'lower the score of limbs longer than half the height of the map',
        section='limbs',
    )
    matching: str = parameter(
        'greedy',
        'how limbs of one kind choose their ends',
        choices=('greedy', 'optimal'),
        section='limbs',
    )
    limb_order: str = parameter(
        'auto',
        'which limbs are taken first: those with the strongest field, or also the surest ends; '
        'auto: as the network says, else field',
        choices=('auto', 'field', 'peaks'),
        section='limbs',
    )
    min_parts: int = parameter(
        3,
        'keypoints that a person must have',
        low=1,
        high=256,
        slider_high=18,
        section='people',
    )
    min_score: float = parameter(
        0.2, 'a person must score at least this', low=0.0, high=1.0, section='people'
    )
    max_people: int = parameter(
        0,
        'keep at most so many people, the best; 0 keeps all',
        low=0,
        high=4096,
        slider_high=50,
        section='people',
    )
    single_person: bool = single_person()

    def __post_init__(self) -> None:
        check(self)
        if self.paf_min_count > self.paf_samples:
            raise ParameterError(
                f'paf_min_count is {self.paf_min_count}, more than paf_samples '
                f'({self.paf_samples}): no limb could ever be found; lower the one or raise the '
                'other'
            )

    @classmethod
    def from_mapping(cls: type[Params], values: Mapping[str, Any]) -> Params:
        """Create from names and values, as `openpose_ros.parameters.from_mapping` does."""
        return from_mapping(cls, values)


def check_reachable(params: PafParams, skeleton: Skeleton) -> None:
    """
    Check that people of a skeleton can have as many keypoints as they must.

    Raises
    ------
    ParameterError
        If `min_parts` is more than the skeleton has: nobody would ever be found.

    """
    if params.min_parts > skeleton.num_keypoints:
        raise ParameterError(
            f'min_parts is {params.min_parts}, but the skeleton {skeleton.name} has '
            f'{skeleton.num_keypoints} keypoints, so nobody could ever be found; take '
            f'{skeleton.num_keypoints} or less'
        )
