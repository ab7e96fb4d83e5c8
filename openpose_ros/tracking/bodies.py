"""What is known of everybody who is followed."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from openpose_ros.tracking.motion import Index, Motion
from openpose_ros.tracking.similarity import Parts, body_sizes
from openpose_ros.tracking.smoothing import Smoothing

FloatArray = npt.NDArray[np.float64]

SIGHTINGS = 3  # make somebody of whom something was found
_ASIDE = (
    0.3  # of the middle, where a part of which only the counterpart is known may be; body sizes
)
_GUESS = 0.05  # what such a part says of where the body is
_FORGOTTEN_S = 3.0  # a part that was not seen for so long may be elsewhere on the body


class Guess(NamedTuple):
    """
    Where the keypoints of bodies are expected.

    Attributes
    ----------
    points : float64 (T, K, 2)
        x, y; NaN where nothing is known.
    variances : float64 (T, K)
        Of those that are guessed, along each axis, beside that of the body; else 0.
    weights : float64 (T, K)
        How much each says of where the body is.

    """

    points: FloatArray
    variances: FloatArray
    weights: FloatArray


@dataclass(eq=False)
class Bodies:
    """
    T bodies, the longest known first; T changes, and methods change the arrays in place.

    Attributes
    ----------
    ids : list of str
        '' of who was not seen often enough.
    numbers : int64 (T,)
        Of each another.
    motion : Motion
        Of the middles of the bodies.
    shape : float64 (T, K, 2)
        Each keypoint from the middle, when it was seen last; NaN if it was not seen lately.
    shape_s : float64 (T, K)
        When that was, seconds.
    sizes : float64 (T,)
        As `body_sizes` returns them.
    sightings_s : float64 (T, SIGHTINGS)
        When each was seen, the latest first; -inf before the first.
    smoothing : Smoothing

    """

    ids: list[str]
    numbers: npt.NDArray[np.int64]
    motion: Motion
    shape: FloatArray
    shape_s: FloatArray
    sizes: FloatArray
    sightings_s: FloatArray
    smoothing: Smoothing

    @classmethod
    def starting(
        cls,
        points: FloatArray,
        steadiness: FloatArray,
        stamp_s: float,
        *,
        first: int,
        noise: float,
        speed: float,
    ) -> Bodies:
        """
        Return the bodies of people who are seen for the first time.

        Parameters
        ----------
        points : float64 (N, K, 2)
            x, y; NaN where missing; each has one at least.
        steadiness : float64 (K,)
            As `Parts.steadiness`.
        stamp_s : float
            When they are seen.
        first : int
            The number of the first.
        noise, speed : float
            As `Motion.starting` takes them, in body sizes.

        """
        count, keypoints, _ = points.shape
        seen = ~np.isnan(points[..., :1])
        weights = seen * steadiness[:, np.newaxis]
        middles = (weights * np.where(seen, points, 0)).sum(axis=1) / weights.sum(axis=1)
        sizes = body_sizes(points)
        sightings_s = np.full((count, SIGHTINGS), -np.inf)
        sightings_s[:, 0] = stamp_s
        return cls(
            [''] * count,
            np.arange(first, first + count),
            Motion.starting(middles, noise * sizes, speed * sizes),
            points - middles[:, np.newaxis],
            np.full((count, keypoints), stamp_s),
            sizes,
            sightings_s,
            Smoothing.starting(count, keypoints),
        )

    def __len__(self) -> int:
        return len(self.ids)

    def guessed(self, parts: Parts) -> Guess:
        """
        Return the keypoints where they are expected, of parts not seen yet a guess.

        Somebody who comes out from behind something shows her left side where her right side went
        in: a part is as high as its counterpart, and near the middle of the body.
        """
        shape = self.shape
        unknown = np.isnan(shape[..., 0])
        variances = np.zeros(unknown.shape)
        if unknown.any():
            other = shape[:, parts.mirror] * [0.0, 1.0]
            shape = np.where(unknown[..., np.newaxis], other, shape)
            variances[unknown] = np.broadcast_to(
                (_ASIDE * self.sizes[:, np.newaxis]) ** 2, unknown.shape
            )[unknown]
        points = self.motion.places[:, np.newaxis] + shape
        return Guess(points, variances, np.where(unknown, _GUESS, 1.0) * parts.steadiness)

    def see(
        self,
        which: Index,
        points: FloatArray,
        middles: FloatArray,
        stamp_s: float,
    ) -> None:
        """Take in the poses (M, K, 2) of some bodies, and where the middle (M, 2) of each is."""
        shape = points - middles[:, np.newaxis]
        seen = ~np.isnan(shape[..., 0])
        shape_s = np.where(seen, stamp_s, self.shape_s[which])
        kept = np.where(seen[..., np.newaxis], shape, self.shape[which])
        kept[stamp_s - shape_s > _FORGOTTEN_S] = np.nan
        self.shape[which], self.shape_s[which] = kept, shape_s
        self.sizes[which] = body_sizes(kept)
        self.sightings_s[which, 1:] = self.sightings_s[which, :-1]
        self.sightings_s[which, 0] = stamp_s

    def kept(self, which: npt.NDArray[np.bool_]) -> Bodies:
        """Return those of whom `which` (T,) is true."""
        return Bodies(
            [name for name, stays in zip(self.ids, which.tolist()) if stays],
            *(_apply(lambda array: array[which], part) for part in _parts(self)),
        )

    def joined(self, others: Bodies) -> Bodies:
        """Return these and others behind them."""
        return Bodies(
            self.ids + others.ids,
            *(
                _apply(lambda *arrays: np.concatenate(arrays), mine, theirs)
                for mine, theirs in zip(_parts(self), _parts(others))
            ),
        )


def _parts(bodies: Bodies) -> list[Any]:
    return [getattr(bodies, item.name) for item in fields(bodies)[1:]]


def _apply(change: Any, *parts: Any) -> Any:
    """Return what becomes of arrays, or of each array of the same dataclass."""
    if isinstance(parts[0], np.ndarray):
        return change(*parts)
    kind = type(parts[0])
    return kind(*(change(*(getattr(p, item.name) for p in parts)) for item in fields(kind)))
