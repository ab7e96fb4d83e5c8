"""
Assembly: from connections to people.

Source: arXiv:1812.08008, section 3.5 (redundant PAF connections): all connections, redundant
ones too, are taken by falling score; one that contradicts a stronger one is dropped, and two
halves of one person are joined.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from openpose_ros.parsing.paf._kernels import assembly as _kernels
from openpose_ros.parsing.paf.limbs import Connections
from openpose_ros.parsing.paf.params import PafParams
from openpose_ros.parsing.paf.peaks import Peaks
from openpose_ros.parsing.paf.plan import plan_of, settings_of
from openpose_ros.people import People
from openpose_ros.skeletons import Skeleton


def assemble_people(
    peaks: Peaks, connections: Connections, skeleton: Skeleton, params: PafParams
) -> People:
    """
    Join connections into people.

    Connections are taken by falling score, of equals the first. Each joins the people whom its two
    ends belong to, or the bare ends, and is dropped where that makes two peaks of one keypoint.

    A person's score is the sum of the scores of their keypoints divided by K: how sure the
    network is of the parts, times how much of the skeleton was found. People with fewer than
    `min_parts` keypoints or a score below `min_score` are dropped, and the best `max_people`
    are kept. The order is by falling score, of equals by their strongest connection.

    Parameters
    ----------
    peaks : Peaks
        What the connections' ends are numbers of.
    connections : Connections
        From `find_limbs`.
    skeleton : Skeleton
        Says what each limb joins.
    params : PafParams
        `min_parts`, `min_score`, `max_people`.

    Returns
    -------
    People
        In map cells.

    """
    most, limbs = peaks.rows.shape[1], plan_of(skeleton, params).limbs
    count, num_parts = len(connections.ends), skeleton.num_keypoints
    numbers = np.empty(num_parts * most + 2 * count, np.int64)
    people = np.empty((count, num_parts), np.int64)
    used = _kernels.assemble(
        connections.ends, connections.scores, count, most, limbs, numbers, people
    )
    return people_of_parts(peaks, people[:used], skeleton, params)


def people_of_parts(
    peaks: Peaks, parts: npt.NDArray[np.int64], skeleton: Skeleton, params: PafParams
) -> People:
    """Look up the peaks of rows of parts (N, K), -1 where missing, and keep those that count."""
    count = len(parts)
    keypoints = np.empty((count, skeleton.num_keypoints, 3), np.float32)
    scores, order = np.empty(count, np.float32), np.empty(2 * count, np.int64)
    kept = _kernels.select_people(
        *(peaks.rows, parts, count, *settings_of(params), np.empty(count), order),
        *(keypoints, scores),
    )
    return People(keypoints[:kept], scores[:kept], skeleton, overflow=peaks.overflow)
