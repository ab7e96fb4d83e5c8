"""Maps of several views, joined on one grid."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from openpose_ros.engine import Maps
from openpose_ros.placement import Placement
from openpose_ros.skeletons import Skeleton

FloatArray = npt.NDArray[np.float32]

_SHARPNESS = -0.5  # of Keys' cubic: the one that reproduces parabolas (IEEE TASSP 29(6), 1981)


def mirrored(maps: Maps, skeleton: Skeleton) -> Maps:
    """
    Turn the maps of a mirrored picture into those of the picture.

    Parameters
    ----------
    maps : Maps
        Of the input with its columns reversed.
    skeleton : Skeleton
        Says which keypoints are each other's mirror image.

    Returns
    -------
    Maps
        New ones: columns reversed, left and right channels swapped, the x components of the part
        affinity fields negated; and y too where the mirrored limb points the other way.

    """
    heatmaps, pafs = maps
    keypoints = skeleton.num_keypoints
    order = [*skeleton.mirror, *range(keypoints, heatmaps.shape[1])]
    sources, signs = paf_mirror(skeleton)
    return Maps(
        heatmaps[:, order, :, ::-1],
        pafs[:, sources, :, ::-1] * signs[:, np.newaxis, np.newaxis],
    )


def paf_mirror(skeleton: Skeleton) -> tuple[npt.NDArray[np.int64], FloatArray]:
    """
    Return of each PAF channel which one it is in a mirrored picture, and its sign there.

    Returns
    -------
    sources : int64 (2 L,)
        Channels of the mirrored picture's fields.
    signs : float32 (2 L,)
        1 or -1.

    """
    limbs = {(limb.start, limb.end): limb for limb in skeleton.limbs}
    sources, signs = np.empty(2 * len(limbs), np.int64), np.empty(2 * len(limbs), np.float32)
    for limb in skeleton.limbs:
        start, end = skeleton.mirror[limb.start], skeleton.mirror[limb.end]
        other = limbs.get((start, end))
        along = 1 if other is not None else -1
        other = other or limbs[end, start]
        sources[limb.paf_x], sources[limb.paf_y] = other.paf_x, other.paf_y
        signs[limb.paf_x], signs[limb.paf_y] = -along, along
    return sources, signs


def averaged(views: Sequence[tuple[Maps, Placement]], grid: Placement) -> Maps:
    """
    Average maps on a grid.

    Parameters
    ----------
    views : sequence of (Maps, Placement)
        Of one picture each (N = 1), and where they lie on the frame.
    grid : Placement
        Where the cells of the result lie.

    """
    total = [np.array(plane) for plane in resampled(*views[0], grid)]
    for maps, placement in views[1:]:
        for plane, more in zip(total, resampled(maps, placement, grid)):
            plane += more
    return Maps(*(plane / np.float32(len(views)) for plane in total))


def resampled(maps: Maps, placement: Placement, grid: Placement) -> Maps:
    """
    Bring maps to the cells of a grid, by cubic convolution (Keys, 1981); the border is repeated.

    Parameters
    ----------
    maps : Maps
        Of one picture (N = 1).
    placement, grid : Placement
        Where their cells lie on the frame, and where those of the result do.

    """
    if placement == grid:
        return maps
    across = _weights(placement, grid, maps.heatmaps.shape[3], axis=0)
    down = _weights(placement, grid, maps.heatmaps.shape[2], axis=1)
    return Maps(*(np.matmul(down, plane) @ across.T for plane in maps))


def cells_of(placement: Placement) -> tuple[int, int]:
    """Return how many cells maps have, across and down."""
    width, height = placement.input_size
    return -(-width // placement.stride), -(-height // placement.stride)


def _weights(placement: Placement, grid: Placement, cells: int, *, axis: int) -> FloatArray:
    """Return (G, cells): of which cells a view's value is made at each of G cells of the grid."""
    wanted = cells_of(grid)[axis]
    ends = np.zeros((wanted, 2))
    ends[:, axis] = np.arange(wanted)
    places = placement.to_cells(grid.to_source(ends))[:, axis].clip(0, cells - 1)
    first = np.floor(places).astype(int) - 1
    weights = np.zeros((wanted, cells), np.float32)
    rows = np.arange(wanted)
    for tap in range(4):
        np.add.at(
            weights,
            (rows, (first + tap).clip(0, cells - 1)),
            _cubic(np.abs(places - (first + tap))),
        )
    return weights


def _cubic(distance: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    a, d = _SHARPNESS, distance
    near = (a + 2) * d**3 - (a + 3) * d**2 + 1
    far = a * d**3 - 5 * a * d**2 + 8 * a * d - 4 * a
    return np.where(d <= 1, near, np.where(d < 2, far, 0.0))
