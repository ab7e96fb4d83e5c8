"""Watching people's gestures: the rules must hold for a while, and so must their end."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from openpose_ros.people import People
from openpose_ros.spatial.gesture_rules import RULES, Direction, Figure, Swings
from openpose_ros.spatial.gestures import NAMES, Gesture
from openpose_ros.spatial.parts import PLACE, parts_in

Array = npt.NDArray[np.float64]

_HELD_S = 0.3 - 1e-6  # of stamps that are no multiples of anything
_SHOULDERS = 1.4  # torsos a width of shoulders
_SAME = 0.7  # torsos within which who has no id is the same
_FORGOTTEN_S = 1.0


@dataclass
class _State:
    """A gesture of one person: whether it is on, and since when it is otherwise."""

    on: bool = False
    other_since_s: float = np.inf
    score: float = 0.0  # when its rule held last
    direction: Direction = (np.nan, np.nan, np.nan)


@dataclass
class _Memory:
    """What is remembered of one person."""

    seen_s: float
    place: Array  # of her neck, pixels
    states: dict[str, _State] = field(default_factory=lambda: {n: _State() for n in NAMES})
    swings: Swings = field(default_factory=Swings)


class GestureWatch:
    """Watches people's gestures from image to image. Not for several threads at a time."""

    def __init__(self) -> None:
        self.reset()

    def reset(self) -> None:
        """Forget everybody."""
        self._memories: dict[str, _Memory] = {}
        self._count = 0
        self._stamp_s = -np.inf

    def update(
        self,
        people: People,
        positions: npt.NDArray[np.floating] | None,
        up: npt.ArrayLike,
        stamp_s: float,
    ) -> list[Gesture]:
        """
        Say which gestures people make.

        Parameters
        ----------
        people : People
            In pixels. Who has no id is told from others by her place.
        positions : float (N, K, 3) or None
            The surface under their keypoints, metres in the image's optical frame, NaN unknown.
        up : float (3,)
            The vertical there.
        stamp_s : float
            When the image was taken, seconds; if it jumps back, everybody is new.

        Returns
        -------
        list of Gesture
            In the order of the people, and of NAMES.

        """
        if stamp_s < self._stamp_s:
            self.reset()
        self._stamp_s = stamp_s
        found: list[Gesture] = []
        if not len(people):
            self._forget()
            return found
        vertical = np.asarray(up, np.float64)
        points, scores, space, torsos = _figures(people, positions, vertical)
        for name, point, score, surface, torso in zip(
            people.known_ids, points, scores, space, torsos.tolist()
        ):
            if not np.isfinite(torso):
                continue
            memory = self._memory(name, point[PLACE['neck']], torso)
            figure = Figure(point / torso, score, surface, vertical)
            found += _gestures(name, figure, memory, stamp_s)
        self._forget()
        return found

    def _memory(self, name: str, place: Array, torso: float) -> _Memory:
        """Return what is remembered of somebody."""
        key = name
        if not name:
            key = self._nameless(place, torso)
        memory = self._memories.get(key)
        if memory is None:
            memory = self._memories[key] = _Memory(self._stamp_s, place)
        memory.seen_s, memory.place = self._stamp_s, place
        return memory

    def _nameless(self, place: Array, torso: float) -> str:
        near = [
            (float(np.hypot(*(memory.place - place))), key)
            for key, memory in self._memories.items()
            if key.startswith('?') and memory.seen_s < self._stamp_s
        ]
        distance, key = min(near, default=(np.inf, ''))
        if distance < _SAME * torso:
            return key
        self._count += 1
        return f'?{self._count}'

    def _forget(self) -> None:
        self._memories = {
            key: memory
            for key, memory in self._memories.items()
            if self._stamp_s - memory.seen_s < _FORGOTTEN_S
        }


def _figures(
    people: People, positions: npt.NDArray[np.floating] | None, up: Array
) -> tuple[Array, Array, Array, Array]:
    """Return parts (N, P, 2), scores (N, P), positions (N, P, 3) and torsos (N,), pixels."""
    keypoints = people.keypoints
    rows = np.where(keypoints[..., 2:] > 0, keypoints, np.nan)
    parts = parts_in(rows, people.skeleton)
    to_right, to_up = np.array([-up[1], up[0]]), up[:2]
    points = np.stack([parts[..., :2] @ to_right, parts[..., :2] @ to_up], axis=2)
    space = np.full((*points.shape[:2], 3), np.nan)
    if positions is not None:
        space = parts_in(positions, people.skeleton)

    def apart(one: str, other: str) -> Array:
        return np.asarray(np.hypot(*(points[:, PLACE[one]] - points[:, PLACE[other]]).T))

    torso = apart('neck', 'mid_hip')
    torsos = np.where(
        np.isnan(torso), _SHOULDERS * apart('left_shoulder', 'right_shoulder'), torso
    )
    return points, parts[..., 2], space, np.where(torsos > 0, torsos, np.nan)


def _gestures(name: str, figure: Figure, memory: _Memory, stamp_s: float) -> list[Gesture]:
    """Return the gestures of one person."""
    found = []
    for gesture, state in memory.states.items():
        verdict = RULES[gesture](figure, memory.swings, state.on, stamp_s)
        if verdict.holds == state.on:
            state.other_since_s = np.inf
        else:
            state.other_since_s = min(state.other_since_s, stamp_s)
            if stamp_s - state.other_since_s >= _HELD_S:
                state.on, state.other_since_s = verdict.holds, np.inf
        if verdict.holds:
            state.score, state.direction = verdict.score, verdict.direction
        if state.on:
            found.append(Gesture(name, gesture, state.score, state.direction))
    return found
