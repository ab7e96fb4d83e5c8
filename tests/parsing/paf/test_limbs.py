"""Limbs: held to the twin on fields of every kind, then the facts one by one."""

from __future__ import annotations

from hypothesis import given
import numpy as np
import pytest

from openpose_ros.errors import MapsError
from openpose_ros.parsing import PafParams
from openpose_ros.parsing.paf._kernels import limbs as kernels
from openpose_ros.parsing.paf._kernels import matching
from openpose_ros.parsing.paf.limbs import Connections, find_limbs
from openpose_ros.parsing.paf.peaks import Peaks, find_peaks
from openpose_ros.parsing.paf.plan import min_counts, sample_positions
from openpose_ros.skeletons import load_skeleton
from tests.parsing.paf import strategies
from tests.parsing.paf.agreement import check_limbs, peaks_of
from tests.parsing.paf.strategies import KITE, Array, Scene

FIRST, STRICT = 0, 2  # limbs of the kite: a loose one, and one that is not
START = KITE.limbs[STRICT].start, KITE.limbs[STRICT].end


def row_of_cells(values: list[float], limb: int = STRICT) -> tuple[Peaks, Array]:
    """Return a limb along one row of cells, whose samples are these values, one a cell."""
    pafs = np.zeros((2 * KITE.num_limbs, 3, len(values)), np.float32)
    pafs[KITE.limbs[limb].paf_x, 1] = values
    peaks: list[list[tuple[float, float, float]]] = [[] for _ in range(KITE.num_keypoints)]
    peaks[KITE.limbs[limb].start] = [(0, 1, 0.9)]
    peaks[KITE.limbs[limb].end] = [(len(values) - 1, 1, 0.9)]
    return peaks_of(peaks), pafs


def score_of(values: list[float], limb: int = STRICT, **params: float) -> float:
    """Return the score of such a limb, 0 if it is none."""
    peaks, pafs = row_of_cells(values, limb)
    found = find_limbs(peaks, pafs, KITE, PafParams(paf_samples=len(values), **params))
    return float(found.scores.sum())


def connections_of(scene: Scene) -> Connections:
    peaks = find_peaks(scene.heatmaps[: KITE.num_keypoints], scene.params)
    return check_limbs(peaks, scene.pafs, KITE, scene.params)


@strategies.examples()
@given(strategies.scenes())
def test_limbs_agree_with_the_twin(scene):
    connections_of(scene)


@strategies.examples(15)
@given(strategies.crowds())
def test_limbs_of_a_crowd_agree_with_the_twin(scene):
    connections_of(scene)


@pytest.mark.parametrize('limb', range(KITE.num_limbs))
def test_sure_peaks_come_first_and_redundant_limbs_last(limb):
    peaks, pafs = row_of_cells([0.5] * 10, limb)
    peaks.rows[KITE.limbs[limb].start, 0, 2] = 0.2
    peaks.rows[KITE.limbs[limb].end, 0, 2] = 0.4

    def taken_by(**order: str) -> float:
        return float(find_limbs(peaks, pafs, KITE, PafParams(**order)).scores.sum())

    assert taken_by() == taken_by(limb_order='field') == taken_by(limb_order='auto')
    share = 0.5 if KITE.limbs[limb].redundant else 1
    assert taken_by() == pytest.approx(0.5)
    assert taken_by(limb_order='peaks') == pytest.approx(0.5 * share * 0.08 ** (1 / 3))


@strategies.examples()
@given(strategies.crowds() | strategies.scenes())
def test_all_ways_to_score_find_the_same(scene):
    peaks = find_peaks(scene.heatmaps[: KITE.num_keypoints], scene.params)
    for limb in range(KITE.num_limbs):
        one_by_one = scored(peaks, scene, limb)
        assert scored(peaks, scene, limb, marked=True) == one_by_one
        assert scored(peaks, scene, limb, marked=True, in_bulk=True) == one_by_one


def test_all_ways_to_score_find_limbs_in_the_faintest_field():
    params = PafParams(paf_threshold=0.0, peak_threshold=0.0, paf_max_gap=99)
    faint = strategies.noise(2 * KITE.num_limbs, (10, 12), 1) * np.float32(1e-30)
    scene = Scene(strategies.noise(KITE.num_keypoints, (10, 12), 0), faint, params)
    peaks = find_peaks(scene.heatmaps, params)
    one_by_one = scored(peaks, scene, STRICT)
    assert one_by_one
    assert scored(peaks, scene, STRICT, marked=True, in_bulk=True) == one_by_one


def scored(
    peaks: Peaks, scene: Scene, number: int, *, marked: bool = False, in_bulk: bool = False
) -> list[tuple[int, int, float]]:
    """Return what one way finds of one limb: start, end, score."""
    limb, params = KITE.limbs[number], scene.params
    counts = peaks.counts[limb.start], peaks.counts[limb.end]
    if not all(counts):
        return []
    fields = scene.pafs[limb.paf_x], scene.pafs[limb.paf_y]
    height, width = fields[0].shape
    places, threshold = sample_positions(params.paf_samples), params.paf_threshold
    may_miss = params.paf_samples - min_counts(KITE, params.paf_min_count)[number]
    tables = np.empty((4, max(counts))), np.empty((4, max(counts)))
    for k, count, table in zip((limb.start, limb.end), counts, tables):
        assert kernels.look_at_peaks(*fields, peaks.rows[k], count, table)
    ends = tables[0], counts[0], tables[1], counts[1]
    weak = np.zeros(height * width, np.uint8)
    if marked:
        strong = np.zeros(height * width + width + 1, np.uint8)
        at = peaks.rows[limb.start], counts[0], peaks.rows[limb.end], counts[1]
        kernels.mask_weak_cells(*fields, *at, threshold, strong, weak)
    room = counts[0] * counts[1] + 1
    pairs, scores = np.zeros(room, np.int64), np.zeros(room)
    cells, misses = np.zeros((2, counts[1]), np.int64)
    count = kernels.candidate_pairs(
        *(*ends, width, weak, places, threshold, may_miss, in_bulk, cells, misses, pairs)
    )
    penalty = 0.5 * height if params.length_penalty else 0.0
    count = kernels.score_pairs(
        *(*fields, weak, *tables, places, threshold, may_miss),
        *(params.paf_max_gap, penalty, count, pairs, scores),
    )
    return [
        (pair >> matching.END_BITS, pair & matching.END_MASK, score)
        for pair, score in zip(pairs[:count].tolist(), scores[:count])
    ]


@pytest.mark.parametrize('count', [*range(2, 14), 63, 64])
def test_samples_lie_evenly_from_end_to_end_the_ends_last(count):
    places = sample_positions(count)
    np.testing.assert_allclose(np.sort(places), np.linspace(0, 1, count))
    assert places[-2:].tolist() == [0, 1]


def test_arms_need_half_of_the_samples_but_one_at_least():
    coco = load_skeleton('coco_18')
    arms = {'elbow', 'wrist'}
    is_arm = [bool(arms & set(coco.keypoint_names[limb.end].split('_'))) for limb in coco.limbs]
    assert sum(is_arm) == 4
    for count, half in ((8, 4), (7, 3), (1, 1)):
        assert min_counts(coco, count) == [half if arm else count for arm in is_arm]


@pytest.mark.parametrize(
    ('values', 'score'),
    [
        ([1.0] * 10, 1.0),
        ([0.5] * 10, 0.5),
        ([0.5] * 9 + [0.04], 0.45),  # what does not count is 0
        ([1.0] * 8 + [0.0] * 2, 0.8),
        ([1.0] * 8 + [-9.0] * 2, 0.8),
        ([1.0] * 7 + [0.0] * 3, 0.0),  # fewer than paf_min_count
        ([-1.0] * 10, 0.0),  # the other way round
        ([0.04] * 10, 0.0),
        ([1.0] * 10 * 2, 1.0),  # as many samples as cells
    ],
)
def test_a_score_is_the_mean_of_the_samples_that_count(values, score):
    assert score_of(values) == pytest.approx(score)


def test_a_sample_counts_above_the_threshold_not_at_it():
    above = float(np.nextafter(np.float32(0.25), np.float32(1)))
    assert score_of([0.25] * 10, paf_threshold=0.25) == 0
    assert score_of([above] * 10, paf_threshold=0.25) == pytest.approx(0.25)


@pytest.mark.parametrize(
    ('counting', 'limb', 'is_limb'),
    [(8, STRICT, True), (7, STRICT, False), (4, FIRST, True), (3, FIRST, False)],
)
def test_arms_pass_with_half_of_the_samples(counting, limb, is_limb):
    assert (score_of([1.0] * counting + [0.0] * (10 - counting), limb) > 0) == is_limb


@pytest.mark.parametrize(
    ('hole', 'max_gap', 'is_limb'),
    [
        (3, 3.0, True),
        (4, 3.0, False),
        (4, 4.0, True),
        (1, 0.0, False),
        (0, 0.0, True),
    ],
)
def test_a_hole_longer_than_the_longest_gap_parts_a_limb(hole, max_gap, is_limb):
    for before in (1, 2, 9 - hole):
        values = [1.0] * before + [0.0] * hole + [1.0] * (10 - hole - before)
        found = score_of(values, paf_min_count=1, paf_max_gap=max_gap)
        assert found == pytest.approx((10 - hole) / 10 if is_limb else 0)


def test_a_limb_longer_than_its_samples_is_walked_cell_by_cell():
    values = np.zeros(40)
    values[::13] = 1  # under each of four samples
    peaks, pafs = row_of_cells(values.tolist())
    for max_gap, count in ((11.9, 0), (12.0, 1)):
        params = PafParams(paf_samples=4, paf_min_count=4, paf_max_gap=max_gap)
        assert len(find_limbs(peaks, pafs, KITE, params).ends) == count


def test_what_is_missing_at_the_ends_is_no_hole():
    values = [0.0] * 4 + [1.0] + [0.0] * 5
    assert score_of(values, paf_min_count=1, paf_max_gap=0) == pytest.approx(0.1)


def test_the_longest_hole_counts_with_as_many_samples_as_there_may_be():
    values = [1.0] + [0.0] * 62 + [1.0]
    assert score_of(values, paf_min_count=1, paf_max_gap=62) == pytest.approx(2 / 64)
    assert score_of(values, paf_min_count=1, paf_max_gap=61.9) == 0


@pytest.mark.parametrize(
    ('length', 'height', 'lowered'),
    [(10, 30, 0.0), (10, 20, 0.0), (16, 20, 1 - 10 / 16), (16, 4, 1 - 2 / 16)],
)
def test_length_penalty_lowers_limbs_longer_than_half_the_height(length, height, lowered):
    pafs = np.full((2 * KITE.num_limbs, height, 20), 0.5, np.float32)
    peaks = peaks_of([[], [(1, 1, 0.9)], [], [(1 + length, 1, 0.9)]])
    plain, penalised = (
        find_limbs(peaks, pafs, KITE, PafParams(length_penalty=on)).scores.sum()
        for on in (False, True)
    )
    assert plain == pytest.approx(0.5)
    assert penalised == pytest.approx(max(0.0, 0.5 - lowered))


def test_the_field_is_sampled_between_cells_and_projected_on_the_limb():
    pafs = np.zeros((2 * KITE.num_limbs, 6, 6), np.float32)
    limb = KITE.limbs[STRICT]
    pafs[limb.paf_x], pafs[limb.paf_y] = np.indices((6, 6))[::-1]  # x and y of the cell
    start, end = (0.25, 1.5), (3.25, 5.0)
    found = find_limbs(
        peaks_of([[], [(*start, 0.9)], [], [(*end, 0.9)]]), pafs, KITE, PafParams(paf_max_gap=9)
    )
    middle, step = np.add(start, end) / 2, np.subtract(end, start)
    assert found.scores[0] == pytest.approx(middle @ step / np.linalg.norm(step))


def test_peaks_at_one_point_are_never_joined():
    pafs = np.ones((2 * KITE.num_limbs, 5, 5), np.float32)
    peaks = peaks_of([[(2.5, 2, 0.9)]] * KITE.num_keypoints)
    assert len(find_limbs(peaks, pafs, KITE, PafParams(paf_threshold=0)).ends) == 0


@pytest.mark.parametrize('place', ['start', 'end'])
def test_a_limb_with_an_end_that_was_not_found_is_none(place):
    peaks, pafs = row_of_cells([1.0] * 10)
    peaks.counts[START[place == 'end']] = 0
    assert len(find_limbs(peaks, pafs, KITE, PafParams()).ends) == 0


def test_limbs_at_the_last_row_and_column_read_nothing_beyond():
    pafs = np.zeros((2 * KITE.num_limbs, 8, 8), np.float32)
    for channel in (KITE.limbs[STRICT].paf_x, KITE.limbs[STRICT].paf_y):
        pafs[channel, :, -1] = pafs[channel, -1] = 1
    for start, end in (((0, 7), (7, 7)), ((7, 0), (7, 7)), ((7, 7), (7, 7))):
        peaks = peaks_of([[], [(*start, 0.9)], [], [(*end, 0.9)]])
        found = find_limbs(peaks, pafs, KITE, PafParams())
        assert found.scores.tolist() == pytest.approx([1.0] if start != end else [])


def one_map_of(value: float, num_peaks: int) -> tuple[Peaks, Array]:
    """Return a few peaks of both ends of one limb, over fields of one value."""
    spots = [(3 * i % 17 + 0.5, i % 5 + 0.25, 0.9) for i in range(num_peaks)]
    ends = [(x + 1.5, y + 3.5, score) for x, y, score in spots]
    return peaks_of([[], spots, [], ends]), np.full((2 * KITE.num_limbs, 12, 20), value, 'f4')


@strategies.infinity_is_meant
@pytest.mark.parametrize('value', [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize('num_peaks', [1, 3, 9])  # 9: more pairs than are scored one by one
def test_fields_that_are_not_finite_are_found(value, num_peaks):
    peaks, pafs = one_map_of(value, num_peaks)
    with pytest.raises(MapsError, match='part affinity fields hold NaN or infinity'):
        find_limbs(peaks, pafs, KITE, PafParams())


@strategies.infinity_is_meant
@pytest.mark.parametrize('value', [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize('num_peaks', [1, 9])
@pytest.mark.parametrize('component', ['paf_x', 'paf_y'])
def test_one_cell_that_is_not_finite_under_a_limb_is_found(value, num_peaks, component):
    peaks, pafs = one_map_of(1.0, num_peaks)
    pafs[getattr(KITE.limbs[STRICT], component), 2, 1] = value
    with pytest.raises(MapsError):
        find_limbs(peaks, pafs, KITE, PafParams())


@strategies.infinity_is_meant
@pytest.mark.parametrize('place', [0, 4, 8])  # the ends are read first, then the middle
def test_an_infinite_sample_of_a_pair_that_is_no_limb_is_found(place):
    values = [1.0] + [0.0] * 7 + [1.0]
    values[place] = np.inf
    with pytest.raises(MapsError):
        score_of(values)


def test_fields_that_nothing_makes_the_parser_read_may_be_anything():
    peaks, pafs = row_of_cells([1.0] * 10)
    limb = KITE.limbs[STRICT]
    others = [c for c in range(len(pafs)) if c not in (limb.paf_x, limb.paf_y)]
    pafs[others] = np.nan
    assert len(find_limbs(peaks, pafs, KITE, PafParams()).ends) == 1


def test_connections_are_new_arrays():
    peaks, pafs = row_of_cells([1.0] * 10)
    first, second = (find_limbs(peaks, pafs, KITE, PafParams()) for _ in range(2))
    assert not np.shares_memory(first.ends, second.ends)
    assert not np.shares_memory(first.scores, second.scores)
