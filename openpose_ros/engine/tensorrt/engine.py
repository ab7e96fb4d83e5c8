"""The engine that runs what TensorRT built, on an NVIDIA GPU."""

from __future__ import annotations

import logging
from shlex import quote

import numpy as np

from openpose_ros.commands import command
from openpose_ros.engine.base import AnyMaps, Engine, FloatArray, check_batch
from openpose_ros.engine.forks import Opened
from openpose_ros.engine.inputs import choose_input, fill_up, fixed_batch
from openpose_ros.engine.outputs import choose_outputs, make_maps
from openpose_ros.engine.tensorrt.cache import CachedEngine, read_engine
from openpose_ros.engine.tensorrt.library import Library
from openpose_ros.engine.tensorrt.memory import Gpu
from openpose_ros.engine.tensorrt.precision import describe_layers
from openpose_ros.engine.tensorrt.session import GraphTensor, Session
from openpose_ros.errors import EngineError
from openpose_ros.models import ModelSpec

_LOGGER = logging.getLogger(__name__)
_FLOAT = 'FLOAT'


class TensorrtEngine(Engine):
    """
    Runs a TensorRT engine; made by `open_tensorrt`.

    Page-locked buffers are made for the first batch of a size and reused. The GPU's context is
    current in the calling thread only while that thread is in here.

    Parameters
    ----------
    spec : ModelSpec
        The model that the engine was built from.
    library : Library
        The TensorRT that built it.
    gpu : Gpu
        Where it shall run. The engine owns it from now on: `close` closes it.
    built : CachedEngine

    Raises
    ------
    EngineError
        If it cannot be loaded, or is not of this model.

    """

    name = 'tensorrt'

    def __init__(self, spec: ModelSpec, library: Library, gpu: Gpu, built: CachedEngine) -> None:
        self.spec = spec
        self._opened = Opened()
        self._gpu = self._opened.keep(gpu)
        self._session: Session | None = None
        try:
            plan = read_engine(built)
            with gpu.current():
                session = _load(spec, library, gpu, plan, built)
                self._session = self._opened.keep(session)
                self._input = _find_input(spec, session)
                self._outputs = choose_outputs(
                    spec, {tensor.name: tensor.shape for tensor in session.outputs}
                )
                self._limits = session.limits(self._input)
                fixed_batch(spec, self._limits[0])  # says what that costs
                kinds = session.count_layers(self._input)
        except BaseException:
            self.close()
            raise
        self.precision = describe_layers(kinds) if kinds else built.precision
        if self.precision.split()[0] != built.precision.split()[0]:  # what most layers are in
            _LOGGER.warning(
                '%s is in %s as TensorRT loaded it, though in %s as it was built',
                built.path.name,
                self.precision,
                built.precision,
            )
        self.description = (
            f'{library.title} on {gpu.facts.name} (CUDA {gpu.facts.driver}, {gpu.library}), '
            f'engine {built.path.name} for {built.key.shapes}'
        )

    def infer(self, batch: FloatArray) -> AnyMaps:
        session = self._session
        if session is None:
            raise EngineError(f'the engine of {self.spec.name} is closed; open another')
        self._opened.check(self.spec.name)
        check_batch(batch, self.spec)
        nhwc = self.spec.input.layout == 'NHWC'
        fed = batch.transpose(0, 2, 3, 1) if nhwc else batch
        fewest, step = self._limits[0][0], self._limits[2][0]
        parts = [fill_up(fed[at : at + step], fewest) for at in range(0, len(fed), step)]
        for part in parts:
            self._check_shape(part.shape)
        names = self._outputs.names
        with self._gpu.current():
            results = [session.run(self._input, part, names) for part in parts]
        arrays = (
            results[0]
            if len(results) == 1
            else {name: np.concatenate([result[name] for result in results]) for name in names}
        )
        return make_maps(arrays, self._outputs, self.spec, batch.shape)

    def _check_shape(self, shape: tuple[int, ...]) -> None:
        low, _, high = self._limits
        if any(not a <= side <= b for a, side, b in zip(low, shape, high)):
            raise EngineError(
                f'the engine of {self.spec.name} takes inputs of {low} to {high}, but got '
                f'{shape}; take another net_resolution, or build one for it: '
                f'{command("build-engine --help")}'
            )

    def close(self) -> None:
        session, self._session = self._session, None
        is_here = self._opened.is_here()
        self._opened.close()
        if not is_here:
            return
        if session is not None:
            try:
                with self._gpu.current():
                    session.close()
            except EngineError as exc:  # the context is lost, and what was in it with it
                _LOGGER.debug('%s', exc)
                session.close()
        self._gpu.close()


def _load(
    spec: ModelSpec, library: Library, gpu: Gpu, plan: bytes, built: CachedEngine
) -> Session:
    try:
        return Session(library, gpu, plan)
    except EngineError as exc:
        raise EngineError(
            f'the engine {built.path} cannot be used: {exc}. Should that be its own fault, build '
            f'it anew: {command(f"build-engine {quote(str(spec.path))} --force")}'
        ) from exc


def _find_input(spec: ModelSpec, session: Session) -> str:
    for tensor in (*session.inputs, *session.outputs):
        if tensor.type != _FLOAT:
            raise EngineError(
                f"the tensor '{tensor.name}' of {spec.name}'s engine is {tensor.type}, but inputs "
                f'and outputs must be float32; build it with: {command("build-engine")}'
            )
    # Width and height are the engine's choice here, not the model's.
    height, width = (spec.input.layout.index(side) for side in 'HW')
    inputs = [
        GraphTensor(
            name,
            kind,
            tuple(None if at in (height, width) else side for at, side in enumerate(shape)),
        )
        for name, kind, shape in session.inputs
    ]
    return choose_input(spec, inputs, {_FLOAT}).name
