"""Who is whom: pairs of which the sum is largest."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from openpose_ros.parsing.paf._kernels.matching import match_optimal


def assign(
    profits: npt.NDArray[np.float64], allowed: npt.NDArray[np.bool_]
) -> npt.NDArray[np.int64]:
    """
    Return the pairs of rows and columns with the largest total profit, each used once at most.

    Parameters
    ----------
    profits : float64 (T, N)
        Above 0 where allowed.
    allowed : bool (T, N)
        Which pairs may be.

    Returns
    -------
    int64 (M, 2)
        Row and column of each pair, in no order.

    """
    pairs = np.ascontiguousarray(np.argwhere(allowed))
    if len(pairs) < 2:
        return pairs
    scores = profits[allowed]
    return pairs[: match_optimal(pairs, scores, *profits.shape)]
