"""
Bodies in three dimensions: joints, and the solids around them, of which the truth is known.

Heights and lengths of segments are those of Drillis and Contini (Body Segment Parameters, New York
University, 1966; as figure 4.1 of Winter, Biomechanics and Motor Control of Human Movement, has
them), in statures. Breadths and depths, and the points of the head, are those of ANSUR II (Gordon
et al., 2012 Anthropometric Survey of U.S. Army Personnel, NATICK/TR-15/007), rounded, of which
shoulders' joints lie 2 cm inside the acromia; hips' joints are 0.115 statures apart. None of this
is a source of `openpose_ros.spatial`, so that what is measured against these bodies is a test.

Axes: x the way the torso faces, y to its left, z up; metres; the origin is on the ground below the
mid-hip.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]

_ANKLE, _KNEE, _HIP, _SHOULDER = 0.039, 0.285, 0.530, 0.818  # heights
_UPPER_ARM, _FOREARM, _FOOT = 0.186, 0.146, 0.152
_EYE = 0.936
_TOES = {'heel': (-0.25, 0.0), 'big_toe': (0.7, -0.05), 'small_toe': (0.6, 0.08)}  # feet
_MEAN_STATURE = 1.70
_GROWN_UP = 1.75  # the stature for which breadths stand below
SIDES = {'left': 1.0, 'right': -1.0}


@dataclass(frozen=True)
class Build:
    """
    Whose body it is.

    Attributes
    ----------
    stature : float
        Metres.
    shoulders, hips : float
        From joint to joint, in statures.
    trunk, arms, legs : float
        Lengths, in units of what the source says.
    girth : float
        Breadths and depths, in units of what the source says.

    """

    stature: float = _MEAN_STATURE
    shoulders: float = 0.208
    hips: float = 0.115
    trunk: float = 1.0
    arms: float = 1.0
    legs: float = 1.0
    girth: float = 1.0

    @staticmethod
    def of_somebody(random: np.random.Generator) -> Build:
        """Return one of many grown-ups; spreads are those of the surveys, within a sex or so."""
        return Build(
            stature=float(np.clip(random.normal(_MEAN_STATURE, 0.09), 1.45, 1.98)),
            shoulders=0.208 * random.normal(1, 0.05),
            hips=0.115 * random.normal(1, 0.07),
            trunk=random.normal(1, 0.03),
            arms=random.normal(1, 0.03),
            legs=random.normal(1, 0.03),
            girth=float(np.clip(random.normal(1, 0.1), 0.8, 1.3)),
        )

    @staticmethod
    def of_a_child(random: np.random.Generator) -> Build:
        """Return a child of about six to ten years."""
        return replace(Build.of_somebody(random), stature=float(random.uniform(1.1, 1.4)))


@dataclass(frozen=True)
class Stance:
    """
    What a body does.

    Attributes
    ----------
    posture : str
        'standing', 'walking' or 'seated'.
    phase : float
        Of the steps, radians.
    lean : float
        Of the torso, forward, radians.
    head_yaw, head_pitch : float
        To the left and down, against the torso, radians.
    arms : mapping of str to str
        What 'left' and 'right' do: 'down' (by default), 'raised', 'ahead', 'aside', 'crossed'.
    wave : float
        By how much a raised forearm leans outwards, radians.

    """

    posture: str = 'standing'
    phase: float = 0.0
    lean: float = 0.0
    head_yaw: float = 0.0
    head_pitch: float = 0.0
    arms: Mapping[str, str] | None = None
    wave: float = 0.0


class Solid(NamedTuple):
    """
    A capsule between two points after all has been squeezed to where its girth is 1.

    Attributes
    ----------
    name : str
        The part of the body.
    squeeze : float64 (3, 3)
        From the body's axes to where it is a capsule of radius 1.
    start, end : float64 (3,)
        Of its axis, in the body's axes, metres.

    """

    name: str
    squeeze: Array
    start: Array
    end: Array


class Body(NamedTuple):
    """
    A body in some frame.

    Attributes
    ----------
    joints : dict of str to float64 (3,)
        By the names of keypoints, of all skeletons.
    solids : list of Solid
    front, gaze : float64 (3,)
        Unit vectors: where the torso faces, horizontally, and where the head faces.

    """

    joints: dict[str, Array]
    solids: list[Solid]
    front: Array
    gaze: Array

    def placed(self, x: float, y: float, heading: float) -> Body:
        """Return it on the ground at x and y, turned to its left by `heading`, radians."""
        return self.moved(about_z(heading), np.array([x, y, 0.0]))

    def moved(self, turn: Array, shift: Array) -> Body:
        """Return it turned (3, 3) and then shifted (3,)."""
        return Body(
            {name: turn @ point + shift for name, point in self.joints.items()},
            [
                Solid(
                    solid.name,
                    solid.squeeze @ turn.T,
                    turn @ solid.start + shift,
                    turn @ solid.end + shift,
                )
                for solid in self.solids
            ],
            turn @ self.front,
            turn @ self.gaze,
        )


def about_z(angle: float) -> Array:
    """Return the rotation (3, 3) to the left."""
    c, s = np.cos(angle), np.sin(angle)
    return np.array([[c, -s, 0], [s, c, 0], [0, 0, 1.0]])


def about_y(angle: float) -> Array:
    """Return the rotation (3, 3) forward and down."""
    c, s = np.cos(angle), np.sin(angle)
    return np.array([[c, 0, s], [0, 1, 0], [-s, 0, c]])


def body(build: Build, stance: Stance) -> Body:
    """Return a body in its own axes."""
    torso = about_y(stance.lean)
    joints, hips_z = _legs(build, stance)
    mid_hip = np.array([0.0, 0.0, hips_z])
    trunk = (_SHOULDER - _HIP) * build.stature * build.trunk
    neck = mid_hip + torso @ np.array([0.0, 0.0, trunk])
    joints |= {'mid_hip': mid_hip, 'neck': neck, 'chest': (mid_hip + neck) / 2}
    for side, sign in SIDES.items():
        out = np.array([0.0, sign * build.shoulders / 2 * build.stature, 0.0])
        joints[f'{side}_shoulder'] = shoulder = neck + torso @ out
        upper, lower = _arm(stance, side)
        joints[f'{side}_elbow'] = elbow = shoulder + build.arms * build.stature * _UPPER_ARM * (
            torso @ upper
        )
        joints[f'{side}_wrist'] = elbow + build.arms * build.stature * _FOREARM * (torso @ lower)
    head = torso @ about_z(stance.head_yaw) @ about_y(stance.head_pitch)
    joints |= _head(build, neck, torso, head)
    front = np.array([1.0, 0.0, 0.0])
    return Body(joints, _solids(build, joints, torso, head), front, head @ front)


def _legs(build: Build, stance: Stance) -> tuple[dict[str, Array], float]:
    """Return hips, legs and feet, and how high the hips are."""
    thigh = (_HIP - _KNEE) * build.stature * build.legs
    shank = (_KNEE - _ANKLE) * build.stature * build.legs
    ankle_z = _ANKLE * build.stature
    joints: dict[str, Array] = {}
    for side, sign in SIDES.items():
        hip = np.array([0.0, sign * build.hips / 2 * build.stature, 0.0])
        if stance.posture == 'seated':
            flexed, bent = 1.5, 1.5
        elif stance.posture == 'walking':
            flexed = 0.36 * np.sin(stance.phase + (sign < 0) * np.pi)
            bent = 0.15 + 0.5 * max(0.0, np.cos(stance.phase + (sign < 0) * np.pi))
        else:
            flexed, bent = 0.03, 0.03
        knee = hip + thigh * np.array([np.sin(flexed), 0.04 * sign, -np.cos(flexed)])
        fallen = flexed - bent
        ankle = knee + shank * np.array([np.sin(fallen), 0.0, -np.cos(fallen)])
        joints |= {f'{side}_hip': hip, f'{side}_knee': knee, f'{side}_ankle': ankle}
        for part, (ahead, aside) in _TOES.items():
            away = np.array([ahead, aside * sign, 0.0]) * _FOOT * build.stature
            joints[f'{side}_{part}'] = ankle + away - np.array([0.0, 0.0, 0.7 * ankle_z])
    hips_z = ankle_z - min(joints['left_ankle'][2], joints['right_ankle'][2])
    return {name: point + np.array([0, 0, hips_z]) for name, point in joints.items()}, float(
        hips_z
    )


def _arm(stance: Stance, side: str) -> tuple[Array, Array]:
    """Return the unit vectors of upper arm and forearm, in the torso's axes."""
    sign = SIDES[side]
    does = (stance.arms or {}).get(side, 'down')
    swing = 0.0
    if stance.posture == 'walking':
        swing = -0.35 * np.sin(stance.phase + (sign < 0) * np.pi)
    upper, lower = {
        'down': ([np.sin(swing), 0.15 * sign, -1.0], [np.sin(swing + 0.3), 0.05 * sign, -1.0]),
        'raised': ([0.2, 0.7 * sign, 0.7], [0.1, np.sin(stance.wave) * sign, np.cos(stance.wave)]),
        'ahead': ([1.0, 0.1 * sign, 0.05], [1.0, 0.0, 0.05]),
        'aside': ([0.1, 1.0 * sign, 0.05], [0.1, 1.0 * sign, 0.05]),
        'crossed': ([0.35, 0.05 * sign, -0.9], [0.35, -0.95 * sign, 0.12 + 0.1 * sign]),
    }[does]
    if stance.posture == 'seated' and does == 'down':
        upper, lower = [0.3, 0.15 * sign, -1.0], [1.0, -0.2 * sign, -0.15]
    return _unit(upper), _unit(lower)


def _head(build: Build, neck: Array, torso: Array, head: Array) -> dict[str, Array]:
    """Return the points of the head, which turns about the base of the skull."""
    scale = build.stature / _GROWN_UP
    base = neck + torso @ (np.array([0.01, 0.0, 0.075]) * build.stature)
    eyes_z = (_EYE - _SHOULDER - 0.075) * build.stature
    points = {
        'nose': (0.12, 0.0, -0.04),
        'left_eye': (0.075, 0.032, 0.0),
        'right_eye': (0.075, -0.032, 0.0),
        'left_ear': (0.0, 0.072, -0.016),
        'right_ear': (0.0, -0.072, -0.016),
        'head_top': (0.0, 0.0, 0.112),
    }
    joints = {
        name: base + head @ (np.array(point) * scale + [0.0, 0.0, eyes_z])
        for name, point in points.items()
    }
    return joints | {'head': joints['head_top']}


def _solids(build: Build, joints: dict[str, Array], torso: Array, head: Array) -> list[Solid]:
    scale = build.stature / _GROWN_UP
    girth = scale * build.girth

    def round_(name: str, start: Array, end: Array, radius: float) -> Solid:
        return Solid(name, np.eye(3) / radius, start, end)

    def oval(name: str, start: Array, end: Array, half: Array, axes: Array) -> Solid:
        return Solid(name, np.diag(1 / half) @ axes.T, start, end)

    up = torso @ np.array([0.0, 0.0, 1.0])
    trunk = np.array([0.115, 0.155, 0.12]) * girth
    skull = np.array([0.098, 0.075, 0.118]) * scale
    middle = (joints['left_ear'] + joints['right_ear']) / 2 + head @ [0, 0, 0.01 * scale]
    base = joints['neck'] + 0.05 * scale * up
    solids = [
        oval(
            'trunk',
            joints['mid_hip'] + 0.06 * scale * up,
            joints['neck'] - 0.10 * scale * up,
            trunk,
            torso,
        ),
        oval(
            'pelvis',
            joints['left_hip'],
            joints['right_hip'],
            np.array([0.115, 0.085, 0.11]) * girth,
            torso,
        ),
        round_('shoulders', joints['left_shoulder'], joints['right_shoulder'], 0.052 * girth),
        round_('neck', base, middle, 0.055 * scale),
        oval('head', middle, middle, skull, head),
        round_('nose', joints['nose'] - head @ [0.04 * scale, 0, 0], joints['nose'], 0.012),
    ]
    for side in SIDES:
        parts = {part: joints[f'{side}_{part}'] for part in _LIMBS_OF}
        hand = parts['wrist'] + 0.07 * scale * _unit(parts['wrist'] - parts['elbow'])
        sole = np.array([0.0, 0.0, 0.01])
        solids += [
            round_(f'{side}_upper_arm', parts['shoulder'], parts['elbow'], 0.045 * girth),
            round_(f'{side}_forearm', parts['elbow'], parts['wrist'], 0.036 * girth),
            round_(f'{side}_hand', parts['wrist'], hand, 0.034 * scale),
            round_(f'{side}_thigh', parts['hip'], parts['knee'], 0.075 * girth),
            round_(f'{side}_shank', parts['knee'], parts['ankle'], 0.05 * girth),
            round_(f'{side}_foot', parts['heel'] + sole, parts['big_toe'] + sole, 0.035 * scale),
        ]
    return solids


_LIMBS_OF = ('shoulder', 'elbow', 'wrist', 'hip', 'knee', 'ankle', 'heel', 'big_toe')

# The solids under which each keypoint is seen, by its name without the side.
UNDER = {
    'nose': ('nose', 'head'),
    'eye': ('head', 'nose'),
    'ear': ('head',),
    'head': ('head',),
    'head_top': ('head',),
    'neck': ('neck', 'shoulders', 'trunk', 'head'),
    'chest': ('trunk',),
    'mid_hip': ('pelvis', 'trunk'),
    'shoulder': ('shoulders', 'upper_arm', 'trunk'),
    'elbow': ('upper_arm', 'forearm'),
    'wrist': ('forearm', 'hand'),
    'hip': ('pelvis', 'trunk', 'thigh'),
    'knee': ('thigh', 'shank'),
    'ankle': ('shank', 'foot'),
    'heel': ('foot', 'shank'),
    'big_toe': ('foot',),
    'small_toe': ('foot',),
}


def solids_under(keypoint: str) -> set[str]:
    """Return the names of the solids under which a keypoint is to be seen."""
    side, _, part = keypoint.partition('_')
    if side not in SIDES:
        return set(UNDER[keypoint])
    return {*UNDER[part], *(f'{side}_{solid}' for solid in UNDER[part])}


def _unit(vector: npt.ArrayLike) -> Array:
    given = np.asarray(vector, np.float64)
    return np.asarray(given / np.linalg.norm(given))
