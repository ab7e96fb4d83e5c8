"""
Every compiled loop of the parser for part affinity fields: arrays and scalars only, no checks.

`parse` is compiled, or taken from Numba's cache, when it is first imported, and holds the others.
Positions are in map cells, (0, 0) the centre of the first cell.
"""

import openpose_ros.parsing._kernels  # noqa: F401  imports Numba as it must be, before who needs it
