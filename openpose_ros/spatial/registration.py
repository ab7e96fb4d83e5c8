"""Depth that another camera took, as the first one would have seen it, where people are."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
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
_EVERY = 4  # pixels, of which one is looked at for how near things are
_ENOUGH = 100  # pixels along the longer side of who is furthest away
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
    boxes = _boxes(people, camera.size)
    windows = list(_windows(boxes, depth, depth_camera, camera, to_camera.inverse()))
    stride = _stride(windows)
    finer = max(camera.focal[0] / depth_camera.focal[0], camera.focal[1] / depth_camera.focal[1])
    # A little coarser than the depth camera's own pixels: or holes are left between them.
    size = _scaled(camera.size, max(1.0, 1.25 * finer * stride))
    seen = np.full((size[1], size[0]), np.inf, np.float32)
    wanted = np.zeros((depth.size[1], depth.size[0]), np.bool_)
    for rows, columns in windows:
        top, left = -rows.start % stride, -columns.start % stride  # of one grid for all
        wanted[rows, columns][top::stride, left::stride] = True
    values = DepthImage(depth.pixels[wanted][np.newaxis]).metres()[0]
    known = ~np.isnan(values)
    turn = to_camera.turn(np.eye(3)).astype(np.float32)  # its rows are the axes, turned
    rays = (_rays(depth_camera)[wanted] @ turn)[known]
    points = rays * values[known, np.newaxis] + to_camera.translation.astype(np.float32)
    places = (quick_pixels(camera, points) + 0.5) * (np.array(size) / camera.size) - 0.5
    with np.errstate(invalid='ignore'):
        inside = ((places > -0.5) & (places < np.array(size) - 0.5)).all(axis=1)
    column, row = np.rint(places[inside]).astype(np.int64).T
    np.minimum.at(seen, (row, column), points[inside, 2])
    seen[np.isinf(seen)] = np.nan
    return DepthImage(seen)


def _stride(windows: list[tuple[slice, slice]]) -> int:
    """Return of how many pixels one is enough, in rows and columns: of large people, few are."""
    sides = [
        max(rows.stop - rows.start, columns.stop - columns.start) for rows, columns in windows
    ]
    smallest = min((side for side in sides if side > 0), default=0)
    return max(1, smallest // _ENOUGH)


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
    boxes: npt.NDArray[np.float64],
    depth: DepthImage,
    depth_camera: Camera,
    camera: Camera,
    to_depth: Transform,
) -> Iterator[tuple[slice, slice]]:
    """Yield rows and columns of the depth image that may see what is in each box."""
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
        window = _window(rays, _RANGE, depth_camera, to_depth)
        few = depth.pixels[window][::_EVERY, ::_EVERY]
        if not few.size:
            continue
        far = DepthImage(np.ascontiguousarray(few)).metres()
        if np.isnan(far).all():
            continue
        # What is there is not as near as it might be: that makes the window much smaller.
        nearest, furthest = float(np.nanmin(far)), float(np.nanmax(far))
        yield _window(rays, (0.9 * nearest, 1.1 * furthest), depth_camera, to_depth)


def _window(
    rays: npt.NDArray[np.float64],
    metres: Sequence[float],
    depth_camera: Camera,
    to_depth: Transform,
) -> tuple[slice, slice]:
    """Return rows and columns in which the depth camera sees what is on rays, so far away."""
    width, height = depth_camera.size
    if np.isnan(rays).any():  # beyond what the lens sees: no telling where that would be
        return slice(0, height), slice(0, width)
    points = rays[np.newaxis] * np.array(metres)[:, np.newaxis, np.newaxis]
    pixels = quick_pixels(depth_camera, to_depth.apply(points), held=True).reshape(-1, 2)
    pixels = pixels[~np.isnan(pixels).any(axis=1)]
    if not len(pixels):
        return slice(0, 0), slice(0, 0)
    low = np.clip(np.floor(pixels.min(axis=0)) - 2, 0, [width, height]).astype(int)
    high = np.clip(np.ceil(pixels.max(axis=0)) + 3, 0, [width, height]).astype(int)
    return slice(int(low[1]), int(high[1])), slice(int(low[0]), int(high[0]))


@lru_cache(maxsize=2)
def _rays(camera: Camera) -> npt.NDArray[np.float32]:
    """Return the rays (H, W, 3) of all pixels."""
    width, height = camera.size
    grid = np.stack(np.meshgrid(np.arange(width), np.arange(height)), axis=-1)
    return camera.rays(grid).astype(np.float32)
