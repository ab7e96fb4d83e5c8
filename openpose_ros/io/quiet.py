"""Keep OpenCV's own messages off the terminal: ours say what happened, once."""

from __future__ import annotations

import os

import cv2


def silence_opencv() -> None:
    """
    Switch off what OpenCV, its FFmpeg and its Qt write to stderr; call it before the first video.

    What libjpeg and libpng say of damaged pictures cannot be switched off.
    """
    os.environ.setdefault('OPENCV_FFMPEG_LOGLEVEL', '-8')  # AV_LOG_QUIET
    os.environ.setdefault('QT_LOGGING_RULES', 'default.warning=false')  # of fonts it lacks
    if hasattr(cv2, 'setLogLevel'):
        cv2.setLogLevel(0)
    else:  # OpenCV 5
        cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_SILENT)
