"""Mirror images of map channels, derived from the package's coco_18."""

from __future__ import annotations

import numpy as np

from openpose_ros.skeletons import load_skeleton

COCO_18 = load_skeleton('coco_18')


def _heatmap_mirror() -> np.ndarray:
    return np.array([*COCO_18.mirror, len(COCO_18.mirror)])  # the background is its own mirror


def _paf_mirror() -> tuple[np.ndarray, np.ndarray]:
    place = {(limb.start, limb.end): limb for limb in COCO_18.limbs}
    channels = np.zeros(2 * len(COCO_18.limbs), int)
    signs = np.zeros(2 * len(COCO_18.limbs), np.float32)
    for limb in COCO_18.limbs:
        other = place[COCO_18.mirror[limb.start], COCO_18.mirror[limb.end]]
        channels[limb.paf_x], signs[limb.paf_x] = other.paf_x, -1
        channels[limb.paf_y], signs[limb.paf_y] = other.paf_y, 1
    return channels, signs


HEATMAP_MIRROR = _heatmap_mirror()
PAF_MIRROR, PAF_MIRROR_SIGN = _paf_mirror()
PAF_X = np.array([limb.paf_x for limb in COCO_18.limbs])
PAF_Y = np.array([limb.paf_y for limb in COCO_18.limbs])


def mirror_maps(heatmaps: np.ndarray, pafs: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """
    Turn the maps of a picture into those of its mirror image.

    Parameters
    ----------
    heatmaps : float32 (19, h, w)
        Confidence maps, the background last.
    pafs : float32 (38, h, w)
        Part affinity fields.

    Returns
    -------
    (float32 (19, h, w), float32 (38, h, w))
        New arrays: columns reversed, left and right channels swapped, x components negated.

    """
    signs = PAF_MIRROR_SIGN[:, None, None]
    return heatmaps[HEATMAP_MIRROR][..., ::-1].copy(), pafs[PAF_MIRROR][..., ::-1] * signs
