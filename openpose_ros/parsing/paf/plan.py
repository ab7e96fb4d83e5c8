"""What the kernels take besides maps: a skeleton and parameters, as arrays."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from openpose_ros.parsing.paf._kernels import settings
from openpose_ros.parsing.paf.params import PafParams
from openpose_ros.skeletons import Skeleton

IntArray = npt.NDArray[np.int64]
DoubleArray = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Plan:
    """
    What stays the same from picture to picture; its arrays are shared, and not to be written.

    Attributes
    ----------
    skeleton : Skeleton
    params : PafParams
        What the rest was made of.
    heatmaps, pafs : tuple of int
        How many there may be; no pafs are read for a single person.
    max_peaks : int
        Of each keypoint; one where there is a single person.
    limbs : int64 (L, 6)
        Start, end, channel of x, channel of y, how many samples must count, and 1 if redundant.
    arguments : tuple
        What the kernel `parse` takes after the maps: `limbs`, `sample_positions`, `settings_of`.

    """

    skeleton: Skeleton
    params: PafParams
    heatmaps: tuple[int, ...]
    pafs: tuple[int, ...]
    max_peaks: int
    limbs: IntArray
    arguments: tuple[IntArray, DoubleArray, IntArray, DoubleArray]


@lru_cache(maxsize=64)
def plan_of(skeleton: Skeleton, params: PafParams) -> Plan:
    """Return the plan of a skeleton and parameters, the same for equal ones."""
    counts = min_counts(skeleton, params.paf_min_count)
    rows = [
        (limb.start, limb.end, limb.paf_x, limb.paf_y, count, limb.redundant)
        for limb, count in zip(skeleton.limbs, counts)
    ]
    max_peaks = params.max_peaks
    if params.single_person:  # the best peak of each heatmap is somebody's
        rows, max_peaks = [], 1
    limbs, num_keypoints = np.array(rows, np.int64).reshape(-1, 6), skeleton.num_keypoints
    places = sample_positions(params.paf_samples)
    return Plan(
        skeleton,
        params,
        (num_keypoints, num_keypoints + 1),
        (2 * len(rows),),
        max_peaks,
        limbs,
        (limbs, places, *settings_of(params)),
    )


@lru_cache(maxsize=64)
def settings_of(params: PafParams) -> tuple[IntArray, DoubleArray]:
    """Return the other parameters, in the places that `_kernels.settings` names."""
    whole = {
        settings.NMS_RADIUS: params.nms_window // 2,
        settings.MIN_PARTS: params.min_parts,
        settings.MAX_PEOPLE: params.max_people,
        settings.SINGLE: params.single_person,
        settings.BY_PEAKS: params.limb_order == 'peaks',
    }
    real = {
        settings.PEAK_THRESHOLD: params.peak_threshold,
        settings.PAF_THRESHOLD: params.paf_threshold,
        settings.PAF_MAX_GAP: params.paf_max_gap,
        settings.FREE_LENGTH: 0.5 if params.length_penalty else 0.0,
        settings.MIN_SCORE: params.min_score,
    }
    return (
        np.array([whole[place] for place in range(len(whole))], np.int64),
        np.array([real[place] for place in range(len(real))], np.float64),
    )


def sample_positions(count: int) -> DoubleArray:
    """
    Return (count,): where a limb is sampled, from 0, its start, to 1, its end.

    First come the middles of ever smaller gaps, where what is no limb shows early; last the ends.
    """
    order, gaps = [], [(0, count - 1)]
    while gaps:
        low, high = gaps.pop(0)
        middle = (low + high) // 2
        if low < middle:
            order.append(middle)
            gaps += [(low, middle), (middle, high)]
    return np.array([*order, 0, count - 1]) / (count - 1)


def min_counts(skeleton: Skeleton, paf_min_count: int) -> list[int]:
    """Return, of each limb, how many samples must be above the threshold."""
    loose = max(1, paf_min_count // 2)
    return [loose if limb.loose else paf_min_count for limb in skeleton.limbs]
