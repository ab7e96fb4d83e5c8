"""Who is whom: pairs of which the sum is largest."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from openpose_ros.parsing._kernels.compiling import from_python
from openpose_ros.parsing.paf._kernels.matching import END_BITS, match_optimal

_match = from_python(match_optimal)


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
    pairs = np.array(allowed.nonzero())
    rows, columns = pairs
    if len(set(rows.tolist())) == len(set(columns.tolist())) == len(rows):  # as most often
        return pairs.T
    wide = max(profits.shape) + 1
    order = np.empty(len(rows), np.int64)
    count = _match(
        rows << END_BITS | columns,
        profits[allowed],
        len(rows),
        *profits.shape,
        order,
        np.empty(wide * (wide + 3), np.int64),
        np.empty(3 * wide),
    )
    return pairs[:, order[:count]].T
