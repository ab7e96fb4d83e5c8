"""The parameters of hands and faces, each written once."""

from __future__ import annotations

from dataclasses import dataclass

from openpose_ros.errors import ParameterError
from openpose_ros.parameters import check, parameter


@dataclass(frozen=True, kw_only=True)
class PartParams:
    """
    Which hands and faces are looked at.

    Creating an object with a value that is not allowed raises a ParameterError.
    """

    hand_min_size: int = parameter(
        24,
        'smallest side of the square around a hand or a face that is looked at, pixels',
        low=1,
        high=4096,
        section='hands and faces',
    )
    max_crops: int = parameter(
        16,
        'look at most at so many hands and faces of an image, those of the largest people first',
        low=1,
        high=1024,
        section='hands and faces',
    )

    def __post_init__(self) -> None:
        check(self)


def check_part_params(params: object) -> None:
    """
    Check that something is parameters of hands and faces.

    Raises
    ------
    ParameterError
        If it is not.

    """
    if not isinstance(params, PartParams):
        raise ParameterError(
            f'part_params are a {type(params).__name__}, but must be PartParams: '
            'PartParams(name=value)'
        )
