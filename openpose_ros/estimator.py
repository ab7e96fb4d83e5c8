"""A model, an engine and the parser's parameters, put together: from a frame to people."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from time import perf_counter

import numpy as np
import numpy.typing as npt

from openpose_ros.closing import Closing
from openpose_ros.engine import Engine, Maps, OnProgress, open_engine
from openpose_ros.errors import ParameterError
from openpose_ros.frames import FrameArray
from openpose_ros.models import ModelSpec
from openpose_ros.parsing import PafParams
from openpose_ros.people import People
from openpose_ros.placement import Placement, Size
from openpose_ros.preprocess import check_net_resolution, preprocess

_DEFAULT_PARAMS = PafParams()


@dataclass(frozen=True, eq=False)
class Estimate:
    """
    The people in one frame, and how they were found.

    Attributes
    ----------
    people : People
        In pixels of the frame.
    maps : Maps
        What the network returned, of one frame (N = 1).
    placement : Placement
        Where the maps lie on the frame.
    times : mapping of str to float
        Seconds of each stage, in the order in which they ran: preprocess, infer, parse.

    """

    people: People
    maps: Maps
    placement: Placement
    times: Mapping[str, float]


class PoseEstimator(Closing):
    """
    Finds people in frames.

    Not for several threads at a time: one buffer holds the network's input. `params` alone may be
    replaced at any moment, also from another thread; a frame is parsed with those that stood when
    its parsing began.

    Parameters
    ----------
    spec : ModelSpec
    engine : Engine
        Runs that model. The estimator owns it from now on: `close` closes it.
    params : PafParams
    net_resolution : (int, int), optional
        Width and height of the network's input, in pixels; one of them may be -1, for what keeps
        the frame's aspect. By default the model's own.

    Attributes
    ----------
    spec, engine, params, net_resolution
        As given; `net_resolution` is the model's own where none was.

    Raises
    ------
    ParameterError
        If the model cannot run at `net_resolution`.

    """

    def __init__(
        self,
        spec: ModelSpec,
        engine: Engine,
        params: PafParams = _DEFAULT_PARAMS,
        net_resolution: Size | None = None,
    ) -> None:
        self.spec = spec
        self.engine = engine
        self.params = params
        self.net_resolution = check_net_resolution(net_resolution, spec)
        self._tensor: npt.NDArray[np.float32] | None = None
        # The kernels compile for seconds, once: when an estimator is made, not on import.
        from openpose_ros.parsing import parse_pafs

        self._parse = parse_pafs

    @classmethod
    def from_model(
        cls,
        name_or_path: str | Path | None = None,
        *,
        backend: str = 'auto',
        net_resolution: Size | None = None,
        params: PafParams = _DEFAULT_PARAMS,
        providers: Sequence[str] | None = None,
        threads: int | None = None,
        precision: str = '',
        on_build: OnProgress | None = None,
    ) -> PoseEstimator:
        """
        Load a model and open an engine for it.

        Parameters
        ----------
        name_or_path : str or Path, optional
            The model, as `load_model` takes it; by default the default model.
        backend, providers, threads, precision, on_build
            As `open_engine` takes them.
        net_resolution, params
            As the class takes them.

        Raises
        ------
        ModelError, EngineError, ParameterError
            Each with one line that says what to do.

        """
        engine = open_engine(
            name_or_path,
            backend=backend,
            providers=providers,
            threads=threads,
            precision=precision,
            net_resolution=net_resolution,
            on_build=on_build,
        )
        try:
            return cls(engine.spec, engine, params, net_resolution)
        except ParameterError:
            engine.close()
            raise

    def __call__(self, frame: FrameArray) -> People:
        """Return the people of a frame; see `estimate`."""
        return self.estimate(frame).people

    def estimate(self, frame: FrameArray) -> Estimate:
        """
        Find the people in a frame, and keep how they were found.

        Parameters
        ----------
        frame : uint8 (H, W, 3)
            Blue, green, red. It is only read.

        Returns
        -------
        Estimate
            Keypoints are inside the frame: those that the network sees in the padding beside it
            are moved to its edge, so that a keypoint is always the address of a pixel.

        Raises
        ------
        FrameError
            If the frame is not such an array.
        EngineError
            If the network cannot run.
        MapsError
            If what the network returned is not finite, or not of this model's shape.

        """
        started = perf_counter()
        self._tensor, placement = preprocess(
            frame, self.spec, self.net_resolution, out=self._tensor
        )
        prepared = perf_counter()
        maps = self.engine.infer(self._tensor)
        inferred = perf_counter()
        in_cells = self._parse(maps.heatmaps[0], maps.pafs[0], self.spec.skeleton, self.params)
        people = _on_frame(in_cells, placement)
        times = {
            'preprocess': prepared - started,
            'infer': inferred - prepared,
            'parse': perf_counter() - inferred,
        }
        return Estimate(people, maps, placement, times)

    def warm_up(self, source_size: Size = (640, 480)) -> None:
        """
        Run once on a grey frame, so that no first frame pays for compilation and allocation.

        Parameters
        ----------
        source_size : (int, int)
            Width and height of the frames that will come, pixels; with a side of -1 in
            `net_resolution` the size of the network's input depends on their aspect.

        """
        self.estimate(np.full((source_size[1], source_size[0], 3), 128, np.uint8))

    def close(self) -> None:
        """Close the engine; the estimator is of no use any more."""
        self.engine.close()


def _on_frame(people: People, placement: Placement) -> People:
    """Take people from map cells to pixels inside the frame."""
    keypoints = people.keypoints.copy()
    width, height = placement.source_size
    keypoints[..., :2] = placement.to_source(keypoints[..., :2]).clip(0, (width - 1, height - 1))
    return replace(people, keypoints=keypoints)
