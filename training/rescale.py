"""
Maps of one picture size turned into maps of another.

A network sees large people better than small ones, so targets for a small picture come from the
teacher's maps of a larger one. Interpolation alone would shrink peaks and limbs along with the
picture; in OpenPose's maps both have a width that is fixed in cells (arXiv 1812.08008, eqs. 7
and 8), so they are blurred back to that width and raised back to height 1. The other way round,
peaks of an enlarged map are narrowed.
"""

from __future__ import annotations

import math

import cv2
import numpy as np

PEAK_SIGMA_CELLS = 7.0 / 8.0  # OpenPose's training: sigma 7 px at stride 8


def shrink_maps(
    heatmaps: np.ndarray, pafs: np.ndarray, size: tuple[int, int], *, ratio: float
) -> tuple[np.ndarray, np.ndarray]:
    """
    Shrink maps as if the network had seen a picture of `ratio` times the size.

    Parameters
    ----------
    heatmaps : float32 (K + 1, h, w)
        Confidence maps, the last is the background.
    pafs : float32 (2L, h, w)
        Part affinity fields.
    size : (int, int)
        Height and width of the result in cells.
    ratio : float
        Cells of the result per cell of the input, at most 1.

    Returns
    -------
    (float32 (K + 1, *size), float32 (2L, *size))
        New arrays; the background is 1 - max of the others.

    """
    if not 0 < ratio <= 1:
        raise ValueError(f'ratio must be in (0, 1], got {ratio}: only shrinking is meaningful')
    if ratio == 1:
        return heatmaps[:, : size[0], : size[1]].copy(), pafs[:, : size[0], : size[1]].copy()
    blur = PEAK_SIGMA_CELLS * math.sqrt(1 / ratio**2 - 1)
    # Cell i's centre is at pixel 8 i + 3.5, that is, pixel edges coincide: no shift by half.
    matrix = np.array([[ratio, 0, (ratio - 1) / 2], [0, ratio, (ratio - 1) / 2]], np.float32)

    def resample(plane: np.ndarray) -> np.ndarray:
        wide = cv2.GaussianBlur(plane, (0, 0), blur, borderType=cv2.BORDER_REPLICATE)
        return cv2.warpAffine(wide, matrix, size[::-1], flags=cv2.INTER_CUBIC)

    peaks = np.stack([resample(plane) for plane in heatmaps[:-1]]) / ratio**2
    peaks = np.clip(peaks, 0, 1)
    fields = np.stack([resample(plane) for plane in pafs]) / ratio
    pairs = fields.reshape(-1, 2, *size)
    length = np.sqrt((pairs**2).sum(axis=1, keepdims=True))
    fields = (pairs / np.maximum(length, 1)).reshape(fields.shape)
    return np.concatenate([peaks, 1 - peaks.max(axis=0, keepdims=True)]), fields


def narrow_peaks(heatmaps: np.ndarray, *, ratio: float, reach: int = 3) -> np.ndarray:
    """
    Give the peaks of enlarged maps their usual width again.

    A Gaussian to the power of `ratio` squared is narrower by `ratio`; dividing by the highest
    value nearby before that keeps the heights.

    Parameters
    ----------
    heatmaps : float32 (K, h, w)
        Without background; interpolated to `ratio` times their size.
    ratio : float
        At least 1.
    reach : int
        Cells to each side that count as nearby.

    Returns
    -------
    float32 (K, h, w)
        A new array.

    """
    window = np.ones((2 * reach + 1, 2 * reach + 1), np.uint8)
    highest = np.stack([cv2.dilate(plane, window) for plane in heatmaps])
    return heatmaps * (heatmaps / np.maximum(highest, 1e-3)) ** (ratio**2 - 1)
