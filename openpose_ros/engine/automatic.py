"""What the backend `auto` takes: what can run a model here, the fastest first, unmeasured."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from importlib.util import find_spec
from typing import NamedTuple

from openpose_ros.backends import AUTO
from openpose_ros.engine.tensorrt.opening import search_engine
from openpose_ros.errors import EngineError
from openpose_ros.models import ModelSpec, read_onnx_facts
from openpose_ros.placement import Size

_CUDA, _CPU = 'CUDAExecutionProvider', 'CPUExecutionProvider'


class Candidate(NamedTuple):
    """A backend, ONNX Runtime's providers for it if any, and why it is its turn."""

    backend: str
    providers: Sequence[str] | None
    reason: str


def candidates(
    spec: ModelSpec,
    *,
    providers: Sequence[str] | None = None,
    precision: str = '',
    net_resolution: Size | None = None,
) -> Iterator[Candidate]:
    """
    Yield what may run a model, to be tried in this order; there is at least one.

    Nothing is built, loaded or measured. What comes after a candidate counts on its failure.

    Parameters
    ----------
    spec : ModelSpec
        With a `path`.
    providers, precision, net_resolution
        As `open_engine` takes them.

    Raises
    ------
    EngineError
        If no backend runs files of that format.

    """
    if spec.format not in _BY_FORMAT:
        raise EngineError(
            f'no backend runs {spec.path}, a .{spec.format} file; there are backends for '
            f'{", ".join(f".{ending}" for ending in _BY_FORMAT)}'
        )
    if providers is not None:
        yield Candidate('onnxruntime', providers, 'providers are its own')
    else:
        yield from _BY_FORMAT[spec.format](spec, precision, net_resolution)


def comes_to_cpu(
    spec: ModelSpec,
    backend: str,
    *,
    providers: Sequence[str] | None = None,
    net_resolution: Size | None = None,
) -> bool:
    """
    Return whether a CPU is what runs an ONNX model first: the same answer for every backend.

    Parameters
    ----------
    spec : ModelSpec
        With a `path`, where the backend is 'auto'.
    backend : str
        As `open_engine` takes it.
    providers, net_resolution
        As `open_engine` takes them.

    """
    if backend == AUTO:
        first = next(candidates(spec, providers=providers, net_resolution=net_resolution))
        backend, providers = first.backend, first.providers
    if backend == 'onnxruntime':
        return tuple(providers) == (_CPU,) if providers is not None else not _offers_cuda()
    return backend == 'openvino'


def _for_onnx(spec: ModelSpec, precision: str, net_resolution: Size | None) -> Iterator[Candidate]:
    search = search_engine(spec, precision, net_resolution)
    passed = [search.reason]
    if search.engine is not None:
        yield Candidate('tensorrt', None, f'the cached engine {search.engine.path.name} fits')
        passed = ['the cached TensorRT engine does not run']
    if _offers_cuda():
        yield Candidate('onnxruntime', (_CUDA,), _joined(passed))
        passed.append('CUDA does not work')
    else:
        passed.append('ONNX Runtime has no CUDA here')
    assert spec.path is not None
    if read_onnx_facts(spec.path).precision == 'int8' and find_spec('openvino') is not None:
        yield Candidate('openvino', None, _joined([*passed, 'the network is in int8']))
    yield Candidate('onnxruntime', (_CPU,), _joined(passed))


def _for_ir(spec: ModelSpec, precision: str, net_resolution: Size | None) -> Iterator[Candidate]:
    yield Candidate('openvino', None, 'it runs OpenVINO IR')


_BY_FORMAT = {'onnx': _for_onnx, 'xml': _for_ir}
FORMATS = tuple(_BY_FORMAT)  # of files that something runs


def _offers_cuda() -> bool:
    try:
        from openpose_ros.engine.onnxruntime import offers_cuda
    except Exception:  # noqa: BLE001  opening the last candidate will say so
        return False
    return offers_cuda()


def _joined(reasons: Sequence[str]) -> str:
    return '; '.join(reasons)
