"""The parameters of augmentation, each written once; names as OpenPose has them."""

from __future__ import annotations

from dataclasses import dataclass

from openpose_ros.errors import ParameterError
from openpose_ros.parameters import check, parameter


@dataclass(frozen=True, kw_only=True)
class AugmentationParams:
    """
    What else of a frame the network is shown, for better people at the price of time.

    Creating an object with a value that is not allowed raises a ParameterError.
    """

    scale_number: int = parameter(
        1,
        'sizes at which the network sees a frame, their maps averaged: net_resolution first',
        low=1,
        high=8,
        section='accuracy',
    )
    scale_gap: float = parameter(
        0.25,
        'by how much each size is smaller than the one before, parts of net_resolution',
        low=0.01,
        high=0.9,
        section='accuracy',
    )
    flip: bool = parameter(
        False,
        'show the network the mirrored frame too, and average: twice the time',
        section='accuracy',
    )
    tiles: bool = parameter(
        False,
        'show the network large frames in parts of its own size, and once whole',
        section='accuracy',
    )
    tile_overlap: float = parameter(
        0.25,
        'by how much neighbouring tiles overlap at least, parts of a tile',
        low=0.0,
        high=0.75,
        section='accuracy',
    )

    def __post_init__(self) -> None:
        check_scales(self)

    @property
    def is_plain(self) -> bool:
        """Whether the network sees a frame once, as it comes."""
        return self.scale_number == 1 and not self.flip and not self.tiles


def check_scales(params: AugmentationParams) -> None:
    """
    Check every field, and that they fit together.

    Raises
    ------
    ParameterError
        With what was found and what to do.

    """
    check(params)
    smallest = 1 - (params.scale_number - 1) * params.scale_gap
    if params.scale_number > 1 and smallest < 1e-6:
        raise ParameterError(
            f'scale_number is {params.scale_number} with a scale_gap of {params.scale_gap:g}, so '
            'that the smallest scale were none; lower one of them: their product, less one gap, '
            'must stay below 1'
        )
    if params.scale_number > 1 and params.tiles:
        raise ParameterError(
            f'tiles and a scale_number of {params.scale_number} do not go together: tiles show '
            'the frame at its own scale and whole; take one of them'
        )
