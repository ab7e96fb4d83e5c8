"""Where people are, and which way they face and look: what `people.locate` says."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from openpose_ros.people import People
from openpose_ros.spatial._kernels.poses import find_poses
from openpose_ros.spatial.cameras import Camera
from openpose_ros.spatial.distance import monocular_distances
from openpose_ros.spatial.gaze import found_logs
from openpose_ros.spatial.hips import JOINT
from openpose_ros.spatial.located import Located, Positions
from openpose_ros.spatial.orientations import orientations, turned, upright
from openpose_ros.spatial.parts import PLACE, parts_in
from openpose_ros.spatial.rays import keypoint_rays
from openpose_ros.spatial.sight import NOISE_PX, axes, torso_directions

Array = npt.NDArray[np.float64]

_SIDES = ('left_hip', 'right_hip', 'mid_hip', 'left_shoulder', 'right_shoulder')
_DIAGONAL = np.arange(3)
_TORSO = np.array([PLACE[name] for name in _SIDES])


def poses(
    people: People,
    camera: Camera,
    known: Located,
    positions: Positions,
    up: Array,
    monocular: bool,
) -> Located:
    """Return what `people.locate` does, of one person or more, with depth; compiled."""
    rays = keypoint_rays(camera, people.keypoints)
    rays /= np.sqrt((rays * rays).sum(axis=2, keepdims=True))
    # Rays and surfaces at once: half as many calls.
    both = parts_in(np.concatenate([rays, positions], axis=2), people.skeleton)
    directions = both[..., :3]
    middle = torso_directions(directions)
    towards, aside = axes(middle, up)
    lost = np.isnan(towards[:, 0])  # no torso is seen, or it is right above the camera
    if lost.any():
        base = upright(*up.tolist())
        towards[lost], aside[lost] = base[0, :3], base[1, :3]
    frames = np.empty((len(people), 3, 3))  # rows: axes of a person
    frames[:, 0], frames[:, 1], frames[:, 2] = aside, towards, up
    to_person = frames.transpose(0, 2, 1)
    turned_to_her = (both.reshape(len(people), -1, 3) @ to_person).reshape(both.shape)
    sight, surface = turned_to_her[..., :3], turned_to_her[..., 3:]
    sight /= np.sqrt(1 - sight[..., 2:] ** 2)
    noise = NOISE_PX / min(camera.focal)
    far = off = np.full(len(people), np.nan)
    lacking = np.isnan(surface[:, _TORSO, 0]).all(axis=1) if monocular else lost & False
    if lacking.any():
        flat = np.sqrt(1 - (middle[lacking] @ up) ** 2)
        far, off = far.copy(), off.copy()
        one, other = monocular_distances(directions[lacking], noise)
        far[lacking], off[lacking] = one * flat, other * flat
    found = np.empty((len(people), 10))
    heads = np.exp(found_logs(directions, people.skeleton))
    heads[lost] = np.nan  # what is to the side of whom nothing is towards says nothing
    find_poses(
        np.ascontiguousarray(sight),
        np.ascontiguousarray(surface),
        far,
        off,
        noise,
        heads,
        np.empty_like(heads),
        found,
    )
    facing, stddev = found[:, 8].copy(), found[:, 9].copy()
    places = found[:, :6].reshape(-1, 2, 3) @ frames
    position = places[:, 0]
    squares = (position * position).sum(axis=1)
    covariance = np.zeros((len(people), 6, 6))
    longer = (found[:, 6] ** 2)[:, np.newaxis, np.newaxis]
    covariance[:, :3, :3] = longer * position[:, :, np.newaxis] * position[:, np.newaxis]
    across = noise**2 * squares + JOINT**2 + found[:, 7] ** 2
    covariance[:, _DIAGONAL, _DIAGONAL] += across[:, np.newaxis]
    return Located(
        positions,
        position,
        turned(covariance, stddev, up),
        orientations(facing, towards, up),
        known.velocity,
        places[:, 1],
        facing,
        stddev,
        known.turning,
    )
