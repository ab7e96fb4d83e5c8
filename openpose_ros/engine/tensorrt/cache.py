"""
Engines that were built before, each with a JSON file beside it that says what it was built for.

A TensorRT engine runs with the version that built it, on the GPU that it was built for. Both
files are written whole or not at all, and the engine's sha256 stands in the other: what was not
finished, or was damaged since, is never loaded.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import asdict
import hashlib
import json
from pathlib import Path
import re
from typing import Any, NamedTuple

from openpose_ros.documents import parse_json
from openpose_ros.engine.tensorrt.files import locked, write_cached
from openpose_ros.engine.tensorrt.key import EngineKey, key_differences
from openpose_ros.engine.tensorrt.shapes import InputShapes
from openpose_ros.errors import EngineError, ModelError
from openpose_ros.files import write_whole
from openpose_ros.models.finding import cache_folder, file_sha256
from openpose_ros.placement import Size

_ENDING = '.engine'
_LAST = 99  # among reasons: what nobody can read says the least


class CachedEngine(NamedTuple):
    """
    An engine in the cache.

    Attributes
    ----------
    path : Path
        The file for `Runtime.deserialize_cuda_engine`; call `read_engine`, which checks it.
    model : str
        Name of the model.
    key : EngineKey
    precision : str
        What its layers really are in, as the build found.
    sha256 : str
        Of the file.
    size : int
        Of the file, bytes.
    source : str
        What `load_model` finds the model with: its name, or the path of its file.

    """

    path: Path
    model: str
    key: EngineKey
    precision: str
    sha256: str
    size: int
    source: str


class Search(NamedTuple):
    """What `find_engine` found: an engine, or None and why none fits."""

    engine: CachedEngine | None
    reason: str


def engine_folder() -> Path:
    """Return where engines are kept; it need not exist."""
    return cache_folder() / 'engines'


def list_engines() -> list[CachedEngine]:
    """Return every finished engine in the cache, the newest first; none is read."""
    return [engine for engine, _ in _read_folder() if engine is not None]


def find_engine(
    wanted: EngineKey, model: str, *, size: Size | None = None, any_shapes: bool = False
) -> Search:
    """
    Look for an engine in the cache.

    Parameters
    ----------
    wanted : EngineKey
        An engine fits that was built for this GPU, or for every GPU of these targets.
    model : str
        The model's name: engines of that name, or of that file, are what the reason speaks of.
    size : (int, int), optional
        Width and height of pictures that it must take; -1: a side that it must leave open.
    any_shapes : bool
        Whether an engine of other shapes will do, if it takes `size`.

    Returns
    -------
    Search
        The newest engine that fits and whose file is whole; or why there is none, as the end of
        a sentence.

    """
    reasons = []
    for engine, trouble in _read_folder():
        if engine is None:
            reasons.append((_LAST, trouble))
            continue
        if model != engine.model and wanted.onnx_sha256 != engine.key.onnx_sha256:
            continue
        differences = key_differences(engine.key, wanted, any_shapes)
        if size is not None and not engine.key.shapes.holds(size):
            differences.append(f'takes {engine.key.shapes}, not {size[0]}x{size[1]}')
        if not differences:
            damage = _damage(engine)
            if damage is None:
                return Search(engine, '')
            differences = [damage]
        reasons.append((len(differences), f'{engine.path.name} {" and ".join(differences)}'))
    if not reasons:
        return Search(None, f'no engine of {model} has been built')
    return Search(None, min(reasons)[1])


def read_engine(engine: CachedEngine) -> bytes:
    """
    Read an engine.

    Raises
    ------
    EngineError
        If the file is gone or is not the one that was built.

    """
    try:
        plan = engine.path.read_bytes()
    except OSError as exc:
        raise EngineError(
            f'cannot read the engine {engine.path}: {exc.strerror}; build it anew'
        ) from exc
    if hashlib.sha256(plan).hexdigest() != engine.sha256:
        raise EngineError(f'the engine {engine.path} is damaged; delete it, and build it anew')
    return plan


def copy_engine(engine: CachedEngine, path: Path) -> None:
    """
    Write an engine, and what is known of it beside it, to another place.

    Both in the folder of engines of another machine's cache are an engine of that machine, if it
    fits.

    Raises
    ------
    EngineError
        If it cannot be read, is damaged, or cannot be written.

    """
    plan = read_engine(engine)
    for there, data in ((path, plan), (sidecar(path), sidecar(engine.path).read_bytes())):
        write_whole(there, data, error=EngineError, remedy='name another file', make_folder=True)


def store_engine(
    key: EngineKey,
    model: str,
    precision: str,
    plan: bytes,
    facts: Mapping[str, Any],
    *,
    source: str | None = None,
) -> CachedEngine:
    """
    Put an engine into the cache, in place of one of the same key.

    Parameters
    ----------
    key : EngineKey
        What it was built from and for.
    model : str
        The model's name.
    precision : str
        What the layers are in.
    plan : bytes
        The serialised engine.
    facts : mapping of str to what JSON holds
        Said in the JSON file, for people to read.
    source : str, optional
        What `load_model` finds the model with, by default its name.

    Raises
    ------
    EngineError
        If the cache cannot be written.

    """
    path = _path_of(key, model)
    source = source or model
    sha256 = hashlib.sha256(plan).hexdigest()
    told = {
        'model': model,
        'source': source,
        'precision': precision,
        'sha256': sha256,
        'size': len(plan),
        **facts,
        'key': asdict(key),
    }
    # Between the two writes an older JSON file may stand beside the new engine: it does not fit.
    write_cached(path, plan)
    write_cached(sidecar(path), json.dumps(told, indent=1, ensure_ascii=False).encode())
    return CachedEngine(path, model, key, precision, sha256, len(plan), source)


def lock_engine(
    key: EngineKey, model: str, on_wait: Callable[[], object]
) -> AbstractContextManager[None]:
    """
    Let one process at a time build an engine: who comes second waits, and finds it built.

    Parameters
    ----------
    key, model
        As `store_engine` takes them.
    on_wait : callable
        Called several times a second while it waits; what it raises ends that.

    Raises
    ------
    EngineError
        If the cache cannot be written.

    """
    return locked(_path_of(key, model).with_suffix('.lock'), on_wait)


def _path_of(key: EngineKey, model: str) -> Path:
    """Name an engine so that a person knows it, and each key has a file of its own."""
    digest = hashlib.sha256(json.dumps(asdict(key), sort_keys=True).encode()).hexdigest()
    plain = re.sub(r'[^\w.-]+', '_', model)
    where = '+'.join(key.targets)
    return engine_folder() / f'{plain}-{key.precision}-{where}-{digest[:12]}{_ENDING}'


def sidecar(path: Path) -> Path:
    """Return where what is known of an engine stands."""
    return path.with_name(f'{path.name}.json')


def _read_folder() -> Iterator[tuple[CachedEngine | None, str]]:
    """Yield each engine, the newest first; None and what is wrong where its JSON is no use."""
    try:
        paths = list(engine_folder().glob(f'*{_ENDING}.json'))
    except OSError:
        return  # a folder that cannot be read holds nothing for us; writing will say why
    for _, path in sorted(((_modified_s(path), path) for path in paths), reverse=True):
        try:
            yield _read_sidecar(path), ''
        except (OSError, ValueError, LookupError, TypeError, AttributeError, OverflowError):
            yield None, f'{path.name} cannot be read'


def _modified_s(path: Path) -> float:
    try:
        return path.stat().st_mtime
    except OSError:  # a link that leads nowhere: the others are still of use
        return 0.0


def _read_sidecar(path: Path) -> CachedEngine:
    """Read what was built; ValueError, LookupError, TypeError or AttributeError if it is odd."""
    data = parse_json(path.read_bytes())
    fields = data['key']
    shapes = InputShapes(*map(tuple, fields['shapes']))
    key = EngineKey(**{**fields, 'targets': tuple(fields['targets']), 'shapes': shapes})
    engine = CachedEngine(
        path.with_name(path.name.removesuffix('.json')),
        model=data['model'],
        key=key,
        precision=data['precision'],
        sha256=data['sha256'],
        size=data['size'],
        source=data['source'],
    )
    words = [engine.model, engine.precision, engine.sha256, engine.source, *key.targets]
    words += [key.onnx_sha256, key.library, key.version, key.gpu, key.precision]
    numbers = [engine.size, *(side for shape in shapes for side in shape)]
    if not all(isinstance(word, str) for word in words) or not all(
        isinstance(number, int) for number in numbers
    ):
        raise TypeError(f'{path} holds a value of another type')
    if any(len(shape) != 4 for shape in shapes):
        raise ValueError(f'{path} holds shapes without N, 3, h, w')
    return engine


def _damage(engine: CachedEngine) -> str | None:
    try:
        return None if file_sha256(engine.path) == engine.sha256 else 'is damaged'
    except ModelError:  # which is what a file that cannot be read is to it
        return 'is not there any more'
