"""
Limbs: from peaks and part affinity fields to connections.

Source: arXiv:1812.08008, section 3.4 (line integral, equation 11) and 3.5 (matching limb by
limb). We sample the field bilinearly at the network's resolution. That the ends' own scores count
in the order of limbs is OpenPose's: its bodyPartConnectorBase.cpp adds a tenth of each to the
field's, against limbs to peaks that are hardly there; we multiply, so that it is of no unit.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from openpose_ros.errors import MapsError
from openpose_ros.parsing._kernels.compiling import NOT_FINITE
from openpose_ros.parsing.paf._kernels import limbs as _kernels
from openpose_ros.parsing.paf.params import PafParams
from openpose_ros.parsing.paf.peaks import Peaks
from openpose_ros.parsing.paf.plan import plan_of
from openpose_ros.parsing.paf.room import room_for_limbs
from openpose_ros.skeletons import Skeleton

PAFS_NOT_FINITE = (
    'the part affinity fields hold NaN or infinity: the network or its input is broken; '
    'run it on another backend or picture to see which'
)


@dataclass(frozen=True, eq=False)
class Connections:
    """
    Limbs that were found, C of them, limb by limb in the skeleton's order.

    Attributes
    ----------
    ends : int64 (C, 3)
        Number of the limb, of the peak it starts from, and of the peak it ends at.
    scores : float64 (C,)
        What they are taken by, the greatest first; above 0. The mean of the field along the limb,
        samples that do not count taken as 0; with the `limb_order` 'peaks' that, weighed.

    """

    ends: npt.NDArray[np.int64]
    scores: npt.NDArray[np.float64]


def find_limbs(
    peaks: Peaks, pafs: npt.NDArray[np.float32], skeleton: Skeleton, params: PafParams
) -> Connections:
    """
    Score all pairs of peaks of each limb and match them one to one.

    The field is sampled at `paf_samples` points from end to end, both included, and projected on
    the limb. A pair is a limb if

    - at least `paf_min_count` samples (half of it, rounded down but at least one, for loose
      limbs) are above `paf_threshold`: they count;
    - no hole of more than `paf_max_gap` cells parts what counts: the limb is walked in equal
      steps, `paf_samples` - 1 or as many as its length in cells, rounded up, if that is more;
      a hole is the steps in a row that do not count, between two that do, times their length.

    Its score is the sum of the samples that count, divided by `paf_samples`; with
    `length_penalty` it is lowered by 1 - (half the map's height) / length where this is positive,
    and a pair that ends up at 0 or less is no limb. Peaks at the same point are never joined.

    With the `limb_order` 'peaks' it is then multiplied by the cube root of the product of what
    both peaks score, and by 0.5 for redundant limbs.

    Greedy matching keeps the best pair (of equals that of the first start, then the first end),
    the best of those that share no end with it, and so on; optimal matching keeps the pairs
    with the greatest sum of scores.

    Parameters
    ----------
    peaks : Peaks
        From `find_peaks`.
    pafs : float32 (2L, h, w), C-ordered
        Of the same size as the peaks' heatmaps.
    skeleton : Skeleton
        Says which channels belong to which limb.
    params : PafParams
        `paf_samples`, `paf_threshold`, `paf_min_count`, `paf_max_gap`, `length_penalty`,
        `limb_order`, of which 'auto' is 'field' here, and `matching`.

    Returns
    -------
    Connections
        New arrays.

    Raises
    ------
    MapsError
        If a sample of the fields is NaN or infinite; fields that no pair of peaks makes the
        parser read are not looked at.

    """
    plan = plan_of(skeleton, params)
    rows = np.empty((len(plan.limbs) * peaks.rows.shape[1], 3), np.int64)
    strengths = np.empty(len(rows))
    _, height, width = pafs.shape
    scratch = room_for_limbs(height, width, peaks.rows.shape[1])
    find = _kernels.find_limbs
    if params.matching == 'optimal':
        from openpose_ros.parsing.paf._kernels import optimal

        find = optimal.find_limbs_optimally
    count = find(pafs, peaks.rows, peaks.counts, *plan.arguments, *scratch, rows, strengths)
    if count == NOT_FINITE:
        raise MapsError(PAFS_NOT_FINITE)
    return Connections(rows[:count], strengths[:count])
