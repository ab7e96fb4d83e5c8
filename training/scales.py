"""
One target out of what a teacher sees at several sizes of a picture.

A teacher finds people best who are as high as those it was trained on. So each picture is shown
to it at several sizes, and of each cell the size counts at which the person there is between
`LOW_PX` and `HIGH_PX` pixels high; in between, and where nobody is, sizes are mixed.
"""

from __future__ import annotations

from collections.abc import Sequence
import math

import cv2
import numpy as np

from openpose_ros.parsing import PafParams, parse_pafs
from training.rescale import narrow_peaks, shrink_maps
from training.skeleton import COCO_18
from training.teacher_maps import HEATMAPS, STRIDE

LOW_PX, HIGH_PX = 100.0, 350.0
FALL = 0.35  # standard deviation, in the height's logarithm, outside of that
SMALLEST_BASE = 0.05  # what a size counts where it sees nobody, of what a well-seen person counts
_PARAMS = PafParams(min_score=0.15)
# (first, second, the body's height as a multiple of their distance), standing adults
_PROPORTIONS = ((2, 5, 4.2), (1, 8, 3.2), (1, 11, 3.2), (8, 10, 2.1), (11, 13, 2.1), (0, 1, 6.5))


def person_height(keypoints: np.ndarray) -> float:
    """
    Estimate how high a person would be who stood there whole.

    Parameters
    ----------
    keypoints : float32 (18, 3)
        x, y, score of coco_18; NaN where missing.

    Returns
    -------
    float
        In the unit of x and y. The largest of what shoulders, torso, legs, head and the box
        around all keypoints say: what is turned away or hidden looks shorter than it is.

    """
    xy = keypoints[:, :2].astype(np.float64)
    found = xy[np.isfinite(xy).all(axis=1)]
    if len(found) == 0:
        return 0.0
    heights = [float(np.ptp(found, axis=0).max()) * 1.1]
    for first, second, factor in _PROPORTIONS:
        distance = math.hypot(*(xy[first] - xy[second]))
        if math.isfinite(distance):
            heights.append(distance * factor)
    return max(heights)


def suitability(height_px: float) -> float:
    """Return how well a teacher sees a person of that height, in (0, 1]."""
    if height_px <= 0:
        return 0.0
    outside = max(math.log(LOW_PX / height_px), math.log(height_px / HIGH_PX), 0.0)
    return math.exp(-0.5 * (outside / FALL) ** 2)


def weights_of(maps: np.ndarray, size: tuple[int, int], ratio: float) -> np.ndarray:
    """
    Return how much one size of the picture counts at each cell of the target.

    Parameters
    ----------
    maps : float32 (57, h, w)
        What the teacher gives at this size.
    size : (int, int)
        Height and width of the target in cells.
    ratio : float
        Cells of the target per cell of these maps.

    Returns
    -------
    float32 (*size)
        At least `SMALLEST_BASE`; near people their suitability.

    """
    weights = np.full(size, SMALLEST_BASE, np.float32)
    people = parse_pafs(maps[:HEATMAPS], maps[HEATMAPS:], COCO_18, _PARAMS)
    for keypoints in people.keypoints:
        height = person_height(keypoints)
        suits = suitability(STRIDE * height)
        places = (keypoints[:, :2] + 0.5) * ratio - 0.5
        thick = max(1, round(0.16 * height * ratio))
        near = np.zeros(size, np.float32)
        for limb in COCO_18.limbs:
            ends = places[[limb.start, limb.end]]
            if np.isfinite(ends).all():
                start, end = (tuple(int(v) for v in np.rint(place)) for place in ends)
                cv2.line(near, start, end, suits, thick)
        for place in places[np.isfinite(places).all(axis=1)]:
            cv2.circle(near, tuple(int(v) for v in np.rint(place)), thick // 2 + 1, suits, -1)
        near = cv2.GaussianBlur(near, (0, 0), max(0.8, thick / 6))
        np.maximum(weights, near, out=weights)
    return weights


def bring(maps: np.ndarray, size: tuple[int, int], ratio: float) -> np.ndarray:
    """
    Return maps as if the teacher had seen the picture `ratio` times as large as it did.

    Parameters
    ----------
    maps : float32 (57, h, w)
        19 heatmaps, then 38 PAFs.
    size : (int, int)
        Height and width of the result in cells.
    ratio : float
        Cells of the result per cell of `maps`, shrinking or enlarging.

    Returns
    -------
    float32 (57, *size)

    """
    if ratio <= 1:
        return np.concatenate(shrink_maps(maps[:HEATMAPS], maps[HEATMAPS:], size, ratio=ratio))
    matrix = np.array([[ratio, 0, (ratio - 1) / 2], [0, ratio, (ratio - 1) / 2]], np.float32)
    result = np.stack(
        [
            cv2.warpAffine(
                plane,
                matrix,
                size[::-1],
                flags=cv2.INTER_LINEAR,
                borderMode=cv2.BORDER_REPLICATE,
            )
            for plane in maps
        ]
    )
    peaks = np.clip(result[: HEATMAPS - 1], 0, 1)
    result[: HEATMAPS - 1] = narrow_peaks(peaks, ratio=ratio, reach=max(3, round(2 * ratio)))
    result[HEATMAPS - 1] = 1 - result[: HEATMAPS - 1].max(axis=0)
    return result


def combine(
    seen: Sequence[tuple[float, np.ndarray]], scales: Sequence[float], base: tuple[int, int]
) -> list[np.ndarray]:
    """
    Make the targets of a picture for several sizes of it.

    Parameters
    ----------
    seen : sequence of (float, float32 (57, h, w))
        Enlargements at which the teacher saw the picture, and what it gave.
    scales : sequence of float
        Enlargements for which targets are wanted.
    base : (int, int)
        Height and width of the picture in pixels at enlargement 1.

    Returns
    -------
    list of float32 (57, h', w')
        One for each of `scales`; cells cover the picture, rounded up.

    """
    finest = max(scale for scale, _ in seen)
    size = cells_of(base, finest)
    counts = [weights_of(maps, size, finest / scale) for scale, maps in seen]
    targets = []
    for wanted in scales:
        size = cells_of(base, wanted)
        total = np.zeros((len(seen[0][1]), *size), np.float32)
        sum_ = np.zeros(size, np.float32)
        for (scale, maps), count in zip(seen, counts, strict=True):
            weight = cv2.resize(count, size[::-1], interpolation=cv2.INTER_AREA)
            # The better size decides; enlarged maps only where no finer ones are as good.
            weight = (weight * min(1.0, scale / wanted)) ** 2
            total += weight * bring(maps, size, wanted / scale)
            sum_ += weight
        targets.append(total / sum_)
    return targets


def cells_of(base: tuple[int, int], scale: float) -> tuple[int, int]:
    """Return the height and width in cells of a picture enlarged by `scale`."""
    height, width = (max(STRIDE, round(n * scale)) for n in base)
    return -(-height // STRIDE), -(-width // STRIDE)
