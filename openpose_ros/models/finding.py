"""
Which models there are, and where their files lie.

Looked for, in this order, in

- the folders of the environment variable OPENPOSE_ROS_MODEL_PATH, separated as PATH is,
- `models` in the user's cache, which is $OPENPOSE_ROS_CACHE, or openpose_ros in $XDG_CACHE_HOME
  or ~/.cache,
- the package itself.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from functools import cache
import hashlib
import logging
import os
from os.path import isdir, isfile  # pathlib's raise where these say no
from pathlib import Path, PurePosixPath

from openpose_ros.commands import command
from openpose_ros.errors import ModelError
from openpose_ros.home import expand_user
from openpose_ros.models.default import GPU, default_name
from openpose_ros.models.manifest import (
    METADATA_PREFIX,
    REQUIRED,
    fields_of_metadata,
    make_spec,
    read_json,
)
from openpose_ros.models.onnx_file import read_onnx_facts
from openpose_ros.models.spec import ModelSpec

_LOGGER = logging.getLogger(__name__)
_DATA = Path(__file__).parent / 'data'
_SHOWN = 100  # characters of what is no name
CONVERTED_FROM = 'openpose_ros_converted_from'  # an entry in the metadata of an ONNX file


def cache_folder() -> Path:
    """Return the user's cache of this package; it need not exist."""
    own = os.environ.get('OPENPOSE_ROS_CACHE')
    common = os.environ.get('XDG_CACHE_HOME') or expand_user('~/.cache')
    return Path(own) if own else Path(common, 'openpose_ros')


def download_folder() -> Path:
    """Return where downloaded models are kept; it need not exist."""
    return cache_folder() / 'models'


def model_folders() -> tuple[Path, ...]:
    """Return where model files are looked for, the first place first."""
    listed = os.environ.get('OPENPOSE_ROS_MODEL_PATH', '').split(os.pathsep)
    return (*(Path(expand_user(name)) for name in listed if name), download_folder(), _DATA)


@cache
def known_models() -> tuple[ModelSpec, ...]:
    """Return what the package's manifests describe, `path` None, sorted by name."""
    specs = [make_spec(read_json(path), path.name, _DATA) for path in _DATA.glob('*.json')]
    return tuple(sorted(specs, key=lambda spec: spec.name))


def list_models() -> tuple[ModelSpec, ...]:
    """
    Return every model: the known ones, then the user's own in the folders of models.

    `path` is where a file of the right name lies, not yet compared with its sha256, or None. A
    file of the user's own that nothing describes is left out, with a warning in the log.
    """
    models = [replace(spec, path=_first_file(spec.file)) for spec in known_models()]
    taken = {spec.file for spec in models}
    for folder in model_folders():
        for path in sorted(folder.glob('*.onnx')):
            if path.name not in taken and isfile(path):
                taken.add(path.name)
                try:
                    models.append(_load_file(path))
                except ModelError as exc:
                    _LOGGER.warning('%s', exc)
    return tuple(models)


def load_model(name_or_path: str | Path | None = None, *, need_file: bool = True) -> ModelSpec:
    """
    Find a model and what is known about it.

    Parameters
    ----------
    name_or_path : str or Path, optional
        The path of a file, or else a name that is looked for in `model_folders()`. By default
        what a GPU runs where none is named; `open_engine` also knows what a CPU does.
    need_file : bool
        False also returns a known model whose file is not here, `path` None: enough for the fake
        engine, which runs no network.

    Returns
    -------
    ModelSpec
        A known file is recognised by its sha256, whatever its name. Any other is described by
        the manifest beside it (model.json for model.onnx) or by its metadata.

    Raises
    ------
    ModelError
        If there is no such model, it is not here, it was changed, or nothing describes it; the
        message says what to do.

    """
    if name_or_path is None:
        name_or_path = default_name(GPU)
    if not isinstance(name_or_path, (str, os.PathLike)):
        raise ModelError(
            f'the model is {name_or_path!r:.{_SHOWN}}, but must be the path of an ONNX file, '
            'or a name'
        )
    path = Path(expand_user(name_or_path))
    if isfile(path):
        return _load_file(path)
    name = str(name_or_path)
    known = next((spec for spec in known_models() if spec.name == name), None)
    for file in (known.file,) if known else (name, f'{name}.onnx'):
        found = _first_file(file)
        if found is not None:
            spec = _load_file(found)
            others = {other.sha256 for other in known_models() if other is not known}
            if known is not None and spec.sha256 in others:
                _check_sha256(found, spec.sha256, known.sha256, name)
            return spec
    if known is None:
        try:
            os.stat(path)
        except PermissionError as exc:  # as it is named, it would not be looked for elsewhere
            raise ModelError(f'cannot read the model {name}: {exc.strerror}') from exc
        except (OSError, ValueError):
            pass
        what = 'is neither a file nor a known name'
        if name and isdir(path):
            what = 'is a folder'
        raise ModelError(
            f"the model '{name}' {what}; give the path of an ONNX file, or one of "
            f'{", ".join(spec.name for spec in known_models())}'
        )
    if need_file:
        raise ModelError(f'the model {name} is not on this machine; {how_to_get(known)}')
    return known


def files_of(path: Path | None) -> tuple[Path, ...]:
    """
    Return the files that a model is read from: its own, and what lies beside it.

    These are the .bin of OpenVINO IR, the manifest, and a skeleton that the manifest names.
    """
    if path is None:
        return ()
    manifest = path.with_suffix('.json')
    found = [path, path.with_suffix('.bin'), manifest]
    if isfile(manifest):
        with suppress(ModelError):
            skeleton = str(read_json(manifest).get('skeleton'))
            if skeleton.endswith('.json'):
                found.append(path.parent / skeleton)
    return tuple(filter(isfile, found))


def how_to_get(spec: ModelSpec) -> str:
    """Return what a user must do who has not got the file, as the end of a sentence."""
    if spec.can_be_fetched:
        return f'get it with: {command(f"models fetch {spec.name}")}'
    return (
        f'set OPENPOSE_ROS_MODEL_PATH to the folder that holds {spec.file} (sha256 {spec.sha256})'
    )


def converted_from(spec: ModelSpec) -> str:
    """Return what an ONNX file says under `CONVERTED_FROM` if it was made from a model's files."""
    return ' '.join(published.sha256 for published in spec.origin)


def file_sha256(path: Path) -> str:
    """Return the sha256 of a file, in lower case; 16 MB take some 10 ms."""
    digest = hashlib.sha256()
    try:
        with path.open('rb') as file:
            while block := file.read(1 << 20):
                digest.update(block)
    except OSError as exc:
        raise ModelError(f'cannot read the model {path}: {exc.strerror}') from exc
    return digest.hexdigest()


def _first_file(file: str) -> Path | None:
    places = (folder / file for folder in model_folders())
    return next((place for place in places if isfile(place)), None)


def _load_file(path: Path) -> ModelSpec:
    """Describe a file by what it is, then by what lies beside it, then by what it says."""
    sha256 = file_sha256(path)
    for spec in known_models():
        if spec.sha256 == sha256:
            _check_companions(path, spec)
            return replace(spec, path=path)
    for spec in known_models():
        if sha256 in {published.sha256 for published in spec.origin}:
            raise ModelError(
                f'{path} is a published file of {spec.name}, but its model file is {spec.file}; '
                f'{how_to_get(spec)}'
            )
    defaults = {'name': path.stem, 'file': path.name, 'sha256': sha256}
    sidecar = path.with_suffix('.json')
    if isfile(sidecar):
        spec = make_spec(
            {**defaults, **read_json(sidecar)}, f'the manifest {sidecar}', path.parent
        )
        _check_sha256(path, sha256, spec.sha256, spec.name)
        return replace(spec, path=path)
    metadata = {} if path.suffix == '.xml' else read_onnx_facts(path).metadata
    for spec in known_models():
        if not spec.is_published and metadata.get(CONVERTED_FROM) == converted_from(spec):
            return replace(spec, path=path, sha256=sha256)
    for spec in known_models():
        if path.stem == spec.name or path.name == spec.file:
            _check_sha256(path, sha256, spec.sha256, spec.name)
    fields = fields_of_metadata(metadata)
    if not fields:
        raise ModelError(
            f'nothing describes the model {path}: write {", ".join(REQUIRED)} into {sidecar.name} '
            f'beside it, or into its ONNX metadata as {METADATA_PREFIX}{REQUIRED[0]} and so on'
        )
    spec = make_spec({**defaults, **fields}, f'the metadata of {path}', path.parent)
    return replace(spec, path=path, sha256=sha256)


def _check_companions(path: Path, spec: ModelSpec) -> None:
    """Check the files that belong to a published one: the .bin beside OpenVINO's .xml."""
    if spec.is_published:
        for published in spec.origin:
            companion = path.with_suffix(PurePosixPath(published.file).suffix)
            _check_sha256(companion, file_sha256(companion), published.sha256, spec.name)


def _check_sha256(path: Path, found: str, expected: str, name: str) -> None:
    if found != expected:
        raise ModelError(
            f'{path} is not of {name} as its manifest knows it: sha256 {found}, expected '
            f'{expected}; get the file anew, or describe one of your own in '
            f'{path.with_suffix(".json").name} beside it'
        )
