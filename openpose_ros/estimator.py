"""A model, an engine and the parser's parameters, put together: from a frame to people."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import replace
import logging
import os
from os import PathLike
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np
import numpy.typing as npt

from openpose_ros.augmentation import AugmentationParams, check_augmentation
from openpose_ros.closing import Closing
from openpose_ros.engine import AnyMaps, Engine, OnProgress, open_engine
from openpose_ros.engine.opening import check_engine, model_to_open
from openpose_ros.errors import ParameterError
from openpose_ros.estimates import Estimate, check_estimate, on_frame
from openpose_ros.frames import FrameArray, check_frame
from openpose_ros.models import ModelSpec
from openpose_ros.parsing.decoders import DecoderParams, open_parser, params_for
from openpose_ros.parts import PartParams
from openpose_ros.parts.finder import PartFinder, Parts
from openpose_ros.parts.params import check_part_params
from openpose_ros.people import People
from openpose_ros.placement import Placement, Size
from openpose_ros.preprocess import check_net_resolution, check_source_size, preprocess
from openpose_ros.scores import parser_params, told
from openpose_ros.turns import Turn

_LOGGER = logging.getLogger(__name__)
_PLAIN = AugmentationParams()
_PART_PARAMS = PartParams()


class PoseEstimator(Closing):
    """
    Finds people in frames.

    Several threads may use one: they wait for each other, since one network runs, and one buffer
    holds its input. `params` may be replaced at any moment; a frame is parsed with those that
    stood when its parsing began. Where the model has a `score_calibration`, people's scores are
    told by it, and `min_score` is meant so; those of keypoints stay the network's. It can be
    pickled, to be opened again in another process, if its engine can.

    Parameters
    ----------
    spec : ModelSpec, str or Path, optional
        The model; by default the engine's, or the default model.
    engine : Engine, optional
        Runs that model. The estimator owns it from now on: `close` closes it. By default the one
        that `open_engine` takes: `PoseEstimator()` is `PoseEstimator.from_model()`.
    params : PafParams, PoseNetParams or mapping, optional
        Those of the model's decoder; names and values of some, or by default none, leave the
        defaults of the others.
    net_resolution : (int, int), optional
        Width and height of the network's input, in pixels; one of them may be -1, for what keeps
        the frame's aspect. By default the model's own.
    augmentation : AugmentationParams, optional
        What else of a frame the network is shown: other scales, the mirrored frame, tiles. By
        default nothing. It may be replaced like `params`.
    parts : Parts, optional
        Networks for hands and faces, which the estimator owns from now on. By default none.

    Attributes
    ----------
    spec, engine
        As given, or what was taken where nothing was.
    net_resolution : (int, int)
        The same; it may be replaced like `params`, by None too.
    params : PafParams or PoseNetParams
        Of these, `min_score` is a score as it is told.
    augmentation : AugmentationParams
    parts : Parts
        Its `params` may be replaced.
    on_view : callable
        With augmentation, called after each view of a frame with how many are done, and how many
        there are; a large frame has hundreds of tiles.

    Raises
    ------
    ParameterError
        If the engine is none, or runs another model than the one named; if the model cannot run
        at `net_resolution`, its skeleton has less keypoints than `params` ask a person to have,
        they are of another decoder, or the model's maps cannot be augmented as asked; these also
        when what is wrong is replaced.
    ModelError, EngineError
        If there is no such model, or no engine for it.

    """

    def __init__(
        self,
        spec: ModelSpec | str | Path | None = None,
        engine: Engine | None = None,
        params: DecoderParams | Mapping[str, Any] | None = None,
        net_resolution: Size | None = None,
        augmentation: AugmentationParams = _PLAIN,
        parts: Parts | None = None,
    ) -> None:
        if engine is not None:
            check_engine(engine, spec)
        self.parts = parts or Parts()
        self.engine = engine or open_engine(spec, net_resolution=net_resolution)
        self.spec = spec if isinstance(spec, ModelSpec) else self.engine.spec
        try:
            self._params = params_for(self.spec, params)
            self.augmentation = augmentation
            self._net_resolution = check_net_resolution(net_resolution, self.spec)
        except ParameterError:
            if engine is None:
                self.engine.close()
            raise
        self._prepare()

    def _prepare(self) -> None:
        """Make what is this process's own; a thread that is interrupted in here may close it."""
        self._turn = Turn()
        self._tensor: npt.NDArray[np.float32] | None = None
        self.on_view: Callable[[int, int], object] = lambda done, total: None
        self._parse = open_parser(self.spec)

    def __getstate__(self) -> dict[str, Any]:
        own = ('_turn', '_tensor', '_parse', 'on_view')
        return {name: value for name, value in vars(self).items() if name not in own}

    def __setstate__(self, state: dict[str, Any]) -> None:
        vars(self).update(state)
        self._prepare()

    def __repr__(self) -> str:
        return f'<PoseEstimator: {self.description}>'

    @property
    def description(self) -> str:
        """Which network runs, in which precision, with what; one line."""
        return f'{self.spec.name} in {self.engine.precision} with {self.engine.description}'

    @property
    def params(self) -> DecoderParams:
        """How maps become people, from the next frame on."""
        return self._params

    @params.setter
    def params(self, params: DecoderParams | Mapping[str, Any]) -> None:
        self._params = params_for(self.spec, params)

    @property
    def augmentation(self) -> AugmentationParams:
        """What else of a frame the network is shown, from the next frame on."""
        return self._augmentation

    @augmentation.setter
    def augmentation(self, augmentation: AugmentationParams) -> None:
        check_augmentation(augmentation, self.spec)
        self._augmentation = augmentation

    @property
    def net_resolution(self) -> Size:
        """Width and height of the network's input, from the next frame on."""
        return self._net_resolution

    @net_resolution.setter
    def net_resolution(self, net_resolution: Size | None) -> None:
        self._net_resolution = check_net_resolution(net_resolution, self.spec)

    @classmethod
    def from_model(
        cls,
        name_or_path: str | Path | None = None,
        *,
        backend: str = 'auto',
        net_resolution: Size | None = None,
        params: DecoderParams | Mapping[str, Any] | None = None,
        providers: Sequence[str] | None = None,
        threads: int | None = None,
        precision: str = '',
        on_build: OnProgress | None = None,
        augmentation: AugmentationParams = _PLAIN,
        hand: str | Path | None = None,
        face: str | Path | None = None,
        part_params: PartParams = _PART_PARAMS,
    ) -> PoseEstimator:
        """
        Load a model and open an engine for it.

        Parameters
        ----------
        name_or_path : str or Path, optional
            The model, as `load_model` takes it; by default the default model.
        backend, providers, threads, precision, on_build
            As `open_engine` takes them.
        net_resolution, params, augmentation
            As the class takes them.
        hand, face : str or Path, optional
            Models for hands and for faces; by default these are not looked for.
        part_params : PartParams, optional
            Which hands and faces are looked at.

        Raises
        ------
        ModelError, EngineError, ParameterError
            Each with one line that says what to do.

        """
        spec = model_to_open(
            name_or_path,
            backend=backend,
            providers=providers,
            precision=precision,
            net_resolution=net_resolution,
        )
        params = params_for(spec, params)  # before anything takes time
        check_augmentation(augmentation, spec)
        check_part_params(part_params)
        engine = open_engine(
            spec,
            backend=backend,
            providers=providers,
            threads=threads,
            precision=precision,
            net_resolution=net_resolution,
            on_build=on_build,
        )
        with ExitStack() as opened:
            opened.callback(engine.close)
            parts = Parts(params=part_params)
            opened.callback(parts.close)
            options = {'backend': backend, 'providers': providers, 'threads': threads}
            if hand is not None:
                parts.hand = PartFinder.from_model('hand', hand, **options)
            if face is not None:
                parts.face = PartFinder.from_model('face', face, **options)
            estimator = cls(engine.spec, engine, params, net_resolution, augmentation, parts)
            opened.pop_all()
        return estimator

    def __call__(self, frame: FrameArray | str | PathLike[str]) -> People:
        """Return the people of a frame or of a picture's file; see `estimate`."""
        return self.estimate(frame).people

    def estimate(self, frame: FrameArray | str | PathLike[str]) -> Estimate:
        """
        Find the people in a frame, and keep how they were found.

        Parameters
        ----------
        frame : uint8 (H, W, 3), str or path
            Blue, green, red; it is only read. Or the file of a picture; of one that is damaged,
            what can be read is used, and a warning is logged.

        Returns
        -------
        Estimate
            Keypoints are inside the frame: those that the network sees in the padding beside it
            are moved to its edge, so that a keypoint is always the address of a pixel.

        Raises
        ------
        FrameError
            If the frame is not such an array, or the file no picture.
        EngineError
            If the network cannot run.
        MapsError
            If what the network returned is not finite, or not of this model's shape.

        """
        if isinstance(frame, str | PathLike):
            from openpose_ros.io.pictures import load_picture

            path = Path(os.fsdecode(frame))
            picture = load_picture(path)
            if trouble := picture.damage or picture.note:
                _LOGGER.warning('%s %s', path, trouble)
            frame = picture.image
        with self._turn:
            return self._estimate(frame)

    def _estimate(self, frame: FrameArray) -> Estimate:
        found = self._estimate_bodies(frame)
        if not self.parts.are_wanted:
            return found
        people, left_out, times = self.parts.find(frame, found.people)
        return replace(
            found, people=people, times={**found.times, **times}, crops_left_out=left_out
        )

    def _estimate_bodies(self, frame: FrameArray) -> Estimate:
        if not self._augmentation.is_plain:
            return self._estimate_views(frame)
        started = perf_counter()
        self._tensor, placement = preprocess(
            frame, self.spec, self.net_resolution, out=self._tensor
        )
        prepared = perf_counter()
        maps = self.engine.infer(self._tensor)
        inferred = perf_counter()
        people = self._people_in(maps, placement)
        times = {
            'preprocess': prepared - started,
            'infer': inferred - prepared,
            'parse': perf_counter() - inferred,
        }
        return Estimate(people, maps, placement, times, frame=frame)

    def _estimate_views(self, frame: FrameArray) -> Estimate:
        """Show the network more than the frame as it is."""
        from openpose_ros.augmentation.working import infer_views

        check_frame(frame)
        maps, views, times = infer_views(
            frame,
            self.spec,
            self.net_resolution,
            self._augmentation,
            self.engine.infer,
            self.on_view,
        )
        started = perf_counter()
        people = self._people_in(maps, views.grid, views.growth)
        times['parse'] = perf_counter() - started
        return Estimate(people, maps, views.grid, times, frame=frame, growth=views.growth)

    def parse_again(self, estimate: Estimate) -> Estimate:
        """
        Find the people in the maps of a frame once more, with the parameters that hold now.

        The network does not run; those for hands and faces do, where there are any.

        Parameters
        ----------
        estimate : Estimate
            As `estimate` returned it, with its frame.

        Returns
        -------
        Estimate
            With the times of what was done again.

        Raises
        ------
        ParameterError
            If it is none, or of a network of another decoder.

        """
        check_estimate(estimate, self.spec)
        with self._turn:
            started = perf_counter()
            people = self._people_in(estimate.maps, estimate.placement, estimate.growth)
            times = {**estimate.times, 'parse': perf_counter() - started}
            left_out = 0
            if self.parts.are_wanted and estimate.frame is not None:
                people, left_out, took = self.parts.find(estimate.frame, people)
                times.update(took)
        return replace(estimate, people=people, times=times, crops_left_out=left_out)

    def _people_in(self, maps: AnyMaps, placement: Placement, growth: float = 1.0) -> People:
        params = self._params
        own = parser_params(params, self.spec, growth)
        in_cells = self._parse(*(some[0] for some in maps), self.spec.skeleton, own)
        return on_frame(told(in_cells, self.spec.score_calibration, params), placement)

    def warm_up(self, source_size: Size = (640, 480)) -> None:
        """
        Run once on a grey frame, and parse people who do not exist, as nobody may be on it.

        So no first frame pays for compilation, for loading what was compiled, and for allocation.

        Parameters
        ----------
        source_size : (int, int)
            Width and height of the frames that will come, pixels; with a side of -1 in
            `net_resolution` the size of the network's input depends on their aspect.

        Raises
        ------
        ParameterError
            If it is no such size.

        """
        width, height = check_source_size(source_size)
        from openpose_ros.engine.pretending import maps_like
        from openpose_ros.engine.synthetic import scatter_people

        seen = self.estimate(np.full((height, width, 3), 128, np.uint8))
        skeleton, shape = self.spec.skeleton, seen.maps.heatmaps.shape[2:]
        drawn = maps_like(self.spec, scatter_people(2, skeleton, shape), shape)
        self._parse(*drawn, skeleton, parser_params(self.params, self.spec, seen.growth))
        self.parts.warm_up()

    def close(self) -> None:
        """Close the engine, after the frame in hand; the estimator is of no use any more."""
        with self._turn:
            self.engine.close()
            self.parts.close()
