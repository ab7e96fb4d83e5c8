"""Which parts of a frame the network is shown, at which size, and where their maps lie."""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import ceil

from openpose_ros.augmentation.params import AugmentationParams
from openpose_ros.errors import ParameterError
from openpose_ros.models import ModelSpec
from openpose_ros.placement import Placement, Size, place_frame


@dataclass(frozen=True)
class Views:
    """
    What the network is shown of a frame.

    Attributes
    ----------
    grid : Placement
        Where the cells of the joined maps lie on the frame.
    whole : tuple of Placement
        The frame as a whole, at one size or several.
    tiles : tuple of Placement
        Parts of the frame at its own scale, of which each lies on whole cells of the grid: the
        offset says where. Empty: none are needed, or wanted.

    """

    grid: Placement
    whole: tuple[Placement, ...]
    tiles: tuple[Placement, ...] = ()

    @property
    def growth(self) -> float:
        """How many times the cells of one whole view the grid has."""
        return _area(self.grid) / _area(self.whole[0])


def check_augmentation(params: AugmentationParams, spec: ModelSpec) -> None:
    """
    Check that a model can be shown what the parameters ask for.

    Raises
    ------
    ParameterError
        If they are something else, its maps cannot be averaged, or its size is fixed and several
        are asked for.

    """
    if not isinstance(params, AugmentationParams):
        raise ParameterError(
            f'augmentation is a {type(params).__name__}, but must be AugmentationParams; '
            'AugmentationParams() shows the frame as it is'
        )
    if params.is_plain:
        return
    if spec.decoder != 'paf':
        raise ParameterError(
            f'{spec.name} has the decoder {spec.decoder!r}, whose maps hold distances that cannot '
            'be averaged; leave scale_number, flip and tiles, or take a network with part '
            'affinity fields'
        )
    if params.scale_number > 1 and spec.input.fixed_size is not None:
        raise ParameterError(
            f'scale_number is {params.scale_number}, but {spec.name} runs at '
            '{}x{} only; take 1, or a network of any size'.format(*spec.input.fixed_size)
        )


def lay_out(
    source_size: Size, net_resolution: Size, spec: ModelSpec, params: AugmentationParams
) -> Views:
    """
    Say what the network is to be shown of a frame.

    Parameters
    ----------
    source_size : (int, int)
        Width and height of the frame, pixels.
    net_resolution : (int, int)
        As `check_net_resolution` returns it: of the first scale, and of a tile.
    spec : ModelSpec
        Says stride and possible sizes.
    params : AugmentationParams
        As `check_augmentation` allows them.

    """
    first = _place(source_size, net_resolution, spec)
    if params.tiles:
        return _tiled(first, spec, params.tile_overlap)
    scales = [1 - index * params.scale_gap for index in range(params.scale_number)]
    sizes = dict.fromkeys(_scaled(first.input_size, scale, spec) for scale in scales)
    return Views(first, tuple(_place(source_size, size, spec) for size in sizes))


def _place(source_size: Size, net_resolution: Size, spec: ModelSpec) -> Placement:
    return place_frame(
        source_size,
        net_resolution,
        stride=spec.stride,
        multiple=spec.input.multiple,
        remainder=spec.input.offset,
    )


def _scaled(size: Size, scale: float, spec: ModelSpec) -> Size:
    """Return the size that the network takes which is nearest to a part of another."""
    multiple, offset = spec.input.multiple, spec.input.offset
    width, height = (
        max(1, round((scale * side - offset) / multiple)) * multiple + offset for side in size
    )
    return width, height


def _tiled(whole: Placement, spec: ModelSpec, overlap: float) -> Views:
    """Cover a frame with tiles of the size of the whole view, at the frame's own scale."""
    if all(side <= scaled for side, scaled in zip(whole.source_size, whole.scaled_size)):
        return Views(whole, (whole,))  # it is small: a tile would show nothing more
    tile, stride = whole.input_size, spec.stride
    starts = [
        _starts(side, length, stride, overlap) for side, length in zip(whole.source_size, tile)
    ]
    extents = [begun[-1] + length for begun, length in zip(starts, tile)]
    grid = replace(
        whole,
        input_size=(extents[0], extents[1]),
        scaled_size=whole.source_size,
        offset=(0, 0),
    )
    tiles = tuple(
        replace(grid, input_size=tile, offset=(-x, -y)) for y in starts[1] for x in starts[0]
    )
    return Views(grid, (whole,), tiles)


def _starts(side: int, length: int, stride: int, overlap: float) -> list[int]:
    """Return where tiles begin, pixels, on whole cells: as few as cover a side, spread evenly."""
    if side <= length:
        return [0]
    step = max(stride, length * (1 - overlap))
    count = ceil((side - length) / step) + 1
    last = ceil((side - length) / stride)
    return [stride * (index * last // (count - 1)) for index in range(count)]


def _area(placement: Placement) -> float:
    width, height = placement.input_size
    return width * height / placement.stride**2
