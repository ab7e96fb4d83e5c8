"""From the files of OpenVINO IR to an ONNX file that every engine runs."""

from __future__ import annotations

from collections.abc import Mapping
import json
from pathlib import Path
from typing import TYPE_CHECKING

from openpose_ros.errors import ModelError, OutputError
from openpose_ros.files import Claims, write_whole
from openpose_ros.models.finding import (
    CONVERTED_FROM,
    converted_from,
    download_folder,
    file_sha256,
    files_of,
    known_models,
)
from openpose_ros.models.manifest import METADATA_PREFIX, read_json
from openpose_ros.models.spec import ModelSpec

if TYPE_CHECKING:
    from openpose_ros.models.importing.openvino_ir.reading import Port

PRECISIONS = ('fp32', 'fp16', 'int8')
_OF_THE_IR = ('file', 'sha256', 'size', 'origin')  # in its manifest


def import_model(
    path: str | Path, output: str | Path | None = None, *, precision: str | None = None
) -> Path:
    """
    Convert OpenVINO IR (version 10 or 11) to ONNX, with height and width of the picture open.

    The published files of a known model become that model: its outputs get the names of the
    manifest, and the file says what it was made from, by which `load_model` knows it. Any other
    takes along what the manifest beside it says.

    Parameters
    ----------
    path : str or Path
        The .xml file; the .bin lies beside it.
    output : str or Path, optional
        The ONNX file, overwritten if it exists; by default one in `download_folder()`, where it
        must not, and where `load_model` finds it by its name.
    precision : str, optional
        'fp32', 'fp16' or 'int8'; by default what the IR is in. An IR of int8 becomes
        QuantizeLinear and DequantizeLinear around its operations, or floats without them.

    Returns
    -------
    Path
        The ONNX file.

    Raises
    ------
    ModelError
        If a file cannot be read or written, is no such IR, or has operations that are not known
        here; the message names them.
    ParameterError
        If `output` is one of the files that are read.

    """
    try:
        # Here, as whoever only looks for models needs neither NumPy nor onnx.
        from openpose_ros.models.importing.openvino_ir.reading import read_ir
        from openpose_ros.models.importing.openvino_ir.to_onnx import (
            own_precision,
            results_of,
            to_onnx,
        )
    except ImportError as exc:
        raise ModelError(
            f'to convert a model, the package onnx is needed ({exc}): pip install onnx'
        ) from exc
    source = Path(path)
    layers = read_ir(source)
    known = _known(source)
    own = own_precision(layers)
    is_known = known is not None and precision in (None, own)
    target = Path(output) if output else _free_place(known if is_known else None, source.stem)
    _check_target(target, source)
    try:
        results = results_of(layers)
        content = to_onnx(
            layers,
            name=known.name if known else source.stem,
            precision=precision or own,
            rename=_names(known, results) if known else {},
            metadata=_metadata(source, known, is_known=is_known),
        )
    except ValueError as exc:
        raise ModelError(f'cannot convert {source}: {exc}') from exc
    write_whole(target, content, error=ModelError, make_folder=not output)
    return target


def _free_place(spec: ModelSpec | None, stem: str) -> Path:
    """Return where a model is found by its name, its file's own or that of the IR."""
    place = download_folder() / (spec.file if spec else f'{stem}.onnx')
    if place.exists():
        raise ModelError(f'{place} exists already; name another file with --output')
    if spec is None and place.name in {other.file for other in known_models()}:
        raise ModelError(
            f'{stem} is the name of another network, the known one; name a file with --output'
        )
    return place


def _check_target(target: Path, source: Path) -> None:
    """See that what is written is none of what is read."""
    try:
        Claims(files_of(source)).claim(target)
    except OutputError as exc:
        raise ModelError(str(exc)) from exc


def _metadata(source: Path, known: ModelSpec | None, *, is_known: bool) -> dict[str, str]:
    """Return what the ONNX file shall say about itself."""
    if known is not None:
        return {CONVERTED_FROM: converted_from(known)} if is_known else {}
    manifest = source.with_suffix('.json')
    told = read_json(manifest) if manifest.is_file() else {}
    if str(told.get('skeleton')).endswith('.json'):  # a path, seen from the manifest
        told['skeleton'] = str(source.parent.absolute() / told['skeleton'])
    return {
        f'{METADATA_PREFIX}{name}': json.dumps(value)
        for name, value in told.items()
        if name not in _OF_THE_IR
    }


def _files(path: Path) -> tuple[Path, Path]:
    return path, path.with_suffix('.bin')


def _known(path: Path) -> ModelSpec | None:
    """Return the model that is made of these files."""
    found = set(map(file_sha256, _files(path)))
    return next(
        (
            spec
            for spec in known_models()
            if not spec.is_published and {published.sha256 for published in spec.origin} == found
        ),
        None,
    )


def _names(spec: ModelSpec, results: Mapping[str, Port]) -> dict[str, str]:
    """Return what the manifest calls the outputs, which it knows by their channels."""
    keypoints, limbs = spec.skeleton.num_keypoints, spec.skeleton.num_limbs
    wanted = {keypoints: spec.outputs.heatmaps, 2 * limbs: spec.outputs.pafs}
    wanted[keypoints + 1] = spec.outputs.heatmaps
    channels = {name: port.shape[1] for name, port in results.items() if len(port.shape) == 4}
    return {name: wanted[count] for name, count in channels.items() if wanted.get(count)}
