"""
Peaks: from heatmaps to candidates for each keypoint.

Source: arXiv:1812.08008, section 3.3 (non-maximum suppression of the confidence maps). The maps
stay at the network's resolution; a peak's position is refined by the parabola through the
logarithms of its neighbours, exact for the Gaussians that networks are trained on.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from openpose_ros.errors import MapsError
from openpose_ros.parsing._kernels.compiling import NOT_FINITE
from openpose_ros.parsing.paf._kernels import peaks as _kernels
from openpose_ros.parsing.paf.params import PafParams
from openpose_ros.parsing.paf.plan import settings_of
from openpose_ros.parsing.paf.room import room_for_peaks

HEATMAPS_NOT_FINITE = (
    'the heatmaps hold NaN or infinity: the network or its input is broken; '
    'run it on another backend or picture to see which'
)


@dataclass(frozen=True, eq=False)
class Peaks:
    """
    Candidates for each of K keypoints.

    Attributes
    ----------
    rows : float32 (K, room, 3)
        x, y in map cells ((0, 0) is the centre of the first cell) and score, the map's value or 1
        if that is less; row by row of the map. Only the first counts[k] rows of keypoint k are
        filled.
    counts : int64 (K,)
    overflow : int
        Peaks beyond `PafParams.max_peaks`, the lowest of their map and of equals the last, left
        out.

    """

    rows: npt.NDArray[np.float32]
    counts: npt.NDArray[np.int64]
    overflow: int


def find_peaks(heatmaps: npt.NDArray[np.float32], params: PafParams) -> Peaks:
    """
    Find the local maxima of every heatmap.

    A peak is a cell above `peak_threshold` (as a float32) that no cell of the `nms_window` around
    it exceeds; of equal cells in a window the first counts, row by row. A plateau of equal cells
    that touch, if only at their corners, is one peak, if its first cell is one. Cells at the
    border have a smaller window.

    Each axis moves a cell by half a cell at most, to the vertex of the parabola through the
    logarithms (of 0.001 where a value is below) of the cell and its two neighbours, and not at
    all where it has but one. A plateau's peak is at the mean of its cells' places.

    Parameters
    ----------
    heatmaps : float32 (K, h, w), C-ordered
        One map a keypoint, without background; values nominally in [0, 1].
    params : PafParams
        `nms_window`, `peak_threshold`, `max_peaks`.

    Returns
    -------
    Peaks
        New arrays.

    Raises
    ------
    MapsError
        If a heatmap holds NaN or infinity.

    """
    num_maps, height, width = heatmaps.shape
    scratch = room_for_peaks(height, width)
    peaks = np.empty((num_maps, params.max_peaks, 3), np.float32)
    counts = np.empty(num_maps, np.int64)
    overflow = _kernels.find_peaks(heatmaps, *settings_of(params), *scratch, peaks, counts)
    if overflow == NOT_FINITE:
        raise MapsError(HEATMAPS_NOT_FINITE)
    return Peaks(peaks, counts, int(overflow))
