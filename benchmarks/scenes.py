"""
Rooms with bodies in them, before a camera for colour and depth, of which the truth is known.

`scene(kind, seed)` says who does what; `film` what a detector finds of it, with its faults, the
depth image that belongs to each frame, with the faults of such cameras, and the truth. World: z
up, the ground at 0, metres. The camera's frame is optical (REP 103).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from types import SimpleNamespace
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from benchmarks.bodies import Body, Build, Solid, Stance, about_y, about_z, body, solids_under
from openpose_ros.people import People
from openpose_ros.skeletons import Skeleton, load_skeleton
from openpose_ros.spatial import Camera, Transform
from openpose_ros.spatial.quick import quick_pixels

Array = npt.NDArray[np.float64]
Depth = npt.NDArray[np.float32]

DEPTH_NOISE = 0.01  # of the distance, standard deviation
DEPTH_LATE_S = 0.015  # between a colour image and its depth
PIXEL_NOISE = 2.0  # of keypoints, standard deviation
_FACE = ('nose', 'eye', 'ear')
_EDGE = 0.12  # metres: a step that leaves a hole
_OPTICAL = np.array([[0.0, 0, 1], [-1, 0, 0], [0, -1, 0]])  # its columns: right, down, forward

LENS = Camera(
    size=(640, 480),
    focal=(525.0, 522.0),
    centre=(317.3, 244.8),
    model='plumb_bob',
    coefficients=(-0.12, 0.06, 0.0008, -0.0005, -0.01),
)


@dataclass(frozen=True)
class Actor:
    """
    Somebody in a room.

    Attributes
    ----------
    build : Build
    place : callable
        From seconds to x, y and heading: metres in the world, radians.
    stance : callable
        From seconds to what she does.

    """

    build: Build
    place: Callable[[float], tuple[float, float, float]]
    stance: Callable[[float], Stance]

    def body(self, t: float) -> Body:
        """Return her body in the world."""
        return body(self.build, self.stance(t)).placed(*self.place(t))


@dataclass(frozen=True)
class Room:
    """
    Where it happens.

    Attributes
    ----------
    actors : tuple of Actor
    lens : Camera
    eye : callable
        From seconds to where the camera is in the world, a Transform.
    wall : float
        x of the wall behind, metres.

    """

    actors: tuple[Actor, ...]
    lens: Camera
    eye: Callable[[float], Transform]
    wall: float = 7.0


@dataclass(frozen=True)
class Truth:
    """
    What is true of one of the people who were found, in the camera's optical frame.

    Attributes
    ----------
    who : int
        The place among the actors.
    body : Body
    surface : float64 (K, 3)
        What of her own body is seen in the direction of each keypoint, NaN: nothing.
    visible : bool (K,)
        Whether that is the keypoint's own part, and nobody is before it.
    mid_hip : float64 (3,)
    facing : float
    up : float64 (3,)
        The vertical.

    """

    who: int
    body: Body
    surface: Array
    visible: npt.NDArray[np.bool_]
    mid_hip: Array
    facing: float
    up: Array


@dataclass(frozen=True)
class Shot:
    """
    One frame.

    Attributes
    ----------
    stamp_s, depth_stamp_s : float
        Of colour and depth.
    people : People
        As they are found.
    truths : list of Truth
        Of each of them.
    eye : Transform
        From the camera's frame to the world's.

    """

    room: Room
    stamp_s: float
    depth_stamp_s: float
    people: People
    truths: list[Truth]
    eye: Transform
    seed: int
    noise: float

    @cached_property
    def depth(self) -> Depth:
        """The depth image, float32 (H, W): metres along the axis, 0 where nothing is known."""
        random = np.random.default_rng((self.seed, round(self.stamp_s * 1e3)))
        room, t = self.room, self.depth_stamp_s
        return with_faults(render(room, t), random, self.noise)


def film(
    room: Room,
    seed: int,
    *,
    rate_hz: float = 15.0,
    seconds: float = 4.0,
    skeleton: Skeleton | None = None,
    pixel_noise: float = PIXEL_NOISE,
    depth_noise: float = DEPTH_NOISE,
    depth_late_s: float = DEPTH_LATE_S,
    missed: float = 0.04,
) -> Iterator[Shot]:
    """
    Yield what a detector and a depth camera see.

    Parameters
    ----------
    room : Room
        Who does what.
    seed : int
        Of the faults.
    rate_hz, seconds : float
        Frames a second, and for how long.
    skeleton : Skeleton, optional
        By default coco_18.
    pixel_noise : float
        Of the keypoints, pixels.
    depth_noise : float
        Of depth, of the distance.
    depth_late_s : float
        By how much depth was taken before colour, seconds.
    missed : float
        Share of the keypoints that are not found though they are seen.

    """
    random = np.random.default_rng(seed)
    skeleton = skeleton or load_skeleton('coco_18')
    for index in range(round(rate_hz * seconds)):
        t = 1.0 + index / rate_hz
        eye = room.eye(t)
        turn = _matrix(eye.inverse())
        bodies = [actor.body(t).moved(turn, eye.inverse().translation) for actor in room.actors]
        rows, truths = [], []
        for who in range(len(bodies)):
            truth = _truth(who, bodies, room.lens, skeleton, turn @ np.array([0.0, 0.0, 1.0]))
            points = np.array([truth.body.joints[name] for name in skeleton.keypoint_names])
            pixels = room.lens.project(points)
            found = _found(truth, pixels, room.lens, skeleton)
            found &= random.uniform(size=len(found)) > missed
            noisy = pixels + random.normal(0, pixel_noise, pixels.shape)
            found &= ((noisy > -0.5) & (noisy < np.array(room.lens.size) - 0.5)).all(axis=1)
            if np.count_nonzero(found) < 4:
                continue
            scores = np.where(found, random.uniform(0.4, 0.95, len(found)), 0)
            rows.append(np.column_stack([np.where(found[:, None], noisy, np.nan), scores]))
            truths.append(truth)
        keypoints = np.array(rows, np.float32).reshape(-1, skeleton.num_keypoints, 3)
        people = People(keypoints, keypoints[..., 2].mean(axis=1), skeleton)
        yield Shot(room, t, t - depth_late_s, people, truths, eye, seed, depth_noise)


def _truth(who: int, bodies: Sequence[Body], lens: Camera, skeleton: Skeleton, up: Array) -> Truth:
    own = bodies[who]
    joints = np.array([own.joints[name] for name in skeleton.keypoint_names])
    rays = np.where(joints[:, 2:] > 0.05, joints / np.maximum(joints[:, 2:], 0.05), np.nan)
    depth, solid = first_hits(own.solids, np.zeros(3), rays)
    others = [s for index, one in enumerate(bodies) if index != who for s in one.solids]
    before, _ = first_hits(others, np.zeros(3), rays)
    surface = np.where(np.isfinite(depth)[:, None], rays * depth[:, None], np.nan)
    own_part = [
        index >= 0 and own.solids[index].name in solids_under(name)
        for index, name in zip(solid.tolist(), skeleton.keypoint_names)
    ]
    surface[before < depth] = np.nan
    visible = np.array(own_part) & ~np.isnan(surface[:, 0])
    mid_hip = own.joints['mid_hip']
    away = mid_hip - (mid_hip @ up) * up
    facing = np.arctan2(up @ np.cross(-away, own.front), -away @ own.front)
    return Truth(who, own, surface, visible, mid_hip, float(facing), up)


def _found(truth: Truth, pixels: Array, lens: Camera, skeleton: Skeleton) -> npt.NDArray[np.bool_]:
    """Return what a detector finds: parts of the face that it sees, and others unhidden."""
    found = ~np.isnan(truth.surface[:, 0]) & ~np.isnan(pixels[:, 0])
    for index, name in enumerate(skeleton.keypoint_names):
        if name.removeprefix('left_').removeprefix('right_') in _FACE:
            joint = truth.body.joints[name]
            found[index] &= np.linalg.norm(truth.surface[index] - joint) < 0.035
    return np.asarray(found)


def render(room: Room, t: float) -> Depth:
    """Return the depth image (H, W) of a room, metres along the camera's axis; inf: nothing."""
    eye = room.eye(t)
    turn, shift = _matrix(eye.inverse()), eye.inverse().translation
    rays = _rays(room.lens)
    toward = rays @ turn  # in the world
    with np.errstate(divide='ignore', invalid='ignore'):
        ground = -eye.translation[2] / toward[..., 2]
        wall = (room.wall - eye.translation[0]) / toward[..., 0]
    depth = np.minimum(np.where(ground > 0, ground, np.inf), np.where(wall > 0, wall, np.inf))
    for actor in room.actors:
        for solid in actor.body(t).moved(turn, shift).solids:
            rows, columns = _window(solid, room.lens)
            part = rays[rows, columns]
            if part.size:
                hit = _hit(solid, np.zeros(3), part.reshape(-1, 3)).reshape(part.shape[:2])
                depth[rows, columns] = np.minimum(depth[rows, columns], hit)
    return np.asarray(depth, np.float32)


def with_faults(depth: Depth, random: np.random.Generator, noise: float) -> Depth:
    """Return depth (H, W) as such a camera gives it: noise in blots, holes along edges."""
    height, width = depth.shape
    small = random.normal(size=((height + 1) // 2, (width + 1) // 2)).astype(np.float32)
    blots = cv2.resize(small, (width, height), interpolation=cv2.INTER_LINEAR)
    noisy = depth * (1 + noise * blots / max(float(blots.std()), 1e-6))
    finite = np.where(np.isfinite(depth), depth, 100).astype(np.float32)
    kernel = np.ones((3, 3), np.uint8)
    step = cv2.dilate(finite, kernel) - cv2.erode(finite, kernel)
    holes = cv2.dilate((step > _EDGE).astype(np.uint8), kernel) > 0
    holes |= random.uniform(size=depth.shape) < 0.01
    noisy[holes | ~np.isfinite(depth)] = 0
    return np.asarray(noisy, np.float32)


def millimetres(depth: Depth) -> npt.NDArray[np.uint16]:
    """Return depth as 16UC1 has it."""
    return np.asarray(np.clip(np.rint(depth * 1000), 0, 65535), np.uint16)


def camera_info(lens: Camera) -> SimpleNamespace:
    """Return the fields of a CameraInfo of a camera."""
    (fx, fy), (cx, cy) = lens.focal, lens.centre
    return SimpleNamespace(
        width=lens.size[0],
        height=lens.size[1],
        distortion_model=lens.model,
        d=list(lens.coefficients),
        k=np.array([fx, 0, cx, 0, fy, cy, 0, 0, 1.0]),
        r=np.eye(3).reshape(-1),
        p=np.array([fx, 0, cx, 0, 0, fy, cy, 0, 0, 0, 1.0, 0]),
        binning_x=0,
        binning_y=0,
        roi=SimpleNamespace(x_offset=0, y_offset=0, width=0, height=0, do_rectify=False),
    )


def looking(x: float, y: float, z: float, yaw: float, tilt: float) -> Transform:
    """Return the place of a camera that looks to the left by `yaw` and down by `tilt`."""
    return Transform(np.array([x, y, z]), quaternion(about_z(yaw) @ about_y(tilt) @ _OPTICAL))


def quaternion(turn: Array) -> Array:
    """Return the quaternion x, y, z, w of a rotation (3, 3)."""
    vector, _ = cv2.Rodrigues(turn)
    angle = float(np.linalg.norm(vector))
    axis = vector.reshape(3) / max(angle, 1e-12)
    return np.append(np.sin(angle / 2) * axis, np.cos(angle / 2))


def first_hits(
    solids: Sequence[Solid], origin: Array, directions: Array
) -> tuple[Array, npt.NDArray[np.int64]]:
    """
    Return how far rays go before they meet a solid, and which.

    Parameters
    ----------
    solids : sequence of Solid
        In the frame of the rays.
    origin : float64 (3,)
        Of all rays.
    directions : float64 (P, 3)
        NaN meets nothing.

    Returns
    -------
    float64 (P,), int64 (P,)
        In lengths of the directions, inf where nothing is met; the place in `solids`, or -1.

    """
    depth, which = np.full(len(directions), np.inf), np.full(len(directions), -1)
    for index, solid in enumerate(solids):
        hit = _hit(solid, origin, directions)
        nearer = hit < depth
        depth[nearer], which[nearer] = hit[nearer], index
    return depth, which


def _hit(solid: Solid, origin: Array, directions: Array) -> Array:
    """Return how far rays go before they meet a capsule; inf: they miss it."""
    start, end = solid.squeeze @ solid.start, solid.squeeze @ solid.end
    o, d = solid.squeeze @ origin, directions @ solid.squeeze.T
    axis, from_start = end - start, o - start
    length = float(axis @ axis)
    dd, along = (d * d).sum(axis=1), d @ axis
    at_start = float(axis @ from_start)
    with np.errstate(invalid='ignore', divide='ignore'):
        t = np.full(len(d), np.inf)
        where = np.full(len(d), at_start)
        if length > 1e-12:
            a = length * dd - along**2
            b = length * (d @ from_start) - at_start * along
            c = length * float(from_start @ from_start) - at_start**2 - length
            t = (-b - np.sqrt(b * b - a * c)) / a
            where = at_start + t * along
        best = np.where((where > 0) & (where < length) & (t > 0), t, np.inf)
        for centre in (start, end):
            apart = o - centre
            b = d @ apart
            t = (-b - np.sqrt(b * b - dd * (float(apart @ apart) - 1))) / dd
            best = np.fmin(best, np.where(t > 0, t, np.inf))
    return np.asarray(best)


def _window(solid: Solid, lens: Camera) -> tuple[slice, slice]:
    """Return rows and columns in which a solid can be seen."""
    width, height = lens.size
    back = np.linalg.inv(solid.squeeze)
    cube = np.stack(np.meshgrid([-1, 1], [-1, 1], [-1, 1]), axis=-1).reshape(-1, 3) @ back.T
    corners = np.concatenate([cube + solid.start, cube + solid.end])
    if (corners[:, 2] > 0.1).all():
        pixels = quick_pixels(lens, corners)
        if not np.isnan(pixels).any():
            low = np.floor(pixels.min(axis=0)).astype(int) - 4
            high = np.ceil(pixels.max(axis=0)).astype(int) + 5
            (left, top), (right, bottom) = np.maximum(low, 0), np.maximum(high, 0)
            return slice(top, min(bottom, height)), slice(left, min(right, width))
    elif (corners[:, 2] < 0.1).all():
        return slice(0, 0), slice(0, 0)
    return slice(0, height), slice(0, width)


@lru_cache(maxsize=4)
def _rays(lens: Camera) -> Array:
    """Return the rays (H, W, 3) of all pixels of a camera, by OpenCV, which is far quicker."""
    width, height = lens.size
    grid = np.stack(np.meshgrid(np.arange(width), np.arange(height)), axis=-1).reshape(-1, 1, 2)
    info, enough = camera_info(lens), (cv2.TERM_CRITERIA_COUNT, 40, 0.0)
    points = cv2.undistortPoints(
        grid.astype(np.float64), info.k.reshape(3, 3), np.array(info.d), criteria=enough
    )
    rays = np.concatenate([points[:, 0], np.ones((len(points), 1))], axis=1)
    return np.asarray(rays.reshape(height, width, 3))


def _matrix(transform: Transform) -> Array:
    return np.asarray(transform.turn(np.eye(3)).T)


def _still(eye: Transform) -> Callable[[float], Transform]:
    return lambda t: eye


def _usual_eye(random: np.random.Generator) -> Transform:
    return looking(0, 0, random.uniform(0.9, 1.4), 0.0, random.uniform(-0.02, 0.12))


def _glance(random: np.random.Generator) -> Callable[[float], tuple[float, float]]:
    """Return a head that looks about: from seconds to yaw and pitch."""
    wide, slow, at = random.uniform(0.2, 0.9), random.uniform(1, 2), random.uniform(0, 6)
    down = random.uniform(-0.15, 0.25)
    return lambda t: (wide * float(np.sin(t * slow + at)), down)


def turning(random: np.random.Generator) -> tuple[Actor, ...]:
    """Return somebody who turns about herself, 3 m away."""
    look, start = _glance(random), random.uniform(-np.pi, np.pi)
    speed = random.choice([-1, 1]) * random.uniform(0.8, 1.6)
    y = random.uniform(-0.5, 0.5)
    return (
        Actor(
            Build.of_somebody(random),
            lambda t: (3.0, y, start + speed * t),
            lambda t: Stance('standing', 0.0, 0.02, *look(t)),
        ),
    )


def standing(random: np.random.Generator) -> tuple[Actor, ...]:
    """Return somebody who stands 3 m away, and faces about the camera."""
    look, heading = _glance(random), np.pi + random.uniform(-1.0, 1.0)
    y = random.uniform(-0.5, 0.5)
    return (
        Actor(
            Build.of_somebody(random),
            lambda t: (3.0, y, heading + 0.05 * float(np.sin(t))),
            lambda t: Stance('standing', 0.0, 0.03, *look(t)),
        ),
    )


def seated(random: np.random.Generator) -> tuple[Actor, ...]:
    """Return somebody who sits 3 m away."""
    look, heading = _glance(random), np.pi + random.uniform(-1.0, 1.0)
    y, lean = random.uniform(-0.5, 0.5), random.uniform(-0.15, 0.1)
    return (
        Actor(
            Build.of_somebody(random),
            lambda t: (3.0, y, heading),
            lambda t: Stance('seated', 0.0, lean, *look(t)),
        ),
    )


def _walk(
    random: np.random.Generator, start: tuple[float, float], heading: float, bend: float = 0.0
) -> Actor:
    look, speed = _glance(random), random.uniform(0.7, 1.3)
    build, at = Build.of_somebody(random), random.uniform(0, 6)

    def place(t: float) -> tuple[float, float, float]:
        now = heading + bend * (t - 1)
        if not bend:
            way = speed * (t - 1)
            return start[0] + way * np.cos(heading), start[1] + way * np.sin(heading), heading
        radius = speed / bend
        return (
            start[0] + radius * (np.sin(now) - np.sin(heading)),
            start[1] - radius * (np.cos(now) - np.cos(heading)),
            now,
        )

    return Actor(
        build, place, lambda t: Stance('walking', 2 * np.pi * 0.9 * t + at, 0.05, *look(t))
    )


def walking(random: np.random.Generator) -> tuple[Actor, ...]:
    """Return somebody who walks about, around 3 m away."""
    bend = random.choice([-1, 1]) * random.uniform(0.4, 0.8)
    heading = random.uniform(-np.pi, np.pi)
    actor = _walk(random, (0.0, 0.0), heading, bend)
    places = np.array([actor.place(t)[:2] for t in np.linspace(1, 5, 30)])
    shift = np.array([3.2, 0.0]) - (places.max(axis=0) + places.min(axis=0)) / 2

    def place(t: float) -> tuple[float, float, float]:
        x, y, now = actor.place(t)
        return x + shift[0], y + shift[1], now

    return (Actor(actor.build, place, actor.stance),)


def crossing(random: np.random.Generator) -> tuple[Actor, ...]:
    """Return two people who pass each other, 3 m away."""
    return (
        _walk(random, (2.7, -1.6), np.pi / 2 + random.uniform(-0.1, 0.1)),
        _walk(random, (3.5, 1.8), -np.pi / 2 + random.uniform(-0.1, 0.1)),
    )


def partly_outside(random: np.random.Generator) -> tuple[Actor, ...]:
    """Return somebody so near that her legs, or a side, are outside the image."""
    look, heading = _glance(random), np.pi + random.uniform(-0.7, 0.7)
    x, y = random.uniform(1.3, 1.8), random.choice([-1, 1]) * random.uniform(0.0, 0.6)
    return (
        Actor(
            Build.of_somebody(random),
            lambda t: (x, y, heading + 0.2 * float(np.sin(t))),
            lambda t: Stance('standing', 0.0, 0.03, *look(t)),
        ),
    )


def crowd(count: int) -> Callable[[np.random.Generator], tuple[Actor, ...]]:
    """Return how so many people stand, ten in a row, behind the gaps of the others."""

    def actors(random: np.random.Generator) -> tuple[Actor, ...]:
        people = []
        for index in range(count):
            row, column = divmod(index, 10)
            x = 3.0 + 1.2 * row
            y = (column - (min(count, 10) - 1) / 2 + 0.5 * (row % 2)) * 0.8
            heading = np.pi + random.uniform(-1, 1)
            people.append(
                Actor(
                    Build.of_somebody(random),
                    lambda t, place=(x, y, heading): place,
                    lambda t: Stance('standing'),
                )
            )
        return tuple(people)

    return actors


KINDS: dict[str, Any] = {
    'standing': standing,
    'turning': turning,
    'seated': seated,
    'walking': walking,
    'crossing': crossing,
    'partly outside': partly_outside,
}


def scene(kind: str, seed: int) -> Room:
    """Return a room where something of KINDS happens."""
    random = np.random.default_rng((7, seed))
    return Room(KINDS[kind](random), LENS, _still(_usual_eye(random)))
