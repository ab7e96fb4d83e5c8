"""The engine that runs ONNX models and OpenVINO IR with OpenVINO, on a CPU."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, NamedTuple

import numpy as np

from openpose_ros.engine.base import AnyMaps, Engine, FloatArray
from openpose_ros.engine.forks import Opened
from openpose_ros.engine.inputs import choose_input, fixed_batch, split_batch
from openpose_ros.engine.outputs import choose_outputs, make_maps
from openpose_ros.engine.telemetry import import_openvino
from openpose_ros.engine.tensors import Shape
from openpose_ros.errors import EngineError, ModelError
from openpose_ros.models import ModelSpec, read_onnx_facts

openvino = import_openvino()

# One for the process, for ever: OpenVINO's plugin for CPUs gives the thread that loads it a stack
# for signal handlers, and takes it away when the Core ends. Where a second Core was made before
# the first ended, the thread kept a stack that was gone, and Ctrl-C was a segmentation fault.
_OPENED = Opened()
CORE = _OPENED.keep(openvino.Core())
_DTYPES = {'f32': np.float32, 'f16': np.float16}
_PRECISIONS = {'f32': 'fp32', 'f16': 'fp16', 'bf16': 'bf16', 'u8': 'int8', 'i8': 'int8'}
_HEAVY = {'Convolution', 'Deconvolution', 'FullyConnected', 'MatMul'}
_ROOM_FOR_SIZES = 'CPU_RUNTIME_CACHE_CAPACITY'
_CHANGES = 50  # to a size, before it has a copy of the graph
_MOST_COPIES = 3
_MOST_SIZES = 64  # that are remembered
_BOILERPLATE = ('Exception from', 'Check ', 'FrontEnd API failed')


def open_openvino(
    spec: ModelSpec,
    providers: Sequence[str] | None,
    threads: int | None,
    *,
    precision: str = '',
) -> OpenVinoEngine:
    """
    Open an ONNX model or OpenVINO IR, for pictures of any size.

    Where the CPU computes in bfloat16 natively, networks of float32 run in that, as OpenVINO does
    by default; `precision` says so. human-pose-estimation-0001 on such a CPU at 456x256: 74 ms of
    CPU time instead of 160, AP at 656x368 0.520 instead of 0.518.

    Parameters
    ----------
    spec : ModelSpec
        With a `path`.
    providers : None
        They are ONNX Runtime's.
    threads : int, optional
        How many compute one operator; by default as many as the machine has cores.
    precision : str
        'fp32' keeps what is in float32 from running in bfloat16. No other changes anything.

    Raises
    ------
    EngineError
        If OpenVINO or this package cannot make sense of the model, or providers are given.
    ModelError
        If the file is neither.

    """
    if spec.path is None or spec.format not in ('onnx', 'xml'):
        raise ModelError(f'OpenVINO needs an .onnx or .xml file, but {spec.name} has {spec.path}')
    if providers is not None:
        raise EngineError(f'providers ({", ".join(providers)}) are for the backend onnxruntime')
    if spec.format == 'onnx':
        read_onnx_facts(spec.path)
    # Threads that are tied to cores wait for whatever else runs there; alone they are no faster:
    # 38.3 ms untied, 38.7 tied, on 2 cores.
    options: dict[str, Any] = {'PERFORMANCE_HINT': 'LATENCY', 'ENABLE_CPU_PINNING': False}
    # For each size of picture OpenVINO keeps all that it made for it, 5 MB with our own network,
    # and for thousands of them: 704 MB after 300 sizes, 238 with room for none. Two sizes in turn
    # take as long with it: a change of size makes the graph ready anew. See `_Requests`.
    options[_ROOM_FOR_SIZES] = 0
    if threads is not None:
        options['INFERENCE_NUM_THREADS'] = threads
    if precision == 'fp32':
        options['INFERENCE_PRECISION_HINT'] = 'f32'
    try:
        model = CORE.read_model(str(spec.path))
        if spec.input.fixed_size is None and spec.format == 'xml':
            model.reshape(_open_shape(spec, model))
        compiled = _compiled(model, options)
    except RuntimeError as exc:
        raise EngineError(f'OpenVINO cannot open {spec.path}: {_reason(exc)}') from exc
    used = compiled.get_property('INFERENCE_NUM_THREADS')
    requests = _Requests(compiled, partial(_compiled, model, options))
    version = openvino.__version__.partition('-')[0]
    name = CORE.get_property('CPU', 'FULL_DEVICE_NAME')
    description = f'OpenVINO {version}, {name}, threads: {used}'
    return OpenVinoEngine(spec, compiled, requests, description)


def _compiled(model: Any, options: dict[str, Any]) -> Any:
    try:
        return CORE.compile_model(model, 'CPU', options)
    except RuntimeError as exc:
        if _ROOM_FOR_SIZES not in str(exc):
            raise
        # It is in no documentation, so it may go.
        kept = {name: value for name, value in options.items() if name != _ROOM_FOR_SIZES}
        return CORE.compile_model(model, 'CPU', kept)


class _Requests:
    """
    Runs a graph, with a copy of it for some of the sizes that come in turn.

    A graph that is shown another size than last time is made ready for it anew, for milliseconds:
    with two scales, or two cameras of different aspects, each time. With a graph each, 256x256
    and 128x128 of openpose-ros-base-int8 took 7.3 ms instead of 12.0 on one core with AMX. A copy
    takes 0.2 to 0.4 s once, and 13 to 36 MB; so only a size that has come back often has one.

    Parameters
    ----------
    compiled : openvino.CompiledModel
    copy : callable
        Compiles the graph once more.

    """

    def __init__(self, compiled: Any, copy: Callable[[], Any]) -> None:
        self.opened = Opened()
        self._copy: Callable[[], Any] | None = self.opened.keep(copy)
        self._common = self.opened.keep(compiled.create_infer_request())
        self._of_size: dict[tuple[int, ...], Any] = {}
        self._shape: tuple[int, ...] = ()
        self._changes: Counter[tuple[int, ...]] = Counter()

    def of(self, shape: tuple[int, ...]) -> Any:
        """Return what runs an input of this shape."""
        if shape in self._of_size:
            return self._of_size[shape]
        if shape != self._shape:
            self._changes[shape] += 1
            if self._changes[shape] > _CHANGES and self._copy is not None:
                return self._add(shape, self._copy)
            if len(self._changes) > _MOST_SIZES:
                self._changes.clear()
            self._shape = shape
        return self._common

    def _add(self, shape: tuple[int, ...], copy: Callable[[], Any]) -> Any:
        try:
            request = self.opened.keep(copy().create_infer_request())
        except (RuntimeError, MemoryError):  # it is slower without
            self._copy = None
            return self._common
        self._of_size[shape] = request
        if len(self._of_size) == _MOST_COPIES:
            self._copy = None
        return request

    def close(self) -> None:
        """Let go of everything."""
        self._copy = self._common = None
        self._of_size.clear()
        self.opened.close()


class _Input(NamedTuple):
    name: str
    type: str
    shape: Shape


def _shape(partial: Any) -> Shape:
    """Return a shape with None where it is open."""
    if partial.rank.is_dynamic:
        return ()
    return [size.get_length() if size.is_static else None for size in partial]


def _name(port: Any, spec: ModelSpec) -> str:
    """Return what the manifest calls a tensor, which may have several names, else the first."""
    wanted = {spec.input.name, *spec.outputs.names}
    names = sorted(port.get_names()) or [port.get_node().get_name()]
    return str(next((name for name in names if name in wanted), names[0]))


def _open_shape(spec: ModelSpec, model: Any) -> list[int]:
    """Return the shape of the only input with height and width open: IR always fixes them."""
    shape = _shape(model.input().get_partial_shape())
    open_axes = [axis for axis, letter in enumerate(spec.input.layout) if letter in 'HW']
    return [
        size if isinstance(size, int) and axis not in open_axes else -1
        for axis, size in enumerate(shape)
    ]


class OpenVinoEngine(Engine):
    """
    Runs an ONNX model or OpenVINO IR; made by `open_openvino`.

    A graph whose batch size is fixed is run as often as a batch needs, the last time filled up.
    `precision` is what most of its convolutions really run in: 'fp32', 'bf16', 'fp16' or 'int8'.
    """

    name = 'openvino'

    def __init__(
        self, spec: ModelSpec, compiled: Any, requests: _Requests, description: str
    ) -> None:
        self.spec = spec
        self.description = description
        self.precision = _precision(compiled)
        self._outputs = choose_outputs(
            spec,
            {_name(port, spec): _shape(port.get_partial_shape()) for port in compiled.outputs},
        )
        inputs = [
            _Input(
                _name(port, spec),
                port.get_element_type().get_type_name(),
                _shape(port.get_partial_shape()),
            )
            for port in compiled.inputs
        ]
        graph_input = choose_input(spec, inputs, _DTYPES)
        self._dtype = _DTYPES[graph_input.type]
        self._graph_batch = fixed_batch(spec, graph_input.shape)
        self._index = inputs.index(graph_input)
        self._requests: _Requests | None = requests

    def infer(self, batch: FloatArray) -> AnyMaps:
        if self._requests is None:
            raise EngineError(f'the engine of {self.spec.name} is closed; open another')
        self._requests.opened.check(self.spec.name)
        fed = split_batch(batch, self.spec, self._graph_batch, self._dtype)
        names = self._outputs.names
        parts = [self._run(part, self._requests) for part in fed]
        arrays = {name: np.concatenate([part[name] for part in parts]) for name in names}
        return make_maps(arrays, self._outputs, self.spec, batch.shape)

    def _run(self, fed: Any, requests: _Requests) -> dict[str, Any]:
        try:
            results = requests.of(fed.shape).infer({self._index: fed}, share_inputs=True)
        except RuntimeError as exc:
            raise EngineError(
                f'OpenVINO failed on {self.spec.name} with an input of shape {fed.shape}: '
                f'{_reason(exc)}'
            ) from exc
        return {_name(port, self.spec): array for port, array in results.items()}

    def close(self) -> None:
        if self._requests is not None:
            self._requests.close()
        self._requests = None


def _precision(compiled: Any) -> str:
    """Return what most convolutions run in; of all layers where there are none."""
    found = []
    for node in compiled.get_runtime_model().get_ops():
        facts = {key: node.rt_info[key].astype(str) for key in ('layerType', 'runtimePrecision')}
        found.append((facts['layerType'] in _HEAVY, facts['runtimePrecision']))
    kinds = [kind for heavy, kind in found if heavy] or [kind for _, kind in found]
    kind = Counter(kinds).most_common(1)[0][0]
    return str(_PRECISIONS.get(kind, kind))


def _reason(exc: RuntimeError) -> str:
    """Return what a message says, without where in OpenVINO's sources that was."""
    lines = [line.strip() for line in str(exc).splitlines()]
    said = [line for line in lines if line and not line.startswith(_BOILERPLATE)]
    return ' '.join(said or lines)[:300]
