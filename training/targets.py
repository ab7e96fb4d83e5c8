"""
Ground truth from keypoints: confidence maps, part affinity fields, and masks of the unknown.

Source: OpenPose (arXiv 1812.08008), section 3.3, equations 6 to 9: confidence maps are the
maximum of the people's Gaussians, PAFs the average of the people's unit vectors.
"""

from __future__ import annotations

import math

import numpy as np

from training.rescale import PEAK_SIGMA_CELLS
from training.skeleton import COCO_18

LIMB_HALF_WIDTH_CELLS = 1.0
UNKNOWN = -1  # v of a keypoint that the source does not tell: masked near the person
KEYPOINTS = len(COCO_18.keypoint_names)
CHANNELS = KEYPOINTS + 1 + 2 * len(COCO_18.limbs)


def render_maps(people: np.ndarray, size: tuple[int, int], *, stride: int = 8) -> np.ndarray:
    """
    Draw the maps that a perfect network would give.

    Parameters
    ----------
    people : float32 (N, 18, 3)
        x, y from the picture's upper left edge (the first pixel's centre is at 0.5, 0.5), v;
        only keypoints with v > 0 are drawn, wherever they are.
    size : (int, int)
        Height and width in cells.
    stride : int
        Pixels a cell.

    Returns
    -------
    float32 (57, *size)
        18 confidence maps, the background (1 - max of the others), 38 PAF channels.

    """
    maps = np.zeros((CHANNELS, *size), np.float32)
    heatmaps, pafs = maps[: KEYPOINTS + 1], maps[KEYPOINTS + 1 :]
    cells = people[..., :2] / stride - 0.5
    counts = np.zeros((len(COCO_18.limbs), *size), np.int32)
    for person, positions in zip(people, cells, strict=True):
        for k in np.flatnonzero(person[:, 2] > 0):
            np.maximum(heatmaps[k], _gaussian(positions[k], size), out=heatmaps[k])
        for number, limb in enumerate(COCO_18.limbs):
            if person[limb.start, 2] > 0 and person[limb.end, 2] > 0:
                near, direction = _limb(positions[limb.start], positions[limb.end], size)
                pafs[limb.paf_x][near] += direction[0]
                pafs[limb.paf_y][near] += direction[1]
                counts[number] += near
    for number, limb in enumerate(COCO_18.limbs):
        pafs[limb.paf_x] /= np.maximum(counts[number], 1)
        pafs[limb.paf_y] /= np.maximum(counts[number], 1)
    heatmaps[-1] = 1 - heatmaps[:-1].max(axis=0)
    return maps


def render_mask(
    people: np.ndarray, ignored: np.ndarray, size: tuple[int, int], *, stride: int = 8
) -> np.ndarray:
    """
    Mark where the truth is known.

    Parameters
    ----------
    people : float32 (N, 18, 3)
        As for `render_maps`; v is -1 (`UNKNOWN`) where the source says nothing.
    ignored : float32 (M, 4)
        Boxes x_min, y_min, x_max, y_max in pixels of people without keypoints.
    size : (int, int)
        Height and width in cells.
    stride : int
        Pixels a cell.

    Returns
    -------
    float32 (57, *size)
        0 in the ignored boxes, and, for a person's unknown keypoints and their limbs, in the box
        around that person; else 1.

    """
    mask = np.ones((CHANNELS, *size), np.float32)
    for box in ignored:
        rows, columns = _cells_of(box, size, stride)
        mask[:, rows, columns] = 0
    for person in people:
        unknown = np.flatnonzero(person[:, 2] == UNKNOWN)
        known = person[person[:, 2] > 0, :2]
        if not len(unknown) or not len(known):
            continue
        low, high = known.min(axis=0), known.max(axis=0)
        margin = 0.3 * max(*(high - low), 4 * stride)  # a head above the shoulders fits in
        rows, columns = _cells_of(np.concatenate([low - margin, high + margin]), size, stride)
        for k in (*unknown, KEYPOINTS):
            mask[k, rows, columns] = 0
        for limb in COCO_18.limbs:
            if limb.start in unknown or limb.end in unknown:
                for channel in (limb.paf_x, limb.paf_y):
                    mask[KEYPOINTS + 1 + channel, rows, columns] = 0
    return mask


def merge_maps(taught: np.ndarray, rendered: np.ndarray) -> np.ndarray:
    """
    Add annotated people to a teacher's maps, where the teacher is not as sure.

    Parameters
    ----------
    taught : float32 (57, h, w)
        The teacher's.
    rendered : float32 (57, h, w)
        From `render_maps`.

    Returns
    -------
    float32 (57, h, w)
        A new array: the higher confidence, and of each limb the longer vector.

    """
    merged = np.maximum(taught, rendered)
    heatmaps, pafs = merged[: KEYPOINTS + 1], merged[KEYPOINTS + 1 :]
    first, second = taught[KEYPOINTS + 1 :], rendered[KEYPOINTS + 1 :]
    for limb in COCO_18.limbs:
        pair = [limb.paf_x, limb.paf_y]
        longer = np.square(second[pair]).sum(axis=0) > np.square(first[pair]).sum(axis=0)
        pafs[pair] = np.where(longer, second[pair], first[pair])
    heatmaps[-1] = 1 - heatmaps[:-1].max(axis=0)
    return merged


def _gaussian(centre: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    y = np.exp(-np.square(np.arange(size[0]) - centre[1]) / (2 * PEAK_SIGMA_CELLS**2))
    x = np.exp(-np.square(np.arange(size[1]) - centre[0]) / (2 * PEAK_SIGMA_CELLS**2))
    return np.outer(y, x).astype(np.float32)


def _limb(
    start: np.ndarray, end: np.ndarray, size: tuple[int, int]
) -> tuple[np.ndarray, np.ndarray]:
    """Return the cells near a segment, bool `size`, and its direction, a unit vector (x, y)."""
    vector = (end - start).astype(np.float64)
    length = math.hypot(*vector)
    if length == 0:
        return np.zeros(size, bool), vector
    direction = vector / length
    y, x = np.mgrid[: size[0], : size[1]]
    along = (x - start[0]) * direction[0] + (y - start[1]) * direction[1]
    across = (x - start[0]) * direction[1] - (y - start[1]) * direction[0]
    half = LIMB_HALF_WIDTH_CELLS
    return (along >= 0) & (along <= length) & (np.abs(across) <= half), direction


def _cells_of(box: np.ndarray, size: tuple[int, int], stride: int) -> tuple[slice, slice]:
    """Return the rows and columns of every cell that a box in pixels touches."""
    low = np.clip(np.floor(box[:2] / stride), 0, (size[1], size[0])).astype(int)
    high = np.clip(np.ceil(box[2:] / stride), 0, (size[1], size[0])).astype(int)
    return slice(low[1], high[1]), slice(low[0], high[0])
