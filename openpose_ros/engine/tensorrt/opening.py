"""Which cached engine fits this machine, and what is done where none does."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from shlex import quote

from openpose_ros.commands import command
from openpose_ros.engine.tensorrt.build import build_engine
from openpose_ros.engine.tensorrt.cache import CachedEngine, Search, find_engine, list_engines
from openpose_ros.engine.tensorrt.cuda import GpuFacts, find_driver
from openpose_ros.engine.tensorrt.engine import TensorrtEngine
from openpose_ros.engine.tensorrt.half_precision import PRECISIONS, default_precision
from openpose_ros.engine.tensorrt.key import EngineKey, make_key
from openpose_ros.engine.tensorrt.library import FLAVOURS, Library, load_library
from openpose_ros.engine.tensorrt.memory import Gpu
from openpose_ros.engine.tensorrt.progress import OnProgress
from openpose_ros.engine.tensorrt.shapes import choose_shapes
from openpose_ros.errors import EngineError, MissingError, ModelError
from openpose_ros.models import ModelSpec, read_onnx_facts
from openpose_ros.placement import Size


def open_tensorrt(
    spec: ModelSpec,
    providers: Sequence[str] | None,
    threads: int | None,
    *,
    precision: str = '',
    net_resolution: Size | None = None,
    on_build: OnProgress | None = None,
) -> TensorrtEngine:
    """
    Open an engine of the cache, or build one.

    Parameters
    ----------
    spec : ModelSpec
        With the `path` of an ONNX file.
    providers : None
        They are ONNX Runtime's.
    threads : int, optional
        Ignored: they are of a CPU.
    precision : str
        'fp16' or 'fp32'; 'int8' and 'bf16' are what only a network can be in that is in it
        already. By default fp16, or what there is.
    net_resolution : (int, int), optional
        Width and height of the pictures that will come, pixels, as `PoseEstimator` takes them.
    on_build : callable, optional
        Build where no engine fits, and tell this how far that is; see `build_engine`. By default
        that is an error.

    Raises
    ------
    EngineError
        If there is no TensorRT, no GPU, or no engine and none is to be built, or it cannot be
        built or loaded; with what to do.
    ModelError
        If the model has no ONNX file.
    ParameterError
        If the model cannot run at that resolution.

    """
    if spec.path is None or spec.format != 'onnx':
        raise ModelError(f'TensorRT needs an ONNX file, but {spec.name} has {spec.path}')
    if providers is not None:
        raise EngineError(f'providers ({", ".join(providers)}) are for the backend onnxruntime')
    libraries = list(_libraries())
    gpu = Gpu(find_driver())
    try:
        searches = [_find(spec, one, gpu.facts, precision, net_resolution) for one in libraries]
        for library, search in zip(libraries, searches):
            if search.engine is not None:
                return TensorrtEngine(spec, library, gpu, search.engine)
        if on_build is None:
            raise EngineError(
                f'no TensorRT engine can be used: {searches[0].reason}; build one with: '
                f'{command(f"build-engine {quote(str(spec.path))}")}'
            )
        _check_can_be(spec, precision)
        on_build(0.0, searches[0].reason)
        key = next(_keys(spec, libraries[0], gpu.facts, precision, net_resolution))
        built = build_engine(spec, libraries[0], key, gpu=gpu, on_progress=on_build)
        return TensorrtEngine(spec, libraries[0], gpu, built)
    except BaseException:
        gpu.close()
        raise


def check_tensorrt() -> None:
    """
    See that there is a TensorRT and a GPU for it.

    Raises
    ------
    EngineError
        If not, with what to do.

    """
    list(_libraries())
    find_driver()


def search_engine(spec: ModelSpec, precision: str, net_resolution: Size | None) -> Search:
    """
    Look, without loading or building anything, for an engine that `open_tensorrt` would take.

    Parameters
    ----------
    spec, precision, net_resolution
        As there.

    Returns
    -------
    Search
        What was found, or why nothing, be it that there is no TensorRT or no GPU.

    """
    if not any(_is_of(engine, spec) for engine in list_engines()):
        return Search(None, f'no TensorRT engine of {spec.name} has been built')
    try:
        driver = find_driver()
        try:
            facts = driver.facts(0)
        except driver.errors as exc:
            return Search(None, f'GPU 0 cannot be used ({exc})')
        searches = [
            _find(spec, library, facts, precision, net_resolution) for library in _libraries()
        ]
    except MissingError as exc:
        return Search(None, exc.found)
    except EngineError as exc:
        return Search(None, str(exc))
    return next((search for search in searches if search.engine is not None), searches[0])


def _is_of(engine: CachedEngine, spec: ModelSpec) -> bool:
    return engine.model == spec.name or engine.key.onnx_sha256 == spec.sha256


def _libraries() -> Iterator[Library]:
    """Yield every TensorRT that is installed, the preferred first; there is at least one."""
    found = False
    for flavour in FLAVOURS:
        try:
            library = load_library(flavour)
        except EngineError:
            continue
        found = True
        yield library
    if not found:
        yield load_library()  # which says what is wrong with each


def _keys(
    spec: ModelSpec,
    library: Library,
    facts: GpuFacts,
    precision: str,
    net_resolution: Size | None,
) -> Iterator[EngineKey]:
    """Yield what would do, the preferred first."""
    size = net_resolution or spec.input.fixed_size or spec.net_resolution
    shapes = choose_shapes(spec, optimum=size, fixed=-1 not in size)
    for choice in _precisions(spec, precision):
        yield make_key(spec, library, precision=choice, shapes=shapes, gpu=facts)


def _precisions(spec: ModelSpec, precision: str) -> tuple[str, ...]:
    """Return what engines may have been asked for in, to be in that precision."""
    if precision in PRECISIONS:
        return (precision,)
    preferred = 'fp32' if precision else default_precision(spec)  # fp32 leaves a graph as it is
    return tuple(dict.fromkeys((preferred, 'fp32')))


def _check_can_be(spec: ModelSpec, precision: str) -> None:
    """See that an engine will be in a precision, before minutes are spent on it."""
    assert spec.path is not None
    found = read_onnx_facts(spec.path).precision
    if precision not in ('', *PRECISIONS, found):
        raise EngineError(
            f'an engine of {spec.name} cannot be in {precision}: the network is in {found}; take '
            f'a network that is in {precision}, or one of {", ".join(PRECISIONS)}'
        )


def _find(
    spec: ModelSpec,
    library: Library,
    facts: GpuFacts,
    precision: str,
    net_resolution: Size | None,
) -> Search:
    size = net_resolution or spec.input.fixed_size or spec.net_resolution
    reasons = []
    try:
        for key in _keys(spec, library, facts, precision, net_resolution):
            search = find_engine(key, spec.name, size=size, any_shapes=True)
            if search.engine is not None:
                return search
            reasons.append(search.reason)
    except EngineError as exc:  # this TensorRT has no code for this GPU
        reasons.append(str(exc))
    return Search(None, reasons[0])
