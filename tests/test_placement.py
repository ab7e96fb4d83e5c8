"""Placement: where frames lie in the network's input, exactly, there and back."""

from __future__ import annotations

import cv2
from hypothesis import given
from hypothesis import strategies as st
import numpy as np
import pytest

from openpose_ros.placement import Placement, place_frame

sides = st.integers(1, 5000)
multiples = st.sampled_from([8, 16, 32])


@st.composite
def placements(draw: st.DrawFn) -> Placement:
    multiple = draw(multiples)
    net = draw(st.tuples(*[st.integers(1, 60).map(lambda n: n * multiple)] * 2))
    net = draw(st.sampled_from([net, (-1, net[1]), (net[0], -1)]))
    return place_frame((draw(sides), draw(sides)), net, multiple=multiple, stride=8)


@pytest.mark.parametrize(
    ('source', 'net', 'input_size', 'scaled', 'offset'),
    [
        ((640, 480), (656, 368), (656, 368), (491, 368), (82, 0)),  # bars left and right
        ((1280, 400), (656, 368), (656, 368), (656, 205), (0, 81)),  # bars above and below
        ((656, 368), (656, 368), (656, 368), (656, 368), (0, 0)),  # as it is
        ((328, 184), (656, 368), (656, 368), (656, 368), (0, 0)),  # enlarged
        ((640, 480), (-1, 368), (496, 368), (491, 368), (2, 0)),  # width follows
        ((640, 480), (656, -1), (656, 496), (656, 492), (0, 2)),  # height follows
        ((480, 640), (-1, 368), (280, 368), (276, 368), (2, 0)),  # upright
        ((736, 368), (-1, 368), (736, 368), (736, 368), (0, 0)),  # no padding at all
        ((1, 1), (656, 368), (656, 368), (368, 368), (144, 0)),  # one pixel
        ((1, 5000), (-1, 368), (8, 368), (1, 368), (3, 0)),  # one column
        ((5000, 1), (-1, 368), (2944, 368), (2944, 1), (0, 183)),  # one row: at most 8 times
        ((1, 5000), (368, -1), (368, 2944), (1, 2944), (183, 0)),
    ],
)
def test_place_frame_fits_and_centres(
    source: tuple[int, int],
    net: tuple[int, int],
    input_size: tuple[int, int],
    scaled: tuple[int, int],
    offset: tuple[int, int],
) -> None:
    assert place_frame(source, net, multiple=8, stride=8) == Placement(
        source_size=source, input_size=input_size, scaled_size=scaled, offset=offset, stride=8
    )


@given(placements())
def test_place_frame_stays_inside_and_in_the_middle(placement: Placement) -> None:
    for whole, part, before in zip(placement.input_size, placement.scaled_size, placement.offset):
        after = whole - part - before
        assert part >= 1
        assert before >= 0
        assert before <= after <= before + 1
    assert any(part == whole for whole, part in zip(placement.input_size, placement.scaled_size))


@given(sides, sides, multiples)
def test_place_frame_side_that_follows_is_padded_by_a_multiple_at_most(
    width: int, height: int, multiple: int
) -> None:
    placement = place_frame((width, height), (-1, 320), multiple=multiple, stride=8)
    assert placement.input_size[0] % multiple == 0
    if width <= 8 * height:
        assert placement.scaled_size[1] == 320
        assert placement.input_size[0] - placement.scaled_size[0] <= multiple


@given(placements(), st.integers(0, 2**32 - 1))
def test_to_cells_undoes_to_source(placement: Placement, seed: int) -> None:
    cells = np.random.default_rng(seed).uniform(-10, 400, (3, 18, 2))
    np.testing.assert_allclose(placement.to_cells(placement.to_source(cells)), cells, atol=1e-6)


@given(placements())
def test_to_source_takes_the_frames_corners_to_its_corners(placement: Placement) -> None:
    (left, top), (width, height) = placement.offset, placement.scaled_size
    # Outer corners of the first and of the last pixel, on the input, then in cells.
    corners = np.array([[left, top], [left + width, top + height]], float) / placement.stride - 0.5
    expected = np.array([[0, 0], placement.source_size]) - 0.5
    np.testing.assert_allclose(placement.to_source(corners), expected, atol=1e-6)


def test_to_source_of_the_reference_network() -> None:
    """Map cell i lies at input pixel 8 i + 3.5, here at half the scale of the frame."""
    placement = place_frame((1312, 736), (656, 368), multiple=8, stride=8)
    np.testing.assert_allclose(placement.to_source([[0, 0], [10, 2]]), [[7.5, 7.5], [167.5, 39.5]])


def test_place_frame_of_posenet_has_cells_on_both_edges() -> None:
    """Its sides are 16 n + 1, and cell i lies at input pixel 16 i."""
    placement = place_frame((640, 480), (-1, 481), stride=16, multiple=16, remainder=1)
    assert placement.input_size == (657, 481)
    centred = place_frame((641, 481), (641, 481), stride=16, multiple=16, remainder=1)
    np.testing.assert_allclose(centred.to_source([[0, 0], [40, 30]]), [[0, 0], [640, 480]])


def test_to_source_keeps_nan_dtype_and_shape() -> None:
    placement = place_frame((640, 480), (656, 368), multiple=8, stride=8)
    keypoints = np.full((2, 18, 2), np.nan, np.float32)
    keypoints[0, 3] = 20, 30
    pixels = placement.to_source(keypoints)
    assert pixels.shape == (2, 18, 2)
    assert pixels.dtype == np.float32
    assert np.isnan(pixels).sum() == 2 * 18 * 2 - 2
    assert placement.to_source(np.zeros((0, 18, 2), np.float32)).shape == (0, 18, 2)


@pytest.mark.parametrize('size', [(640, 480), (333, 500), (97, 1001)])
def test_to_cells_agrees_with_cv2_resize(size: tuple[int, int]) -> None:
    """A ramp keeps its value under scaling, so that a pixel's value tells where it came from."""
    width, height = size
    placement = place_frame(size, (656, 368), multiple=8, stride=8)
    ramp_x = np.tile(np.arange(width, dtype=np.float32), (height, 1))
    ramp_y = np.tile(np.arange(height, dtype=np.float32)[:, np.newaxis], (1, width))
    (left, top), (scaled_width, scaled_height) = placement.offset, placement.scaled_size
    columns = np.arange(scaled_width)[scaled_width // 4 : -scaled_width // 4]
    rows = np.arange(scaled_height)[scaled_height // 4 : -scaled_height // 4]
    row, column = int(rows[0]), int(columns[0])
    x = cv2.resize(ramp_x, placement.scaled_size)[row, columns]
    y = cv2.resize(ramp_y, placement.scaled_size)[rows, column]
    cells_x = placement.to_cells(np.stack([x, np.zeros_like(x)], axis=1))[:, 0]
    cells_y = placement.to_cells(np.stack([np.zeros_like(y), y], axis=1))[:, 1]
    np.testing.assert_allclose(8 * cells_x + 3.5, columns + left, atol=2e-3)
    np.testing.assert_allclose(8 * cells_y + 3.5, rows + top, atol=2e-3)
