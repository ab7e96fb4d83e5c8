"""Where people are, which way they face and look: for all people of an image."""

import math

from numba import types
import numpy as np

from openpose_ros.parsing._kernels.compiling import VALUES, compiled
from openpose_ros.spatial._kernels.angles import COUNT, summed_up
from openpose_ros.spatial._kernels.doubts import doubt_limbs
from openpose_ros.spatial._kernels.heads import nodding, weigh_face
from openpose_ros.spatial._kernels.torsos import (
    LEFT_HIP,
    LEFT_SHOULDER,
    body_size,
    seen_of,
    sitting,
    torso_distance,
    weigh_torso,
)
from openpose_ros.spatial.facing import UNKNOWN
from openpose_ros.spatial.gaze import SURE
from openpose_ros.spatial.hips import GUESSED, JOINT, LEAN_SPREAD
from openpose_ros.spatial.parts import PLACE
from openpose_ros.spatial.proportions import HIPS, TORSO
from openpose_ros.spatial.sight import SOMEWHERE

# Where the mid-hip is: a part, how far to the left of it, in half breadths of hips, how far
# above, in torsos, and how much less sure that is, in metres.
_FROM = np.array([PLACE[name] for name in ('mid_hip', 'left_hip', 'right_hip', 'neck')])
_LEFT = np.array([0.0, -1.0, 1.0, 0.0])
_ABOVE = np.array([0.0, 0.0, 0.0, -1.0])
_BLUR = np.array([0.0, GUESSED, GUESSED, LEAN_SPREAD])

_POINTS = types.Array(types.float64, 3, 'C', readonly=True)
_PLANE, _FLAGS = types.float64[:, ::1], types.uint8[:, ::1]


@compiled(
    types.void(_POINTS, _POINTS, VALUES, VALUES, types.float64, *4 * (_PLANE,), _FLAGS),
)
def find_poses(sight, surface, far, off, noise, heads, cut, torsos, found, doubtful):
    """
    Fill what is known of N people.

    Of each the axes are to the left of who looks to the camera, horizontally to the camera, and
    up.

    Parameters
    ----------
    sight : float64 (N, P, 3)
        To the parts of `parts.NAMES`, horizontally of length 1; NaN where they are not seen.
    surface : float64 (N, P, 3)
        What is seen there, metres; NaN where no depth is known.
    far, off : float64 (N,)
        Horizontal distances of whom no depth is known, and their standard deviations, metres; NaN
        unknown.
    noise : float
        Of the directions, radians.
    heads : float64 (N, G)
        What `gaze.found_logs` says, no logarithms; becomes what is known of where heads look.
    cut : float64 (N, G) or (0, G)
        What `edges.torsos_outside` says, if that is known of anybody.
    torsos : float64 (N, G)
        0; becomes that of where torsos face.
    found : float64 (N, 11)
        The mid-hip, the way the head faces, the standard deviation of the distance, of itself,
        and the variance of the mid-hip across it; facing, its standard deviation, and how far the
        mid-hip is, horizontally.
    doubtful : uint8 (N, P)
        0; becomes 1 of parts of which another part of the same body may be seen.

    """
    for person in range(len(sight)):
        seen, depths, known = sight[person], surface[person], found[person]
        head, torso = heads[person], torsos[person]
        hips, at_hips, apart = seen_of(depths, LEFT_HIP)
        shoulders, at_shoulders, _ = seen_of(depths, LEFT_SHOULDER)
        distance, spread = torso_distance(
            hips, at_hips, apart, shoulders, at_shoulders, 1.0, 0.0, 0.0
        )
        is_deep = distance == distance
        if not is_deep:
            distance, spread = far[person], off[person]
        # Who is how far away does not matter where only proportions are compared.
        guess, relative = SOMEWHERE, 1.0
        if distance == distance:
            guess, relative = distance, spread / distance
        for axis in range(2):
            weigh_face(depths if axis else seen, axis, guess, noise, head)
        size, size_spread = body_size(seen, guess, relative)
        sits = sitting(seen, guess)
        weigh_torso(seen, depths, guess, noise, size, size_spread, sits, head, torso)
        if len(cut) > 0:
            for angle in range(COUNT):
                torso[angle] *= cut[person, angle]
        facing, stddev = summed_up(torso)
        c, s = math.cos(facing), math.sin(facing)
        if not stddev <= UNKNOWN:
            facing, stddev, c, s = np.nan, np.nan, 1.0, 0.0
        if is_deep:
            distance, spread = torso_distance(
                hips, at_hips, apart, shoulders, at_shoulders, c, s, sits
            )
        blur = 0.0
        for guessed in range(len(_FROM)):
            part = _FROM[guessed]
            beside = _LEFT[guessed] * HIPS / 2 * size if facing == facing else 0.0
            # So far away is the mid-hip, not what is seen beside it.
            nearer = beside * (c * seen[part, 0] - s * seen[part, 1])
            range_ = math.sqrt(distance * distance + nearer * nearer - beside * beside) - nearer
            known[0] = range_ * seen[part, 0] + c * beside
            known[1] = range_ * seen[part, 1] - s * beside
            known[2] = range_ * seen[part, 2] + _ABOVE[guessed] * TORSO * size
            blur = _BLUR[guessed]
            if known[0] == known[0]:
                break
        flat = known[0] * known[0] + known[1] * known[1]
        known[6], known[8], known[9] = spread / distance, facing, stddev
        known[7] = noise * noise * (flat + known[2] * known[2]) + JOINT * JOINT + blur * blur
        known[10] = math.sqrt(flat)
        doubt_limbs(seen, depths, known[10], c, s, doubtful[person])
        yaw, spread = summed_up(head)
        pitch = nodding(seen, guess, noise, yaw) if spread <= SURE else np.nan
        level = math.cos(pitch)
        known[3], known[4] = level * math.sin(yaw), level * math.cos(yaw)
        known[5] = -math.sin(pitch)
