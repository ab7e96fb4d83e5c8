"""From a backend's name to an engine."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import partial
from importlib import import_module
from importlib.util import find_spec
import logging
import operator
from pathlib import Path
from typing import Any

from openpose_ros.backends import AUTO, BACKENDS, CHOICES, MOST_THREADS, PRECISIONS
from openpose_ros.engine.automatic import FORMATS, candidates, comes_to_cpu
from openpose_ros.engine.base import Engine
from openpose_ros.engine.tensorrt.progress import OnProgress
from openpose_ros.errors import EngineError, MissingLibraryError, ModelError, ParameterError
from openpose_ros.models import ModelSpec, load_model
from openpose_ros.models.default import (
    CPU,
    GPU,
    default_name,
    float32_name,
    processor_flags,
    why_default,
)
from openpose_ros.placement import Size

_LOGGER = logging.getLogger(__name__)
Opener = Callable[..., Engine]


def open_engine(
    model: ModelSpec | str | Path | None = None,
    *,
    backend: str = 'auto',
    providers: Sequence[str] | None = None,
    threads: int | None = None,
    precision: str = '',
    net_resolution: Size | None = None,
    on_build: OnProgress | None = None,
) -> Engine:
    """
    Open an engine for a model.

    Parameters
    ----------
    model : ModelSpec, str, Path or None
        A spec, or what `load_model` takes. None is a network of the package:
        `models.default_name` of what would run it, whichever backend was asked for.
    backend : str
        'tensorrt'; 'onnxruntime'; 'openvino', which runs ONNX and OpenVINO IR on a CPU; 'fake',
        which needs no model file and shows synthetic people; or 'auto': a cached TensorRT engine
        that fits, else ONNX Runtime on CUDA, else OpenVINO for an int8 network or IR, else ONNX
        Runtime on the CPU. It never builds and never measures, and logs what it took and why.
    providers : sequence of str, optional
        ONNX Runtime's execution providers, the preferred first; by default CUDA if it is there
        and works, else the CPU. Only for 'onnxruntime'.
    threads : int, optional
        How many compute one operator on a CPU; by default what the backend thinks best.
    precision : str
        What a TensorRT engine shall be in, 'fp16' or 'fp32'; by default fp16 or what there is.
        'fp32' also keeps OpenVINO from bfloat16. Other backends run the network as it is.
    net_resolution : (int, int), optional
        Width and height, pixels, that a TensorRT engine must take, as `PoseEstimator` has it.
    on_build : callable, optional
        Makes the backend 'tensorrt' build an engine where no cached one fits, which may take many
        minutes; called with the part that is done, 0 to 1, and with what is done next, in another
        thread. What it raises stops the build. By default that there is none is an error.

    Raises
    ------
    EngineError
        If there is no such backend or precision (the message lists those that there are) or it
        cannot run the model.
    ModelError
        If the model cannot be loaded.
    ParameterError
        If `threads` is no whole number from 1 on.

    """
    threads = _counted(threads)
    spec = model_to_open(
        model,
        backend=backend,
        providers=providers,
        precision=precision,
        net_resolution=net_resolution,
    )
    wishes = {'precision': precision, 'net_resolution': net_resolution, 'on_build': on_build}
    if backend == AUTO:
        engine = _open_first(spec, threads, wishes, providers)
    else:
        engine = _open(backend, spec, providers, threads, wishes)
    _LOGGER.debug('%s runs with %s, %s', spec.name, engine.description, engine.precision)
    return engine


def model_to_open(
    model: ModelSpec | str | Path | None = None,
    *,
    backend: str = 'auto',
    providers: Sequence[str] | None = None,
    precision: str = '',
    net_resolution: Size | None = None,
) -> ModelSpec:
    """
    Return the model that `open_engine` opens, of the same arguments.

    Raises
    ------
    EngineError
        If there is no such backend or precision.
    ModelError
        If the model cannot be loaded.

    """
    if backend not in CHOICES:
        raise EngineError(f"no backend '{backend}'; choose from {', '.join(CHOICES)}")
    if precision not in ('', *PRECISIONS):
        raise EngineError(f"no precision '{precision}'; choose from {', '.join(PRECISIONS)}")
    if isinstance(providers, str):  # its letters are no providers
        raise EngineError(f"providers are '{providers}', but must be a list: ['{providers}']")
    need_file = backend == AUTO or BACKENDS[backend].needs_file
    spec = model if isinstance(model, ModelSpec) else load_model(model, need_file=need_file)
    if model is None:
        device, flags = GPU, frozenset[str]()
        if comes_to_cpu(spec, backend, providers=providers, net_resolution=net_resolution):
            device, flags = CPU, processor_flags()
        name = default_name(device, flags)
        if precision not in ('', 'int8'):
            name = float32_name(name)
        spec = load_model(name, need_file=need_file)
        if need_file:  # else no network runs, and nothing of it is true
            _LOGGER.info('no model is named: took %s, as %s', name, why_default(device, flags))
    if need_file and spec.path is None:
        raise ModelError(f'{spec.name} is not on this machine; load it with load_model first')
    return spec


def check_engine(engine: Engine, model: ModelSpec | str | Path | None) -> None:
    """
    See that something runs a network, and the one that is named.

    Parameters
    ----------
    engine : Engine
        As `open_engine` returns it.
    model : ModelSpec, str, Path or None
        A name, or the path of a file, must be of the engine's model; a spec may say something
        else about it, and None is whatever the engine runs.

    Raises
    ------
    ParameterError
        If it is no engine, the name of a backend, say, or runs another model.
    ModelError
        If there is no model of that name.

    """
    if not callable(getattr(engine, 'infer', None)):
        raise ParameterError(
            f'the engine is a {type(engine).__name__}, but must be what open_engine returns; '
            'PoseEstimator.from_model(name, backend=..., params=...) opens one'
        )
    if model is None or isinstance(model, ModelSpec):
        return
    name = load_model(model, need_file=False).name
    if name != engine.spec.name:
        raise ParameterError(
            f"the model is '{name}', but the engine runs '{engine.spec.name}'; name none to take "
            "the engine's"
        )


def check_backend(backend: str) -> None:
    """
    See that this machine has what a backend needs, before anything is loaded.

    Parameters
    ----------
    backend : str
        As `open_engine` takes it; there is always something for 'auto'.

    Raises
    ------
    EngineError
        If not, with what to do; a MissingLibraryError where a library is not installed.

    """
    if backend == AUTO:
        return
    _opener(backend)
    if check := BACKENDS[backend].check:
        getattr(import_module(BACKENDS[backend].module), check)()


def why_not(spec: ModelSpec) -> str:
    """
    Return why nothing here can run a model, as the end of a sentence; '' if something can.

    Its file is looked at, if it is here, but no network is loaded.
    """
    if spec.format not in FORMATS:
        return f'needs a backend for .{spec.format} files, and there is none'
    if spec.format == 'xml' and find_spec('openvino') is None:
        return f'needs OpenVINO: {BACKENDS["openvino"].how_to_install}'
    if spec.path is not None:
        try:
            load_model(spec.path)
        except ModelError as exc:
            return f'needs another file: {exc}'
    return ''


def _counted(threads: Any) -> int | None:
    """Return a number of threads as a plain one."""
    if threads is None:
        return None
    with suppress(TypeError):
        number = operator.index(threads)
        if number > MOST_THREADS:
            raise ParameterError(f'threads is {number}, but must be at most {MOST_THREADS}')
        if number >= 1:
            return number
    raise ParameterError(f'threads is {threads!r}, but must be at least 1, a whole number')


def _open_first(
    spec: ModelSpec,
    threads: int | None,
    wishes: dict[str, Any],
    providers: Sequence[str] | None,
) -> Engine:
    """Open the first candidate that can be opened; if there is none, raise why the last cannot."""
    failure: EngineError | None = None
    found = candidates(
        spec,
        providers=providers,
        precision=wishes['precision'],
        net_resolution=wishes['net_resolution'],
    )
    for backend, chosen, reason in found:
        how = f'{backend} ({", ".join(chosen)})' if chosen else backend
        if failure is not None:
            _LOGGER.warning('%s; taking %s instead', failure, how)
        try:
            engine = _open(backend, spec, chosen, threads, wishes)
        except EngineError as exc:
            failure = exc
            continue
        _LOGGER.info('backend auto took %s for %s: %s', how, spec.name, reason)
        return engine
    assert failure is not None, 'there is always a candidate'
    raise failure


def _open(
    name: str,
    spec: ModelSpec,
    providers: Sequence[str] | None,
    threads: int | None,
    wishes: dict[str, Any],
) -> Engine:
    chosen = {wish: wishes[wish] for wish in BACKENDS[name].wishes}
    engine = _opener(name)(spec, providers, threads, **chosen)
    again = {wish: wishes[wish] for wish in ('precision', 'net_resolution')}
    engine.reopen = partial(
        open_engine, spec, backend=name, providers=providers, threads=threads, **again
    )
    return engine


def _opener(name: str) -> Opener:
    backend = BACKENDS[name]
    try:
        module = import_module(backend.module)
    except Exception as exc:  # a library that is there may raise anything while it is imported
        kind = '' if isinstance(exc, ImportError) else f'{type(exc).__name__}: '
        reason = ' '.join(f'{kind}{exc}'.split())
        found = f'the backend {name} cannot be loaded ({reason})'
        if isinstance(exc, ModuleNotFoundError) and exc.name == name:
            raise MissingLibraryError(found, backend.how_to_install) from exc
        raise EngineError(f'{found}; {backend.how_to_install}') from exc
    opener: Opener = getattr(module, backend.opener)
    return opener
