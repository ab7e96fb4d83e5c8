"""From a backend's name to an engine."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from importlib import import_module
import logging
from pathlib import Path
from typing import NamedTuple

from openpose_ros.engine.base import Engine
from openpose_ros.errors import EngineError, ModelError
from openpose_ros.models import ModelSpec, load_model

_LOGGER = logging.getLogger(__name__)
Opener = Callable[[ModelSpec, Sequence[str] | None, int | None], Engine]


class _Backend(NamedTuple):
    module: str
    opener: str  # in that module
    package: str = ''  # what to install when the module cannot be imported
    needs_file: bool = True


_BACKENDS = {
    'onnxruntime': _Backend('openpose_ros.engine.onnxruntime', 'open_onnxruntime', 'onnxruntime'),
    'openvino': _Backend('openpose_ros.engine.openvino', 'open_openvino', 'openvino'),
    'fake': _Backend('openpose_ros.engine.fake', 'open_fake', needs_file=False),
}
_AUTOMATIC = {  # by the format of the model's file: backend, and why
    'onnx': ('onnxruntime', 'it runs ONNX files, on CUDA where that works, else on the CPU'),
    'xml': ('openvino', 'it runs OpenVINO IR'),
}


def open_engine(
    model: ModelSpec | str | Path | None = None,
    *,
    backend: str = 'auto',
    providers: Sequence[str] | None = None,
    threads: int | None = None,
) -> Engine:
    """
    Open an engine for a model.

    Parameters
    ----------
    model : ModelSpec, str, Path or None
        A spec, or what `load_model` takes.
    backend : str
        'onnxruntime'; 'openvino', which runs ONNX and OpenVINO IR on a CPU; 'fake', which
        needs no model file and shows synthetic people; or 'auto', which decides by the format of
        the model's file, never builds and never measures, and logs what it took and why.
    providers : sequence of str, optional
        ONNX Runtime's execution providers, the preferred first; by default CUDA if it is there
        and works, else the CPU. Only for 'onnxruntime'.
    threads : int, optional
        How many compute one operator on a CPU; by default what the backend thinks best.

    Raises
    ------
    EngineError
        If there is no such backend (the message lists those that there are) or it cannot run the
        model.
    ModelError
        If the model cannot be loaded, or is not one with part affinity fields.

    """
    choices = ('auto', *_BACKENDS)
    if backend not in choices:
        raise EngineError(f"no backend '{backend}'; choose from {', '.join(choices)}")
    need_file = backend == 'auto' or _BACKENDS[backend].needs_file
    spec = model if isinstance(model, ModelSpec) else load_model(model, need_file=need_file)
    if spec.decoder != 'paf':
        raise ModelError(
            f"{spec.name} needs the decoder '{spec.decoder}', which does not exist yet; take a "
            'model with part affinity fields'
        )
    if need_file and spec.path is None:
        raise ModelError(f'{spec.name} is not on this machine; load it with load_model first')
    if backend == 'auto':
        backend = _choose_backend(spec)
    engine = _opener(backend)(spec, providers, threads)
    _LOGGER.info('%s runs with %s, %s', spec.name, engine.description, engine.precision)
    return engine


def _choose_backend(spec: ModelSpec) -> str:
    if spec.format not in _AUTOMATIC:
        raise EngineError(
            f'no backend runs {spec.path}, a .{spec.format} file; there are backends for '
            f'{", ".join(f".{ending}" for ending in _AUTOMATIC)}'
        )
    backend, reason = _AUTOMATIC[spec.format]
    _LOGGER.info('backend auto took %s for %s: %s', backend, spec.name, reason)
    return backend


def _opener(name: str) -> Opener:
    backend = _BACKENDS[name]
    try:
        module = import_module(backend.module)
    except ImportError as exc:
        raise EngineError(
            f'the backend {name} cannot be loaded ({exc}); install it with: pip install '
            f'{backend.package}'
        ) from exc
    opener: Opener = getattr(module, backend.opener)
    return opener
