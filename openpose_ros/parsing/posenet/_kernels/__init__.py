"""
Every compiled loop of PoseNet's decoder: arrays and scalars only, no checks of arguments.

`find_poses` and `find_pose` are compiled, or taken from Numba's cache, when they are first
imported, and hold the others. Positions are in pixels of the network's input, (0, 0) the centre of
the first cell, and float64 as in the reference.
"""

import openpose_ros.parsing._kernels  # noqa: F401  imports Numba as it must be, before who needs it
