"""From a file of another format to an ONNX file that every engine runs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from importlib import import_module
import json
from os.path import isfile, lexists  # pathlib's raise where these say no
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

from openpose_ros.errors import ModelError, OutputError, ParameterError
from openpose_ros.files import Claims, write_whole
from openpose_ros.models.finding import (
    CONVERTED_FROM,
    converted_from,
    download_folder,
    file_sha256,
    files_of,
    known_models,
)
from openpose_ros.models.importing.detect import KINDS, kind_of
from openpose_ros.models.importing.limits import one_line
from openpose_ros.models.manifest import METADATA_PREFIX, read_json
from openpose_ros.models.onnx_file import read_onnx_facts
from openpose_ros.models.spec import ModelSpec

if TYPE_CHECKING:
    from openpose_ros.models.importing.graph import Graph
    from openpose_ros.models.importing.openvino_ir.reading import Port

PRECISIONS = ('fp32', 'fp16', 'int8')
# Skeletons of networks that look at a crop, and the flag of `estimate` that takes one.
FOR_CROPS = {'hand_21': 'hand', 'face_70': 'face'}
_OF_THE_FILE = ('file', 'sha256', 'size', 'origin')  # in the manifest of what is imported
_PARENT = 'openpose_ros.models.importing'
# What reads a kind, and which of `prototxt` and `stages` it takes. OpenVINO IR goes its own way.
_READERS: Mapping[str, tuple[str, tuple[str, ...]]] = {
    'caffe': ('caffe.reading', ('prototxt', 'stages')),
    'torch': ('torch.reading', ('stages',)),
    'safetensors': ('safetensors.reading', ('stages',)),
    'keras': ('keras.reading', ('stages',)),
    'tensorflow': ('tensorflow.reading', ()),
    'tfjs': ('tfjs.reading', ()),
}


def import_model(
    path: str | Path,
    output: str | Path | None = None,
    *,
    kind: str | None = None,
    prototxt: str | Path | None = None,
    stages: int | None = None,
    name: str | None = None,
    precision: str | None = None,
) -> Path:
    """
    Convert a network to ONNX, with height and width of the picture open.

    What is known of its family goes into the file's metadata: the skeleton, what the picture must
    be, whose it is. A manifest beside the file is taken along, too, and what it says counts more.
    The published files of a model that the package knows become that model: its outputs get the
    names of the manifest, and the file says what it was made from, by which `load_model` knows it.

    Parameters
    ----------
    path : str or Path
        The file; of OpenVINO IR the .xml, the .bin lies beside it; of tfjs the model.json.
    output : str or Path, optional
        The ONNX file, overwritten if it exists; by default one in `download_folder()`, where it
        must not, and where `load_model` finds it by its name.
    kind : str, optional
        One of `KINDS`; by default what the file is, by its content.
    prototxt : str or Path, optional
        The graph of a Caffe network; by default one of OpenPose's own, by the layers' names.
    stages : int, optional
        How many stages of an OpenPose network are kept; by default all.
    name : str, optional
        Of the network; by default the file's own without its ending.
    precision : str, optional
        'fp32', 'fp16' or 'int8'; by default float32, or what an IR is in. An IR of int8 becomes
        QuantizeLinear and DequantizeLinear around its operations, or floats without them.

    Returns
    -------
    Path
        The ONNX file.

    Raises
    ------
    ModelError
        If a file cannot be read or written, is in no such format, or has operations that are not
        known here; the message names them.
    ParameterError
        If `output` is one of the files that are read, or an argument is none for this kind.

    """
    source = Path(path)
    if name is not None and (not name or Path(name).name != name):
        raise ParameterError(f"name is '{name}', but must be a name without folders")
    found = _checked(kind, source, {'prototxt': prototxt, 'stages': stages}, precision)
    try:
        if found == 'openvino-ir':
            return _import_ir(source, output, name, precision)
        return _import_graph(source, output, name, found, prototxt, stages, precision or 'fp32')
    except ImportError as exc:
        if exc.name != 'onnx':
            raise
        raise ModelError(
            f'to convert a model, the package onnx is needed ({exc}): pip install onnx'
        ) from exc


def _checked(
    kind: str | None, source: Path, given: Mapping[str, object], precision: str | None
) -> str:
    """Return the kind of a file after a look at what was asked for."""
    if kind is not None and kind not in KINDS:
        raise ParameterError(f"kind is '{kind}', but must be one of {', '.join(KINDS)}")
    if precision is not None and precision not in PRECISIONS:
        raise ParameterError(
            f"precision is '{precision}', but must be one of {', '.join(PRECISIONS)}"
        )
    found = kind or kind_of(source)
    _, takes = _READERS.get(found, ('', ()))
    for argument, value in given.items():
        if value is not None and argument not in takes:
            fitting = [other for other, (_, taken) in _READERS.items() if argument in taken]
            raise ParameterError(
                f'{source} is {found}, which goes without {argument}: that is for '
                f'{" and ".join(fitting)}'
            )
    if precision == 'int8' and found != 'openvino-ir':
        raise ParameterError(
            f'{source} is {found}, which is not in int8: take fp32 or fp16, and quantise later'
        )
    return found


def _import_graph(
    source: Path,
    output: str | Path | None,
    name: str | None,
    kind: str,
    prototxt: str | Path | None,
    stages: int | None,
    precision: str,
) -> Path:
    """Convert what is read as a `Graph`."""
    from openpose_ros.models.importing.families import manifest_of
    from openpose_ros.models.importing.writing import write_graph

    module, _ = _READERS[kind]
    reader = import_module(f'{_PARENT}.{module}')
    options: dict[str, Any] = {'stages': stages} if stages is not None else {}
    if prototxt is not None:
        options['prototxt'] = Path(prototxt)
    target = Path(output) if output else _free_place(None, name or source.stem)
    others = _other_files(reader, source)
    _check_target(target, source, *others, *([prototxt] if prototxt else []))
    try:
        graph: Graph = reader.read(source, **options)
        content = write_graph(
            graph,
            name=name or source.stem,
            precision=precision,
            metadata=_metadata(source, manifest_of(graph), name),
        )
    except (ValueError, OverflowError) as exc:
        raise _refusal(source, exc) from exc
    write_whole(target, content, error=ModelError, make_folder=not output)
    return target


def _refusal(source: Path, exc: Exception) -> ModelError:
    return ModelError(f'cannot convert {source}: {one_line(exc)}')


def _other_files(reader: ModuleType, source: Path) -> Sequence[Path]:
    """Return what a file refers to, which must not be written over either."""
    if not hasattr(reader, 'other_files'):
        return ()
    try:
        return tuple(reader.other_files(source))
    except ValueError as exc:
        raise _refusal(source, exc) from exc


def _import_ir(
    source: Path, output: str | Path | None, name: str | None, precision: str | None
) -> Path:
    # Here, as whoever only looks for models needs neither NumPy nor onnx.
    from openpose_ros.models.importing.openvino_ir.reading import read_ir
    from openpose_ros.models.importing.openvino_ir.to_onnx import (
        own_precision,
        results_of,
        to_onnx,
    )

    layers = read_ir(source)
    known = _known(source)
    own = own_precision(layers)
    is_known = known is not None and precision in (None, own)
    stem = name or source.stem
    means = known if is_known and name is None else None
    target = Path(output) if output else _free_place(means, stem)
    _check_target(target, source)
    metadata = _metadata(source, {}, name) if known is None else {}
    if known is not None and is_known:
        metadata = {CONVERTED_FROM: converted_from(known)}
    try:
        results = results_of(layers)
        content = to_onnx(
            layers,
            name=known.name if known else stem,
            precision=precision or own,
            rename=_names(known, results) if known else {},
            metadata=metadata,
        )
    except ValueError as exc:
        raise _refusal(source, exc) from exc
    write_whole(target, content, error=ModelError, make_folder=not output)
    return target


def _free_place(spec: ModelSpec | None, stem: str) -> Path:
    """Return where a model is found by its name, its file's own or that of what is read."""
    place = download_folder() / (spec.file if spec else f'{stem}.onnx')
    if lexists(place):
        raise ModelError(f'{place} exists already; name another file with --output')
    if spec is None and place.name in {other.file for other in known_models()}:
        raise ModelError(
            f'{stem} is the name of another network, the known one; name a file with --output'
        )
    return place


def _check_target(target: Path, source: Path, *others: str | Path) -> None:
    """See that what is written is none of what is read, and no other file than a network."""
    try:
        Claims([*files_of(source), *others]).claim(target)
    except OutputError as exc:
        raise ModelError(str(exc)) from exc
    if isfile(target) and target.stat().st_size:
        try:
            read_onnx_facts(target)
        except ModelError as exc:
            raise ParameterError(
                f'{target} is there already and is no network: it would be lost. Name another '
                'FILE, or delete that one'
            ) from exc


def _metadata(source: Path, known: Mapping[str, Any], name: str | None) -> dict[str, str]:
    """Return what the ONNX file shall say about itself: what is known, and the manifest beside."""
    manifest = source.with_suffix('.json')
    told: dict[str, Any] = {}
    if manifest != source and isfile(manifest):
        told = read_json(manifest)
    if str(told.get('skeleton')).endswith('.json'):  # a path, seen from the manifest
        told['skeleton'] = str(source.parent.absolute() / told['skeleton'])
    merged = {**known, **told}
    for section, value in told.items():
        if isinstance(value, dict) and isinstance(known.get(section), dict):
            merged[section] = {**known[section], **value}
    if merged and name:
        merged['name'] = name
    return {
        f'{METADATA_PREFIX}{field}': json.dumps(value)
        for field, value in merged.items()
        if field not in _OF_THE_FILE
    }


def _known(path: Path) -> ModelSpec | None:
    """Return the model that is made of these files of OpenVINO IR."""
    found = {file_sha256(file) for file in (path, path.with_suffix('.bin'))}
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
