"""What is shown at one moment."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np

from openpose_ros.estimates import Estimate

_WIDEST_PX = 1600  # a screen's; larger pictures are scaled down on their way to the browser
_QUALITY = 85


@dataclass(frozen=True, eq=False)
class Shown:
    """
    A frame and what was found in it, which do not change any more.

    Attributes
    ----------
    estimate : Estimate
        With its `frame`, upright.
    params : object
        The decoder's parameters that made people of the maps.
    name : str
        Of the picture, video, camera or topic.
    index : int or None
        Which frame of a video, from 0.
    total : int or None
        How many there are.
    age_s : float or None
        How old the frame was when it had been worked on; None where that means nothing.
    has_maps : bool
        Whether the maps may be looked at; else somebody writes over them.

    """

    estimate: Estimate
    params: Any
    name: str
    index: int | None = None
    total: int | None = None
    age_s: float | None = None
    has_maps: bool = True

    def facts(self) -> dict[str, Any]:
        """Return all but the picture and the layers, ready for JSON."""
        estimate = self.estimate
        people = estimate.people
        return {
            'name': self.name,
            'index': self.index,
            'total': self.total,
            'age_s': None if self.age_s is None else round(self.age_s, 4),
            'size': list(estimate.placement.source_size),
            'people': people.to_dict()['people'],
            'overflow': people.overflow,
            'times_ms': {stage: round(1000 * s, 3) for stage, s in estimate.times.items()},
        }

    def jpeg(self) -> bytes:
        """Return the picture, compressed, no larger than a screen."""
        frame = self.estimate.frame
        assert frame is not None
        height, width = frame.shape[:2]
        scale = _WIDEST_PX / max(width, height)
        if scale < 1:
            size = max(1, round(width * scale)), max(1, round(height * scale))
            frame = np.asarray(cv2.resize(frame, size, interpolation=cv2.INTER_AREA), np.uint8)
        quality = [cv2.IMWRITE_JPEG_QUALITY, _QUALITY]
        return bytes(cv2.imencode('.jpg', frame, quality)[1])
