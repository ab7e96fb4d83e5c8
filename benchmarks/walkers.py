"""People who walk, cross and hide each other before a camera that may turn; known who is who."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from openpose_ros.engine.synthetic import scatter_people
from openpose_ros.people import People
from openpose_ros.skeletons import load_skeleton
from openpose_ros.tracking import Tracker

FloatArray = npt.NDArray[np.float64]

SKELETON = load_skeleton('coco_18')
FOCAL, SIZE = 750.0, (1280, 720)  # pixels; 81 degrees wide
EYE_M = 1.3  # height of the camera
NOISE = 0.012  # of keypoints, in heights of the body; 3.6 pixels at 300
MISSED = 0.04  # of the keypoints that are in sight
FEWEST = 5  # keypoints of who is found
SWING = {'wrist': 0.12, 'elbow': 0.04, 'knee': 0.07, 'ankle': 0.16}  # heights


@dataclass(frozen=True)
class Walker:
    """
    Somebody on the ground before the camera.

    Attributes
    ----------
    place : callable
        From seconds to metres to the right of the camera's first axis, and before it.
    hidden : (float, float)
        Seconds between which something stands before her.
    height : float
        Metres.
    seed : int
        Of her pose and her steps.

    """

    place: Callable[[float], tuple[float, float]]
    hidden: tuple[float, float] = (0.0, 0.0)
    height: float = 1.7
    seed: int = 0


class Sight(NamedTuple):
    """One frame: when it was taken, who was found, and who each of them is."""

    stamp_s: float
    people: People
    truth: list[int]


def swinging(t: float) -> float:
    """Return the angle of a camera that looks to and fro, 14 degrees, at up to 1 rad/s."""
    return 0.25 * float(np.sin(t / 0.25))


def turned_between(t: float) -> float:
    """Return the angle of a camera that turns at 1 rad/s while somebody is hidden."""
    return float(np.clip(t - 3.0, -0.25, 0.25))


def straight(
    x: float, z: float, speed: float, across: float = 0.0
) -> Callable[[float], tuple[float, float]]:
    """Return a walk at steady speed: metres at 0 s, metres a second to the right and away."""
    return lambda t: (x + speed * t, z + across * t)


def film(
    walkers: Sequence[Walker],
    seed: int,
    *,
    rate_hz: float = 30.0,
    seconds: tuple[float, float] = (0.4, 5.6),
    dropped: float = 0.0,
    yaw: Callable[[float], float] = lambda t: 0.0,
) -> list[Sight]:
    """
    Return what a detector sees of walkers, with its faults: noise, gaps, dropped frames.

    Parameters
    ----------
    walkers : sequence of Walker
        In no order.
    seed : int
        Of the faults.
    rate_hz : float
        Frames a second; each is up to a tenth of a period early or late.
    seconds : (float, float)
        From when to when.
    dropped : float
        Share of the frames that do not arrive.
    yaw : callable
        From seconds to radians that the camera has turned to its right.

    """
    random = np.random.default_rng(seed)
    sights = []
    for index in range(int((seconds[1] - seconds[0]) * rate_hz)):
        t = seconds[0] + (index + random.uniform(-0.1, 0.1)) / rate_hz  # cameras are not clocks
        if random.uniform() < dropped:
            continue
        places = [walker.place(t) for walker in walkers]
        order = sorted(range(len(walkers)), key=lambda i: places[i][1])
        shown: list[FloatArray] = []
        found, truth = [], []
        for who in order:  # the nearest first
            points = _pose(walkers[who], places[who], t, yaw(t))
            height = np.ptp(points[:, 1])
            begin, end = walkers[who].hidden
            seen = random.uniform(size=len(points)) > MISSED
            seen &= (points >= 0).all(axis=1) & (points < SIZE).all(axis=1)
            for body in shown:
                seen &= ~_behind(points, body)
            shown.append(points)
            noisy = points + random.normal(0, NOISE * height, points.shape)
            if begin <= t < end or np.count_nonzero(seen) < FEWEST:
                continue
            scores = np.where(seen, random.uniform(0.3, 0.9, len(points)), 0)
            rows = np.where(seen[:, np.newaxis], noisy, np.nan)
            found.append(np.concatenate((rows, scores[:, np.newaxis]), axis=1))
            truth.append(who)
        shuffled = random.permutation(len(found))
        keypoints = np.array([found[i] for i in shuffled], np.float32)
        keypoints = keypoints.reshape(len(found), SKELETON.num_keypoints, 3)
        scores = keypoints[..., 2].mean(axis=1)
        sights.append(Sight(t, People(keypoints, scores, SKELETON), [truth[i] for i in shuffled]))
    return sights


def _pose(walker: Walker, place: tuple[float, float], t: float, yaw: float) -> FloatArray:
    """Return the keypoints (K, 2) of somebody in the picture."""
    x, z = place
    person = scatter_people(1, SKELETON, (120, 80), walker.seed)[0, :, :2].astype(np.float64)
    person -= [person[:, 0].mean(), person[:, 1].max()]
    person /= np.ptp(person[:, 1])
    step = 2 * np.pi * (0.9 * t + 0.37 * walker.seed)
    for index, name in enumerate(SKELETON.keypoint_names):
        side, _, part = name.partition('_')
        swing = SWING.get(part, 0.0) * np.sin(step)
        person[index, 0] += -swing if (side == 'left') == (part in ('wrist', 'elbow')) else swing
    metres = person * walker.height
    right, forward = x + metres[:, 0], np.full(len(metres), z)
    cos, sin = np.cos(yaw), np.sin(yaw)
    right, forward = cos * right - sin * forward, sin * right + cos * forward
    forward = np.maximum(forward, 0.1)
    down = EYE_M + metres[:, 1]
    pixels = FOCAL * np.stack((right, down), axis=1) / forward[:, np.newaxis]
    return np.asarray(pixels + np.array(SIZE) / 2)


def _behind(points: FloatArray, body: FloatArray) -> npt.NDArray[np.bool_]:
    """Return which points lie behind a body: in the ellipse around its keypoints."""
    middle, half = (body.max(axis=0) + body.min(axis=0)) / 2, np.ptp(body, axis=0) / 2
    return np.asarray((((points - middle) / half) ** 2).sum(axis=1) < 1)


class Outcome(NamedTuple):
    """What became of the ids: how many each walker had, and how many of them were shared."""

    ids: dict[int, list[str]]
    shared: int

    @property
    def switches(self) -> int:
        """How often somebody got another id than the first, or somebody else's."""
        return sum(len(names) - 1 for names in self.ids.values()) + self.shared


def follow(sights: Sequence[Sight], tracker: Tracker | None = None) -> Outcome:
    """Track a film, and compare the ids with the truth."""
    tracker = tracker or Tracker()
    ids: dict[int, list[str]] = {}
    for stamp_s, people, truth in sights:
        tracks = tracker.update(people, stamp_s)
        for who, name in zip(truth, tracks.people.ids):
            names = ids.setdefault(who, [])
            if name and (not names or names[-1] != name):
                names.append(name)
    everybody = [name for names in ids.values() for name in set(names)]
    return Outcome(ids, len(everybody) - len(set(everybody)))


def crossing(seed: int, *, overtaking: bool = False, bystanders: bool = False) -> list[Walker]:
    """
    Return two people of whom the farther is hidden for a second when they pass each other.

    They pass after 3 s, before the camera: towards each other, or the farther overtakes.
    Bystanders stand left and right of them.
    """
    random = np.random.default_rng(1000 + seed)
    near, far = random.uniform(4.0, 4.8), random.uniform(5.6, 6.8)
    speed = random.uniform(0.5, 0.7) if overtaking else random.uniform(0.7, 1.1)
    other = speed + random.uniform(1.0, 1.2) if overtaking else -random.uniform(0.7, 1.1)
    meet = 3.0 + random.uniform(-0.2, 0.2)
    turn = random.choice([-1, 1])
    x = random.uniform(-0.3, 0.3)
    walkers = [
        Walker(
            straight(x - turn * speed * meet, near, turn * speed, random.uniform(-0.1, 0.1)),
            height=random.uniform(1.55, 1.9),
            seed=2 * seed,
        ),
        Walker(
            straight(
                x * far / near - turn * other * meet, far, turn * other, random.uniform(-0.1, 0.1)
            ),
            hidden=(meet - 0.5, meet + 0.5),
            height=random.uniform(1.55, 1.9),
            seed=2 * seed + 1,
        ),
    ]
    if bystanders:  # beside the place where they meet, so that nobody comes out just there
        side = random.choice([-1, 1])
        first = side * random.uniform(3.6, 3.9), 7.6
        second = -side * random.uniform(4.1, 4.4), 8.4
        walkers += [
            Walker(straight(x, z, 0.0), seed=3 * seed + 9 + number)
            for number, (x, z) in enumerate((first, second))
        ]
    return walkers


def turning_back(seed: int) -> list[Walker]:
    """Return two people of whom the farther turns back while the nearer hides her."""
    first, second = crossing(seed)
    (begin, end), place = second.hidden, second.place
    middle = (begin + end) / 2

    def back(t: float) -> tuple[float, float]:
        return place(t if t < middle else 2 * middle - t)

    return [first, replace(second, place=back)]
