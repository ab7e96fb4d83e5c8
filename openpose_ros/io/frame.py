"""What every source delivers."""

from __future__ import annotations

from dataclasses import dataclass

from openpose_ros.frames import FrameArray


@dataclass(frozen=True, eq=False)
class Frame:
    """
    One picture, wherever it came from.

    Attributes
    ----------
    image : uint8 (H, W, 3)
        Blue, green, red; 0 to 255; rows from the top. The receiver may keep and change it.
    source : str
        The file's path, the address or the camera's index.
    index : int
        Which frame of its source, from 0.
    stamp_s : float or None
        Seconds: since the start of a video, since 1970 for a camera; None for a still picture.
    fps : float or None
        Frames a second of the video or camera; None for a still picture.
    note : str
        What is odd about it, for the user to read, in words that follow the source's name; ''
        if nothing is.

    """

    image: FrameArray
    source: str
    index: int = 0
    stamp_s: float | None = None
    fps: float | None = None
    note: str = ''
