"""Depth images, as REP 118 has them: how far along the optical axis each pixel's surface is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from openpose_ros.placement import Size

_EVERY = 8  # pixels, of which one is looked at where all would be too many
_TOO_NEAR, _TOO_FAR = 0.1, 100.0  # metres, of the median


@dataclass(frozen=True, eq=False)
class DepthImage:
    """
    How far away things are.

    Attributes
    ----------
    pixels : uint16 or float32 (H, W)
        Of uint16 millimetres, 0 where nothing is known; of float32 metres, NaN, infinite, 0 or
        less where nothing is known. Only read.

    """

    pixels: npt.NDArray[Any]

    def __post_init__(self) -> None:
        if self.pixels.ndim != 2 or self.pixels.dtype not in (np.uint16, np.float32):
            raise ValueError(
                f'depth of {self.pixels.dtype} {self.pixels.shape}: expected uint16 or float32 '
                '(H, W)'
            )

    @property
    def size(self) -> Size:
        """Width and height, pixels."""
        return self.pixels.shape[1], self.pixels.shape[0]

    def metres(self) -> npt.NDArray[np.float32]:
        """Return float32 (H, W), NaN where nothing is known; a copy."""
        if self.pixels.dtype == np.uint16:
            depth = self.pixels * np.float32(0.001)
        else:
            depth = np.array(self.pixels, np.float32)
        depth[~((depth > 0) & (depth < np.inf))] = np.nan
        return np.asarray(depth, np.float32)

    def is_blank(self) -> bool:
        """Tell whether nothing at all is known."""
        some, every = self.pixels[::_EVERY, ::_EVERY], self.pixels
        return not any(((part > 0) & (part < np.inf)).any() for part in (some, every))

    def oddity(self) -> str:
        """Say in one line that the unit is likely another one, or ''."""
        few = np.asarray(self.pixels[::_EVERY, ::_EVERY])
        few = few[(few > 0) & (few < np.inf)]
        if not len(few):
            return ''
        median = float(np.median(few))
        if self.pixels.dtype == np.uint16 and median < 1000 * _TOO_NEAR:
            return (
                f'the median of the depth is {median:.0f} mm: 16UC1 must hold millimetres '
                '(REP 118), not metres or other units; see the settings of its driver'
            )
        if self.pixels.dtype == np.float32 and median > _TOO_FAR:
            return (
                f'the median of the depth is {median:.0f} m: 32FC1 must hold metres (REP 118), '
                'not millimetres; see the settings of its driver'
            )
        return ''
