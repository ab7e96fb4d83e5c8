"""The engine that runs ONNX models with ONNX Runtime, on a CPU or a GPU."""

from __future__ import annotations

from collections.abc import Sequence
import logging
from typing import Any

import numpy as np

from openpose_ros.engine.base import AnyMaps, Engine, FloatArray
from openpose_ros.engine.forks import Opened
from openpose_ros.engine.inputs import choose_input, fixed_batch, split_batch
from openpose_ros.engine.outputs import choose_outputs, make_maps
from openpose_ros.engine.telemetry import import_onnxruntime
from openpose_ros.errors import EngineError, ModelError
from openpose_ros.models import ModelSpec, read_onnx_facts

onnxruntime = import_onnxruntime()
_LOGGER = logging.getLogger(__name__)
_CPU = 'CPUExecutionProvider'
_AUTOMATIC = ('CUDAExecutionProvider', _CPU)  # others compile the network when it is opened
_DTYPES = {'tensor(float)': np.float32, 'tensor(float16)': np.float16}
_SILENT = 4  # what would be logged comes as an exception as well


def open_onnxruntime(
    spec: ModelSpec, providers: Sequence[str] | None, threads: int | None
) -> OnnxRuntimeEngine:
    """
    Open an ONNX model.

    Parameters
    ----------
    spec : ModelSpec
        With a `path`.
    providers : sequence of str, optional
        ONNX Runtime's execution providers, the preferred first; the CPU takes what they leave.
        By default CUDA if it is there and works, else the CPU.
    threads : int, optional
        How many compute one operator; by default as many as the machine has cores.

    Raises
    ------
    EngineError
        If a provider is not available (the message lists those that are) or cannot be used, or
        ONNX Runtime or this package cannot make sense of the model.
    ModelError
        If the file is no ONNX model.

    """
    if spec.path is None or spec.format != 'onnx':
        raise ModelError(f'ONNX Runtime needs an ONNX file, but {spec.name} has {spec.path}')
    facts = read_onnx_facts(spec.path)
    available = onnxruntime.get_available_providers()
    if providers is not None:
        for provider in providers:
            if provider not in available:
                raise EngineError(
                    f"ONNX Runtime has no provider '{provider}' here; available: "
                    f'{", ".join(available)}'
                )
    choices = providers or [provider for provider in _AUTOMATIC if provider in available]
    options = onnxruntime.SessionOptions()
    options.log_severity_level = _SILENT
    # Threads that spin while they wait take the CPU from everything else on a robot. Measured on
    # 2 cores, human-pose-estimation-0001 at 456x256: alone 74 ms without, 73 with spinning; among
    # other programs 221 and 290 ms, with 38 % less CPU time.
    options.add_session_config_entry('session.intra_op.allow_spinning', '0')
    if threads is not None:
        options.intra_op_num_threads = threads
    if providers is not None:
        session = _open_session(spec, options, choices)
    else:
        session = _first_that_opens(spec, options, choices)
    used = session.get_providers()[0]
    description = (
        f'ONNX Runtime {onnxruntime.__version__}, {used}, '
        f'threads: {threads or "its own choice"}, {facts.weights} weights'
    )
    return OnnxRuntimeEngine(spec, session, description, facts.precision)


def offers_cuda() -> bool:
    """Return whether this ONNX Runtime can run on CUDA, if the machine can."""
    return 'CUDAExecutionProvider' in onnxruntime.get_available_providers()


def _first_that_opens(spec: ModelSpec, options: Any, providers: Sequence[str]) -> Any:
    """Open on a GPU unless its driver or libraries do not fit: the CPU will do then."""
    for provider in providers[:-1]:
        try:
            return _open_session(spec, options, [provider])
        except EngineError as exc:
            _LOGGER.warning('%s; taking %s instead', exc, providers[-1])
    return _open_session(spec, options, providers[-1:])


def _open_session(spec: ModelSpec, options: Any, providers: Sequence[str]) -> Any:
    try:
        session = onnxruntime.InferenceSession(
            str(spec.path), options, providers=list(providers), enable_fallback=0
        )
    except Exception as exc:  # ONNX Runtime's exceptions have no base of their own
        raise EngineError(f'ONNX Runtime cannot open {spec.path}: {_first_line(exc)}') from exc
    if session.get_providers()[0] != providers[0]:
        raise EngineError(
            f'{providers[0]} does not work on this machine; ONNX Runtime says above why, '
            'usually a library of CUDA or cuDNN that is missing or too old'
        )
    return session


class OnnxRuntimeEngine(Engine):
    """
    Runs an ONNX model; made by `open_onnxruntime`.

    A graph whose batch size is fixed is run as often as a batch needs, the last time filled up.
    `precision` is the graph's; a provider without kernels for float16, as the CPU's, computes in
    float32.
    """

    name = 'onnxruntime'

    def __init__(self, spec: ModelSpec, session: Any, description: str, precision: str) -> None:
        self.spec = spec
        self.description = description
        self.precision = precision
        self._opened = Opened()
        self._session = self._opened.keep(session)
        self._outputs = choose_outputs(
            spec, {output.name: output.shape for output in session.get_outputs()}
        )
        graph_input = choose_input(spec, session.get_inputs(), _DTYPES)
        self._input_name = graph_input.name
        self._dtype = _DTYPES[graph_input.type]
        self._graph_batch = fixed_batch(spec, graph_input.shape)

    def infer(self, batch: FloatArray) -> AnyMaps:
        if self._session is None:
            raise EngineError(f'the engine of {self.spec.name} is closed; open another')
        self._opened.check(self.spec.name)
        fed = split_batch(batch, self.spec, self._graph_batch, self._dtype)
        names = self._outputs.names
        parts = [self._run(part, names) for part in fed]
        arrays = parts[0] if len(parts) == 1 else [np.concatenate(part) for part in zip(*parts)]
        return make_maps(dict(zip(names, arrays)), self._outputs, self.spec, batch.shape)

    def _run(self, fed: Any, names: list[str]) -> list[Any]:
        try:
            return list(self._session.run(names, {self._input_name: fed}))
        except Exception as exc:  # as in _open_session
            raise EngineError(
                f'ONNX Runtime failed on {self.spec.name} with an input of shape {fed.shape}: '
                f'{_first_line(exc)}'
            ) from exc

    def close(self) -> None:
        self._session = None
        self._opened.close()


def _first_line(exc: Exception) -> str:
    return (str(exc).splitlines() or [type(exc).__name__])[0]
