"""What tests of geometry share: bodies before a camera, and what is known of their surface."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from benchmarks.bodies import Build, Stance
from benchmarks.scenes import LENS, Actor, Room, Shot, film, looking
from openpose_ros.skeletons import load_skeleton
from openpose_ros.spatial.located import Located
from openpose_ros.spatial.people import locate

Array = npt.NDArray[np.float64]


def room_of(
    heading: float,
    *,
    x: float = 3.0,
    y: float = 0.0,
    build: Build | None = None,
    stance: Stance | None = None,
) -> Room:
    """Return somebody before a camera at the origin that looks along x, and slightly down."""
    own = build or Build()
    actor = Actor(own, lambda t: (x, y, heading), lambda t: stance or Stance())
    return Room((actor,), LENS, lambda t: looking(0, 0, 1.2, 0, 0.05))


def shots(room: Room, skeleton: str = 'coco_18', *, seed: int = 1, count: int = 5) -> list[Shot]:
    """Return so many frames, a second of them."""
    found: Iterator[Shot] = film(
        room, seed, rate_hz=count, seconds=1, skeleton=load_skeleton(skeleton)
    )
    return list(found)


def surfaces(shot: Shot) -> Located:
    """Return the surface under the keypoints that were found, as a perfect depth camera does."""
    known = Located.unknown(len(shot.people), shot.people.skeleton.num_keypoints)
    seen = shot.people.keypoints[..., 2:] > 0
    positions = np.where(seen, np.array([truth.surface for truth in shot.truths]), np.nan)
    return replace(known, positions=positions.astype(np.float32))


def in_space(shot: Shot, *, deep: bool = True) -> Located:
    """Return where the people of a frame are found, with depth or without."""
    known = surfaces(shot) if deep else Located.unknown(len(shot.people))
    return locate(shot.people, shot.room.lens, known, shot.truths[0].up)
