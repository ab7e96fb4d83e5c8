"""Depth that another camera took, as the first one would have seen it, where people are."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from openpose_ros.people import People
from openpose_ros.placement import Size
from openpose_ros.spatial.cameras import Camera
from openpose_ros.spatial.depth import DepthImage
from openpose_ros.spatial.quick import quick_pixels, quick_rays
from openpose_ros.spatial.transforms import Transform

_MARGIN = 0.15  # of a box's longer side, around it
_RANGE = (0.25, 0.5, 1.0, 2.0, 4.0, 8.0, 20.0)  # metres at which boxes are looked for


def registered(
    depth: DepthImage,
    depth_camera: Camera,
    camera: Camera,
    to_camera: Transform,
    people: People,
) -> DepthImage:
    """
    Return depth as the camera of the image would have seen it.

    Only the pixels that can fall into people's boxes are projected; where two fall together, the
    nearer one is seen.

    Parameters
    ----------
    depth : DepthImage
        Of the depth camera.
    depth_camera, camera : Camera
        That of the depth, in its pixels, and that of the image.
    to_camera : Transform
        From the depth camera's frame to the other's.
    people : People
        In pixels of the image.

    Returns
    -------
    DepthImage
        Metres. Of the image's shape, and no finer than the depth camera sees; NaN wherever
        nothing is known, or nobody is.

    """
    finer = max(camera.focal[0] / depth_camera.focal[0], camera.focal[1] / depth_camera.focal[1])
    # A little coarser than the depth camera's own pixels: or holes are left between them.
    shrink = max(1.0, 1.25 * finer)
    size = _scaled(camera.size, shrink)
    seen = np.full((size[1], size[0]), np.inf, np.float32)
    boxes = _boxes(people, camera.size)
    if len(boxes):
        wanted = np.zeros((depth.size[1], depth.size[0]), np.bool_)
        for rows, columns in _windows(boxes, depth_camera, camera, to_camera.inverse()):
            wanted[rows, columns] = True
        rows_of, columns_of = np.nonzero(wanted)
        picked = depth.pixels[rows_of, columns_of]
        values = DepthImage(picked[np.newaxis]).metres()[0]
        known = ~np.isnan(values)
        rows_of, columns_of, values = rows_of[known], columns_of[known], values[known]
        rays = _rays(depth_camera)[rows_of, columns_of]
        points = to_camera.apply(rays * values[:, np.newaxis])
        pixels = quick_pixels(camera, points)
        places = (pixels + 0.5) * (np.array(size) / camera.size) - 0.5
        with np.errstate(invalid='ignore'):
            inside = ((places > -0.5) & (places < np.array(size) - 0.5)).all(axis=1)
        column, row = np.rint(places[inside]).astype(np.int64).T
        np.minimum.at(seen, (row, column), points[inside, 2].astype(np.float32))
    seen[np.isinf(seen)] = np.nan
    return DepthImage(seen)


def _scaled(size: Size, shrink: float) -> Size:
    return max(1, round(size[0] / shrink)), max(1, round(size[1] / shrink))


def _boxes(people: People, size: Size) -> npt.NDArray[np.float64]:
    """Return boxes (M, 4) left, top, right, bottom around people, in the image."""
    boxes = people.bounding_boxes().astype(np.float64)
    boxes = boxes[~np.isnan(boxes).any(axis=1)]
    margin = _MARGIN * boxes[:, 2:].max(axis=1, initial=0, keepdims=True) + 4
    low = np.maximum(boxes[:, :2] - margin, -0.5)
    high = np.minimum(boxes[:, :2] + boxes[:, 2:] + margin, np.array(size) - 0.5)
    return np.concatenate([low, high], axis=1)


def _windows(
    boxes: npt.NDArray[np.float64], depth_camera: Camera, camera: Camera, to_depth: Transform
) -> Iterator[tuple[slice, slice]]:
    """Yield rows and columns of the depth image that may see what is in each box."""
    width, height = depth_camera.size
    steps = np.linspace(0, 1, 5)
    for left, top, right, bottom in boxes.tolist():
        x, y = left + steps * (right - left), top + steps * (bottom - top)
        rim = np.concatenate(
            [
                np.stack([x, np.full(5, top)], axis=1),
                np.stack([x, np.full(5, bottom)], axis=1),
                np.stack([np.full(5, left), y], axis=1),
                np.stack([np.full(5, right), y], axis=1),
            ]
        )
        rays = quick_rays(camera, rim)
        points = rays[np.newaxis] * np.array(_RANGE)[:, np.newaxis, np.newaxis]
        pixels = quick_pixels(depth_camera, to_depth.apply(points), held=True).reshape(-1, 2)
        pixels = pixels[~np.isnan(pixels).any(axis=1)]
        if np.isnan(rays).any():  # beyond what the lens sees: no telling where that would be
            pixels = np.array([[0.0, 0.0], [width, height]])
        if not len(pixels):
            continue
        low = np.clip(np.floor(pixels.min(axis=0)) - 2, 0, None).astype(int)
        high = np.clip(np.ceil(pixels.max(axis=0)) + 3, 0, [width, height]).astype(int)
        yield slice(low[1], high[1]), slice(low[0], high[0])


@lru_cache(maxsize=2)
def _rays(camera: Camera) -> npt.NDArray[np.float32]:
    """Return the rays (H, W, 3) of all pixels."""
    width, height = camera.size
    grid = np.stack(np.meshgrid(np.arange(width), np.arange(height)), axis=-1)
    return camera.rays(grid).astype(np.float32)
