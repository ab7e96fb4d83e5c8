"""What the kernels take besides maps: a skeleton and parameters, as arrays."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from openpose_ros.parsing.paf._kernels import compiling
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
        How many there may be.
    limbs : int64 (L, 5)
        Start, end, channel of x, channel of y, and how many samples must count.
    arguments : tuple
        What the kernel `parse` takes after the maps: K, `limbs`, `sample_positions`, and
        `settings_of`.

    """

    skeleton: Skeleton
    params: PafParams
    heatmaps: tuple[int, ...]
    pafs: tuple[int, ...]
    limbs: IntArray
    arguments: tuple[int, IntArray, DoubleArray, IntArray, DoubleArray]


@lru_cache(maxsize=64)
def plan_of(skeleton: Skeleton, params: PafParams) -> Plan:
    """Return the plan of a skeleton and parameters, the same for equal ones."""
    counts = min_counts(skeleton, params.paf_min_count)
    rows = [
        (limb.start, limb.end, limb.paf_x, limb.paf_y, count)
        for limb, count in zip(skeleton.limbs, counts)
    ]
    limbs, num_keypoints = np.array(rows, np.int64).reshape(-1, 5), skeleton.num_keypoints
    places = sample_positions(params.paf_samples)
    return Plan(
        skeleton,
        params,
        (num_keypoints, num_keypoints + 1),
        (2 * skeleton.num_limbs,),
        limbs,
        (num_keypoints, limbs, places, *settings_of(params)),
    )


@lru_cache(maxsize=64)
def settings_of(params: PafParams) -> tuple[IntArray, DoubleArray]:
    """Return the other parameters, in the places that `_kernels.compiling` names."""
    threshold = np.float32(params.peak_threshold)
    whole = {
        compiling.MAX_PEAKS: params.max_peaks,
        compiling.NMS_RADIUS: params.nms_window // 2,
        compiling.PEAK_THRESHOLD_BITS: int(threshold.view(np.int32)),
        compiling.OPTIMAL: params.matching == 'optimal',
        compiling.MIN_PARTS: params.min_parts,
        compiling.MAX_PEOPLE: params.max_people,
    }
    real = {
        compiling.PEAK_THRESHOLD: threshold,
        compiling.PAF_THRESHOLD: params.paf_threshold,
        compiling.PAF_MAX_GAP: params.paf_max_gap,
        compiling.FREE_LENGTH: 0.5 if params.length_penalty else 0.0,
        compiling.MIN_SCORE: params.min_score,
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
