"""
Why the parser joined what it joined, and refused the rest.

For who tunes thresholds: every pair of peaks that a limb could join, with the reason. What is
accepted is what `parse_pafs` does, found by the same kernels; the reasons of what is refused are
worked out in NumPy, in milliseconds where the parser takes a fraction of one. The stages on their
own are compiled when first asked for, which takes seconds, once.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from openpose_ros.parsing.paf.assembly import people_of_parts
from openpose_ros.parsing.paf.limbs import Connections, find_limbs
from openpose_ros.parsing.paf.params import PafParams
from openpose_ros.parsing.paf.parse import parse_pafs
from openpose_ros.parsing.paf.peaks import Peaks, find_peaks
from openpose_ros.skeletons import Skeleton, load_skeleton

FloatArray = npt.NDArray[np.float64]
REASONS = ('accepted', 'too_few_samples', 'gap', 'taken', 'contradicts', 'person_dropped')


class ExplainedLimb(NamedTuple):
    """
    A pair of peaks that a limb could join.

    Attributes
    ----------
    limb : int
        Number of the limb in `Skeleton.limbs`.
    start, end : int
        Numbers of the peaks, of the keypoints that the limb starts from and ends at.
    score : float
        The sum of the samples that count, divided by `paf_samples`, less the penalty of
        `length_penalty`; above 0 for a limb that could be one.
    reason : str
        'accepted': it is a limb of a person who was found. 'too_few_samples': too few of the
        samples of the field count, or nothing of the score is left. 'gap': a hole of more than
        `paf_max_gap` cells parts those that do. 'taken': one of its ends belongs to a better
        limb, by the `limb_order`. 'contradicts': it would give a person two of one keypoint.
        'person_dropped': the person it belongs to has fewer than `min_parts` keypoints, a score
        below `min_score`, or is one more than `max_people`.

    """

    limb: int
    start: int
    end: int
    score: float
    reason: str


@dataclass(frozen=True, eq=False)
class Explanation:
    """
    What the parser saw, and made of it.

    Attributes
    ----------
    peaks : tuple of float32 (P, 3), length K
        x, y in map cells and score of each keypoint's peaks.
    limbs : tuple of ExplainedLimb
        Limb by limb in the skeleton's order, then by their peaks.

    """

    peaks: tuple[npt.NDArray[np.float32], ...]
    limbs: tuple[ExplainedLimb, ...]


def explain(
    heatmaps: npt.NDArray[np.float32],
    pafs: npt.NDArray[np.float32],
    skeleton: Skeleton | None = None,
    params: PafParams | None = None,
) -> Explanation:
    """
    Say of every pair of peaks why it is a limb, or none.

    Parameters
    ----------
    heatmaps, pafs, skeleton, params
        As `parse_pafs` takes them.

    Returns
    -------
    Explanation
        New arrays. With `single_person` there are peaks, and no limbs.

    Raises
    ------
    MapsError, ParameterError, SkeletonError
        As `parse_pafs` does.

    """
    skeleton = load_skeleton('coco_18') if skeleton is None else skeleton
    params = params or PafParams()
    parse_pafs(heatmaps, pafs, skeleton, params)  # which refuses what cannot be parsed
    pafs = np.require(pafs, requirements=['C', 'A'])
    if params.single_person:
        params = replace(params, max_peaks=1)
    peaks = find_peaks(np.ascontiguousarray(heatmaps[: skeleton.num_keypoints]), params)
    found = tuple(rows[:count].copy() for rows, count in zip(peaks.rows, peaks.counts.tolist()))
    if params.single_person:
        return Explanation(found, ())
    connections = find_limbs(peaks, pafs, skeleton, params)
    chosen = dict(
        zip(map(tuple, connections.ends.tolist()), _fates(peaks, connections, skeleton, params))
    )
    limbs: list[ExplainedLimb] = []
    for number, limb in enumerate(skeleton.limbs):
        enough = max(1, params.paf_min_count // 2) if limb.loose else params.paf_min_count
        starts, ends = found[limb.start], found[limb.end]
        if not len(starts) or not len(ends):
            continue
        start, end = (axis.ravel() for axis in np.indices((len(starts), len(ends))))
        field = pafs[[limb.paf_x, limb.paf_y]].astype(np.float64)
        counts, scores, holes = _measure(starts[start, :2], ends[end, :2], field, params)
        for index, (score, count, hole) in enumerate(zip(scores, counts, holes)):
            pair = number, int(start[index]), int(end[index])
            reason = chosen.get(pair)
            if reason is None:
                few = count < enough or score <= 0
                reason = 'too_few_samples' if few else 'gap' if hole else 'taken'
            limbs.append(ExplainedLimb(*pair, float(score), reason))
    return Explanation(found, tuple(limbs))


def _measure(
    starts: npt.NDArray[np.float32],
    ends: npt.NDArray[np.float32],
    field: FloatArray,
    params: PafParams,
) -> tuple[npt.NDArray[np.int64], FloatArray, npt.NDArray[np.bool_]]:
    """Return of pairs (P, 2) how many samples count, the score, and whether a hole parts it."""
    vectors = ends.astype(np.float64) - starts
    lengths = np.hypot(*vectors.T)
    samples = _along(starts, vectors, lengths, field, params.paf_samples)
    above = samples > params.paf_threshold
    scores = np.where(above, samples, 0).sum(axis=1) / params.paf_samples
    if params.length_penalty:
        scores -= np.maximum(0, 1 - 0.5 * field.shape[1] / np.maximum(lengths, 1e-9))
    parted = np.zeros(len(lengths), bool)
    steps = np.maximum(params.paf_samples - 1, np.ceil(lengths)).astype(int)
    for count in np.unique(steps):
        some = np.flatnonzero(steps == count)
        walk = _along(starts[some], vectors[some], lengths[some], field, count + 1)
        holes = _longest_holes(walk > params.paf_threshold)
        parted[some] = holes * lengths[some] / count > params.paf_max_gap
    return above.sum(axis=1), scores, parted


def _along(
    starts: npt.NDArray[np.float32],
    vectors: FloatArray,
    lengths: FloatArray,
    field: FloatArray,
    count: int,
) -> FloatArray:
    """Return (P, count): the field projected on each pair, from end to end; 0 for no length."""
    share = np.linspace(0, 1, count)[:, np.newaxis]
    points = starts[:, np.newaxis] + share * vectors[:, np.newaxis]
    height, width = field.shape[1:]
    x, y = points[..., 0].clip(0, width - 1), points[..., 1].clip(0, height - 1)
    column, row = (
        x.astype(int).clip(0, max(0, width - 2)),
        y.astype(int).clip(0, max(0, height - 2)),
    )
    right, below = np.minimum(column + 1, width - 1), np.minimum(row + 1, height - 1)
    across, down = x - column, y - row
    values = (
        field[:, row, column] * (1 - across) * (1 - down)
        + field[:, row, right] * across * (1 - down)
        + field[:, below, column] * (1 - across) * down
        + field[:, below, right] * across * down
    )
    along = values[0] * vectors[:, :1] + values[1] * vectors[:, 1:]
    return np.asarray(along / np.where(lengths > 0, lengths, np.inf)[:, np.newaxis])


def _longest_holes(counts: npt.NDArray[np.bool_]) -> npt.NDArray[np.int64]:
    """Return of each row (P, S) how many in a row do not count at most, between two that do."""
    places = np.arange(counts.shape[1])
    last = np.maximum.accumulate(np.where(counts, places, -1), axis=1)
    before = np.concatenate([np.full((len(counts), 1), -1), last[:, :-1]], axis=1)
    holes = np.where(counts & (before >= 0), places - before - 1, 0)
    return np.asarray(holes.max(axis=1, initial=0))


def _fates(
    peaks: Peaks, connections: Connections, skeleton: Skeleton, params: PafParams
) -> list[str]:
    """Say of each connection what became of it: accepted, contradicts or person_dropped."""
    people: list[set[tuple[int, int]]] = []
    fates = ['contradicts'] * len(connections.scores)
    ends: list[set[tuple[int, int]]] = []
    for number, start, end in connections.ends.tolist():
        limb = skeleton.limbs[number]
        ends.append({(limb.start, start), (limb.end, end)})
    order = np.argsort(-connections.scores, kind='stable').tolist()
    joined = []
    for index in order:
        touched = [person for person in people if person & ends[index]]
        together = ends[index].union(*touched)
        if len({keypoint for keypoint, _ in together}) < len(together):
            continue
        place = people.index(touched[0]) if touched else len(people)
        people = [person for person in people if person not in touched]
        people.insert(place, together)
        joined.append(index)
    kept = _kept(people, peaks, skeleton, params)
    for index in joined:
        mine = next(n for n, person in enumerate(people) if ends[index] <= person)
        fates[index] = 'accepted' if mine in kept else 'person_dropped'
    return fates


def _kept(
    people: Sequence[set[tuple[int, int]]], peaks: Peaks, skeleton: Skeleton, params: PafParams
) -> set[int]:
    """Return the places of those people who count."""
    parts = np.full((len(people), skeleton.num_keypoints), -1, np.int64)
    for row, person in zip(parts, people):
        for keypoint, peak in person:
            row[keypoint] = peak
    everybody = replace(params, max_people=0)
    scores = []
    for place in range(len(people)):
        alone = people_of_parts(peaks, parts[place : place + 1], skeleton, everybody)
        if len(alone):
            scores.append((-float(alone.scores[0]), place))
    best = sorted(scores)
    return {place for _, place in (best[: params.max_people] if params.max_people else best)}
