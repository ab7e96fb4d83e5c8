"""What is likely of an angle: a grid of them, and what remains of it as one angle and a spread."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]

ANGLES = np.arange(-np.pi, np.pi, np.pi / 36)  # of G = 72
_COSINES, _SINES = np.cos(ANGLES), np.sin(ANGLES)
_NEAR = np.abs((ANGLES - ANGLES[:, np.newaxis] + np.pi) % (2 * np.pi) - np.pi) < 0.7
_BIN = ANGLES[1] - ANGLES[0]


def wrapped(angle: npt.ArrayLike) -> Array:
    """Return angles, radians, as they are from -pi to pi."""
    return np.asarray((np.asarray(angle) + np.pi) % (2 * np.pi) - np.pi)


def kernel(spread: float, anything: float) -> Array:
    """
    Return how likely each of ANGLES is when one lies about another.

    Parameters
    ----------
    spread : float
        Standard deviation, radians.
    anything : float
        Part of the cases in which it does not lie about it at all.

    Returns
    -------
    float64 (G, G)
        From the other (rows) to the one; rows sum to 1.

    """
    bells = np.exp(-0.5 * (wrapped(ANGLES - ANGLES[:, np.newaxis]) / spread) ** 2)
    bells /= bells.sum(axis=1, keepdims=True)
    return np.asarray((1 - anything) * bells + anything / len(ANGLES))


def likely(logarithms: Array) -> Array:
    """Return probabilities (N, G), each row of sum 1, from logarithms of likelihoods."""
    weights = np.exp(logarithms - logarithms.max(axis=1, keepdims=True))
    return np.asarray(weights / weights.sum(axis=1, keepdims=True))


def summed_up(probabilities: Array) -> tuple[Array, Array]:
    """
    Return the angle that is meant, and how far off it may be.

    Parameters
    ----------
    probabilities : float64 (N, G)
        Of ANGLES.

    Returns
    -------
    float64 (N,)
        The middle of what is about the likeliest angle, -pi to pi.
    float64 (N,)
        Root of the mean squared error, everything considered that is likely, radians; 1.8 if
        nothing is known.

    """
    near = probabilities * _NEAR[probabilities.argmax(axis=1)]
    angle = np.arctan2(near @ _SINES, near @ _COSINES)
    off = wrapped(ANGLES - angle[:, np.newaxis])
    return angle, np.sqrt((probabilities * off * off).sum(axis=1) + _BIN**2 / 12)
