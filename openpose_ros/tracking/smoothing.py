"""Less jitter: the 1€ filter (Casiez, Roussel, Vogel, CHI 2012, algorithm 1)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]

_CUTOFF_HZ = 1.0  # at rest
_OPENING_HZ = 3.0  # what a speed of one body size a second adds to it
_SPEED_CUTOFF_HZ = 1.0  # the paper's


@dataclass(eq=False)
class Smoothing:
    """
    The state of the filters of N people with K keypoints; methods change it in place.

    Attributes
    ----------
    values : float64 (N, K, 2)
        x, y; NaN of a keypoint that was not seen yet.
    speeds : float64 (N, K, 2)
        Unit of the values a second.
    stamps_s : float64 (N, K, 1)
        When each keypoint was seen last, seconds.

    """

    values: FloatArray
    speeds: FloatArray
    stamps_s: FloatArray

    @classmethod
    def starting(cls, count: int, keypoints: int) -> Smoothing:
        """Return filters that have seen nothing."""
        return cls(
            np.full((count, keypoints, 2), np.nan),
            np.zeros((count, keypoints, 2)),
            np.zeros((count, keypoints, 1)),
        )

    def smooth(
        self, which: npt.NDArray[np.int64], points: FloatArray, sizes: FloatArray, stamp_s: float
    ) -> FloatArray:
        """
        Return the keypoints of some people, smoothed.

        Parameters
        ----------
        which : int64 (M,)
            Whose they are.
        points : float64 (M, K, 2)
            x, y; NaN where missing, and then NaN in what is returned.
        sizes : float64 (M,)
            Of their bodies: speeds are seen in these, so that the same filter does for who is near
            and who is far.
        stamp_s : float
            When they were seen, seconds.

        """
        values, speeds = self.values[which], self.speeds[which]
        elapsed = np.maximum(stamp_s - self.stamps_s[which], 1e-6)
        seen = ~np.isnan(points)
        known = seen & ~np.isnan(values)
        speed = np.where(known, (points - values) / elapsed, 0.0)
        speeds = np.where(
            known, speeds + _share(_SPEED_CUTOFF_HZ, elapsed) * (speed - speeds), 0.0
        )
        # One cutoff for both axes: a point that moves along x is not held back along y.
        pace = np.hypot(speeds[..., :1], speeds[..., 1:]) / sizes[:, np.newaxis, np.newaxis]
        share = _share(_CUTOFF_HZ + _OPENING_HZ * pace, elapsed)
        smoothed = np.where(known, values + share * (points - values), points)
        self.values[which] = np.where(seen, smoothed, self.values[which])
        self.speeds[which] = np.where(seen, speeds, self.speeds[which])
        self.stamps_s[which] = np.where(seen[..., :1], stamp_s, self.stamps_s[which])
        return smoothed


def _share(cutoff_hz: FloatArray | float, elapsed_s: FloatArray) -> FloatArray:
    """Return what a low-pass filter takes of a new value."""
    return np.asarray(1 / (1 + 1 / (2 * np.pi * cutoff_hz * elapsed_s)))
