"""
How large grown-ups are, and by how much they differ; metres.

Lengths from joint to joint are those of de Leva (Adjustments to Zatsiorsky-Seluyanov's segment
inertia parameters, Journal of Biomechanics 29, 1996, table 4), the mean of women and men, in
statures. What that table does not have is measured in COCO's keypoints (de Leva's torso as the
unit): the median over people who stand or sit upright and face the camera, of which the shoulders
are 0.71 torsos apart and the hips 0.45; so they are as wide as networks find them.
"""

from __future__ import annotations

from typing import NamedTuple

STATURE = 1.70
STATURE_SPREAD = 0.065  # standard deviation, of itself: women and men of many countries

TORSO = 0.2915 * STATURE  # from between the shoulders to between the hips
SHOULDERS = 0.71 * TORSO
HIPS = 0.45 * TORSO
UPPER_ARM = 0.1602 * STATURE
FOREARM = 0.1534 * STATURE
THIGH = 0.2275 * STATURE
SHANK = 0.2528 * STATURE

# Half of a body's depth and breadth, of ellipses: of the hips those of the buttocks (24 cm) and of
# the hips (36 cm); of the shoulders those of their depth (14 cm) and of their breadth over the
# arms (44 cm): of the 50th percentile of men and women (Pheasant and Haslegrave, Bodyspace, 2006,
# table 2.5).
HALF_DEPTH, HALF_BREADTH = 0.12, 0.18
SHOULDER_HALF_DEPTH, SHOULDER_HALF_BREADTH = 0.07, 0.22
HALF_DEPTH_SPREAD = 0.035  # of bodies


class Segment(NamedTuple):
    """
    Two parts of a body that are about so far apart.

    Attributes
    ----------
    start, end : str
        Names of `parts.NAMES`.
    length : float
        Metres, of who is of STATURE.
    spread : float
        Standard deviation of the length from what it is in that stature, of itself: of bodies,
        and of where networks see joints.
    upright : bool
        Whether it mostly stands across the direction of sight, and so looks as long as it is.

    """

    start: str
    end: str
    length: float
    spread: float
    upright: bool = False


SEGMENTS = (
    Segment('neck', 'mid_hip', TORSO, 0.07, upright=True),
    Segment('left_shoulder', 'right_shoulder', SHOULDERS, 0.08),
    Segment('left_hip', 'right_hip', HIPS, 0.15),
    *(
        Segment(f'{side}_{start}', f'{side}_{end}', length, spread)
        for start, end, length, spread in (
            ('shoulder', 'elbow', UPPER_ARM, 0.15),
            ('elbow', 'wrist', FOREARM, 0.10),
            ('hip', 'knee', THIGH, 0.09),
            ('knee', 'ankle', SHANK, 0.08),
        )
        for side in ('left', 'right')
    ),
)
