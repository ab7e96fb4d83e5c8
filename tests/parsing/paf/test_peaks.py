"""Peaks: held to the twin on maps of every kind, then the facts one by one."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
import numpy as np
import pytest

from openpose_ros.errors import MapsError
from openpose_ros.parsing import PafParams
from openpose_ros.parsing.paf.peaks import find_peaks
from tests.parsing.paf import strategies
from tests.parsing.paf.agreement import check_peaks
from tests.parsing.paf.strategies import Array

DEFAULTS = PafParams()


def peaks_in(heatmap: Array, **values: float) -> list[tuple[float, float]]:
    """Return x and y of the peaks of one map."""
    found = find_peaks(np.asarray(heatmap, np.float32)[np.newaxis], PafParams(**values))
    return [(x, y) for x, y, _ in found.rows[0, : found.counts[0]].tolist()]


def gaussian(shape: tuple[int, int], x: float, y: float, spread: float = 1.25) -> Array:
    rows, columns = np.indices(shape)
    return np.exp(-((columns - x) ** 2 + (rows - y) ** 2) / spread**2)


@strategies.examples()
@given(st.data(), strategies.shapes, strategies.params())
def test_peaks_agree_with_the_twin(data, shape, params):
    count = data.draw(st.integers(1, 3))
    check_peaks(data.draw(strategies.heatmaps(count, shape)), params)


@pytest.mark.parametrize('value', [0.0, 0.05, 0.06, 1.0, -1.0])
@pytest.mark.parametrize('shape', [(1, 1), (1, 7), (7, 1), (2, 2), (6, 9)])
def test_a_constant_map_has_one_peak_in_its_middle_or_none(shape, value):
    found = peaks_in(np.full(shape, value))
    middle = ((shape[1] - 1) / 2, (shape[0] - 1) / 2)
    assert found == ([middle] if value > DEFAULTS.peak_threshold else [])


def test_a_peak_is_above_the_threshold_not_at_it():
    heatmap = np.zeros((3, 9), np.float32)
    heatmap[1, 1], heatmap[1, 7] = 0.25, np.nextafter(np.float32(0.25), np.float32(1))
    assert peaks_in(heatmap, peak_threshold=0.25) == [(7, 1)]


@pytest.mark.parametrize(
    ('apart', 'window', 'count'),
    [
        (2, 5, 1),  # inside of the window: the greater one only
        (3, 5, 2),  # just outside
        (2, 3, 2),
        (3, 7, 1),
        (15, 31, 1),
        (16, 31, 2),
    ],
)
@pytest.mark.parametrize('step', [(0, 1), (1, 0), (1, 1), (1, -1)])
def test_the_window_is_a_square_of_that_side(apart, window, count, step):
    heatmap = np.zeros((40, 40))
    heatmap[20, 20] = 0.5
    heatmap[20 + apart * step[0], 20 + apart * step[1]] = 0.6
    assert len(peaks_in(heatmap, nms_window=window)) == count


@pytest.mark.parametrize('window', [3, 5, 7])
def test_peaks_at_borders_and_in_corners_are_peaks(window):
    heatmap = np.zeros((17, 17))
    places = [(y, x) for y in (0, 8, 16) for x in (0, 8, 16)]
    for place in places:
        heatmap[place] = 0.5
    assert peaks_in(heatmap, nms_window=window) == [(x, y) for y, x in places]


def test_of_equal_cells_in_a_window_the_first_row_by_row_counts():
    heatmap = np.zeros((5, 5))
    heatmap[1, 3] = heatmap[3, 1] = 0.5
    assert peaks_in(heatmap) == [(3, 1)]
    assert peaks_in(heatmap, nms_window=3) == [(3, 1), (1, 3)]


@pytest.mark.parametrize(
    ('cells', 'peak'),
    [
        ([(3, 3), (3, 4)], (3.5, 3)),
        ([(3, 3), (4, 4)], (3.5, 3.5)),  # corners touch
        ([(3, 4), (4, 3)], (3.5, 3.5)),
        ([(3, 3), (3, 4), (4, 3), (4, 4)], (3.5, 3.5)),
        ([(3, x) for x in range(8)], (3.5, 3)),  # longer than the window
        ([(y, 7) for y in range(8)], (7, 3.5)),  # along the border
    ],
)
def test_a_plateau_is_one_peak_at_its_middle(cells, peak):
    heatmap = np.zeros((8, 8))
    heatmap[tuple(zip(*cells))] = 0.5
    assert peaks_in(heatmap) == [peak]


def test_a_plateau_whose_first_cell_is_exceeded_is_no_peak():
    heatmap = np.zeros((3, 12))
    heatmap[1, 2:10] = 0.5
    heatmap[1, 0] = 0.6
    assert peaks_in(heatmap) == [(0, 1)]


def test_two_plateaus_of_one_height_apart_are_two_peaks():
    heatmap = np.zeros((3, 12))
    heatmap[1, 1:3] = heatmap[1, 8:11] = 0.5
    assert peaks_in(heatmap) == [(1.5, 1), (9, 1)]


@pytest.mark.parametrize('spread', [0.9, 1.25, 2.0])
def test_the_middle_of_a_gaussian_is_found_to_a_hundredth_of_a_cell(spread):
    random = np.random.default_rng(0)
    for x, y in random.uniform(3, 8, (50, 2)):
        (found,) = peaks_in(gaussian((12, 12), x, y, spread))
        assert found == pytest.approx((x, y), abs=0.01)


def test_a_peak_is_refined_by_less_than_a_cell_and_not_across_the_border():
    heatmap = gaussian((9, 9), -0.4, 4.3)
    (found,) = peaks_in(heatmap)
    assert found[0] == 0
    assert found[1] == pytest.approx(4.3, abs=1e-3)


def test_scores_are_the_heatmaps_values_and_at_most_one():
    heatmaps = np.zeros((2, 5, 5), np.float32)
    heatmaps[0, 2, 2], heatmaps[1, 2, 2] = 0.625, 1.25
    found = find_peaks(heatmaps, DEFAULTS)
    assert found.rows[:, 0, 2].tolist() == [0.625, 1.0]


@pytest.mark.parametrize('room', [1, 3, 8, 9, 10])
def test_without_room_the_strongest_stay_in_order_and_the_rest_is_counted(room):
    scores = np.array([[5, 2, 9], [1, 7, 3], [8, 4, 6]]) / 10
    heatmaps = np.zeros((2, 9, 9), np.float32)
    heatmaps[:, 1::3, 1::3] = scores
    heatmaps[1] *= 0.5
    found = find_peaks(heatmaps, PafParams(max_peaks=room, peak_threshold=0))
    kept = sorted(np.argsort(-scores.ravel())[:room])
    assert found.counts.tolist() == [len(kept)] * 2
    assert found.overflow == 2 * (9 - len(kept))
    for k, factor in enumerate([1, 0.5]):
        np.testing.assert_allclose(found.rows[k, : len(kept), 2], scores.ravel()[kept] * factor)


def test_without_room_of_equal_peaks_the_first_stay():
    heatmap = np.zeros((9, 9), np.float32)
    heatmap[1::3, 1::3] = 0.5
    assert peaks_in(heatmap, max_peaks=4) == [(1, 1), (4, 1), (7, 1), (1, 4)]


def test_without_room_the_strongest_above_one_stays():
    heatmap = np.zeros((3, 9), np.float32)
    heatmap[1, 1], heatmap[1, 7] = 1.1, 1.3
    assert peaks_in(heatmap, max_peaks=1) == [(7, 1)]


@strategies.infinity_is_meant
@pytest.mark.parametrize('value', [np.nan, np.inf, -np.inf])
def test_a_value_that_is_not_finite_is_found_wherever_it_is(value):
    heatmaps = strategies.noise(2, (4, 9), 0)
    for place in np.ndindex(heatmaps.shape):
        broken = heatmaps.copy()
        broken[place] = value
        with pytest.raises(MapsError, match='heatmaps hold NaN or infinity'):
            find_peaks(broken, DEFAULTS)


@strategies.infinity_is_meant
def test_a_nan_of_either_sign_and_any_payload_is_found():
    for bits in (0x7FC00000, 0xFFC00000, 0x7F800001, 0xFFFFFFFF):
        heatmap = np.zeros((1, 3, 3), np.float32)
        heatmap.view(np.uint32)[0, 1, 1] = bits
        with pytest.raises(MapsError):
            find_peaks(heatmap, DEFAULTS)


def test_extreme_but_finite_values_are_values():
    largest, smallest = np.finfo(np.float32).max, np.nextafter(np.float32(0), np.float32(1))
    heatmap = np.zeros((3, 12), np.float32)
    heatmap[1, 1], heatmap[1, 6], heatmap[1, 10] = largest, smallest, -largest
    assert peaks_in(heatmap, peak_threshold=0) == [(1, 1), (6, 1)]
    assert peaks_in(np.float32([[-0.0]]), peak_threshold=0) == []
