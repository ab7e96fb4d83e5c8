"""Heatmaps and part affinity fields as colours over a frame: how the method is explained."""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt

from openpose_ros.errors import FrameError, MapsError
from openpose_ros.frames import FrameArray, check_frame
from openpose_ros.placement import Placement
from openpose_ros.skeletons import Skeleton

FloatArray = npt.NDArray[np.float32]

_JET_RED = 224  # of COLORMAP_JET's 255 steps; those above are darker again
_DIMMED = 0.6  # of the frame's brightness, below maps


def draw_heatmaps(
    frame: FrameArray,
    heatmaps: FloatArray,
    placement: Placement,
    skeleton: Skeleton,
    *,
    keypoint: str | None = None,
) -> FrameArray:
    """
    Draw where the network sees keypoints, of all kinds or of one.

    Parameters
    ----------
    frame : uint8 (H, W, 3)
        Blue, green, red; drawn into.
    heatmaps : float32 (K or K + 1, h, w)
        Of one frame; a background channel is left out. 0 is shown as the dimmed frame, 1 as red.
    placement : Placement
        Where the maps lie on the frame.
    skeleton : Skeleton
        Names the K keypoints.
    keypoint : str, optional
        Draw only the heatmap of this one; by default the greatest of all at each place.

    Returns
    -------
    uint8 (H, W, 3)
        `frame` itself.

    Raises
    ------
    FrameError
        If the frame cannot be drawn into, or is not of the placement's size.
    MapsError
        If there is no map of one frame for each keypoint.
    SkeletonError
        If the skeleton has no such keypoint.

    """
    _check_placed(frame, placement)
    _check_maps('heatmaps', heatmaps, skeleton.num_keypoints, skeleton)
    kinds = slice(skeleton.num_keypoints)
    if keypoint is not None:
        kinds = slice(skeleton.index(keypoint), skeleton.index(keypoint) + 1)
    strength = _on_frame(heatmaps[kinds].max(axis=0), placement)
    levels = (_JET_RED * strength.clip(0, 1)).astype(np.uint8)
    colours = cv2.applyColorMap(levels, cv2.COLORMAP_JET)
    return _blend(frame, colours, strength)


def draw_pafs(
    frame: FrameArray, pafs: FloatArray, placement: Placement, skeleton: Skeleton
) -> FrameArray:
    """
    Draw where the network sees limbs: the hue says in which direction they point.

    Parameters
    ----------
    frame : uint8 (H, W, 3)
        Blue, green, red; drawn into.
    pafs : float32 (2 L, h, w)
        Of one frame. Of the limbs that are drawn the longest vector is shown at each place: to
        the right red, downwards yellow-green, to the left cyan, upwards violet; length 0 as the
        dimmed frame.
    placement : Placement
        Where the maps lie on the frame.
    skeleton : Skeleton
        Says which channels belong to which limb.

    Returns
    -------
    uint8 (H, W, 3)
        `frame` itself.

    Raises
    ------
    FrameError
        If the frame cannot be drawn into, or is not of the placement's size.
    MapsError
        If there are not two maps of one frame for each limb.

    """
    _check_placed(frame, placement)
    _check_maps('pafs', pafs, 2 * skeleton.num_limbs, skeleton)
    drawn = [limb for limb in skeleton.limbs if limb.drawn]
    fields = np.stack([pafs[[limb.paf_x for limb in drawn]], pafs[[limb.paf_y for limb in drawn]]])
    longest = np.hypot(*fields).argmax(axis=0)[np.newaxis, np.newaxis]
    x, y = np.take_along_axis(fields, longest, axis=1)[:, 0]
    x, y = _on_frame(x, placement), _on_frame(y, placement)
    strength, degrees = cv2.cartToPolar(x, y, angleInDegrees=True)
    hsv = np.full(frame.shape, 255, np.uint8)
    hsv[..., 0] = degrees / 2  # OpenCV's hues are from 0 to 179
    return _blend(frame, cv2.cvtColor(hsv, cv2.COLOR_HSV2BGR), strength)


def _check_placed(frame: FrameArray, placement: Placement) -> None:
    check_frame(frame, drawable=True)
    (width, height), (placed_width, placed_height) = frame.shape[1::-1], placement.source_size
    if (width, height) != (placed_width, placed_height):
        raise FrameError(
            f'the frame is {width}x{height}, but its maps belong to a frame of '
            f'{placed_width}x{placed_height}; draw on the frame that was estimated'
        )


def _check_maps(name: str, maps: FloatArray, channels: int, skeleton: Skeleton) -> None:
    shape: tuple[int, ...] = getattr(maps, 'shape', ())
    if len(shape) != 3 or shape[0] < channels or 0 in shape:
        found = f'have shape {shape}' if shape else f'are a {type(maps).__name__}'
        raise MapsError(
            f'{name} {found}, but must be ({channels}, height, width) for the skeleton '
            f'{skeleton.name}; of what an estimator returns, pass {name}[0]'
        )


def _on_frame(cells: FloatArray, placement: Placement) -> FloatArray:
    """Interpolate one map (h, w) at each pixel of the frame."""
    (width, height), (x, y) = placement.cell_size, placement.origin
    to_cells = np.array([[1 / width, 0, -x / width], [0, 1 / height, -y / height]])
    return np.asarray(
        cv2.warpAffine(
            np.ascontiguousarray(cells, np.float32),
            to_cells,
            placement.source_size,
            flags=cv2.INTER_CUBIC | cv2.WARP_INVERSE_MAP,
            borderMode=cv2.BORDER_REPLICATE,
        ),
        np.float32,
    )


def _blend(frame: FrameArray, colours: FrameArray, strength: FloatArray) -> FrameArray:
    """Lay colours over the dimmed frame, opaque where the strength is 1."""
    opacity = strength.clip(0, 1)
    dimmed = cv2.convertScaleAbs(frame, alpha=_DIMMED)
    cv2.blendLinear(colours, dimmed, opacity, 1 - opacity, frame)
    return frame
