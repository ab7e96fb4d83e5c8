"""From an ONNX file to a TensorRT engine in the cache."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import nullcontext
import logging
import os
from pathlib import Path
import re
import select
from threading import Thread
from time import perf_counter
from typing import Any

from openpose_ros.engine.outputs import choose_outputs
from openpose_ros.engine.tensorrt.cache import (
    CachedEngine,
    engine_folder,
    find_engine,
    lock_engine,
    store_engine,
)
from openpose_ros.engine.tensorrt.files import write_cached
from openpose_ros.engine.tensorrt.half_precision import PRECISIONS, prepare_graph
from openpose_ros.engine.tensorrt.key import EngineKey
from openpose_ros.engine.tensorrt.library import Library
from openpose_ros.engine.tensorrt.memory import Gpu
from openpose_ros.engine.tensorrt.precision import (
    count_engine_layers,
    count_network_layers,
    describe_layers,
)
from openpose_ros.engine.tensorrt.progress import OnProgress, Progress, make_monitor
from openpose_ros.errors import EngineError, ModelError
from openpose_ros.models import ModelSpec, load_model

_LOGGER = logging.getLogger(__name__)
_MIB = 1 << 20
_POLL_S = 0.1


def build_engine(
    spec: ModelSpec,
    library: Library,
    key: EngineKey,
    *,
    gpu: Gpu | None = None,
    workspace_mib: int | None = None,
    force: bool = False,
    on_progress: OnProgress | None = None,
) -> CachedEngine:
    """
    Build an engine, unless the cache holds one that fits.

    Takes a second to many minutes. Ctrl-C, and whatever `on_progress` raises, stops the build at
    its next step where TensorRT has a progress monitor; nothing is stored then. Elsewhere (8.6)
    `on_progress` is not called, and a build that Ctrl-C abandons holds the GPU until it is done
    or the process ends. While another process builds the same engine, this one waits for it.

    Parameters
    ----------
    spec : ModelSpec
        With the `path` of an ONNX file.
    library : Library
        What builds.
    key : EngineKey
        As `make_key` returned it for this model and library.
    gpu : Gpu, optional
        Where to build; not needed where the library builds for targets.
    workspace_mib : int, optional
        Most memory of the GPU that a layer may use, MiB; by default all.
    force : bool
        Build even if the cache holds one.
    on_progress : callable, optional
        Called with the part that is done, 0 to 1, and the name of what is done next; in another
        thread. Also while another process builds, in this thread; what it raises ends the wait.

    Raises
    ------
    EngineError
        If TensorRT cannot build it, with TensorRT's own reason, or the cache cannot be written.
    ModelError
        If the model has no ONNX file.

    """
    if spec.path is None or spec.format != 'onnx':
        raise ModelError(f'TensorRT needs an ONNX file, but {spec.name} has {spec.path}')
    with lock_engine(key, spec.name, _wait_teller(spec, on_progress)):
        found, reason = find_engine(key, spec.name)
        if found is not None and not force:
            _LOGGER.info('%s is built already: %s', spec.name, found.path)
            return found
        _LOGGER.info('building an engine of %s: %s', spec.name, reason or 'it was asked for')
        graph = prepare_graph(spec.path, key.precision if library.is_strongly_typed else 'fp32')
        started = perf_counter()
        plan, layers = _build_in_thread(spec, library, key, graph, gpu, workspace_mib, on_progress)
        precision = describe_layers(layers)
        facts = {
            'layers': layers,
            'workspace_mib': workspace_mib,
            'build_s': round(perf_counter() - started, 1),
        }
        engine = store_engine(key, spec.name, precision, plan, facts, source=_source(spec))
    _LOGGER.info('%s: %s, layers in %s', engine.path, library.title, precision)
    if precision in PRECISIONS and precision != key.precision:
        _LOGGER.warning(
            '%s was asked for in %s, but its layers are in %s', spec.name, key.precision, precision
        )
    return engine


def _source(spec: ModelSpec) -> str:
    """Return the model's name where that finds this file, else the file's path."""
    assert spec.path is not None
    try:
        is_found = load_model(spec.name).sha256 == spec.sha256
    except ModelError:
        is_found = False
    return spec.name if is_found else str(spec.path.absolute())


def _wait_teller(spec: ModelSpec, on_progress: OnProgress | None) -> Callable[[], None]:
    """Make what is called while another process builds: it says so, the first time in the log."""
    what = f'waiting for another process, which builds the engine of {spec.name}'
    told = False

    def tell() -> None:
        nonlocal told
        if not told:
            _LOGGER.warning('%s', what)
        told = True
        if on_progress is not None:
            on_progress(0.0, what)

    return tell


def _build_in_thread(
    spec: ModelSpec,
    library: Library,
    key: EngineKey,
    graph: bytes,
    gpu: Gpu | None,
    workspace_mib: int | None,
    on_progress: OnProgress | None,
) -> tuple[bytes, dict[str, int]]:
    """Build where Ctrl-C does not strike: an exception must not pass through TensorRT."""
    progress = Progress(on_progress)
    built: list[tuple[bytes, dict[str, int]]] = []
    failed: list[BaseException] = []
    # Neither Thread.join, which takes the thread for ended when interrupted (bpo-45274), nor an
    # Event, whose lock may stay locked then, and both threads would wait for it.
    done, tell = os.pipe()

    def work() -> None:
        try:
            with gpu.current() if gpu is not None else nullcontext():
                built.append(_build(spec, library, key, graph, workspace_mib, progress))
        except BaseException as exc:  # noqa: BLE001 - raised below, in the caller's thread
            failed.append(exc)
        finally:
            os.close(tell)

    def is_done() -> bool:
        ready, _, _ = select.select([done], [], [], _POLL_S)
        return bool(ready)

    thread = Thread(target=work, name='tensorrt-build', daemon=True)
    try:
        thread.start()
        while not is_done():
            pass
    except BaseException as exc:
        progress.stop(exc)
        # A process must not end while TensorRT is at work. What nothing can stop is left to end.
        while library.has_progress_monitor and thread.is_alive() and not is_done():
            pass
        raise
    finally:
        os.close(done)
    if progress.stopped_by is not None:
        raise progress.stopped_by
    if failed:
        raise failed[0]
    return built[0]


def _build(
    spec: ModelSpec,
    library: Library,
    key: EngineKey,
    graph: bytes,
    workspace_mib: int | None,
    progress: Progress,
) -> tuple[bytes, dict[str, int]]:
    trt = library.module
    library.take_errors()
    builder = trt.Builder(library.logger)
    network = builder.create_network(library.network_flags)
    parser = trt.OnnxParser(network, library.logger)
    if not parser.parse(graph):
        reason = _parser_error(parser, graph)
        raise EngineError(f'{library.title} cannot read {spec.path}: {reason}')
    config = builder.create_builder_config()
    _set_shapes(spec, key, builder, network, config)
    _check_outputs(spec, network)
    if workspace_mib is not None:
        config.set_memory_pool_limit(trt.MemoryPoolType.WORKSPACE, workspace_mib * _MIB)
    config.profiling_verbosity = trt.ProfilingVerbosity.DETAILED  # for the inspector
    if library.targets:
        config.num_compute_capabilities = len(key.targets)
        for index, target in enumerate(key.targets):
            config.set_compute_capability(library.compute_capability(target), index)
    if not library.is_strongly_typed and key.precision == 'fp16':
        config.set_flag(trt.BuilderFlag.FP16)
    if not library.is_strongly_typed and b'QuantizeLinear' in graph:
        config.set_flag(trt.BuilderFlag.INT8)
    if library.has_progress_monitor:
        monitor = make_monitor(library, progress)  # must live as long as what uses it
        config.progress_monitor = monitor
    timing = _load_timing_cache(library, key, config)
    layers = count_network_layers(library, network) if library.is_strongly_typed else None
    plan = builder.build_serialized_network(network, config)
    errors = library.take_errors()
    if plan is None:
        raise EngineError(
            f'{library.title} cannot build an engine of {spec.name} for {key.shapes}: '
            f'{errors or "it does not say why"}'
        )
    if errors:  # of tactics that did not work out, say
        _LOGGER.info('%s', errors)
    if timing is not None:
        write_cached(_timing_path(key), bytes(timing.serialize()))
    data = bytes(plan)
    if layers is None:  # the builder chose; only the engine knows what
        engine = trt.Runtime(library.logger).deserialize_cuda_engine(data)
        if engine is None:
            raise EngineError(
                f'{library.title} cannot load what it built: {library.take_errors()}'
            )
        layers = count_engine_layers(library, engine)
    return data, layers


def _parser_error(parser: Any, graph: bytes) -> str:
    """Return the first error in one line: what follows it follows from it."""
    import onnx

    if parser.num_errors == 0:
        return 'it does not say why'
    error = parser.get_error(0)
    text = ' '.join(error.desc().split())
    nodes = onnx.load_from_string(graph).graph.node
    if not 0 <= error.node() < len(nodes):
        return text
    node = nodes[error.node()]  # TensorRT itself tells names from 10.0 only
    known = '' if parser.supports_operator(node.op_type) else ', which it does not know'
    return f"node '{node.name}' ({node.op_type}{known}): {text}"


def _set_shapes(spec: ModelSpec, key: EngineKey, builder: Any, network: Any, config: Any) -> None:
    inputs = [network.get_input(index) for index in range(network.num_inputs)]
    named = [tensor for tensor in inputs if tensor.name == spec.input.name] or inputs
    if len(named) != 1:
        raise EngineError(
            f"{spec.path} has no input '{spec.input.name}', but "
            f'{", ".join(tensor.name for tensor in inputs)}; name one in its manifest'
        )
    [tensor] = named
    axes = ['NCHW'.index(axis) for axis in spec.input.layout]
    shapes = [tuple(shape[axis] for axis in axes) for shape in key.shapes]
    graph_shape = tuple(tensor.shape)
    for shape in shapes:
        if len(graph_shape) != 4 or any(
            side not in (-1, wanted) for side, wanted in zip(graph_shape, shape)
        ):
            raise EngineError(
                f'the input of {spec.path} is {graph_shape}, -1 being any, which {shape} does not '
                'fit; correct "layout" or "fixed_size" under "input" in its manifest'
            )
    if key.shapes.is_fixed:
        tensor.shape = shapes[0]
    elif -1 in graph_shape:
        profile = builder.create_optimization_profile()
        profile.set_shape(tensor.name, *shapes)
        config.add_optimization_profile(profile)


def _check_outputs(spec: ModelSpec, network: Any) -> None:
    """See that what the engine will return is what the runner will look for."""
    outputs = [network.get_output(index) for index in range(network.num_outputs)]
    choose_outputs(spec, {tensor.name: tuple(tensor.shape) for tensor in outputs})


def _timing_path(key: EngineKey) -> Path:
    plain = re.sub(r'[^\w.-]+', '_', f'{key.library}-{key.version}-{key.gpu}')
    return engine_folder() / f'{plain}.timing'


def _load_timing_cache(library: Library, key: EngineKey, config: Any) -> Any:
    """Give the builder what earlier builds measured on this GPU, where that is of use."""
    if not library.has_timing_cache:
        return None
    try:
        stored = _timing_path(key).read_bytes()
    except OSError:
        stored = b''
    for data in (stored, b''):  # damaged, or of another driver: begin anew
        timing = config.create_timing_cache(data)
        if timing is not None and config.set_timing_cache(timing, ignore_mismatch=False):
            return timing
    return None
