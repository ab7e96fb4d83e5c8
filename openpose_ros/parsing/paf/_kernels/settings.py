"""
Where each parameter stands in the two arrays that kernels take, of whole and of real numbers.

Two arguments for twelve: each costs its unpacking, and more while the processor's caches are cold.
"""

from openpose_ros.parsing._kernels.compiling import COUNTS, VALUES

SETTINGS = COUNTS, VALUES
NMS_RADIUS, MIN_PARTS, MAX_PEOPLE, SINGLE, BY_PEAKS = range(5)
PEAK_THRESHOLD, PAF_THRESHOLD, PAF_MAX_GAP, FREE_LENGTH, MIN_SCORE = range(5)
