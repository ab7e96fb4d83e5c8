"""Where people who are followed go, and how they turn: smoothed, in seconds and metres."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields, replace
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from openpose_ros.spatial.angles import wrapped
from openpose_ros.spatial.facing import UNKNOWN
from openpose_ros.spatial.located import Located
from openpose_ros.spatial.orientations import orientations, turned
from openpose_ros.spatial.sight import axes
from openpose_ros.tracking.motion import Motion

Array = npt.NDArray[np.float64]

_AGILITY = 1.5  # m/s by which velocity changes in a second, standard deviation
_SPEED = 1.5  # m/s of who is seen for the first time
_SPINNING = 0.8  # rad/s by which it changes how fast somebody turns, in a second
_SPIN = 1.0  # rad/s of who is seen for the first time
_JITTER = 0.6  # share of a standard deviation that differs from image to image
_LASTING = 0.5  # and of that of facing, what does not
_FAR_OFF = 3.0  # standard deviations: what is seen there is believed less
_FRESH_S = 0.5  # so long a facing is said of whom it cannot be seen
_ANYWHERE = 100.0  # metres, and any angle: of whom nothing is known
_GAP_S = 60.0  # after so long nobody is where she was
_KNOWN_SPEED = 1.0  # m/s: standard deviation at which a velocity is said


class _Walks(NamedTuple):
    """
    T people.

    Attributes
    ----------
    places, turns : Motion
        Where they are, and how they face (not wrapped).
    seen_s : float64 (T, 2)
        When each of that was measured last, seconds; -inf never.
    known : bool (T,)
        Whether a velocity was ever known.

    """

    places: Motion
    turns: Motion
    seen_s: Array
    known: npt.NDArray[np.bool_]


class Paths:
    """
    Smooths where people with ids are and which way they face. Not for several threads at a time.

    A Kalman filter for each position, and one for each facing, both with a velocity that changes
    at random; what lies far off is believed less.
    """

    def __init__(self) -> None:
        self.reset()

    def reset(self) -> None:
        """Forget everybody."""
        self._ids: list[str] = []
        self._walks: _Walks | None = None
        self._stamp_s = -np.inf

    def update(
        self,
        ids: Sequence[str],
        located: Located,
        expected: Sequence[str],
        up: Array,
        stamp_s: float,
    ) -> tuple[Located, Located]:
        """
        Take in where people were found.

        Parameters
        ----------
        ids : sequence of str, length N
            Who they are; '' of who has none: nothing of her changes.
        located : Located
            Of these N; only read.
        expected : sequence of str, length M
            Who else is still expected somewhere.
        up : float64 (3,)
            The vertical.
        stamp_s : float
            When they were found, seconds. If it jumps back, everybody is forgotten.

        Returns
        -------
        Located
            Of the N: position and facing, smoothed where they were measured, and the velocity.
            A facing may be said for a moment while it cannot be seen.
        Located
            Of the M: position, covariance, velocity, for a moment the orientation; else NaN.

        """
        elapsed_s = stamp_s - self._stamp_s
        if elapsed_s < 0 or elapsed_s > _GAP_S:
            self.reset()
            elapsed_s = 0.0
        self._stamp_s = stamp_s
        if self._walks is not None:
            count = len(self._ids)
            self._walks.places.predict(elapsed_s, np.full(count, _AGILITY))
            self._walks.turns.predict(elapsed_s, np.full(count, _SPINNING))
        self._keep({*ids, *expected} - {''})
        which = np.array([place for place, name in enumerate(ids) if name], np.int64)
        if len(which):
            located = self._seen([ids[place] for place in which.tolist()], which, located, up)
        return located, self._unseen(expected, up)

    def _keep(self, names: set[str]) -> None:
        stays = np.array([name in names for name in self._ids], np.bool_)
        if self._walks is not None and not stays.all():
            self._ids = [name for name in self._ids if name in names]
            self._walks = _each(lambda array: array[stays], self._walks)

    def _seen(
        self, names: list[str], which: npt.NDArray[np.int64], located: Located, up: Array
    ) -> Located:
        """Return all with what is known of some from their way so far."""
        walks = self._welcome(names)
        rows = np.array([self._ids.index(name) for name in names])
        position, facing = located.position[which], located.facing[which]
        stddev = located.facing_stddev[which]
        placed, faced = ~np.isnan(position[:, 0]), ~np.isnan(facing)
        variance = np.trace(located.covariance[which[placed], :3, :3], axis1=1, axis2=2) / 3
        away = position[placed] - walks.places.places[rows[placed]]
        _correct(walks.places, rows[placed], away, _JITTER * np.sqrt(variance))
        away = wrapped(facing[faced, np.newaxis] - walks.turns.places[rows[faced]])
        _correct(walks.turns, rows[faced], away, stddev[faced])
        walks.seen_s[rows[placed], 0] = walks.seen_s[rows[faced], 1] = self._stamp_s
        smoothed = walks.places.places[rows]
        towards, _ = axes(smoothed, up)
        facing, stddev = self._facing(rows, _LASTING * np.where(faced, stddev, 0))
        oriented = orientations(facing, towards, up)
        # Of whom only a direction is known, not how far away she is.
        oriented = np.where(placed[:, np.newaxis], oriented, located.orientation[which])
        return replace(
            located,
            position=_put(located.position, which, np.where(placed[:, None], smoothed, np.nan)),
            velocity=_put(located.velocity, which, self._velocities(rows)),
            facing=_put(located.facing, which, facing),
            facing_stddev=_put(located.facing_stddev, which, stddev),
            orientation=_put(located.orientation, which, oriented),
            covariance=_put(
                located.covariance, which, turned(located.covariance[which], stddev, up)
            ),
        )

    def _unseen(self, names: Sequence[str], up: Array) -> Located:
        """Return where people who are not seen should be by now."""
        nothing = Located.unknown(len(names))
        which = np.array(
            [place for place, name in enumerate(names) if name in self._ids], np.int64
        )
        walks = self._walks
        if walks is None or not len(which):
            return nothing
        rows = np.array([self._ids.index(names[place]) for place in which.tolist()])
        known = walks.seen_s[rows, 0] > -np.inf
        which, rows = which[known], rows[known]
        position = walks.places.places[rows]
        facing, stddev = self._facing(rows, np.zeros(len(rows)))
        covariance = np.full((len(rows), 6, 6), np.nan)
        covariance[:, :3, :3] = walks.places.variances[rows, :1, np.newaxis] * np.eye(3)
        return replace(
            nothing,
            position=_put(nothing.position, which, position),
            velocity=_put(nothing.velocity, which, self._velocities(rows)),
            facing=_put(nothing.facing, which, facing),
            facing_stddev=_put(nothing.facing_stddev, which, stddev),
            orientation=_put(
                nothing.orientation, which, orientations(facing, axes(position, up)[0], up)
            ),
            covariance=_put(nothing.covariance, which, turned(covariance, stddev, up)),
        )

    def _welcome(self, names: list[str]) -> _Walks:
        """Return what is known of everybody, beginning with nothing of whom is new."""
        new = [name for name in names if name not in self._ids]
        if not new and self._walks is not None:
            return self._walks
        anywhere, count = np.full(len(new), _ANYWHERE), len(new)
        walks = _Walks(
            Motion.starting(np.zeros((count, 3)), anywhere, np.full(count, _SPEED)),
            Motion.starting(np.zeros((count, 1)), anywhere, np.full(count, _SPIN)),
            np.full((count, 2), -np.inf),
            np.zeros(count, np.bool_),
        )
        self._ids += new
        if self._walks is not None:
            walks = _each(lambda *arrays: np.concatenate(arrays), self._walks, walks)
        self._walks = walks
        return walks

    def _facing(self, rows: npt.NDArray[np.int64], lasting: Array) -> tuple[Array, Array]:
        """Return how people face, and its spread; NaN of whom that was not seen lately."""
        assert self._walks is not None
        turns = self._walks.turns
        facing = wrapped(turns.places[rows, 0])
        stddev = np.hypot(np.sqrt(turns.variances[rows, 0]), lasting)
        old = self._stamp_s - self._walks.seen_s[rows, 1] > _FRESH_S
        facing[old | (stddev > UNKNOWN)] = stddev[old | (stddev > UNKNOWN)] = np.nan
        return facing, stddev

    def _velocities(self, rows: npt.NDArray[np.int64]) -> Array:
        """Return velocities (R, 3), NaN of whom it is not known yet."""
        assert self._walks is not None
        places, known = self._walks.places, self._walks.known
        known[rows] |= np.sqrt(places.variances[rows, 2]) < _KNOWN_SPEED
        return np.where(known[rows, np.newaxis], places.velocities[rows], np.nan)


def _correct(motion: Motion, rows: npt.NDArray[np.int64], away: Array, noise: Array) -> None:
    """Take in where people were seen, `away` (R, D) from where they were expected."""
    usual = np.sqrt(motion.variances[rows, 0] + noise**2)
    far_off = np.sqrt((away * away).sum(axis=1)) / (_FAR_OFF * usual)
    motion.correct(rows, away, noise * np.maximum(far_off, 1))


def _each(change: Any, *walks: _Walks) -> _Walks:
    """Return what becomes of each array."""

    def motion(*parts: Motion) -> Motion:
        return Motion(*(change(*(getattr(p, f.name) for p in parts)) for f in fields(Motion)))

    return _Walks(
        motion(*(w.places for w in walks)),
        motion(*(w.turns for w in walks)),
        change(*(w.seen_s for w in walks)),
        change(*(w.known for w in walks)),
    )


def _put(array: Array, which: npt.NDArray[np.int64], values: Array) -> Array:
    """Return an array in which some rows are others."""
    changed = array.copy()
    changed[which] = values
    return changed
