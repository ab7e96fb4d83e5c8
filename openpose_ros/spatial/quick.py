"""Rays and pixels of a camera for many points and every image, as near as depth is worth it."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import numpy.typing as npt

from openpose_ros.spatial.cameras import Camera
from openpose_ros.spatial.distortion import MODELS, padded

Array = npt.NDArray[np.float64]

CELL = 4  # pixels between two rays of the table
OBLIQUE = 1.0  # of the plane at z = 1; further out the table is too coarse
_SEEN = 1.05  # of the widest ray of the image: what is further out folds back in some lenses


def is_ideal(camera: Camera) -> bool:
    """Return whether a camera is a pinhole."""
    return not any(camera.coefficients) and camera.model != 'equidistant'


def quick_rays(camera: Camera, pixels: npt.ArrayLike) -> Array:
    """
    Return what `Camera.rays` does, to a hundredth of a pixel.

    Between the rays of a table, which is made at the first call for a camera.

    Parameters
    ----------
    camera : Camera
        The same object from call to call.
    pixels : float (..., 2)
        x, y; NaN stays NaN.

    Returns
    -------
    float64 (..., 3)
        x, y, 1.

    """
    given = np.asarray(pixels, np.float64)
    if is_ideal(camera):
        return camera.rays(given)
    table = ray_table(camera)
    flat = given.reshape(-1, 2)
    cells = flat / CELL + 1  # the table begins a cell outside the image
    limits = np.array([table.shape[1] - 1.001, table.shape[0] - 1.001])
    with np.errstate(invalid='ignore'):
        is_inside = np.asarray(((cells >= 0) & (cells <= limits)).all(axis=1))
    cells = np.where(is_inside[:, np.newaxis], cells, 0.0)
    column, row = cells.astype(np.int64).T
    x, y = cells[:, :1] - column[:, np.newaxis], cells[:, 1:] - row[:, np.newaxis]
    above = (1 - x) * table[row, column] + x * table[row, column + 1]
    below = (1 - x) * table[row + 1, column] + x * table[row + 1, column + 1]
    points = (1 - y) * above + y * below
    rays = np.concatenate([points, np.ones((len(points), 1))], axis=1)
    with np.errstate(invalid='ignore'):
        exact = ~np.asarray(is_inside & (np.abs(points) < OBLIQUE).all(axis=1))
    unseen = np.isnan(flat).any(axis=1)
    rays[unseen], exact = np.nan, exact & ~unseen
    if exact.any():
        rays[exact] = camera.rays(flat[exact])
    return rays.reshape(*given.shape[:-1], 3)


def quick_pixels(camera: Camera, points: npt.ArrayLike, *, held: bool = False) -> Array:
    """
    Return the pixels that see points, as `Camera.project` does for what is in the image.

    Parameters
    ----------
    camera : Camera
        The same object from call to call.
    points : float (..., 3)
        Metres.
    held : bool
        Whether points beyond the image get a pixel at its rim, in their direction, for NaN.

    Returns
    -------
    float64 (..., 2)
        NaN where a point is not in front of the camera.

    """
    given = np.asarray(points, np.float64)
    flat = given.reshape(-1, 3)
    with np.errstate(invalid='ignore', divide='ignore', over='ignore'):
        ideal = np.where(flat[:, 2:] > 0, flat[:, :2] / flat[:, 2:], np.nan)
        if not is_ideal(camera):
            radius, widest = np.hypot(ideal[:, 0], ideal[:, 1]), _widest(camera)
            if held:
                within = np.minimum(1, widest / np.maximum(radius, 1e-9))
                ideal = ideal * within[:, np.newaxis]
            else:
                ideal[radius > widest] = np.nan
            ideal = MODELS[camera.model].distort(ideal, padded(camera.coefficients))
    x = camera.focal[0] * ideal[:, 0] + camera.skew * ideal[:, 1] + camera.centre[0]
    y = camera.focal[1] * ideal[:, 1] + camera.centre[1]
    unseen = np.isnan(x) | np.isnan(y)
    x[unseen] = y[unseen] = np.nan
    return np.stack([x, y], axis=1).reshape(*given.shape[:-1], 2)


@lru_cache(maxsize=4)
def ray_table(camera: Camera) -> Array:
    """
    Return where the rays of every few pixels meet the plane at z = 1.

    Returns
    -------
    float64 (rows, columns, 2)
        Of one in CELL pixels, from a cell outside the image on.

    """
    width, height = camera.size
    x = np.arange(-CELL, width + 2 * CELL, CELL)
    y = np.arange(-CELL, height + 2 * CELL, CELL)
    return np.ascontiguousarray(camera.rays(np.stack(np.meshgrid(x, y), axis=-1))[..., :2])


@lru_cache(maxsize=4)
def _widest(camera: Camera) -> float:
    """Return how far from the axis the image's widest ray meets the plane at z = 1."""
    table = ray_table(camera)[1:-1, 1:-1]
    return _SEEN * float(np.nanmax(np.hypot(table[..., 0], table[..., 1]), initial=0.1))
