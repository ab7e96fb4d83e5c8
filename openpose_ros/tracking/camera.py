"""
The motion that all people have in common: that of the camera.

Nobody measures it, so it is told from people: when several are found off the place where they
were expected, all by the same, the camera has moved, and who is not seen has moved with them.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from openpose_ros.tracking.similarity import Parts, bell_widths, displacements, overlap

FloatArray = npt.NDArray[np.float64]

_MOST = 16  # of people, and of those expected, who are asked
_SAME_SHAPE = 0.4  # likeness of a pose that is laid over another
_REACH = 0.35  # of one displacement to another that may be the same, in body sizes


def jump(
    expected: FloatArray, sizes: FloatArray, found: FloatArray, parts: Parts
) -> FloatArray | None:
    """
    Return the displacement that brings most of the expected people to people who were found.

    Parameters
    ----------
    expected : float64 (T, K, 2)
        The poses of those who were seen lately.
    sizes : float64 (T,)
        As `body_sizes` returns them.
    found : float64 (N, K, 2)
        The poses that were found.
    parts : Parts
        Of their skeleton.

    Returns
    -------
    float64 (2,) or None
        None unless two people or more agree.

    """
    expected, sizes, found = expected[:_MOST], sizes[:_MOST], found[:_MOST]
    if min(len(expected), len(found)) < 2:
        return None
    apart = displacements(expected[:, np.newaxis], found, parts.steadiness)  # T, N, 2
    laid_over = expected[:, np.newaxis] + apart[:, :, np.newaxis] - found
    shapes = overlap(laid_over, bell_widths(sizes, parts.sigmas)[:, np.newaxis])
    shapes[shapes < _SAME_SHAPE] = 0
    rows, columns = np.nonzero(shapes)
    if not len(rows):
        return None
    guesses = apart[rows, columns]
    off = ((apart[:, :, np.newaxis] - guesses) ** 2).sum(axis=-1)  # T, N, guesses
    reach = (_REACH * sizes)[:, np.newaxis, np.newaxis]
    votes = shapes[..., np.newaxis] * np.exp(-0.5 * off / reach**2)
    best = votes.max(axis=1)  # each of the expected has one vote for a guess
    chosen = int(best.sum(axis=0).argmax())
    voters = best[:, chosen] > _SAME_SHAPE / 2
    if np.count_nonzero(voters) < 2:
        return None
    partners = votes[:, :, chosen].argmax(axis=1)
    return middle(apart[voters, partners[voters]])


def middle(values: FloatArray) -> FloatArray:
    """Return the median along the first axis; a tenth of np.median's time for few values."""
    ordered, count = np.sort(values, axis=0), len(values)
    return np.asarray((ordered[(count - 1) // 2] + ordered[count // 2]) / 2)


def common_part(errors: FloatArray) -> tuple[FloatArray, float]:
    """
    Return what people's errors have in common, and how much they agree on it.

    Parameters
    ----------
    errors : float64 (M, 2)
        From where each was expected to where they were found; two at least.

    Returns
    -------
    common : float64 (2,)
        The median.
    agreement : float
        From 0, nothing is common, to 1: the share that the James-Stein estimator leaves of a mean
        (James and Stein, 1961), its variance taken from the errors themselves.

    """
    common = middle(errors)
    strength = float(common @ common)
    if strength == 0:
        return common, 0.0
    count = len(errors)
    doubt = float(((errors - common) ** 2).sum()) / (count * (count - 1))
    return common, max(0.0, 1 - doubt / strength)
