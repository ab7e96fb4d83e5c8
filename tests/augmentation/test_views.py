"""Which parts of a frame the network is shown: all of it, on whole cells, as few as are enough."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st
import numpy as np
import pytest

from openpose_ros.augmentation import AugmentationParams, lay_out
from openpose_ros.augmentation.merging import cells_of
from openpose_ros.models import load_model

SPEC = load_model(None)
nets = st.tuples(*[st.integers(2, 60).map(lambda n: 8 * n)] * 2)
frames = st.tuples(*[st.integers(1, 3000)] * 2)


def test_scales_shrink_by_the_gap() -> None:
    views = lay_out((1280, 720), (656, 368), SPEC, AugmentationParams(scale_number=4))
    sizes = [placement.input_size for placement in views.whole]
    assert sizes == [(656, 368), (496, 272), (328, 184), (160, 96)]  # to the next multiple of 8
    assert views.grid == views.whole[0]
    assert not views.tiles
    assert views.growth == 1


def test_scales_follow_the_frame_where_a_side_is_left_to_it() -> None:
    params = AugmentationParams(scale_number=2, scale_gap=0.5)
    views = lay_out((1280, 720), (-1, 368), SPEC, params)
    assert [placement.input_size for placement in views.whole] == [(656, 368), (328, 184)]


def test_scales_that_come_to_the_same_are_one() -> None:
    params = AugmentationParams(scale_number=3, scale_gap=0.01)
    assert len(lay_out((64, 64), (64, 64), SPEC, params).whole) == 1


def test_a_frame_that_fits_needs_no_tiles() -> None:
    views = lay_out((400, 250), (456, 256), SPEC, AugmentationParams(tiles=True))
    assert (len(views.whole), views.tiles) == (1, ())
    assert views.grid == views.whole[0]


@settings(deadline=None)
@given(frames, nets, st.floats(0, 0.75))
def test_tiles_cover_a_frame_on_whole_cells(
    size: tuple[int, int], net: tuple[int, int], overlap: float
) -> None:
    views = lay_out(size, net, SPEC, AugmentationParams(tiles=True, tile_overlap=overlap))
    if not views.tiles:
        return
    width, height = cells_of(views.grid)
    seen = np.zeros((height, width), int)
    for tile in views.tiles:
        assert tile.input_size == net
        assert tile.scaled_size == size
        x, y = (-before // 8 for before in tile.offset)
        assert tile.offset == (-8 * x, -8 * y)
        columns, rows = cells_of(tile)
        assert x + columns <= width
        assert y + rows <= height
        seen[y : y + rows, x : x + columns] += 1
        # Its first cell is where the grid says.
        corner = tile.to_source((0.0, 0.0))
        np.testing.assert_allclose(views.grid.to_cells(corner), (x, y), atol=1e-9)
    assert seen.min() >= 1
    assert width * 8 >= size[0]
    assert height * 8 >= size[1]
    assert views.growth >= 1


@pytest.mark.parametrize('overlap', [0.0, 0.25, 0.5])
def test_neighbours_overlap_as_much_as_asked(overlap: float) -> None:
    params = AugmentationParams(tiles=True, tile_overlap=overlap)
    views = lay_out((3840, 2160), (456, 256), SPEC, params)
    for axis, side in enumerate((456, 256)):
        starts = sorted({-tile.offset[axis] for tile in views.tiles})
        steps = np.diff(starts)
        assert steps.max() <= side * (1 - overlap) + 8
        assert steps.max() - steps.min() <= 8
