"""
Drawing: people, heatmaps and part affinity fields onto a frame.

Every function draws into the frame that it is given, and returns it: pass a copy to keep the
original.
"""

from openpose_ros.drawing.maps import draw_heatmaps, draw_pafs
from openpose_ros.drawing.people import draw_people

__all__ = ['draw_heatmaps', 'draw_pafs', 'draw_people']
