"""Explanations: what is accepted is what the parser does, and every reason is the twin's."""

from __future__ import annotations

from collections import Counter
import math
from typing import Any

from hypothesis import assume, given
import numpy as np
import numpy.typing as npt
import pytest

from openpose_ros.engine.synthetic import render_maps, scatter_people
from openpose_ros.errors import MapsError, ParameterError
from openpose_ros.parsing import Explanation, PafParams, explain, parse_pafs
from openpose_ros.skeletons import load_skeleton
from tests.parsing.paf import naive
from tests.parsing.paf.strategies import JIT, KITE, Scene, examples, scenes

Array = npt.NDArray[Any]
COCO = load_skeleton('coco_18')
FEW, GAP = 'too_few_samples', 'gap'


def people_of(explanation: Explanation, skeleton: Any) -> list[Array]:
    """Return the keypoints (K, 3) of the people whom the accepted limbs make."""
    people: list[set[tuple[int, int]]] = []
    for limb in explanation.limbs:
        if limb.reason != 'accepted':
            continue
        kind = skeleton.limbs[limb.limb]
        ends = {(kind.start, limb.start), (kind.end, limb.end)}
        touched = [person for person in people if person & ends]
        people = [person for person in people if person not in touched]
        people.append(ends.union(*touched))
    found = []
    for person in people:
        rows = np.full((skeleton.num_keypoints, 3), [math.nan, math.nan, 0])
        for keypoint, peak in person:
            rows[keypoint] = explanation.peaks[keypoint][peak]
        found.append(rows)
    return found


def in_order(people: Any) -> Array:
    rows = [np.nan_to_num(np.asarray(person, float), nan=-1).ravel().tolist() for person in people]
    return np.array(sorted(rows))


@given(scenes())
@examples()
def test_accepted_limbs_are_those_of_the_people_who_are_found(scene: Scene) -> None:
    found = parse_pafs(scene.heatmaps, scene.pafs, scene.skeleton, scene.params)
    explanation = explain(scene.heatmaps, scene.pafs, scene.skeleton, scene.params)
    people = people_of(explanation, scene.skeleton)
    assert len(people) == len(found)
    np.testing.assert_array_equal(
        in_order(people), in_order(found.keypoints).reshape(in_order(people).shape)
    )


@given(scenes())
@examples()
def test_reasons_are_those_of_the_twin(scene: Scene) -> None:
    explanation = explain(scene.heatmaps, scene.pafs, scene.skeleton, scene.params)
    params = scene.params
    peaks = [[tuple(map(float, peak)) for peak in rows] for rows in explanation.peaks]
    limbs = naive.find_limbs(peaks, scene.pafs, scene.skeleton, params)
    assume(limbs.margin > 1e-4)  # nothing hangs on the last digit
    joined = {row[:3] for row in limbs.rows}
    for limb in explanation.limbs:
        kind = scene.skeleton.limbs[limb.limb]
        start, end = peaks[kind.start][limb.start][:2], peaks[kind.end][limb.end][:2]
        enough = max(1, params.paf_min_count // 2) if kind.loose else params.paf_min_count
        paf = scene.pafs[[kind.paf_x, kind.paf_y]]
        score, _ = naive.score_limb(start, end, paf, enough, params)
        assert (limb.reason in (FEW, GAP)) == (score <= 0), limb
        if limb.reason == FEW and math.dist(start, end):
            samples = naive.along(start, end, paf, params.paf_samples) > params.paf_threshold
            assert samples.sum() < enough or limb.score <= 0
        if score > 0:
            assert limb.score == pytest.approx(score, abs=1e-4)
            assert (limb.reason == 'taken') == (limb[:3] not in joined)


@pytest.mark.skipif(not JIT, reason='minutes without the compiler')
def test_a_crowd_has_every_reason() -> None:
    people = scatter_people(6, COCO, (46, 82), seed=2)
    heatmaps, pafs = render_maps(people, COCO, (46, 82), noise=0.1, seed=1)
    found = explain(heatmaps, pafs, COCO)
    counts = Counter(limb.reason for limb in found.limbs)
    assert counts['accepted'] > 80
    assert counts[FEW] > counts['accepted']  # most pairs are of two people
    strict = explain(heatmaps, pafs, COCO, PafParams(max_people=2))
    dropped = Counter(limb.reason for limb in strict.limbs)
    assert (
        dropped['accepted'] + dropped['person_dropped']
        == counts['accepted'] + (counts['person_dropped'])
    )
    assert dropped['accepted'] < counts['accepted']
    loose = PafParams(paf_min_count=1, paf_threshold=0.0, paf_max_gap=0.5)
    assert Counter(limb.reason for limb in explain(heatmaps, pafs, COCO, loose).limbs)[GAP]


def test_a_limb_that_would_give_a_person_two_tops_contradicts() -> None:
    """Top, left and bottom are one person, another top and right one more; a weak limb joins."""
    places = {0: [(2, 2), (2, 10)], 1: [(8, 2)], 2: [(8, 10)], 3: [(14, 2)]}
    heatmaps = np.zeros((4, 17, 13), np.float32)
    for keypoint, cells in places.items():
        for row, column in cells:
            heatmaps[keypoint, row, column] = 1
    pafs = np.zeros((2 * KITE.num_limbs, 17, 13), np.float32)
    pafs[2, 2:9, 2] = 1  # top to left, down
    pafs[7, 2:9, 10] = 1  # the other top to right, down
    pafs[1, 8:15, 2] = 1  # left to bottom, down
    pafs[3], pafs[6] = 0.4, -0.3  # bottom to right, everywhere
    found = explain(heatmaps, pafs, KITE, PafParams(min_parts=1, min_score=0.0))
    fates = {limb[:3]: limb.reason for limb in found.limbs if limb.reason != FEW}
    assert fates == {
        (0, 0, 0): 'accepted',
        (1, 1, 0): 'accepted',
        (2, 0, 0): 'accepted',
        (3, 0, 0): 'contradicts',
    }


def test_a_single_person_has_peaks_and_no_limbs() -> None:
    people = scatter_people(2, COCO, (46, 82), seed=2)
    heatmaps, pafs = render_maps(people, COCO, (46, 82))
    found = explain(heatmaps, pafs, COCO, PafParams(single_person=True))
    assert not found.limbs
    assert [len(rows) for rows in found.peaks] == [1] * 18


def test_what_cannot_be_parsed_cannot_be_explained() -> None:
    heatmaps, pafs = render_maps(scatter_people(1, COCO, (46, 82)), COCO, (46, 82))
    with pytest.raises(MapsError, match='heatmaps have shape'):
        explain(heatmaps[:3], pafs, COCO)
    with pytest.raises(ParameterError, match='min_parts is 19'):
        explain(heatmaps, pafs, COCO, PafParams(min_parts=19))
    heatmaps[3, 4, 5] = np.nan
    with pytest.raises(MapsError, match='NaN'):
        explain(heatmaps, pafs, COCO)
