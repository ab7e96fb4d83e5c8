"""The decoder's twin: as the reference's text says it, one number at a time, in plain Python."""

from __future__ import annotations

from collections.abc import Sequence
import math
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from openpose_ros.parsing import PoseNetParams
from openpose_ros.skeletons import Skeleton

Array = npt.NDArray[Any]


class Root(NamedTuple):
    """A keypoint from which a pose may begin."""

    score: float
    k: int
    x: int
    y: int


class Heap:
    """Roots, the best first; of equals as the reference's heap has it."""

    def __init__(self) -> None:
        self.items: list[Root] = []

    def push(self, item: Root) -> None:
        items, place = self.items, len(self.items)
        items.append(item)
        while place > 0 and items[place // 2].score < items[place].score:
            items[place], items[place // 2] = items[place // 2], items[place]
            place //= 2

    def pop(self) -> Root:
        items, place = self.items, 0
        items[0], items[-1] = items[-1], items[0]
        best = items.pop()
        while 2 * place < len(items):
            child = 2 * place
            if child + 1 < len(items) and items[child].score < items[child + 1].score:
                child += 1
            if not items[place].score < items[child].score:
                break
            items[place], items[child] = items[child], items[place]
            place = child
        return best


def find_roots(heatmaps: Array, threshold: float, radius: int) -> list[Root]:
    """Return the local maxima cell by cell, row by row, in each cell keypoint by keypoint."""
    count, height, width = heatmaps.shape
    roots = []
    for y in range(height):
        for x in range(width):
            for k in range(count):
                window = heatmaps[
                    k, max(0, y - radius) : y + radius + 1, max(0, x - radius) : x + radius + 1
                ]
                score = float(heatmaps[k, y, x])
                if score >= threshold and not (window > heatmaps[k, y, x]).any():
                    roots.append(Root(score, k, x, y))
    return roots


def nearest(position: float, stride: int, length: int) -> int:
    return min(max(math.floor(position / stride + 0.5), 0), length - 1)


def decode(
    heatmaps: Array,
    offsets: Array,
    forward: Array,
    backward: Array,
    skeleton: Skeleton,
    params: PoseNetParams,
    stride: int,
) -> list[tuple[float, list[list[float]]]]:
    """Return score and rows x, y, score of each pose, in input pixels, the best root first."""
    count, height, width = heatmaps.shape

    def at(k: int, x: int, y: int) -> list[float]:
        return [
            x * stride + float(offsets[count + k, y, x]),
            y * stride + float(offsets[k, y, x]),
            float(heatmaps[k, y, x]),
        ]

    def cell(place: Sequence[float]) -> tuple[int, int]:
        return nearest(place[0], stride, width), nearest(place[1], stride, height)

    if params.single_person:
        rows = []
        for k in range(count):
            y, x = divmod(int(heatmaps[k].argmax()), width)
            rows.append(at(k, x, y))
        best = max(row[2] for row in rows)
        mean = sum(row[2] for row in rows) / count
        return [(mean, rows)] if best >= params.score_threshold else []

    def taken(
        poses: Sequence[tuple[float, list[list[float]]]], k: int, place: list[float]
    ) -> bool:
        return any(
            (place[0] - rows[k][0]) ** 2 + (place[1] - rows[k][1]) ** 2 <= params.nms_radius**2
            for _, rows in poses
        )

    heap = Heap()
    for root in find_roots(heatmaps, params.score_threshold, params.local_maximum_radius):
        heap.push(root)
    poses: list[tuple[float, list[list[float]]]] = []
    while heap.items and len(poses) < params.max_poses:
        root = heap.pop()
        start = at(root.k, root.x, root.y)
        if taken(poses, root.k, start):
            continue
        found = {root.k: start}
        while len(found) < count:
            for maps, limbs, ends in (
                (backward, skeleton.limbs[::-1], ('end', 'start')),
                (forward, skeleton.limbs, ('start', 'end')),
            ):
                for limb in limbs:
                    source, target = (getattr(limb, name) for name in ends)
                    if source not in found or target in found:
                        continue
                    x, y = cell(found[source])
                    place = [
                        found[source][0] + float(maps[limb.paf_x, y, x]),
                        found[source][1] + float(maps[limb.paf_y, y, x]),
                    ]
                    place = at(target, *cell(place))
                    place = at(target, *cell(place))
                    x, y = cell(place)
                    found[target] = [*place[:2], float(heatmaps[target, y, x])]
        rows = [found[k] for k in range(count)]
        total = 0.0
        for k, row in enumerate(rows):
            if not taken(poses, k, row):
                total += row[2]
        poses.append((total / count, rows))
    return poses


def people(poses: Sequence[tuple[float, list[list[float]]]], stride: int) -> tuple[Array, Array]:
    """Return keypoints (N, K, 3) and scores (N,) as `People` has them."""
    ordered = sorted(poses, key=lambda pose: -pose[0])
    keypoints = np.array([rows for _, rows in ordered], np.float64)
    if len(ordered):
        keypoints[..., :2] /= stride
        keypoints[keypoints[..., 2] == 0, :2] = np.nan
    return keypoints, np.array([score for score, _ in ordered], np.float64)
