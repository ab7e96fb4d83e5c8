"""Where people are, and which way they face and look: what `people.locate` says."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import numpy.typing as npt

from openpose_ros.people import People
from openpose_ros.spatial._kernels.poses import find_poses
from openpose_ros.spatial.angles import ANGLES
from openpose_ros.spatial.cameras import Camera
from openpose_ros.spatial.distance import monocular_distances
from openpose_ros.spatial.doubts import undoubted
from openpose_ros.spatial.edges import (
    alone_at_edges,
    any_alone,
    near_edges,
    outside,
    torsos_outside,
)
from openpose_ros.spatial.faces import on_faces
from openpose_ros.spatial.gaze import found_logs, found_weights
from openpose_ros.spatial.hips import torso_distances, torso_surfaces
from openpose_ros.spatial.located import DIAGONAL, Located, Positions
from openpose_ros.spatial.orientations import leftwards, orientations, turn, upright
from openpose_ros.spatial.parts import PLACE, parts_of_one_more
from openpose_ros.spatial.rays import keypoint_directions
from openpose_ros.spatial.sight import (
    NOISE_PX,
    SOMEWHERE,
    STRAIGHT_DOWN,
    torso_directions,
    torso_sums,
)

Array = npt.NDArray[np.float64]

_TORSO = slice(PLACE['mid_hip'], PLACE['right_hip'] + 1)  # and shoulders, and the left hip
_UP, _FRONT, _STANDS = np.array([0.0, 0.0, 1.0]), np.array(0.0), np.array(0.0)
_NOT_CUT = np.empty((0, len(ANGLES)))
_ONES = np.ones(3)  # a product with it is the quickest sum


def poses(
    people: People,
    camera: Camera,
    known: Located,
    positions: Positions,
    up: Array,
    monocular: bool,
) -> Located:
    """Return what `people.locate` does, of one person or more, with depth; compiled."""
    count, number, _ = people.keypoints.shape
    units = np.empty((count, number, 3))
    keypoint_directions(camera, people.keypoints, units)
    both = np.empty((2, count, number + 1, 3))  # of rays and surfaces: half as many calls
    both[0, :, :-1], both[1, :, :-1], both[:, :, -1] = units, positions, np.nan
    both = parts_of_one_more(both.reshape(2 * count, number + 1, 3), people.skeleton)
    directions = both[:count]
    sums = torso_sums(directions) @ _levels(*up.tolist())  # horizontally, and to its left
    length = np.sqrt((sums[:, :3] * sums[:, :3]) @ _ONES)
    lost = ~(length > STRAIGHT_DOWN)  # no torso is seen, or it is right above the camera
    any_lost = lost.any()
    frames = np.empty((count, 3, 3))  # rows: axes of a person
    frames[:, 1::-1] = (sums / length[:, np.newaxis]).reshape(count, 2, 3)
    frames[:, 2] = up
    towards = frames[:, 1]
    if any_lost:
        frames[lost, 1::-1] = upright(*up.tolist())[:2, :3]
    sight, surface = both.reshape(2, count, -1, 3) @ frames.transpose(0, 2, 1)
    sight /= np.sqrt(1 - sight[..., 2:] ** 2)
    noise = NOISE_PX / min(camera.focal)
    far, off = _unknown(count)
    torso = surface[:, _TORSO, 0]
    lacking = ~(torso == torso).any(axis=1) if monocular else lost & False
    if lacking.any():
        seen = directions[lacking]
        flat = np.sqrt(1 - (torso_directions(seen) @ up) ** 2)
        one, other = monocular_distances(seen, noise)
        far, off = far.copy(), off.copy()
        far[lacking], off[lacking] = one * flat, other * flat
    found = np.empty((count, 11))
    heads = found_weights(directions, people.skeleton)
    torsos = _NOT_CUT
    faces_are_cut = near_edges(people, camera)
    torsos_are_cut = any_alone(directions)
    if torsos_are_cut:
        alone = alone_at_edges(people, camera, positions)
        torsos_are_cut = bool(alone.any())
    if faces_are_cut or torsos_are_cut:
        distance, _ = torso_distances(torso_surfaces(surface, _UP), _FRONT, _STANDS)
        distance = np.where(np.isnan(distance), far, distance)
        distance[np.isnan(distance)] = SOMEWHERE
        edges = people, camera, frames[:, 0], distance
        if faces_are_cut:
            heads = np.exp(found_logs(directions, people.skeleton, outside(*edges)))
        if torsos_are_cut:
            torsos = torsos_outside(alone, *edges)
    if any_lost:
        heads[lost] = np.nan  # what is to the side of whom nothing is towards says nothing
    doubtful = np.zeros(surface.shape[:2], np.uint8)
    find_poses(
        sight, surface, far, off, noise, heads, torsos, np.zeros_like(heads), found, doubtful
    )
    facing, stddev, distance = found[:, 8:].T.copy()
    places = found[:, :6].reshape(count, 2, 3) @ frames
    position = places[:, 0]
    along = found[:, 6:7] * position
    covariance = np.empty((count, 6, 6))
    covariance[:, :3, :3] = along[:, :, np.newaxis] * along[:, np.newaxis]
    covariance.reshape(count, 36)[:, DIAGONAL] += found[:, 7:8]
    turn(covariance, stddev, up)
    return Located(
        on_faces(
            undoubted(positions, doubtful, surface, distance, people),
            heads,
            surface,
            lost,
            people.skeleton,
        ),
        position,
        covariance,
        orientations(facing, towards, up),
        known.velocity,
        places[:, 1],
        facing,
        stddev,
        known.turning,
    )


@lru_cache(maxsize=64)
def _unknown(count: int) -> Array:
    """Return distances (2, N) that are not known; not to be changed."""
    nothing = np.full((2, count), np.nan)
    nothing.setflags(write=False)
    return nothing


@lru_cache(maxsize=16)
def _levels(x: float, y: float, z: float) -> Array:
    """Return the matrix (3, 6) for what is horizontally opposite to directions, and its left."""
    up = np.array([x, y, z])
    level = np.outer(up, up) - np.eye(3)
    return np.hstack([level, level @ leftwards(up)])
