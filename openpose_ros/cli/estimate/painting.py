"""What `estimate` draws onto a frame."""

from __future__ import annotations

import argparse
from collections.abc import Sequence

from openpose_ros.cli.estimate.flags import SKELETONS
from openpose_ros.drawing import draw_heatmaps, draw_pafs, draw_people
from openpose_ros.drawing.defaults import RENDER_THRESHOLD
from openpose_ros.engine import Maps
from openpose_ros.errors import ParameterError
from openpose_ros.estimates import Estimate
from openpose_ros.frames import FrameArray
from openpose_ros.models import ModelSpec
from openpose_ros.people import People
from openpose_ros.rotation import rotate_upright


class Painter:
    """
    Draws what was asked for.

    Parameters
    ----------
    args : argparse.Namespace
        With `draw`, `labels`, `render_threshold` and `rotate`.

    """

    def __init__(self, args: argparse.Namespace) -> None:
        self._drawings = args.draw or [SKELETONS]
        self._labels = args.labels
        given = args.render_threshold
        self._threshold = RENDER_THRESHOLD if given is None else given
        self._rotate = args.rotate

    def __call__(self, image: FrameArray, found: Estimate, people: People) -> FrameArray:
        """
        Draw onto a frame, and return it, or a copy of it.

        Parameters
        ----------
        image : uint8 (H, W, 3)
            As it came.
        found : Estimate
            Of the frame turned upright, whose maps are drawn.
        people : People
            In pixels of the frame as it came.

        """
        if {'heatmaps', 'pafs'} & set(self._drawings):
            image = self._with_maps(image, found)
        if SKELETONS in self._drawings:
            threshold = self._threshold
            draw_people(image, people, render_threshold=threshold, labels=self._labels)
        return image

    def _with_maps(self, image: FrameArray, found: Estimate) -> FrameArray:
        maps, place, skeleton = found.maps, found.placement, found.people.skeleton
        upright = rotate_upright(image, self._rotate)
        if 'heatmaps' in self._drawings:
            draw_heatmaps(upright, maps.heatmaps[0], place, skeleton)
        if 'pafs' in self._drawings and isinstance(maps, Maps):
            draw_pafs(upright, maps.pafs[0], place, skeleton)
        return rotate_upright(upright, -self._rotate % 360)


def check_drawings(drawings: Sequence[str], spec: ModelSpec) -> None:
    """
    See that a network has what is to be drawn.

    Raises
    ------
    ParameterError
        If not.

    """
    if 'pafs' in drawings and spec.decoder != 'paf':
        raise ParameterError(
            f'--draw pafs needs part affinity fields, which {spec.name} has not; take heatmaps or '
            'skeletons'
        )
