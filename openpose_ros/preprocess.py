"""From a frame to the network's input."""

from __future__ import annotations

from operator import index

import cv2
import numpy as np
import numpy.typing as npt

from openpose_ros.errors import ParameterError
from openpose_ros.frames import FrameArray, check_frame
from openpose_ros.models import ModelSpec
from openpose_ros.placement import Placement, Size, place_frame

FloatArray = npt.NDArray[np.float32]

_LARGEST_SIDE = 4096  # of the network's input, pixels


def check_net_resolution(net_resolution: Size | None, spec: ModelSpec) -> Size:
    """
    Return the net resolution that a model will run at.

    Parameters
    ----------
    net_resolution : (int, int), optional
        Width and height of the network's input, in pixels; one of them may be -1, for what keeps
        the frame's aspect. By default the model's own.
    spec : ModelSpec
        Says the fixed size or the multiple that its sides must be.

    Raises
    ------
    ParameterError
        If the model cannot run at it.

    """
    fixed, multiple, offset = spec.input.fixed_size, spec.input.multiple, spec.input.offset
    if net_resolution is None:
        return spec.net_resolution if fixed is None else fixed
    try:
        width, height = (index(side) for side in net_resolution)
    except (TypeError, ValueError):
        raise ParameterError(
            f'net_resolution is {net_resolution!r}, but must be (width, height), whole pixels'
        ) from None
    found = f'{width}x{height}'
    if fixed is not None and (width, height) != fixed:
        raise ParameterError(
            f'net_resolution is {found}, but {spec.name} runs at {fixed[0]}x{fixed[1]} only'
        )
    if (width, height) == (-1, -1):
        raise ParameterError(
            'net_resolution is -1x-1, but one side must be given; '
            'the other follows from the aspect of the frame'
        )
    for side in (width, height):
        if side != -1 and ((side - offset) % multiple or not 0 < side <= _LARGEST_SIDE):
            steps = min(round((side - offset) / multiple), (_LARGEST_SIDE - offset) // multiple)
            fitting = max(steps, 1) * multiple + offset
            raise ParameterError(
                f'net_resolution is {found}, but {spec.name} needs sides of {multiple} n'
                f'{f" + {offset}" if offset else ""}, at most {_LARGEST_SIDE}, or one of them -1; '
                f'take {fitting} for {side}'
            )
    return width, height


def check_source_size(source_size: Size) -> Size:
    """
    Return the width and height of frames, pixels.

    Raises
    ------
    ParameterError
        If it is no such size.

    """
    try:
        width, height = (index(side) for side in source_size)
    except (TypeError, ValueError):
        width = height = 0
    if min(width, height) < 1:
        raise ParameterError(
            f'source_size is {source_size!r}, but must be (width, height), whole pixels'
        )
    return width, height


def preprocess(
    frame: FrameArray,
    spec: ModelSpec,
    net_resolution: Size,
    *,
    out: FloatArray | None = None,
) -> tuple[FloatArray, Placement]:
    """
    Make a frame the network's input.

    Parameters
    ----------
    frame : uint8 (H, W, 3)
        Blue, green, red. It is only read.
    spec : ModelSpec
        Says stride, colour order, normalisation and padding.
    net_resolution : (int, int)
        As `check_net_resolution` returns it.
    out : float32 (1, 3, h, w), C-contiguous, optional
        Written to and returned if its shape is the one needed, else a new array is made: pass
        the last tensor to save the allocation, once nobody reads it any more.

    Returns
    -------
    tensor : float32 (1, 3, h, w)
        In the model's colour order, normalised as it wants.
    placement : Placement

    Raises
    ------
    FrameError
        If the frame is not a picture of that form.

    """
    check_frame(frame)
    placement = place_frame(
        (frame.shape[1], frame.shape[0]),
        net_resolution,
        stride=spec.stride,
        multiple=spec.input.multiple,
        remainder=spec.input.offset,
    )
    return fill_input(frame, spec, placement, out=out), placement


def fill_input(
    frame: FrameArray, spec: ModelSpec, placement: Placement, *, out: FloatArray | None = None
) -> FloatArray:
    """
    Make the network's input of a frame that lies somewhere in it, wholly or in part.

    Parameters
    ----------
    frame, spec, out
        As `preprocess` takes them.
    placement : Placement
        Where the frame lies; with a negative offset its left or upper part is left out.

    Returns
    -------
    float32 (1, 3, h, w)

    """
    width, height = placement.input_size
    shape = (1, 3, height, width)
    tensor = out if out is not None and out.shape == shape else np.empty(shape, np.float32)
    (left, before_x, columns), (top, before_y, rows) = (
        _overlap(offset, length, side)
        for offset, length, side in zip(placement.offset, placement.scaled_size, (width, height))
    )
    if placement.scaled_size != (frame.shape[1], frame.shape[0]):
        frame = _resize(frame, placement.scaled_size)
    shown = frame[before_y : before_y + rows.stop - top, before_x : before_x + columns.stop - left]
    planes = cv2.split(shown)
    if spec.input.colour == 'RGB':
        planes = planes[::-1]
    for channel, plane in enumerate(planes):
        target = tensor[0, channel]
        target[:top] = target[rows.stop :] = spec.input.pad
        target[rows, :left] = target[rows, columns.stop :] = spec.input.pad
        target[rows, columns] = plane
        mean, scale = spec.input.mean[channel], spec.input.scale[channel]
        if mean != 0:
            target -= mean
        if scale != 1:
            target *= scale
    return tensor


def _overlap(offset: int, length: int, side: int) -> tuple[int, int, slice]:
    """Return where what is seen of a frame begins in the input, and in the frame; the slice."""
    begin = max(0, offset)
    return begin, begin - offset, slice(begin, min(side, offset + length))


def _resize(frame: FrameArray, size: Size) -> FrameArray:
    """
    Scale without aliasing, at about the cost of a bilinear cv2.resize.

    A bilinear sample is of 2x2 pixels, so that below a scale of 1/2 some would be skipped, and
    their neighbours' noise kept. Larger frames are halved first, which OpenCV does quickly. On
    noisy pictures of 2 to 3 thousand pixels that makes AP 0.48 of 0.38, where INTER_AREA takes
    ten times as long; above 1/2 linear, area and cubic do not differ (0.51 to 0.52).
    """
    if frame.shape[:2] == (1, 1):  # which OpenCV 4.5 cannot scale
        frame = np.tile(frame, (2, 1, 1))
    while frame.shape[0] > 2 * size[1] and frame.shape[1] > 2 * size[0]:
        half = ((frame.shape[1] + 1) // 2, (frame.shape[0] + 1) // 2)
        frame = cv2.resize(frame, half, interpolation=cv2.INTER_LINEAR)
    return np.asarray(cv2.resize(frame, size, interpolation=cv2.INTER_LINEAR), np.uint8)
