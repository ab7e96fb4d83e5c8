"""Orientations of people: x the way the torso faces, horizontal, z up."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]

_VERTICAL_SPREAD = 0.01  # radians: of what is held for the vertical


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
    x, y, z = up.tolist()
    return np.array([[0.0, z, -y], [-z, 0.0, x], [y, -x, 0.0]])


def orientations(facing: Array, towards: Array, up: Array) -> Array:
    """
    Return the orientation of people.

    Parameters
    ----------
    facing : float64 (N,)
        From the direction to the camera to the torso's front, to their left, radians.
    towards : float64 (N, 3)
        Unit vectors horizontally to the camera, in any frame.
    up : float64 (3,)
        The vertical there.

    Returns
    -------
    float64 (N, 4)
        Unit quaternions x, y, z, w in that frame; NaN where facing or direction is.

    """
    c, s = np.cos(facing)[:, np.newaxis], np.sin(facing)[:, np.newaxis]
    to_left = leftwards(up)
    turns = np.empty((len(facing), 3, 3))
    turns[:, :, 0] = c * towards + s * (towards @ to_left)
    turns[:, :, 1] = turns[:, :, 0] @ to_left
    turns[:, :, 2] = up
    return quaternions(turns)


def quaternions(turns: Array) -> Array:
    """
    Return quaternions (N, 4), x, y, z, w, of rotations (N, 3, 3); NaN of NaN.

    The eigenvector to the largest eigenvalue of Bar-Itzhack's matrix (New method for extracting
    the quaternion from a rotation matrix, Journal of Guidance 23, 2000) in closed form: each row
    of the matrix below is the quaternion times one of its components; the longest is taken.
    """
    (a, b, c), (d, e, f), (g, h, i) = turns.transpose(1, 2, 0)
    rows = np.array(
        [
            [1 + a - e - i, b + d, c + g, h - f],
            [b + d, 1 - a + e - i, f + h, c - g],
            [c + g, f + h, 1 - a - e + i, d - b],
            [h - f, c - g, d - b, 1 + a + e + i],
        ]
    )
    lengths = (rows * rows).sum(axis=1)
    best = np.where(np.isnan(lengths), -1, lengths).argmax(axis=0)
    chosen = rows[best, :, np.arange(len(turns))]
    return np.asarray(chosen / np.sqrt((chosen * chosen).sum(axis=1, keepdims=True)))


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
    whole = np.zeros_like(covariance)
    whole[:, :3, :3] = covariance[:, :3, :3]
    about = np.outer(up, up)
    turns = (stddev**2)[:, np.newaxis, np.newaxis] * about
    whole[:, 3:, 3:] = turns + _VERTICAL_SPREAD**2 * (np.eye(3) - about)
    unknown = np.isnan(stddev)
    whole[unknown, 3:] = whole[unknown, :, 3:] = np.nan
    whole[np.isnan(covariance[:, 0, 0])] = np.nan
    return whole
