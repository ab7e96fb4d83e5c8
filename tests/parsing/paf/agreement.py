"""Each stage of the parser held to its twin: integers exact, floats to 1e-5."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from openpose_ros.parsing import PafParams, parse_pafs
from openpose_ros.parsing.paf import assembly, limbs, peaks
from openpose_ros.parsing.paf.limbs import Connections
from openpose_ros.parsing.paf.peaks import Peaks
from openpose_ros.people import People
from openpose_ros.skeletons import Skeleton
from tests.parsing.paf import naive
from tests.parsing.paf.strategies import Scene

Array = npt.NDArray[Any]
ROUNDING = 1e-9  # decisions closer than this may fall either way


def assert_close(found: Array, expected: Any) -> None:
    expected = np.asarray(expected, np.float64).reshape(found.shape)
    np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-5)


def rows_of(found: Peaks) -> list[list[naive.Peak]]:
    """Return the peaks as the twins take them."""
    return [
        [(x, y, score) for x, y, score in rows[:count].tolist()]
        for rows, count in zip(found.rows, found.counts)
    ]


def peaks_of(rows: Sequence[Sequence[naive.Peak]]) -> Peaks:
    """Return peaks as the kernels take them."""
    counts = np.array([len(some) for some in rows], np.int64)
    table = np.zeros((len(rows), max(1, counts.max(initial=0)), 3), np.float32)
    for k, some in enumerate(rows):
        table[k, : len(some)] = np.reshape(some, (-1, 3))
    return Peaks(table, counts, 0)


def check_peaks(heatmaps: Array, params: PafParams) -> Peaks:
    """Compare find_peaks with its twin and return what it found."""
    found = peaks.find_peaks(heatmaps, params)
    expected, overflow = naive.find_peaks(heatmaps, params)
    assert found.counts.tolist() == [len(some) for some in expected]
    assert found.overflow == overflow
    for rows, count, some in zip(found.rows, found.counts, expected):
        assert_close(rows[:count], some)
    return found


def check_limbs(
    candidates: Peaks, pafs: Array, skeleton: Skeleton, params: PafParams
) -> Connections:
    """Compare find_limbs with its twin, unless rounding decides, and return what it found."""
    found = limbs.find_limbs(candidates, pafs, skeleton, params)
    expected = naive.find_limbs(rows_of(candidates), pafs, skeleton, params)
    if expected.margin > ROUNDING:
        assert (np.diff(found.ends[:, 0]) >= 0).all(), 'limbs out of order'
        order = np.lexsort(found.ends.T[::-1])
        assert found.ends[order].tolist() == [list(row[:3]) for row in expected.rows]
        assert_close(found.scores[order], [row[3] for row in expected.rows])
    return found


def margin_of(scene: Scene) -> float:
    """Return how far the closest decision about a limb was from falling the other way."""
    skeleton = scene.skeleton
    candidates = peaks.find_peaks(scene.heatmaps[: skeleton.num_keypoints], scene.params)
    return naive.find_limbs(rows_of(candidates), scene.pafs, skeleton, scene.params).margin


def check_assembly(
    candidates: Peaks, found: Connections, skeleton: Skeleton, params: PafParams
) -> People:
    """Compare assemble_people with its twins and return the people."""
    people = assembly.assemble_people(candidates, found, skeleton, params)
    rows = [(*ends, score) for ends, score in zip(found.ends.tolist(), found.scores.tolist())]
    expected = naive.select(
        naive.assemble(rows, skeleton), rows_of(candidates), skeleton.num_keypoints, params
    )
    check_people(people, expected)
    return people


def check_people(people: People, expected: tuple[Array, Array]) -> None:
    keypoints, scores = expected
    assert len(people) == len(people.scores) == len(keypoints)
    assert_close(people.keypoints, keypoints)
    assert_close(people.scores, scores)


def check_scene(scene: Scene) -> People:
    """Compare all stages, and that parse_pafs is one after the other."""
    skeleton = scene.skeleton
    candidates = check_peaks(scene.heatmaps[: skeleton.num_keypoints], scene.params)
    found = check_limbs(candidates, scene.pafs, skeleton, scene.params)
    expected = check_assembly(candidates, found, skeleton, scene.params)
    people = parse_pafs(scene.heatmaps, scene.pafs, skeleton, scene.params)
    np.testing.assert_array_equal(people.keypoints, expected.keypoints)
    np.testing.assert_array_equal(people.scores, expected.scores)
    assert people.overflow == candidates.overflow
    return people
