"""What is found in a frame, and how."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import numpy as np

from openpose_ros.engine import AnyMaps
from openpose_ros.engine.base import MAPS
from openpose_ros.errors import ParameterError
from openpose_ros.frames import FrameArray
from openpose_ros.models import ModelSpec
from openpose_ros.people import People
from openpose_ros.placement import Placement

_PAGE_PX = 1024


@dataclass(frozen=True, eq=False)
class Estimate:
    """
    The people in one frame, and how they were found.

    A notebook shows the frame with the people drawn on it.

    Attributes
    ----------
    people : People
        In pixels of the frame.
    maps : Maps or PoseNetMaps
        What the network returned, of one frame (N = 1).
    placement : Placement
        Where the maps lie on the frame.
    times : mapping of str to float
        Seconds of each stage, in the order in which they ran: preprocess, infer, merge (of
        several views), parse, hands, faces.
    frame : uint8 (H, W, 3), optional
        What was looked at, not copied.
    crops_left_out : int
        Hands and faces that were not looked at, since there were more than `max_crops`.
    growth : float
        How many times the cells of one view the maps have: 1 without augmentation.

    """

    people: People
    maps: AnyMaps
    placement: Placement
    times: Mapping[str, float]
    frame: FrameArray | None = field(default=None, kw_only=True)
    crops_left_out: int = field(default=0, kw_only=True)
    growth: float = field(default=1.0, kw_only=True)

    def __repr__(self) -> str:
        stages = ', '.join(f'{name} {1000 * took:.1f}' for name, took in self.times.items())
        size = '{}x{}'.format(*self.placement.source_size)
        return f'<Estimate: {self.people!r} in {size} pixels; ms: {stages}>'

    def _repr_png_(self) -> bytes:
        """Return what a notebook shows; not larger than a page is wide."""
        import cv2

        from openpose_ros.drawing import draw_people

        width, height = self.placement.source_size
        ground = self.frame
        drawn = np.full((height, width, 3), 64, np.uint8) if ground is None else ground.copy()
        draw_people(drawn, self.people)
        scale = _PAGE_PX / max(width, height)
        if scale < 1:
            size = max(1, round(width * scale)), max(1, round(height * scale))
            drawn = cv2.resize(drawn, size, interpolation=cv2.INTER_AREA)
        return bytes(cv2.imencode('.png', drawn)[1])


def check_estimate(estimate: Estimate, spec: ModelSpec) -> None:
    """Raise a ParameterError if something is no estimate, or of another decoder than a model's."""
    if not isinstance(estimate, Estimate):
        raise ParameterError(
            f'an estimate is a {type(estimate).__name__}, but must be what '
            'PoseEstimator.estimate returned'
        )
    if type(estimate.maps) is not MAPS[spec.decoder]:
        raise ParameterError(
            f"the estimate is of another decoder than '{spec.decoder}', which {spec.name} has; "
            'pass one of the same network'
        )


def on_frame(people: People, placement: Placement) -> People:
    """Take people from map cells to pixels inside the frame."""
    keypoints = people.keypoints.copy()
    width, height = placement.source_size
    keypoints[..., :2] = placement.to_source(keypoints[..., :2]).clip(0, (width - 1, height - 1))
    return replace(people, keypoints=keypoints)
