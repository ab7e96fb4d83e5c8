"""
Manifests: a `ModelSpec` as JSON, or as the metadata of an ONNX file.

A manifest has the fields of `ModelSpec` by the same names: `name`, `file`, `sha256`, `size`,
`decoder`,
`skeleton` (a name, or the path of a .json file relative to the manifest), `stride`,
`net_resolution`, `limb_order`, `score_calibration` (`[slope, offset]`), `licence`, `description`,
`homepage`, `ap`, and the objects `input`, `outputs` and `origin` with the fields of `InputSpec`,
`OutputSpec` and `PublishedFile`. The metadata of an ONNX file hold the same, one entry a field:
`openpose_ros.skeleton` is `coco_18`, `openpose_ros.input.mean` is `[128, 128, 128]`; values are
JSON or plain words.

A model of one's own needs only `REQUIRED`; the rest has defaults.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from math import inf, isfinite
from pathlib import Path
from typing import Any

from openpose_ros.documents import parse_json, read_document
from openpose_ros.errors import ModelError, SkeletonError
from openpose_ros.models.calibration import ScoreCalibration
from openpose_ros.models.spec import (
    BACKGROUNDS,
    COLOURS,
    DECODERS,
    LAYOUTS,
    LIMB_ORDERS,
    InputSpec,
    ModelSpec,
    OutputSpec,
    PublishedFile,
)
from openpose_ros.skeletons import load_skeleton

REQUIRED = ('skeleton', 'input.colour', 'input.mean', 'input.scale')
METADATA_PREFIX = 'openpose_ros.'

Reader = Callable[[Any], Any]


def read_json(path: Path) -> dict[str, Any]:
    """
    Read the fields of a manifest.

    Raises
    ------
    ModelError
        If the file cannot be read or is no JSON object.

    """
    try:
        fields = parse_json(read_document(path))
    except OSError as exc:
        raise ModelError(f'cannot read the manifest {path}: {exc.strerror}') from exc
    except ValueError as exc:
        raise ModelError(f'the manifest {path} is not JSON: {exc}') from exc
    if not isinstance(fields, dict):
        raise ModelError(f'the manifest {path} must be an object of JSON, {{"skeleton": …}}')
    return fields


def fields_of_metadata(metadata: Mapping[str, str]) -> dict[str, Any]:
    """Return the fields that an ONNX file's metadata hold; empty if there are none of ours."""
    fields: dict[str, Any] = {}
    for key in sorted(metadata):  # `input`, an object, before what `input.mean` adds to it
        if key.startswith(METADATA_PREFIX):
            section, dot, name = key[len(METADATA_PREFIX) :].partition('.')
            value = _json_or_words(metadata[key])
            if dot:
                whole = fields.get(section)
                value = {**(whole if isinstance(whole, dict) else {}), name: value}
            fields[section] = value
    return fields


def _json_or_words(text: str) -> Any:
    try:
        return parse_json(text)
    except ValueError:
        return text


def make_spec(fields: Mapping[str, Any], where: str, folder: Path) -> ModelSpec:
    """
    Make a spec of a manifest's fields.

    Parameters
    ----------
    fields : mapping
        As JSON has them.
    where : str
        What messages call the manifest.
    folder : Path
        Where a skeleton's .json file is looked for.

    Raises
    ------
    ModelError
        If fields are missing (the message lists all of them), unknown or of a wrong form, or the
        skeleton is none for the decoder.

    """
    present = {name for name, value in fields.items() if value is not None}
    inputs = fields.get('input')
    if isinstance(inputs, dict):
        present |= {f'input.{name}' for name, value in inputs.items() if value is not None}
    missing = [name for name in ('name', 'file', 'sha256', *REQUIRED) if name not in present]
    if missing:
        raise ModelError(f'{where} lacks {", ".join(missing)}')

    def skeleton(value: Any) -> Any:
        name = _words(value)
        try:
            return load_skeleton(folder / name if name.endswith('.json') else name)
        except SkeletonError as exc:
            raise ModelError(f'{where}: {exc}') from exc

    def section(kind: type, readers: Mapping[str, Reader], name: str) -> Reader:
        return lambda value: kind(**_read(value, readers, where, f'{name}.'))

    def origin(value: Any) -> tuple[Any, ...]:
        if not isinstance(value, list):
            raise ValueError('a list')
        return tuple(map(section(PublishedFile, _PUBLISHED, 'origin'), value))

    readers = {
        **_MODEL,
        'skeleton': skeleton,
        'input': section(InputSpec, _INPUT, 'input'),
        'outputs': section(OutputSpec, _OUTPUTS, 'outputs'),
        'origin': origin,
    }
    spec = ModelSpec(**_read(fields, readers, where, ''))
    if spec.decoder == 'posenet' and any(limb.redundant for limb in spec.skeleton.limbs):
        raise ModelError(
            f"{where}: the decoder 'posenet' follows the limbs of a tree, but the skeleton "
            f'{spec.skeleton.name} has redundant ones; take coco_17, or one without them'
        )
    return spec


def _read(fields: Any, readers: Mapping[str, Reader], where: str, prefix: str) -> dict[str, Any]:
    """Return the value of each field, checked; null counts as absent."""
    if not isinstance(fields, Mapping):
        raise ModelError(f'{where}: {prefix.rstrip(".")} is {fields!r}, but must be an object')
    values = {}
    for name, value in fields.items():
        if name not in readers:
            raise ModelError(
                f"{where}: unknown field '{prefix}{name}'; known: {', '.join(sorted(readers))}"
            )
        if value is not None:
            try:
                values[name] = readers[name](value)
            except ValueError as exc:
                raise ModelError(
                    f'{where}: {prefix}{name} is {value!r}, but must be {exc}'
                ) from exc
    return values


def _words(value: Any) -> str:
    if not isinstance(value, str):
        raise ValueError('text')
    return value


def _choice(*choices: str) -> Reader:
    def read(value: Any) -> str:
        if value not in choices:
            raise ValueError(f'one of {", ".join(choices)}')
        return str(value)

    return read


def _number(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise ValueError('a number')
    try:
        number = float(value)
    except OverflowError:
        number = inf
    if not isfinite(number):
        raise ValueError('a number')
    return number


def _whole(low: int) -> Reader:
    def read(value: Any) -> int:
        if isinstance(value, bool) or not isinstance(value, int) or value < low:
            raise ValueError(f'a whole number from {low}')
        return value

    return read


def _list(reader: Reader, count: int, form: str) -> Reader:
    def read(value: Any) -> tuple[Any, ...]:
        try:
            if isinstance(value, list) and len(value) == count:
                return tuple(map(reader, value))
        except ValueError:
            pass  # the form says it all
        raise ValueError(form)

    return read


def _resolution(value: Any) -> tuple[Any, ...]:
    form = '[width, height], pixels, one of them perhaps -1'
    width, height = _list(_whole(-1), 2, form)(value)
    if 0 in (width, height) or width == height == -1:
        raise ValueError(form)
    return width, height


def _calibration(value: Any) -> ScoreCalibration:
    form = '[slope, offset], two numbers, the slope above 0'
    slope, offset = _list(_number, 2, form)(value)
    if slope <= 0:
        raise ValueError(form)
    return ScoreCalibration(slope, offset)


def _order(value: Any) -> tuple[str, str]:
    if value not in (['heatmaps', 'pafs'], ['pafs', 'heatmaps']):
        raise ValueError('["heatmaps", "pafs"] or ["pafs", "heatmaps"]')
    return value[0], value[1]


def _sha256(value: Any) -> str:
    text = _words(value).lower()
    if len(text) != 64 or set(text) - set('0123456789abcdef'):
        raise ValueError('64 hexadecimal digits')
    return text


def _urls(value: Any) -> tuple[str, ...]:
    if not isinstance(value, list) or not value:
        raise ValueError('a list of addresses')
    return tuple(map(_words, value))


_THREE = _list(_number, 3, 'three numbers, one a channel')
_MODEL: dict[str, Reader] = {
    'name': _words,
    'file': _words,
    'sha256': _sha256,
    'size': _whole(1),
    'decoder': _choice(*DECODERS),
    'stride': _whole(1),
    'net_resolution': _resolution,
    'limb_order': _choice(*LIMB_ORDERS),
    'score_calibration': _calibration,
    'licence': _words,
    'description': _words,
    'homepage': _words,
    'ap': _number,
}
_INPUT: dict[str, Reader] = {
    'name': _words,
    'layout': _choice(*LAYOUTS),
    'colour': _choice(*COLOURS),
    'mean': _THREE,
    'scale': _THREE,
    'pad': _number,
    'multiple': _whole(1),
    'offset': _whole(0),
    'fixed_size': _list(_whole(1), 2, '[width, height], pixels'),
}
_OUTPUTS: dict[str, Reader] = {
    'heatmaps': _words,
    'pafs': _words,
    'joined': _words,
    'order': _order,
    'background': _choice(*BACKGROUNDS),
    'layout': _choice(*LAYOUTS),
    'offsets': _words,
    'displacement_forward': _words,
    'displacement_backward': _words,
}
_PUBLISHED: dict[str, Reader] = {'file': _words, 'sha256': _sha256, 'urls': _urls}
