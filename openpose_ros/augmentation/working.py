"""The network, run on every view of a frame."""

from __future__ import annotations

from collections.abc import Callable
from time import perf_counter
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from openpose_ros.augmentation.merging import averaged, mirrored
from openpose_ros.augmentation.params import AugmentationParams
from openpose_ros.augmentation.tiling import Mosaic
from openpose_ros.augmentation.views import Views, lay_out
from openpose_ros.engine import AnyMaps, Maps
from openpose_ros.frames import FrameArray
from openpose_ros.models import ModelSpec
from openpose_ros.placement import Placement, Size
from openpose_ros.preprocess import fill_input

FloatArray = npt.NDArray[np.float32]
Infer = Callable[[FloatArray], AnyMaps]
OnView = Callable[[int, int], object]


class Seen(NamedTuple):
    """
    What the network returned of all views of a frame.

    Attributes
    ----------
    maps : Maps
        Of the frame, N = 1.
    views : Views
        What was shown; its `grid` is where the maps lie.
    times : dict of str to float
        Seconds of each stage: preprocess, infer, merge.

    """

    maps: Maps
    views: Views
    times: dict[str, float]


def infer_views(
    frame: FrameArray,
    spec: ModelSpec,
    net_resolution: Size,
    params: AugmentationParams,
    infer: Infer,
    on_view: OnView = lambda done, total: None,
) -> Seen:
    """
    Show the network all views of a frame, and join what it returns.

    Parameters
    ----------
    frame : uint8 (H, W, 3)
        Blue, green, red. It is only read.
    spec : ModelSpec
        Says what the network takes.
    net_resolution : (int, int)
        As `check_net_resolution` returns it.
    params : AugmentationParams
        As `check_augmentation` allows them for the model.
    infer : callable
        What `Engine.infer` is.
    on_view : callable
        Called after each view with how many are done, and how many there are.

    Raises
    ------
    EngineError
        If the network cannot run at one of the sizes.

    """
    views = lay_out((frame.shape[1], frame.shape[0]), net_resolution, spec, params)
    show = _Showing(frame, spec, params.flip, infer, len(views.whole) + len(views.tiles), on_view)
    if not views.tiles:
        seen = [(show(placement), placement) for placement in views.whole]
        started = perf_counter()
        maps = averaged(seen, views.grid)
    else:
        mosaic = Mosaic(views.grid, params.tile_overlap)
        for placement in views.tiles:
            part = show(placement)
            started = perf_counter()
            mosaic.add(part, placement)
            show.times['merge'] += perf_counter() - started
        (placement,) = views.whole
        whole = show(placement)
        started = perf_counter()
        maps = mosaic.joined(whole, placement)
    show.times['merge'] += perf_counter() - started
    return Seen(maps, views, show.times)


class _Showing:
    """Runs the network on one view after another."""

    def __init__(
        self,
        frame: FrameArray,
        spec: ModelSpec,
        flip: bool,
        infer: Infer,
        total: int,
        on_view: OnView,
    ) -> None:
        self._frame = frame
        self._spec = spec
        self._flip = flip
        self._infer = infer
        self._tensor: FloatArray | None = None
        self._done, self._total = 0, total
        self._on_view = on_view
        self.times = {'preprocess': 0.0, 'infer': 0.0, 'merge': 0.0}

    def __call__(self, placement: Placement) -> Maps:
        started = perf_counter()
        self._tensor = fill_input(self._frame, self._spec, placement, out=self._tensor)
        prepared = perf_counter()
        maps = self._maps_of(self._tensor)
        inferred = perf_counter()
        if self._flip:
            # The input is mirrored, not the frame: cell for cell, whatever the padding.
            other = self._maps_of(np.ascontiguousarray(self._tensor[..., ::-1]))
            inferred = perf_counter()
            other = mirrored(other, self._spec.skeleton)
            maps = Maps(*((a + b) / np.float32(2) for a, b in zip(maps, other)))
        self.times['preprocess'] += prepared - started
        self.times['infer'] += inferred - prepared
        self.times['merge'] += perf_counter() - inferred
        self._done += 1
        self._on_view(self._done, self._total)
        return maps

    def _maps_of(self, tensor: FloatArray) -> Maps:
        maps = self._infer(tensor)
        assert isinstance(maps, Maps)  # as check_augmentation saw to
        return maps
