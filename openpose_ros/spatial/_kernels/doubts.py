"""Of which parts of somebody another part of her may be seen."""

from numba import types

from openpose_ros.parsing._kernels.compiling import piece
from openpose_ros.spatial._kernels.heads import POINTS
from openpose_ros.spatial._kernels.torsos import LEFT_HIP, LEFT_SHOULDER
from openpose_ros.spatial.doubts import (
    ARM_BEFORE,
    ARMS_APART,
    HAND,
    LEGS_APART,
    LEGS_APART_IN_PROFILE,
    PROFILE,
    SIDEWAYS,
)
from openpose_ros.spatial.parts import PLACE

# Each is followed by its other side, and that by the next: elbows, wrists; knees, ankles, heels
# and toes.
_ELBOW, _WRIST, _KNEE = (PLACE[f'left_{part}'] for part in ('elbow', 'wrist', 'knee'))
_BEHIND = PLACE['right_big_toe'] + 1


@piece(types.void(POINTS, POINTS, *3 * (types.float64,), types.uint8[::1]))
def doubt_limbs(sight, surface, distance, c, s, doubtful):
    """
    Mark what may be another part of the same body.

    Parameters
    ----------
    sight, surface : float64 (P, 3)
        Of somebody, as of `find_poses`.
    distance : float
        Of her, horizontally, metres; NaN unknown.
    c, s : float
        Cosine and sine of her facing; 1 and 0 if it is not known.
    doubtful : uint8 (P,)
        Becomes 1 of those.

    """
    in_profile, far = abs(c) < PROFILE, 0 if s > 0 else 1
    wide = (sight[LEFT_SHOULDER, 0] - sight[LEFT_SHOULDER + 1, 0]) * distance
    for left in range(_ELBOW, _BEHIND, 2):
        along = surface[left, 1] - surface[left + 1, 1]
        squares, limit = along * along, ARMS_APART
        if left < _KNEE:
            # What is seen of the farther arm is behind the middle, but where a hand is before it.
            if -PROFILE < c < ARM_BEFORE and surface[left + far, 1] > -distance:
                doubtful[left + far] = 1
            if not abs(wide) < SIDEWAYS:
                continue
        else:
            across = surface[left, 0] - surface[left + 1, 0]
            up = surface[left, 2] - surface[left + 1, 2]
            squares += across * across + up * up
            limit = LEGS_APART_IN_PROFILE if in_profile else LEGS_APART
        if squares < limit * limit:
            doubtful[left + far] = 1
            if not in_profile:  # there the nearer one is what it seems to be
                doubtful[left + 1 - far] = 1
    for pair in range(4):
        hip, wrist = LEFT_HIP + (pair & 1), _WRIST + (pair >> 1)
        across, up = sight[hip, 0] - sight[wrist, 0], sight[hip, 2] - sight[wrist, 2]
        if (across * across + up * up) * distance * distance < HAND * HAND:
            doubtful[hip] = 1
