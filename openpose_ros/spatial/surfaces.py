"""Where the surface under each keypoint is: a keypoint's ray, and the depth image."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import numpy.typing as npt

from openpose_ros.people import People
from openpose_ros.skeletons import Skeleton
from openpose_ros.spatial._kernels.depths import find_depths
from openpose_ros.spatial.cameras import Camera
from openpose_ros.spatial.depth import DepthImage
from openpose_ros.spatial.quick import quick_rays

_NO_MILLIMETRES = np.zeros((0, 0), np.uint16)
_NO_METRES = np.zeros((0, 0), np.float32)
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

    A keypoint's depth is the median of the depths around it that are of one surface, near to what
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
    found = people.keypoints[..., 2:] > 0
    pixels = np.where(found, people.keypoints[..., :2], np.nan).astype(np.float64)
    depths = np.full(pixels.shape[:2], np.nan)
    if not len(people):
        return np.zeros((*depths.shape, 3), np.float32)
    scale = np.array(depth.size) / np.array(camera.size)
    points = np.ascontiguousarray((pixels + 0.5) * scale - 0.5)
    limbs, lengths = _limbs(people.skeleton)
    is_millimetres = depth.pixels.dtype == np.uint16
    image = np.ascontiguousarray(depth.pixels)
    find_depths(
        image if is_millimetres else _NO_MILLIMETRES,
        _NO_METRES if is_millimetres else image,
        points,
        limbs,
        lengths,
        float(camera.focal[0] * scale[0]),
        depths,
    )
    return np.asarray(quick_rays(camera, pixels) * depths[..., np.newaxis], np.float32)


@lru_cache(maxsize=8)
def _limbs(skeleton: Skeleton) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.float64]]:
    """Return the ends of a skeleton's limbs (L, 2), and the longest in metres of each (L,)."""
    names = [name.removeprefix('left_').removeprefix('right_') for name in skeleton.keypoint_names]
    ends = np.array([(limb.start, limb.end) for limb in skeleton.limbs], np.int64).reshape(-1, 2)
    lengths = []
    for start, end in ends.tolist():
        in_head = len(_HEAD & {names[start]}) + len(_HEAD & {names[end]})
        longest = (_OTHERS, _OF_NECK, _IN_HEAD)[in_head]
        lengths.append(_LENGTHS.get(frozenset({names[start], names[end]}), longest))
    return ends, np.array(lengths, np.float64)
