"""Compiled loops over depth images; as in the parser, arrays and scalars only, unchecked."""

import openpose_ros.parsing._kernels  # noqa: F401  imports Numba as it must be, before who needs it
