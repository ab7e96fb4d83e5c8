"""Where noses and ears are, of what is seen around them: heads are round."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from openpose_ros.skeletons import Skeleton
from openpose_ros.spatial.gaze import FACE, PLACES, face_keypoints
from openpose_ros.spatial.located import Positions
from openpose_ros.spatial.windows import nearer

Array = npt.NDArray[np.float64]

_FACE = slice(PLACES[0], PLACES[-1] + 1)
_NEARER = nearer(FACE[:, :2])  # (5, G)
_SUMS = np.ascontiguousarray(np.concatenate([_NEARER, np.ones_like(_NEARER[:1])]).T)


def on_faces(
    positions: Positions,
    heads: Array,
    surface: Array,
    lost: npt.NDArray[np.bool_],
    skeleton: Skeleton,
) -> Positions:
    """
    Return positions, of which those on faces are where the parts are, not what is around them.

    None moves by more than the depths of the face's parts differ: a picture of somebody on a wall
    is flat, and of a face of which one part is seen nothing says that it is one.

    Parameters
    ----------
    positions : float32 (N, K, 3)
        What is seen around each keypoint, metres; only read.
    heads : float64 (N, G)
        How likely each of ANGLES is for where heads look; of any sum.
    surface : float64 (N, P, 3)
        What is seen around the parts of `parts.NAMES`: across the sight, towards the camera, up,
        metres; NaN where no depth is known.
    lost : bool (N,)
        Of whom nothing is known in these axes: nothing is changed.
    skeleton : Skeleton
        Of the K keypoints.

    """
    keypoints, which = face_keypoints(skeleton)
    if not len(which):
        return positions
    sums = heads @ _SUMS
    off = (sums[:, :-1] / sums[:, -1:]).take(which, axis=1)
    seen = positions.take(keypoints, axis=1)
    deep = seen[..., 2]
    extent = (np.fmax.reduce(deep, axis=1) - np.fmin.reduce(deep, axis=1))[:, np.newaxis]
    off = np.minimum(np.maximum(off, -extent), extent)
    # Towards the camera all of that is less than 0.
    factors = 1 - off / surface[:, _FACE, 1].take(which, axis=1)
    if lost.any():
        factors[lost] = 1
    moved = positions.copy()
    # Quicker than in place, where the index is gone through twice.
    moved[:, keypoints] = seen * factors[..., np.newaxis]
    return moved
