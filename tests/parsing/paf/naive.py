"""
The parser once more, in plain Python: written from the public docstrings, sharing nothing.

What the kernels return must agree with what these return. Where two answers are equally right
but for rounding, `margin` tells: how far the closest decision was from falling the other way.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
import math
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.ndimage import map_coordinates
from scipy.optimize import linear_sum_assignment

from openpose_ros.parsing import PafParams
from openpose_ros.skeletons import Skeleton

Array = npt.NDArray[Any]
Cell = tuple[int, int]  # row, column
Peak = tuple[float, float, float]  # x, y, score


def find_peaks(heatmaps: Array, params: PafParams) -> tuple[list[list[Peak]], int]:
    """Return each map's peaks, and how many found no room."""
    kept, overflow = [], 0
    for heatmap in heatmaps:
        peaks = list(peaks_of(heatmap, params))
        falling = sorted(range(len(peaks)), key=lambda index: -peaks[index][2])
        kept.append([cut(peaks[index]) for index in sorted(falling[: params.max_peaks])])
        overflow += max(0, len(peaks) - params.max_peaks)
    return kept, overflow


def cut(peak: Peak) -> Peak:
    return peak[0], peak[1], min(1.0, peak[2])


def peaks_of(heatmap: Array, params: PafParams) -> Iterator[Peak]:
    """Yield the peaks of one map, row by row, with what the map has there."""
    for plateau in plateaus(heatmap, np.float32(params.peak_threshold)):
        if wins(heatmap, plateau[0], params.nms_window):
            places = np.mean([refined(heatmap, cell) for cell in plateau], axis=0)
            yield places[0], places[1], float(heatmap[plateau[0]])


def plateaus(heatmap: Array, threshold: np.float32) -> Iterator[list[Cell]]:
    """Yield the groups of equal, touching cells above the threshold, first cells in front."""
    unseen = [(row, column) for row, column in np.argwhere(heatmap > threshold).tolist()]
    while unseen:
        plateau, rest = [unseen[0]], unseen[1:]
        for row, column in plateau:  # grows meanwhile
            touching = [
                cell
                for cell in rest
                if max(abs(cell[0] - row), abs(cell[1] - column)) == 1
                and heatmap[cell] == heatmap[row, column]
            ]
            plateau += touching
            rest = [cell for cell in rest if cell not in touching]
        yield plateau
        unseen = rest


def wins(heatmap: Array, cell: Cell, window: int) -> bool:
    """Say whether a cell is the greatest of its window, of equals the first."""
    rows, columns = np.indices(heatmap.shape)
    beside = np.maximum(abs(rows - cell[0]), abs(columns - cell[1])) <= window // 2
    greatest = np.argwhere(beside & (heatmap == heatmap[beside].max()))[0]
    return bool((greatest == cell).all())


def refined(heatmap: Array, cell: Cell) -> tuple[float, float]:
    """Return x and y, each moved to the vertex of a parabola through three logarithms."""
    row, column = cell
    return column + vertex(heatmap[row], column), row + vertex(heatmap[:, column], row)


def vertex(line: Array, index: int) -> float:
    if index in (0, len(line) - 1):
        return 0.0
    here = [math.log(max(float(value), 1e-3)) for value in line[index - 1 : index + 2]]
    bend = here[0] - 2 * here[1] + here[2]
    return float(np.clip((here[0] - here[2]) / (2 * bend), -0.5, 0.5)) if bend < 0 else 0.0


@dataclass
class Limbs:
    """What find_limbs found: rows of limb, start, end, score."""

    rows: list[tuple[int, int, int, float]] = field(default_factory=list)
    margin: float = math.inf


def find_limbs(
    peaks: Sequence[Sequence[Peak]], pafs: Array, skeleton: Skeleton, params: PafParams
) -> Limbs:
    """Return the connections, limb by limb, starts in order."""
    found = Limbs()
    for number, limb in enumerate(skeleton.limbs):
        enough = max(1, params.paf_min_count // 2) if limb.loose else params.paf_min_count
        scores = np.zeros((len(peaks[limb.start]), len(peaks[limb.end])))
        for pair in np.ndindex(scores.shape):
            start, end = peaks[limb.start][pair[0]][:2], peaks[limb.end][pair[1]][:2]
            paf = pafs[[limb.paf_x, limb.paf_y]]
            scores[pair], margin = score_limb(start, end, paf, enough, params)
            found.margin = min(found.margin, margin)
        if params.limb_order == 'peaks':
            sure = np.outer(*([peak[2] for peak in peaks[k]] for k in (limb.start, limb.end)))
            scores *= sure ** (1 / 3) * (0.5 if limb.redundant else 1)
        found.margin = min([found.margin, *np.diff(np.sort(scores[scores > 0]))])
        match = match_greedy if params.matching == 'greedy' else match_optimal
        found.rows += [(number, i, j, scores[i, j]) for i, j in sorted(match(scores))]
    return found


def score_limb(
    start: Sequence[float], end: Sequence[float], paf: Array, enough: int, params: PafParams
) -> tuple[float, float]:
    """Return the score of one pair, 0 for no limb, and the margin."""
    length = math.dist(start, end)
    if length == 0:
        return 0.0, math.inf
    threshold = params.paf_threshold
    samples = along(start, end, paf, params.paf_samples)
    steps = max(params.paf_samples - 1, math.ceil(length))
    walk = along(start, end, paf, steps + 1)
    hole = longest_hole(walk > threshold) * length / steps
    margins = [*abs(samples - threshold), *abs(walk - threshold), abs(hole - params.paf_max_gap)]
    counts = samples > threshold
    if counts.sum() < enough or hole > params.paf_max_gap:
        return 0.0, min(margins)
    score = samples[counts].sum() / params.paf_samples
    if params.length_penalty:
        score -= max(0.0, 1 - 0.5 * paf.shape[1] / length)
        margins.append(abs(score))
    return max(score, 0.0), min(margins)


def along(start: Sequence[float], end: Sequence[float], paf: Array, count: int) -> Array:
    """Return the field (2, h, w) projected on a limb, at so many points from end to end."""
    step = np.subtract(end, start)
    points = np.add(start, np.linspace(0, 1, count)[:, np.newaxis] * step)
    x_part, y_part = (
        map_coordinates(channel.astype(float), points.T[::-1], order=1, mode='nearest')
        for channel in paf
    )
    return np.asarray((x_part * step[0] + y_part * step[1]) / math.hypot(*step))


def longest_hole(counts: Array) -> int:
    """Return how many in a row do not count at most, between two that do."""
    return max(np.diff(np.flatnonzero(counts)), default=1) - 1


def match_greedy(scores: Array) -> list[tuple[int, int]]:
    """Take the greatest score, of equals the first, strike its row and column, and again."""
    rest, pairs = scores.copy(), []
    while rest.size and rest.max() > 0:
        start, end = divmod(int(rest.argmax()), rest.shape[1])
        pairs.append((start, end))
        rest[start], rest[:, end] = 0, 0
    return pairs


def match_optimal(scores: Array) -> list[tuple[int, int]]:
    """Take the pairs whose total is the greatest that there is."""
    pairs = zip(*(places.tolist() for places in linear_sum_assignment(scores, maximize=True)))
    return [pair for pair in pairs if scores[pair] > 0]


def assemble(
    rows: Sequence[tuple[int, int, int, float]], skeleton: Skeleton
) -> list[dict[int, int]]:
    """Return each person's peaks by keypoint, people in the order of their strongest limb."""
    people: list[set[tuple[int, int]]] = []
    for number, start_peak, end_peak, _ in sorted(rows, key=lambda row: -row[3]):
        limb = skeleton.limbs[number]
        ends = {(limb.start, start_peak), (limb.end, end_peak)}
        touched = [person for person in people if person & ends]
        together = ends.union(*touched)
        if len({keypoint for keypoint, _ in together}) < len(together):
            continue  # two peaks of one keypoint
        place = people.index(touched[0]) if touched else len(people)
        people = [person for person in people if person not in touched]
        people.insert(place, together)
    return [dict(person) for person in people]


def select(
    people: Sequence[dict[int, int]],
    peaks: Sequence[Sequence[Peak]],
    num_keypoints: int,
    params: PafParams,
) -> tuple[Array, Array]:
    """Return keypoints (N, K, 3) and scores (N,) of those who count, best first."""
    chosen = []
    for person in people:
        keypoints = np.tile([math.nan, math.nan, 0.0], (num_keypoints, 1))
        for keypoint, peak in person.items():
            keypoints[keypoint] = peaks[keypoint][peak]
        score = sum(keypoints[:, 2].tolist()) / num_keypoints
        if len(person) >= params.min_parts and score >= params.min_score:
            chosen.append((score, keypoints))
    chosen.sort(key=lambda item: -item[0])
    if params.max_people:
        chosen = chosen[: params.max_people]
    return (
        np.array([keypoints for _, keypoints in chosen]).reshape(-1, num_keypoints, 3),
        np.array([score for score, _ in chosen]),
    )


def single_person(heatmaps: Array, params: PafParams) -> tuple[Array, Array]:
    """Return the greatest peak of each map as one person, or nobody."""
    best: dict[int, int] = {}
    peaks: list[list[Peak]] = []
    for keypoint, heatmap in enumerate(heatmaps):
        greatest = max(peaks_of(heatmap, params), key=lambda peak: peak[2], default=None)
        peaks.append([cut(greatest)] if greatest else [])
        if greatest:
            best[keypoint] = 0
    return select([best], peaks, len(heatmaps), params)
