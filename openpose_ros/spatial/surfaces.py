"""Where the surface under each keypoint is: a keypoint's ray, and the depth image."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt

from openpose_ros.people import People
from openpose_ros.skeletons import Skeleton
from openpose_ros.spatial._kernels.depths import ACROSS, STEPS, find_surfaces
from openpose_ros.spatial.cameras import Camera
from openpose_ros.spatial.depth import DepthImage
from openpose_ros.spatial.rays import keypoint_rays
from openpose_ros.spatial.windows import ENOUGH

_NO_MILLIMETRES = np.zeros(0, np.uint16)
_NO_METRES = np.zeros(0, np.float32)
_HEAD = frozenset({'nose', 'eye', 'ear', 'head_top', 'head'})
# The longest in metres that tall people have, by the ends' names without their sides. Depth
# differs by no more between the two; it is a gate, not a measure of anybody.
_LENGTHS = {
    frozenset({'shoulder', 'elbow'}): 0.42,
    frozenset({'elbow', 'wrist'}): 0.40,
    frozenset({'neck', 'shoulder'}): 0.30,
}
_IN_HEAD, _OF_NECK, _OTHERS = 0.20, 0.40, 0.60


def surface_positions(
    depth: DepthImage, people: People, camera: Camera
) -> npt.NDArray[np.float32]:
    """
    Return the visible surface under each keypoint.

    A keypoint's depth is the mean of the depths around it that are of one surface, near to what
    its limbs are next to it; where two surfaces are as likely, nothing is said. So a wrist before
    a wall does not fall onto the wall.

    Parameters
    ----------
    depth : DepthImage
        Seen from where the camera is, of the same picture; it may be of another size.
    people : People
        In pixels of the camera.
    camera : Camera
        Of the image in which the people were found.

    Returns
    -------
    float32 (N, K, 3)
        Metres in the camera's optical frame; NaN where that is not known.

    """
    positions = np.empty(people.keypoints.shape, np.float32)
    if not len(people):
        return positions
    number = people.keypoints.shape[1]
    limbs, lengths = limbs_of(people.skeleton)
    is_millimetres = depth.pixels.dtype == np.uint16
    image = np.ascontiguousarray(depth.pixels).reshape(-1)
    (width, height), (image_width, image_height) = depth.size, camera.size
    scale_x, scale_y = width / image_width, height / image_height
    find_surfaces(
        image if is_millimetres else _NO_MILLIMETRES,
        _NO_METRES if is_millimetres else image,
        width,
        height,
        np.ascontiguousarray(people.keypoints).reshape(-1),
        number,
        scale_x,
        scale_y,
        limbs.reshape(-1),
        lengths,
        float(camera.focal[0] * scale_x),
        keypoint_rays(camera, people.keypoints).reshape(-1),
        positions.reshape(-1),
        *_workspace(number, len(limbs)),
    )
    return positions


def _workspace(keypoints: int, limbs: int) -> tuple[npt.NDArray[Any], ...]:
    """Return the arrays that `find_surfaces` computes in."""
    samples = (limbs + keypoints) * STEPS
    longest = max(samples, ENOUGH) + 1
    sizes = (keypoints, keypoints, keypoints, samples, longest, longest)
    whole = (keypoints, ACROSS, ACROSS)
    return (*map(np.empty, sizes), *(np.empty(size, np.int64) for size in whole))


@lru_cache(maxsize=8)
def limbs_of(skeleton: Skeleton) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.float64]]:
    """Return the ends of a skeleton's limbs (L, 2), and the longest in metres of each (L,)."""
    names = [name.removeprefix('left_').removeprefix('right_') for name in skeleton.keypoint_names]
    ends = np.array([(limb.start, limb.end) for limb in skeleton.limbs], np.int64).reshape(-1, 2)
    lengths = []
    for start, end in ends.tolist():
        in_head = len(_HEAD & {names[start]}) + len(_HEAD & {names[end]})
        longest = (_OTHERS, _OF_NECK, _IN_HEAD)[in_head]
        lengths.append(_LENGTHS.get(frozenset({names[start], names[end]}), longest))
    return ends, np.array(lengths, np.float64)
