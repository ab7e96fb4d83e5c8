"""
Which way a torso faces, and how far away its hips are.

Of every angle it is asked how likely it makes what is seen: how far left and right shoulder and
hip are apart across the sight (they are named, so the order says front or back), how far along it
where depth is known, where the head looks, which mostly is about where the torso faces, and where
the toes point. Where one of the two is not known, the middle between both stands for it, which
networks find too: neck and mid-hip. What fits two angles leaves a wide spread, and never one of
them for sure.
"""

import math

from numba import types
import numpy as np

from openpose_ros.parsing._kernels.compiling import piece
from openpose_ros.spatial._kernels.angles import COUNT, WEIGHTS, exponential
from openpose_ros.spatial._kernels.heads import POINTS
from openpose_ros.spatial.facing import (
    ACROSS,
    ALONG,
    APART,
    APART_SPREAD,
    DEPTH_NOISE,
    FOOT,
    FOOT_SPREAD,
    HALVED,
    JOINT,
    LONGEST,
    LOOKS_AHEAD,
    ROUGH,
    SHORTEST,
    SINE,
    SITTING,
    SIZE_SPREAD,
    SWAPPED,
    TORSO_SPREAD,
)
from openpose_ros.spatial.hips import (
    BEHIND,
    ELLIPSES,
    HIDDEN,
    LEAN_SPREAD,
    STRAIGHT,
    THIGH_BEFORE,
    UPRIGHT,
)
from openpose_ros.spatial.parts import PLACE
from openpose_ros.spatial.proportions import (
    HALF_DEPTH_SPREAD,
    THIGH,
    TORSO,
)

# Each is followed by its other side.
LEFT_SHOULDER, LEFT_HIP, _LEFT_KNEE = (
    PLACE[f'left_{part}'] for part in ('shoulder', 'hip', 'knee')
)
_LEFT_TOE, _LEFT_HEEL = PLACE['left_big_toe'], PLACE['left_heel']
_MIDDLES = np.array([PLACE['neck'], PLACE['mid_hip']])
_NECK, _MID_HIP = PLACE['neck'], PLACE['mid_hip']
_HIPS, _SHOULDERS = ELLIPSES.tolist()
_HIPS_DEEP, _HIPS_BROAD, _HIPS_OUT = _HIPS
_SHOULDERS_DEEP, _SHOULDERS_BROAD, _SHOULDERS_OUT = _SHOULDERS

_TRUST = SIZE_SPREAD**2 / (SIZE_SPREAD**2 + TORSO_SPREAD**2)
_TRUSTED_SPREAD = float(np.sqrt(_TRUST)) * TORSO_SPREAD

# Where parts are seen, and the variance of that, (3, 2, G).
_EXPECTED = np.stack([APART[:, np.newaxis] * ACROSS, ALONG, np.stack([FOOT * SINE] * 2)])
_VARIANCE = np.stack([0 * ALONG, ROUGH, np.full_like(ALONG, FOOT_SPREAD**2)])
_LEAST = _VARIANCE.min(axis=2)
# How likely it is that the torso is so far to either side of the head, from -COUNT on.
_NEXT_TO = np.concatenate([LOOKS_AHEAD[0, :1], LOOKS_AHEAD[0, :0:-1], LOOKS_AHEAD[0]])


@piece(types.float64(POINTS, types.float64))
def sitting(sight, distance):
    """
    Return how much somebody's thighs are stretched out, 0: she stands, 1: she sits.

    By how far the knees are below the hips; 0 where no thigh is seen.
    """
    drops, count = 0.0, 0
    for side in range(2):
        drop = sight[LEFT_HIP + side, 2] - sight[_LEFT_KNEE + side, 2]
        if drop == drop:
            drops += drop
            count += 1
    if count == 0:
        return 0.0
    sits = 1 - drops * distance / (THIGH * UPRIGHT * count)
    return 0.0 if sits < 0 else 1.0 if sits > 1 else sits


@piece(types.UniTuple(types.float64, 3)(POINTS, types.int64))
def seen_of(surface, left):
    """Return what `hips.torso_surfaces` does of somebody: of LEFT_SHOULDER, or LEFT_HIP."""
    total, side, count = 0.0, 0.0, 0
    for other in range(2):
        x, y = surface[left + other, 0], surface[left + other, 1]
        if x == x:
            total += math.sqrt(x * x + y * y)
            side += 1.0 - 2 * other
            count += 1
    if count:
        return total / count, side, 1.0
    if left == LEFT_SHOULDER:
        return np.nan, 0.0, 0.0
    x, y = surface[_MID_HIP, 0], surface[_MID_HIP, 1]
    return math.sqrt(x * x + y * y), 0.0, 0.0


@piece(types.float64(*7 * (types.float64,)))
def inside(deep, broad, out, side, apart, c, s):
    """Return how far behind what is seen of it the middle is, as `hips.torso_distances` does."""
    deep *= deep
    broad *= broad
    wide = broad * c * c + deep * s * s
    x = apart * out * c
    level = math.sqrt(deep * broad * (1 - x * x / wide) / wide)
    return level - side * x * c * s * (broad - deep) / wide


@piece(types.UniTuple(types.float64, 2)(*8 * (types.float64,)))
def torso_distance(hips, at_hips, apart, shoulders, at_shoulders, ahead, aside, sits):
    """
    Return how far a mid-hip is from the camera, by the surface of hips and shoulders.

    The thighs of somebody who sits hide her hips: what is seen there is nearer. Where it is nearer
    than her shoulders all the same, the truth is held for the middle between both.

    Parameters
    ----------
    hips, at_hips, apart, shoulders, at_shoulders : float
        How far their surface is, horizontally, metres; NaN unknown; and of which, as `seen_of`
        has it.
    ahead, aside : float
        Cosine and sine of the facing.
    sits : float
        What `sitting` returns.

    Returns
    -------
    float, float
        Metres, horizontally, and the standard deviation; NaN where no depth is known.

    """
    hips += inside(_HIPS_DEEP, _HIPS_BROAD, _HIPS_OUT, at_hips, apart, ahead, aside)
    if ahead > 0:
        hips += THIGH_BEFORE * sits * ahead
    distance = shoulders + inside(
        _SHOULDERS_DEEP, _SHOULDERS_BROAD, _SHOULDERS_OUT, at_shoulders, 1.0, ahead, aside
    )
    spread = LEAN_SPREAD
    if hips == hips:
        behind = distance - hips if distance == distance else 0.0
        hidden = (behind - STRAIGHT) / 2
        hidden = 0.0 if hidden < 0 else HIDDEN if hidden > HIDDEN else hidden
        distance = hips + (hidden if hidden > behind - BEHIND else behind - BEHIND)
        spread = math.sqrt(HALF_DEPTH_SPREAD * HALF_DEPTH_SPREAD + hidden * hidden / 4)
    noise = DEPTH_NOISE * distance
    return distance, math.sqrt(spread * spread + noise * noise)


@piece(types.UniTuple(types.float64, 2)(POINTS, types.float64, types.float64))
def body_size(sight, distance, spread):
    """Return how large somebody is, 1 as `proportions` has her, and the spread of that."""
    squares = 0.0
    for axis in range(3):
        off = sight[_NECK, axis] - sight[_MID_HIP, axis]
        squares += off * off
    length = math.sqrt(squares) * distance / TORSO
    if SHORTEST < length < LONGEST:
        # A torso may lean, and looks shorter then; people differ, and by more.
        return 1 + _TRUST * (length - 1), _TRUSTED_SPREAD
    return 1.0, math.sqrt(SIZE_SPREAD * SIZE_SPREAD + spread * spread)


@piece(types.void(POINTS, POINTS, *5 * (types.float64,), *2 * (WEIGHTS,)))
def weigh_torso(sight, surface, distance, noise, size, size_spread, sits, head, weights):
    """
    Fill how likely it is that somebody's torso faces each way.

    Parameters
    ----------
    sight, surface : float64 (P, 3)
        Of somebody, as of `find_poses`.
    distance : float
        Of her, metres.
    noise : float
        As of `find_poses`.
    size, size_spread : float
        What `body_size` returns.
    sits : float
        What `sitting` returns.
    head : float64 (G,)
        How likely each of ANGLES is for where her head looks.
    weights : float64 (G,)
        0; becomes that of her torso.

    """
    for other in range(COUNT):
        likely = head[other]
        for angle in range(COUNT):  # the inner one, so that many are computed at once
            weights[angle] += likely * _NEXT_TO[angle - other + COUNT]
    joint = 2 * (JOINT * JOINT + noise * distance * noise * distance)
    depth = 2 * (DEPTH_NOISE * distance * DEPTH_NOISE * distance)
    for kind in range(3):
        for pair in range(2):
            expecting, varying = _EXPECTED[kind, pair], _VARIANCE[kind, pair]
            one, other = _LEFT_TOE + pair, _LEFT_HEEL + pair
            points, axis, unit = sight, 0, distance
            scale, blur, spread, halved = 1.0, joint, 0.0, 1.0
            if kind < 2:
                one = LEFT_SHOULDER + 2 * pair
                other = one + 1
                scale = size
            if kind == 0:
                spread = size_spread * size_spread + APART_SPREAD[pair] * APART_SPREAD[pair]
            elif kind == 1:
                points, axis, unit = surface, 1, 1.0
                blur = depth + SITTING[pair] * sits * SITTING[pair] * sits
            seen = points[one, axis] - points[other, axis]
            if kind < 2 and seen != seen:
                middle, halved = points[_MIDDLES[pair], axis], HALVED
                seen = 2 * (points[one, axis] - middle)
                if seen != seen:
                    seen = 2 * (middle - points[other, axis])
            seen *= unit
            if seen == seen:
                least = halved * (blur + _LEAST[kind, pair])
                for angle in range(COUNT):
                    expected = scale * expecting[angle]
                    variance = halved * (blur + varying[angle])
                    variance += spread * expected * expected
                    off = seen - expected
                    bell = exponential(-0.5 * off * off / variance) * math.sqrt(least / variance)
                    weights[angle] *= bell + SWAPPED
