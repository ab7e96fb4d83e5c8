"""Who is who, from frame to frame."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from math import isfinite
from typing import Any

import numpy as np
import numpy.typing as npt

from openpose_ros.errors import ParameterError
from openpose_ros.parameters import from_mapping
from openpose_ros.people import People, check_people
from openpose_ros.skeletons import Skeleton
from openpose_ros.tracking.assignment import assign
from openpose_ros.tracking.bodies import SIGHTINGS, Bodies, Guess
from openpose_ros.tracking.camera import common_part, jump, middle
from openpose_ros.tracking.identities import new_id
from openpose_ros.tracking.motion import Index
from openpose_ros.tracking.params import TrackingParams
from openpose_ros.tracking.similarity import Parts, displacements, parts_of, similarities
from openpose_ros.tracking.tracks import Coasting, Tracks

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]

_DEFAULT_PARAMS = TrackingParams()

# Lengths are in body sizes: the square root of a body's area, about 0.42 of who stands upright.
_CONFIRMED_WITHIN_S = 1.0  # SIGHTINGS of them
_NOISE = 0.04  # of the middle of a body that was found
_SPEED = 2.5  # of somebody new, a second; a brisk walk is 2.5
_AGILITY = 0.7  # by which velocity changes in a second, standard deviation
_LOSTNESS = 1.2  # the most that is thought of the uncertainty of a place, standard deviation
_LIKE = 0.2  # likeness below which it is somebody else
_RECENT_S = 0.5  # who was seen so lately can be found by a wider search
_HURRY = 4.0  # how fast they may have gone off their way then, a second
_WORTH = 0.3  # by how much a jump of the camera must explain more than rest, in people
_BEYOND = 3.0  # what nobody does alone, in standard deviations
_PERSPECTIVE = 0.6  # of a motion in common, by which it differs from person to person
_TURNING_S = 1.0  # how long a camera that has moved is thought to move
_GAP = 3.0  # times the time between frames, after which it is more than a frame that failed


class Tracker:
    """
    Follows people through the frames of one camera.

    Not for several threads at a time. `params` alone may be replaced at any moment, also from
    another thread.

    Everything is in seconds and in the size of each body, so that frame rates, frames that fail
    and the resolution do not matter. Somebody who was found three times within a second gets an
    id; see `new_id`.

    Parameters
    ----------
    params : TrackingParams or mapping of str to object
        Or names and values, as PoseEstimator takes them.
    new_id : callable, optional
        Gives a name for somebody new. By default `new_id`, whose names nobody else has in this
        process; `Names(seed).next` gives the same in every process.

    Attributes
    ----------
    params : TrackingParams
        As given; names and values may be set, too.

    """

    def __init__(
        self,
        params: TrackingParams | Mapping[str, Any] = _DEFAULT_PARAMS,
        *,
        new_id: Callable[[], str] = new_id,
    ) -> None:
        self.params = params
        self._new_id = new_id
        self._count = 0  # of all bodies so far
        self.reset()

    @property
    def params(self) -> TrackingParams:
        """How people are followed, from the next frame on."""
        return self._params

    @params.setter
    def params(self, params: TrackingParams | Mapping[str, Any]) -> None:
        self._params = _params(params)

    def reset(self) -> None:
        """Forget everybody: who is seen from now on is new."""
        self._skeleton: Skeleton | None = None
        self._bodies: Bodies | None = None
        self._stamp_s = -np.inf
        self._elapsed_s = 0.0  # between the last two frames
        self._turning_until_s = -np.inf

    def update(self, people: People, stamp_s: float) -> Tracks:
        """
        Say who the people of the next frame are.

        Parameters
        ----------
        people : People
            In pixels, say; only read.
        stamp_s : float
            When the frame was taken, seconds. If it is before that of the last frame, as where a
            bag starts over, or the skeleton is another one, nobody is known any more.

        Returns
        -------
        Tracks
            The arrays are new.

        Raises
        ------
        ParameterError
            If the stamp is no finite number, or the people are none.

        """
        check_people(people)
        try:
            finite = isfinite(stamp_s)
        except (TypeError, OverflowError):  # a picture's is None
            finite = False
        if not finite:
            raise ParameterError(
                f'the stamp of a frame is {stamp_s!r}, but must be finite seconds; '
                'a picture has none'
            )
        if stamp_s < self._stamp_s or people.skeleton != self._skeleton:
            self.reset()
        params, steadiness = self.params, parts_of(people.skeleton).steadiness
        keypoints = people.keypoints
        points = np.where(keypoints[..., 2:] > 0, keypoints[..., :2], np.nan).astype(np.float64)
        visible = np.flatnonzero(~np.isnan(points[..., 0]).all(axis=1))
        points = points[visible]
        rows = np.zeros(len(points), np.int64)  # whose each pose is
        new = np.ones(len(points), np.bool_)
        bodies = self._bodies
        if self._is_too_late(stamp_s, params):
            bodies = None
        if bodies is not None:
            self._expect(bodies, stamp_s, params)
            parts = parts_of(people.skeleton)
            guess = bodies.guessed(parts)
            pairs = _match(bodies, guess, points, stamp_s, stamp_s - self._stamp_s, parts)
            rows[pairs[:, 1]], new[pairs[:, 1]] = pairs[:, 0], False
            self._learn(bodies, guess, pairs, points, stamp_s)
        if bodies is None or new.any():
            rows[new] = np.arange(new.sum()) + (0 if bodies is None else len(bodies))
            born = Bodies.starting(
                points[new],
                steadiness,
                stamp_s,
                first=self._count + 1,
                noise=_NOISE,
                speed=_SPEED,
            )
            self._count += len(born)
            bodies = born if bodies is None else bodies.joined(born)
        self._confirm(bodies, stamp_s)
        tracks = self._tracks(bodies, people, visible, rows, points, stamp_s, params)
        self._elapsed_s = stamp_s - self._stamp_s if self._stamp_s > -np.inf else 0.0
        self._skeleton, self._stamp_s = people.skeleton, stamp_s
        self._bodies = self._remembered(bodies, stamp_s, params)
        return tracks

    def _is_too_late(self, stamp_s: float, params: TrackingParams) -> bool:
        """
        Tell whether nobody can be known any more, as after a night with the camera off.

        Where frames are further apart than `track_timeout` all the time, that is no gap.
        """
        gap_s = stamp_s - self._stamp_s
        return gap_s > max(params.track_timeout, _GAP * self._elapsed_s)

    def _expect(self, bodies: Bodies, stamp_s: float, params: TrackingParams) -> None:
        elapsed_s = stamp_s - self._stamp_s
        bodies.motion.predict(elapsed_s, _AGILITY * bodies.sizes)

    def _learn(
        self, bodies: Bodies, guess: Guess, pairs: IntArray, points: FloatArray, stamp_s: float
    ) -> None:
        """Correct what is known of the bodies by where they were found."""
        if not len(pairs):
            return
        which: Index = pairs[:, 0]
        everybody = len(pairs) == len(bodies)
        if pairs[:, 0].tolist() == list(range(len(bodies))):
            which = slice(None)  # which is cheaper to find in
        motion, sizes, seen = bodies.motion, bodies.sizes, points[pairs[:, 1]]
        errors = displacements(guess.points[which], seen, guess.weights[which])
        middles = motion.places[which] + errors
        noise = _NOISE * sizes[which]
        shared, push = self._shared(errors, motion.variances[which, 0] + noise**2, stamp_s)
        elapsed_s = stamp_s - self._stamp_s
        if push and elapsed_s > 0:
            motion.unsettle(which, push, elapsed_s)
        added = motion.correct(which, errors, noise)
        if shared and not everybody:
            unseen = np.ones(len(bodies), np.bool_)
            unseen[which] = False
            place, velocity = shared * middle(added)
            motion.places[unseen] += place
            motion.velocities[unseen] += velocity
            # Off the middle of the picture, things move further when a camera turns.
            doubt = np.sqrt(motion.variances[unseen, 0]) + _PERSPECTIVE * push
            motion.variances[unseen, 0] = doubt**2
        bodies.see(which, seen, middles, stamp_s)

    def _shared(
        self, errors: FloatArray, variances: FloatArray, stamp_s: float
    ) -> tuple[float, float]:
        """Return how much of the errors is the camera's, from 0 to 1, and how far it moved all."""
        if len(errors) == 1:
            # One alone may have turned by herself; but not as fast as a camera does.
            distance = float(np.hypot(*errors[0]))
            if distance > _BEYOND * float(variances[0]) ** 0.5:
                self._turning_until_s = stamp_s + _TURNING_S
            turning = float(stamp_s <= self._turning_until_s)
            return turning, turning * distance
        common, agreement = common_part(errors)
        distance = float(np.hypot(*common))
        if agreement > 0.5 and distance > float(middle(variances)) ** 0.5:
            self._turning_until_s = stamp_s + _TURNING_S
        return agreement, agreement * distance

    def _confirm(self, bodies: Bodies, stamp_s: float) -> None:
        enough = stamp_s - bodies.sightings_s[:, SIGHTINGS - 1] <= _CONFIRMED_WITHIN_S
        enough &= bodies.sightings_s[:, 0] == stamp_s
        for row in enough.nonzero()[0].tolist():
            bodies.ids[row] = bodies.ids[row] or self._new_id()

    def _tracks(
        self,
        bodies: Bodies,
        people: People,
        visible: IntArray,
        rows: IntArray,
        points: FloatArray,
        stamp_s: float,
        params: TrackingParams,
    ) -> Tracks:
        ids, numbers = [''] * len(people), [0] * len(people)
        velocities = np.full((len(people), 2), np.nan)
        known = bodies.sightings_s[rows, 1] > -np.inf
        velocities[visible[known]] = bodies.motion.velocities[rows[known]]
        for place, row in zip(visible.tolist(), rows.tolist()):
            ids[place], numbers[place] = bodies.ids[row], int(bodies.numbers[row])
        keypoints = people.keypoints
        if params.keypoint_smoothing and len(rows):
            smoothed = bodies.smoothing.smooth(rows, points, bodies.sizes[rows], stamp_s)
            keypoints = keypoints.copy()
            keypoints[visible, :, :2] = smoothed
        unseen = bodies.sightings_s[:, 0] < stamp_s
        if unseen.any():
            unseen &= stamp_s - bodies.sightings_s[:, 0] <= params.track_timeout
            unseen &= np.array([name != '' for name in bodies.ids], np.bool_)
        coasting = unseen.nonzero()[0]
        return Tracks(
            replace(people, keypoints=keypoints, ids=tuple(ids)),
            velocities,
            Coasting(
                tuple(bodies.ids[row] for row in coasting.tolist()),
                bodies.motion.places[coasting, np.newaxis] + bodies.shape[coasting],
                bodies.motion.velocities[coasting],
                stamp_s - bodies.sightings_s[coasting, 0],
                tuple(bodies.numbers[coasting].tolist()),
            ),
            tuple(numbers),
        )

    def _remembered(self, bodies: Bodies, stamp_s: float, params: TrackingParams) -> Bodies:
        if (bodies.sightings_s[:, 0] == stamp_s).all():
            return bodies
        confirmed = np.array([name != '' for name in bodies.ids], np.bool_)
        patience_s = np.where(confirmed, params.track_timeout, _CONFIRMED_WITHIN_S)
        stays = stamp_s - bodies.sightings_s[:, 0] <= patience_s
        return bodies if stays.all() else bodies.kept(stays)


def _params(given: TrackingParams | Mapping[str, Any]) -> TrackingParams:
    if isinstance(given, TrackingParams):
        return given
    if isinstance(given, Mapping):
        return from_mapping(TrackingParams, given)
    raise ParameterError(
        f'the parameters of a Tracker are a {type(given).__name__}, but must be TrackingParams or '
        'names and values'
    )


def _match(
    bodies: Bodies,
    guess: Guess,
    points: FloatArray,
    stamp_s: float,
    elapsed_s: float,
    parts: Parts,
) -> IntArray:
    """Return pairs (M, 2) of bodies and poses that are theirs."""
    if not len(bodies) or not len(points):
        return np.zeros((0, 2), np.int64)
    expected, sizes = guess.points, bodies.sizes
    variances = np.minimum(bodies.motion.variances[:, 0], (_LOSTNESS * sizes) ** 2)
    variances = variances[:, np.newaxis] + guess.variances
    since_s = stamp_s - bodies.sightings_s[:, 0]
    recent = since_s <= _RECENT_S

    def paired(moved: FloatArray, unsure: FloatArray) -> tuple[IntArray, float]:
        likeness, density = similarities(moved, sizes, unsure, points, parts)
        pairs = assign(density, likeness >= _LIKE)
        return pairs, float(likeness[pairs[:, 0], pairs[:, 1]].sum())

    pairs, total = paired(expected, variances)
    unfound = recent.copy()
    unfound[pairs[:, 0]] = False
    if total > 0.8 * len(pairs) and (not unfound.any() or len(pairs) == len(points)):
        return pairs
    shift = jump(expected[recent], sizes[recent], points, parts)
    if shift is not None:
        others, explained = paired(expected + shift, variances)
        if len(others) > 1 and explained > total + _WORTH:
            pairs, expected = others, expected + shift
    variances = variances + ((_HURRY * elapsed_s * sizes) ** 2)[:, np.newaxis]
    return _searched(expected, sizes, variances, points, recent, pairs, parts)


def _searched(
    expected: FloatArray,
    sizes: FloatArray,
    variances: FloatArray,
    points: FloatArray,
    recent: npt.NDArray[np.bool_],
    pairs: IntArray,
    parts: Parts,
) -> IntArray:
    """Return pairs, and those of who were seen lately and left their way, not too far."""
    alone, free = recent.copy(), np.ones(len(points), np.bool_)
    alone[pairs[:, 0]] = False
    free[pairs[:, 1]] = False
    if not alone.any() or not free.any():
        return pairs
    likeness, density = similarities(
        expected[alone], sizes[alone], variances[alone], points[free], parts
    )
    more = assign(density, likeness >= _LIKE)
    found = np.stack((np.flatnonzero(alone)[more[:, 0]], np.flatnonzero(free)[more[:, 1]]), axis=1)
    return np.concatenate((pairs, found))
