"""Where people who are followed go, and how they turn: smoothed, in seconds and metres."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from openpose_ros.spatial.angles import wrapped
from openpose_ros.spatial.facing import UNKNOWN
from openpose_ros.spatial.located import DIAGONAL, Located
from openpose_ros.spatial.orientations import orientations, turn, turned
from openpose_ros.tracking.motion import Index, Motion

Array = npt.NDArray[np.float64]
Name = int | str

_AGILITY = 1.5  # m/s by which velocity changes in a second, standard deviation
_SPEED = 1.5  # m/s of who is seen for the first time
_SPINNING = 0.4  # rad/s by which it changes how fast somebody turns, in a second
_SPIN = 1.0  # rad/s of who is seen for the first time
_JITTER = 0.6  # share of a standard deviation that differs from image to image
_TURN_JITTER = 0.4  # and of that of facing: 0.055 rad of 0.14, of bodies that turn, sit or stand
_LASTING = 0.5  # and of that of facing, what does not
# Radians: less is mostly what all bodies have in common, more is mostly doubt between two ways, of
# which each image may take another one: then no part of it is spared.
_CLEAR, _DOUBTFUL = 0.7, 0.9
_FAR_OFF = 3.0  # standard deviations: what is seen there is believed less
_FRESH_S = 0.5  # so long a facing is said of whom it cannot be seen
_ANYWHERE = 100.0  # metres, and any angle: of whom nothing is known
_GAP_S = 60.0  # after so long nobody is where she was
_SMOOTHED = (
    'position',
    'covariance',
    'orientation',
    'velocity',
    'facing',
    'facing_stddev',
    'turning',
)
_CHANGES = np.array([_AGILITY, _SPINNING])
_JITTERS = np.full(3, _JITTER**2 / 3)  # the mean of three variances, times the square of that
_KNOWN_SPEED = 1.0  # m/s: standard deviation at which a velocity is said


class _Walks(NamedTuple):
    """
    T people.

    Attributes
    ----------
    motion : Motion
        Of each two rows: where she is, and how she faces (not wrapped; the first axis alone).
    seen_s : float64 (T, 2)
        When each of that was measured last, seconds; -inf never.
    known : bool (T,)
        Whether a velocity was ever known.

    """

    motion: Motion
    seen_s: Array
    known: npt.NDArray[np.bool_]

    def arrays(self) -> tuple[npt.NDArray[Any], ...]:
        """Return all arrays, of each person one row or two."""
        motion = self.motion
        return motion.places, motion.velocities, motion.variances, self.seen_s, self.known


class Paths:
    """
    Smooths where people are and which way they face. Not for several threads at a time.

    A Kalman filter for each position, and one for each facing, both with a velocity that changes
    at random; what lies far off is believed less.
    """

    def __init__(self) -> None:
        self.reset()

    def reset(self) -> None:
        """Forget everybody."""
        self._names: list[Name] = []
        self._walks = _strangers(0)
        self._stamp_s = -np.inf

    def update(
        self,
        names: Sequence[Name],
        located: Located,
        expected: Sequence[Name],
        up: Array,
        stamp_s: float,
    ) -> tuple[Located, Located]:
        """
        Take in where people were found.

        Parameters
        ----------
        names : sequence of int or str, length N
            Who they are, as `Tracks.numbers`; 0 or '' of whom that is not known: nothing of her
            changes.
        located : Located
            Of these N; only read.
        expected : sequence of int or str, length M
            Who else is still expected somewhere.
        up : float64 (3,)
            The vertical.
        stamp_s : float
            When they were found, seconds. If it jumps back, everybody is forgotten.

        Returns
        -------
        Located
            Of the N: position and facing, smoothed where they were measured, and how both change.
            A facing may be said for a moment while it cannot be seen.
        Located
            Of the M: position, covariance, velocity, for a moment the orientation; else NaN.

        """
        elapsed_s = stamp_s - self._stamp_s
        if elapsed_s < 0 or elapsed_s > _GAP_S:
            self.reset()
            elapsed_s = 0.0
        self._stamp_s = stamp_s
        self._walks.motion.predict(elapsed_s, _changes(len(self._names)))
        self._arrange([name for name in names if name], expected)
        if all(names):
            located = self._seen(located, up) if names else located
        elif any(names):
            which = np.array([place for place, name in enumerate(names) if name], np.int64)
            located = _put(located, which, self._seen(_taken(located, which), up))
        return located, self._unseen(expected, up)

    def _arrange(self, names: list[Name], expected: Sequence[Name]) -> None:
        """Put people in this order, and who is known of those expected; forget all others."""
        before = self._names
        order = names + [name for name in expected if name in before and name not in names]
        if order == before:
            return
        walks = _strangers(len(order))
        kept = [(place, before.index(name)) for place, name in enumerate(order) if name in before]
        if kept:
            to, of = np.array(kept).T
            for new, old in zip(walks.arrays(), self._walks.arrays()):
                new.reshape(len(order), -1)[to] = old.reshape(len(before), -1)[of]
        self._names, self._walks = order, walks

    def _seen(self, located: Located, up: Array) -> Located:
        """Return what is known of people, who are the first ones, from their way so far."""
        walks, rows = self._walks, slice(len(located))
        both = slice(2 * len(located))
        away = -walks.motion.places[both]
        away[::2] += located.position
        away[1::2, 0] = wrapped(away[1::2, 0] + located.facing)
        noise = np.empty(2 * len(located))
        variances = located.covariance.reshape(-1, 36)[:, DIAGONAL]
        noise[::2] = np.sqrt(variances @ _JITTERS)
        noise[1::2] = _turn_noise(located.facing_stddev)
        measured = away[:, 0] == away[:, 0]
        lasting = _LASTING * located.facing_stddev
        is_whole = bool(measured.all())
        if is_whole:
            _correct(walks.motion, both, away, noise)
            walks.seen_s[rows] = self._stamp_s
        else:
            which = np.flatnonzero(measured)
            _correct(walks.motion, which, away[which], noise[which])
            walks.seen_s.reshape(-1)[which] = self._stamp_s
            lasting[~measured[1::2]] = 0
        position = walks.motion.places[both][::2].copy()
        facing, stddev = self._facing(rows, lasting)
        orientation = orientations(facing, -position, up)
        if not is_whole:
            # Of whom only a direction is known, not how far away she is.
            lost = ~measured[::2]
            orientation[lost], position[lost] = located.orientation[lost], np.nan
        covariance = located.covariance.copy()
        turn(covariance, stddev, up)
        return Located(
            located.positions,
            position,
            covariance,
            orientation,
            self._velocities(rows),
            located.gaze,
            facing,
            stddev,
            self._turning(rows),
        )

    def _unseen(self, names: Sequence[Name], up: Array) -> Located:
        """Return where people who are not seen should be by now."""
        nothing = Located.unknown(len(names))
        if not names:
            return nothing
        order = [self._names.index(name) if name in self._names else -1 for name in names]
        rows = np.array([row for row in order if row >= 0], np.int64)
        rows = rows[self._walks.seen_s[rows, 0] > -np.inf]
        if not len(rows):
            return nothing
        which = np.array([order.index(row) for row in rows.tolist()])
        position = self._walks.motion.places[2 * rows]
        facing, stddev = self._facing(rows, np.zeros(len(rows)))
        covariance = np.full((len(rows), 6, 6), np.nan)
        variances = self._walks.motion.variances[2 * rows, :1, np.newaxis]
        covariance[:, :3, :3] = variances * np.eye(3)
        some = replace(
            _taken(nothing, which),
            position=position,
            velocity=self._velocities(rows),
            facing=facing,
            facing_stddev=stddev,
            turning=self._turning(rows),
            orientation=orientations(facing, -position, up),
            covariance=turned(covariance, stddev, up),
        )
        return _put(nothing, which, some)

    def _facing(self, rows: Index, lasting: Array) -> tuple[Array, Array]:
        """Return how people face, and its spread; NaN of whom that was not seen lately."""
        motion = self._walks.motion
        facing = wrapped(motion.places[1::2, 0][rows])
        stddev = np.sqrt(motion.variances[1::2, 0][rows] + lasting**2)
        unknown = self._stamp_s - self._walks.seen_s[rows, 1] > _FRESH_S
        unknown |= stddev > UNKNOWN
        if unknown.any():
            facing[unknown] = stddev[unknown] = np.nan
        return facing, stddev

    def _turning(self, rows: Index) -> Array:
        """Return how fast facing changes, and its spread (R, 2)."""
        motion = self._walks.motion
        velocities = motion.velocities[1::2, 0][rows]
        turning = np.empty((len(velocities), 2))
        turning[:, 0], turning[:, 1] = velocities, np.sqrt(motion.variances[1::2, 2][rows])
        return turning

    def _velocities(self, rows: Index) -> Array:
        """Return velocities (R, 3), NaN of whom it is not known yet."""
        motion, known = self._walks.motion, self._walks.known
        known[rows] |= motion.variances[::2, 2][rows] < _KNOWN_SPEED**2
        return np.where(known[rows, np.newaxis], motion.velocities[::2][rows], np.nan)


def _turn_noise(stddev: Array) -> Array:
    """Return by how much facing differs from image to image, as standard deviations."""
    if stddev.max(initial=0) < _CLEAR:  # not where one is not known
        return _TURN_JITTER * stddev
    doubtful = np.minimum(np.maximum((stddev - _CLEAR) / (_DOUBTFUL - _CLEAR), 0), 1)
    return np.asarray((_TURN_JITTER + (1 - _TURN_JITTER) * doubtful) * stddev)


@lru_cache(maxsize=64)
def _changes(count: int) -> Array:
    """Return how much velocity and spin of so many people change in a second."""
    return np.tile(_CHANGES, count)


def _strangers(count: int) -> _Walks:
    """Return so many people of whom nothing is known."""
    motion = Motion.starting(
        np.zeros((2 * count, 3)), np.full(2 * count, _ANYWHERE), np.tile([_SPEED, _SPIN], count)
    )
    return _Walks(motion, np.full((count, 2), -np.inf), np.zeros(count, np.bool_))


def _correct(motion: Motion, rows: Index, away: Array, noise: Array) -> None:
    """Take in where people were seen, `away` (R, D) from where they were expected."""
    usual = motion.variances[rows, 0] + noise**2
    far_off = np.sqrt((away * away).sum(axis=1) / usual) / _FAR_OFF
    motion.correct(rows, away, noise * np.maximum(far_off, 1))


def _taken(located: Located, which: npt.NDArray[np.int64]) -> Located:
    """Return some of the people, of what is smoothed."""
    return replace(located, **{name: getattr(located, name)[which] for name in _SMOOTHED})


def _put(located: Located, which: npt.NDArray[np.int64], some: Located) -> Located:
    """Return all people, of whom what is smoothed of some is another."""
    changed = {name: getattr(located, name).copy() for name in _SMOOTHED}
    for name, array in changed.items():
        array[which] = getattr(some, name)
    return replace(located, **changed)
