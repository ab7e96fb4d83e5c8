"""
Where a frame lies in the network's input, and map cells on the frame.

The frame is scaled to fit, keeping its aspect, and centred; what is left is padded. Everything
follows `cv2.resize`: (0, 0) is the centre of the top-left pixel, so that a scale s takes pixel x
to (x + 0.5) s - 0.5. Map cells are centred on the input: the first one's centre lies at input
pixel ((side - 1) mod stride) / 2, which is 3.5 for a multiple of 8, and 0 for 16 n + 1 (PoseNet).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

Size = tuple[int, int]

_WIDEST = 8  # a computed side, in units of the given one


@dataclass(frozen=True)
class Placement:
    """
    Where a frame lies in the network's input.

    Attributes
    ----------
    source_size, input_size, scaled_size : (int, int)
        Width and height of the frame, of the network's input, and of the frame within it; pixels.
    offset : (int, int)
        x and y of the input pixel on which the frame's top-left pixel lies.
    stride : int
        Input pixels a map cell.

    """

    source_size: Size
    input_size: Size
    scaled_size: Size
    offset: Size
    stride: int

    @property
    def cell_size(self) -> tuple[float, float]:
        """Width and height of a map cell, in pixels of the frame."""
        (width, height), (scaled_width, scaled_height) = self.source_size, self.scaled_size
        return self.stride * width / scaled_width, self.stride * height / scaled_height

    @property
    def origin(self) -> tuple[float, float]:
        """Centre of the first cell: x and y in pixels of the frame."""
        x, y = (
            # From the input's pixel to the frame's, both counted from the corners of the frame.
            ((side - 1) % self.stride / 2 - before + 0.5) * source / scaled - 0.5
            for side, before, source, scaled in zip(
                self.input_size, self.offset, self.source_size, self.scaled_size
            )
        )
        return x, y

    def to_source(self, cells: npt.ArrayLike) -> npt.NDArray[Any]:
        """
        Take positions on the maps to the frame.

        Parameters
        ----------
        cells : floats (..., 2)
            x, y in map cells; (0, 0) is the centre of the first cell. NaN stays NaN.

        Returns
        -------
        floats (..., 2)
            x, y in pixels of the frame; beyond its edges where a position is in the padding.
            Of the dtype of `cells`.

        """
        cells = np.asarray(cells)
        dtype = np.result_type(cells, np.float32)
        return np.asarray(cells * np.array(self.cell_size, dtype) + np.array(self.origin, dtype))

    def to_cells(self, pixels: npt.ArrayLike) -> npt.NDArray[Any]:
        """Take positions on the frame to the maps; the inverse of `to_source`."""
        pixels = np.asarray(pixels)
        dtype = np.result_type(pixels, np.float32)
        return np.asarray(
            (pixels - np.array(self.origin, dtype)) / np.array(self.cell_size, dtype)
        )


def place_frame(
    source_size: Size, net_resolution: Size, *, stride: int, multiple: int, remainder: int = 0
) -> Placement:
    """
    Fit a frame into the network's input: as large as possible, in the middle.

    Parameters
    ----------
    source_size : (int, int)
        Width and height of the frame, pixels.
    net_resolution : (int, int)
        Width and height of the network's input, pixels. A side of -1 becomes the shortest one
        that leaves the other side without padding, but at most about 8 times the other side: a
        frame of a single row must not ask for an input of gigabytes.
    stride : int
        Input pixels a map cell.
    multiple, remainder : int
        The network's width and height must be multiple * n + remainder.

    """
    (width, height), (net_width, net_height) = source_size, net_resolution
    if net_width == -1:
        net_width = _follow(net_height, height, width, multiple, remainder)
    elif net_height == -1:
        net_height = _follow(net_width, width, height, multiple, remainder)
    scale = min(net_width / width, net_height / height)
    scaled_width = max(1, min(net_width, round(width * scale)))
    scaled_height = max(1, min(net_height, round(height * scale)))
    return Placement(
        source_size=(width, height),
        input_size=(net_width, net_height),
        scaled_size=(scaled_width, scaled_height),
        offset=((net_width - scaled_width) // 2, (net_height - scaled_height) // 2),
        stride=stride,
    )


def _follow(given: int, given_source: int, source: int, multiple: int, remainder: int) -> int:
    """Return the side that goes with the given one, for a frame of these sides."""
    length = min(-(-given * source // given_source), _WIDEST * given)  # rounded up
    return max(1, -(-(length - remainder) // multiple)) * multiple + remainder
