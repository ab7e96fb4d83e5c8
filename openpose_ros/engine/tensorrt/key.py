"""Which engine is wanted, or was built: from what, by what, and for what."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from openpose_ros.engine.tensorrt.cuda import GpuFacts
from openpose_ros.engine.tensorrt.library import Library
from openpose_ros.engine.tensorrt.shapes import InputShapes
from openpose_ros.errors import EngineError
from openpose_ros.models import ModelSpec


@dataclass(frozen=True)
class EngineKey:
    """
    What an engine was built from and for; where anything differs it is another engine.

    Attributes
    ----------
    onnx_sha256 : str
        Of the model file.
    library, version : str
        'tensorrt' or 'tensorrt_rtx', and which.
    gpu : str
        Name of the GPU it was tuned on; '' where engines fit every GPU of `targets`.
    targets : tuple of str
        Compute capabilities that it runs on, as 'sm_87'.
    precision : str
        'fp16' or 'fp32', as it was asked for.
    shapes : InputShapes

    """

    onnx_sha256: str
    library: str
    version: str
    gpu: str
    targets: tuple[str, ...]
    precision: str
    shapes: InputShapes


def target_of(compute_capability: tuple[int, int]) -> str:
    """Return the target of a compute capability: 'sm_87' for (8, 7)."""
    return 'sm_{}{}'.format(*compute_capability)


def make_key(
    spec: ModelSpec,
    library: Library,
    *,
    precision: str,
    shapes: InputShapes,
    gpu: GpuFacts | None = None,
    targets: Sequence[str] = (),
) -> EngineKey:
    """
    Say which engine is wanted.

    Parameters
    ----------
    spec : ModelSpec
        The model.
    library : Library
        The TensorRT that shall build or run it.
    precision : str
        'fp16' or 'fp32'.
    shapes : InputShapes
        What it shall take.
    gpu : GpuFacts, optional
        The GPU that it shall run on.
    targets : sequence of str, optional
        Instead: every GPU of these compute capabilities, as 'sm_86'.

    Raises
    ------
    EngineError
        If there is neither GPU nor target, or the library has no code for it.

    """
    if targets:
        name, chosen = '', tuple(dict.fromkeys(targets))
    elif gpu is not None:
        # An engine that could be built for any GPU of a kind is not tuned on this one.
        name = '' if library.targets else gpu.name
        chosen = (target_of(gpu.compute_capability),)
    else:
        can = f'; {library.title} can for {", ".join(library.targets)}' if library.targets else ''
        raise EngineError(f'there is no GPU to build an engine for{can}: name a target')
    if library.targets or targets:
        for target in chosen:
            library.compute_capability(target)
    return EngineKey(
        spec.sha256, library.flavour, library.version, name, chosen, precision, shapes
    )


def key_differences(built: EngineKey, wanted: EngineKey, any_shapes: bool) -> list[str]:
    """
    Say what speaks against an engine, each as the end of a sentence.

    Parameters
    ----------
    built, wanted : EngineKey
        Of the engine, and what is asked for: it fits if it was built for this GPU, or for every
        GPU of these targets.
    any_shapes : bool
        Whether other shapes will do.

    """
    targets = set(wanted.targets) <= set(built.targets) and built.gpu in ('', wanted.gpu)
    versions = (built.library, built.version), (wanted.library, wanted.version)
    checks = [
        (built.onnx_sha256 == wanted.onnx_sha256, 'is of another version of the model file'),
        (versions[0] == versions[1], 'is of {} {}, not {} {}'.format(*versions[0], *versions[1])),
        (targets, f'is for {_gpu_text(built)}, not {_gpu_text(wanted)}'),
        (
            built.precision == wanted.precision,
            f'is in {built.precision}, not {wanted.precision}',
        ),
        (
            any_shapes or built.shapes == wanted.shapes,
            f'takes {built.shapes}, not {wanted.shapes}',
        ),
    ]
    return [text for fits, text in checks if not fits]


def _gpu_text(key: EngineKey) -> str:
    targets = ', '.join(key.targets)
    return f'{key.gpu} ({targets})' if key.gpu else targets
