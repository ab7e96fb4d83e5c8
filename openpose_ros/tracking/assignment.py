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
    rows, columns = np.nonzero(allowed)
    if len(rows) < 2:
        return np.stack((rows, columns), axis=1)
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
    kept = order[:count]
    return np.stack((rows[kept], columns[kept]), axis=1)
