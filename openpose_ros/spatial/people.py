"""Where the people of an image are, and which way they face and look."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import numpy.typing as npt

from openpose_ros.people import People
from openpose_ros.spatial.cameras import Camera
from openpose_ros.spatial.distance import monocular_distances
from openpose_ros.spatial.edges import alone_at_edges, near_edges, outside, torsos_outside
from openpose_ros.spatial.facing import body_sizes, torso_facing
from openpose_ros.spatial.gaze import gazes, head_angles
from openpose_ros.spatial.hips import mid_hips, sitting, torso_distances, torso_surfaces
from openpose_ros.spatial.located import Located
from openpose_ros.spatial.orientations import orientations, turned
from openpose_ros.spatial.parts import parts_in
from openpose_ros.spatial.quick import quick_rays
from openpose_ros.spatial.sight import NOISE_PX, SOMEWHERE, Sight, axes, torso_directions

Array = npt.NDArray[np.float64]

_UNKNOWN_FACING, _UNKNOWN_SITS = np.array(np.nan), np.array(0.0)
_UP = {0: (0.0, -1.0, 0.0), 90: (-1.0, 0.0, 0.0), 180: (0.0, 1.0, 0.0), 270: (1.0, 0.0, 0.0)}


def up_in_image(rotate: int) -> Array:
    """
    Return the vertical in a camera's optical frame, if its images show upright people.

    Parameters
    ----------
    rotate : int
        Degrees clockwise that bring its images upright: 0, 90, 180 or 270.

    Returns
    -------
    float64 (3,)
        Unit vector; of an upright image -y.

    """
    return np.array(_UP[rotate])


def locate(
    people: People,
    camera: Camera,
    known: Located,
    up: npt.ArrayLike,
    *,
    monocular: bool = True,
) -> Located:
    """
    Say where people are, which way they face and look.

    Parameters
    ----------
    people : People
        In pixels of the camera's image.
    camera : Camera
        That took it.
    known : Located
        Of the same people: its positions are used, where there are any; the rest is replaced.
    up : float (3,)
        The vertical in the image's optical frame; a unit vector.
    monocular : bool
        Whether to estimate the distance of those without depth by their proportions.

    Returns
    -------
    Located
        With velocity of `known`, and its positions, but those on faces where the parts are, not
        what is around them (`faces.on_faces`), and NaN where another part of the body may be seen
        (`doubts.undoubted`). Position NaN: no depth, and too little seen for
        an estimate; facing and gaze NaN: nothing that says it is seen.

    """
    if not len(people):
        return known
    vertical = np.array(up, np.float64)
    with np.errstate(invalid='ignore', divide='ignore'):
        if known.positions is None:
            return poses_in_numpy(people, camera, known, vertical, monocular)
        from openpose_ros.spatial.poses import poses

        return poses(people, camera, known, known.positions, vertical, monocular)


def poses_in_numpy(
    people: People, camera: Camera, known: Located, up: Array, monocular: bool
) -> Located:
    """
    Return what `locate` does, of one person or more, with nothing compiled.

    It is for images without depth, so that who has none need not wait at the first start;
    `poses.poses` is the same with depth, several times as quickly, and is tested against this.
    """
    keypoints = people.keypoints
    rays = quick_rays(camera, np.where(keypoints[..., 2:] > 0, keypoints[..., :2], np.nan))
    rays /= np.sqrt((rays * rays).sum(axis=2, keepdims=True))
    directions = parts_in(rays, people.skeleton)
    above = directions @ up
    level = np.sqrt(1 - above * above)[..., np.newaxis]
    noise = NOISE_PX / min(camera.focal)
    middle = torso_directions(directions)
    surface = None
    seen = torso_surfaces(np.full_like(directions, np.nan), up)
    if known.positions is not None:
        surface = parts_in(known.positions, people.skeleton)
        seen = torso_surfaces(surface, up)
    flat_directions = directions / level
    distance, spread = torso_distances(seen, _UNKNOWN_FACING, _UNKNOWN_SITS)
    lacking = np.isnan(distance)
    if monocular and lacking.any():
        far, off = monocular_distances(directions, noise)
        flat = np.sqrt(1 - (middle @ up) ** 2)
        distance = np.where(lacking, far * flat, distance)
        spread = np.where(lacking, off * flat, spread)
    measured = ~np.isnan(distance)
    towards, aside = axes(middle, up)
    # Who is how far away does not matter where only proportions are compared.
    guess = np.where(measured, distance, SOMEWHERE)
    sight = Sight(
        flat_directions,
        surface,
        guess,
        np.where(measured, spread / guess, 1),
        noise,
        up,
        towards,
        aside,
    )
    cut = None
    if near_edges(people, camera):
        cut = outside(people, camera, aside, guess)
    head = head_angles(sight, people.skeleton, cut)
    sizes = body_sizes(sight)
    sits = sitting(flat_directions, up, guess)
    torsos = None
    alone = alone_at_edges(people, camera, known.positions)
    if alone.any():
        torsos = torsos_outside(alone, people, camera, aside, guess)
    facing, stddev = torso_facing(sight, head, sizes, sits, torsos)
    if surface is not None:
        exactly, off = torso_distances(seen, facing, sits)
        deep = ~np.isnan(exactly)
        distance, spread = np.where(deep, exactly, distance), np.where(deep, off, spread)
    position, covariance = mid_hips(
        replace(sight, distance=distance, spread=spread / distance), facing, sizes.size
    )
    return replace(
        known,
        position=position,
        covariance=turned(_whole(covariance), stddev, up),
        orientation=orientations(facing, towards, up),
        gaze=gazes(sight, head),
        facing=facing,
        facing_stddev=stddev,
    )


def _whole(covariance: Array) -> Array:
    """Return covariances (N, 6, 6) of positions (N, 3, 3), of turns NaN."""
    whole = np.full((len(covariance), 6, 6), np.nan)
    whole[:, :3, :3] = covariance
    return whole
