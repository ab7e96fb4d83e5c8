"""Orientations of people: x the way the torso faces, horizontal, z up."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]

VERTICAL_SPREAD = 0.01  # radians: of what is held for the vertical
_LEVEL = 1e-2  # root of what must be horizontal of a direction


def leftwards(up: Array) -> Array:
    """
    Return the matrix that turns horizontal directions to their left.

    Parameters
    ----------
    up : float64 (3,)
        The vertical.

    Returns
    -------
    float64 (3, 3)
        Rows of directions (N, 3) times it: what np.cross(up, …) gives, several times as slowly.

    """
    return _leftwards(*up.tolist())


@lru_cache(maxsize=16)
def _leftwards(x: float, y: float, z: float) -> Array:
    return np.array([[0.0, z, -y], [-z, 0.0, x], [y, -x, 0.0]])


def orientations(facing: Array, towards: Array, up: Array) -> Array:
    """
    Return the orientation of people.

    Parameters
    ----------
    facing : float64 (N,)
        From the direction to the camera to the torso's front, to their left, radians.
    towards : float64 (N, 3)
        To the camera, of any length, in any frame; only what is horizontal of it counts.
    up : float64 (3,)
        The vertical there.

    Returns
    -------
    float64 (N, 4)
        Unit quaternions x, y, z, w in that frame; NaN where facing or direction is, or where
        nothing of it is horizontal.

    """
    level, product = _levelling(*up.tolist())
    # Along two horizontal axes, as complex numbers: their product turns, a root halves the angle.
    half = np.sqrt((towards @ level).view(np.complex128)[:, 0] * np.exp(1j * facing))
    size = np.abs(half)[:, np.newaxis]
    # First about z by that angle, then z to the vertical: the product of both quaternions.
    turns = half[:, np.newaxis].view(np.float64) @ product
    return np.asarray(turns / np.where(size > _LEVEL, size, np.nan))


@lru_cache(maxsize=16)
def _levelling(x: float, y: float, z: float) -> tuple[Array, Array]:
    """Return two horizontal axes (3, 2), and quaternions (2, 4) for cosine and sine."""
    base = upright(x, y, z)
    return np.ascontiguousarray(base[:2, :3].T), base[[3, 2]]


@lru_cache(maxsize=16)
def upright(x: float, y: float, z: float) -> Array:
    """
    Return what turns z to a vertical.

    Returns
    -------
    float64 (4, 4)
        Two horizontal axes, to which it turns x and y (and a 0 each); then two quaternions: the
        turn after half a turn about z, and the turn. What a turn about z by an angle and then
        this one is, is the sine of half the angle times the one and its cosine times the other.

    """
    up = np.array([x, y, z])
    first = np.eye(3)[np.abs(up).argmin()]
    first = first - (first @ up) * up
    first /= np.sqrt(first @ first)
    second = np.cross(up, first)
    (i, j, k), w = _quaternion(np.stack([first, second, up], axis=1))
    return np.array([[*first, 0.0], [*second, 0.0], [j, -i, w, -k], [i, j, k, w]])


def _quaternion(turn: Array) -> tuple[Array, float]:
    """
    Return the quaternion of a rotation (3, 3), x, y, z and w.

    Each row of the matrix below is the quaternion times one of its components (Bar-Itzhack, New
    method for extracting the quaternion from a rotation matrix, Journal of Guidance 23, 2000);
    the longest is taken.
    """
    (a, b, c), (d, e, f), (g, h, i) = turn.tolist()
    rows = np.array(
        [
            [1 + a - e - i, b + d, c + g, h - f],
            [b + d, 1 - a + e - i, f + h, c - g],
            [c + g, f + h, 1 - a - e + i, d - b],
            [h - f, c - g, d - b, 1 + a + e + i],
        ]
    )
    chosen = rows[(rows * rows).sum(axis=1).argmax()]
    chosen /= np.sqrt(chosen @ chosen)
    return chosen[:3], float(chosen[3])


def turned(covariance: Array, stddev: Array, up: Array) -> Array:
    """
    Return covariances of poses, with those of turns about the fixed axes.

    Parameters
    ----------
    covariance : float64 (N, 6, 6)
        Of which that of the position holds.
    stddev : float64 (N,)
        Of the turn about the vertical, radians; NaN: the orientation is not known.
    up : float64 (3,)
        The vertical.

    Returns
    -------
    float64 (N, 6, 6)
        Rows and columns 3 to 5 NaN without an orientation, all of it without a position.

    """
    whole = covariance.copy()
    whole[:, :3, :3] += (0 * covariance[:, 0, 0])[:, np.newaxis, np.newaxis]
    turn(whole, stddev, up)
    return whole


def turn(covariance: Array, stddev: Array, up: Array) -> None:
    """Fill what `turned` adds, in place; of the position all is NaN already, or nothing."""
    placed = 0 * covariance[:, 0, 0]  # NaN without a position
    variance = (stddev**2 + placed)[:, np.newaxis, np.newaxis]
    about, level = _about(*up.tolist())
    covariance[:, 3:] = variance * about + level  # NaN beside the turns, too, if it is not known
    covariance[:, :3, 3:] = 0 * variance


@lru_cache(maxsize=16)
def _about(x: float, y: float, z: float) -> tuple[Array, Array]:
    """Return rows 3 to 5 of the covariances of a turn by 1 rad about the vertical, and of that."""
    about = np.outer([x, y, z], [x, y, z])
    beside = np.zeros((3, 3))
    level = VERTICAL_SPREAD**2 * (np.eye(3) - about)
    return np.hstack([beside, about]), np.hstack([beside, level])
