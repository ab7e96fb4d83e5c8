"""
Downloading the published files of a model, and making the model of them.

A download goes to FILE.part, is resumed where the last one was cut, and becomes FILE when its
sha256 is right. Every wait for the network ends after `TIMEOUT_S`.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
import fcntl
from http.client import HTTPException
import os
from os.path import isfile
from pathlib import Path
import sys
from typing import Any, BinaryIO
from urllib.error import HTTPError, URLError
from urllib.request import Request, urlopen

from openpose_ros._version import __version__
from openpose_ros.errors import FetchError, ModelError
from openpose_ros.files.whole import sync
from openpose_ros.models.finding import download_folder, file_sha256, known_models
from openpose_ros.models.importing.importer import import_model
from openpose_ros.models.spec import ModelSpec, PublishedFile

TIMEOUT_S = 30.0
_ATTEMPTS = 3  # at each address; a cut connection is taken up again where it broke
_BLOCK = 1 << 16


def fetch_model(name: str, *, progress: bool | None = None) -> tuple[Path, ...]:
    """
    Download what is published of a model into the user's cache.

    Files that are there already are kept if their sha256 is right. A model that is published as
    OpenVINO IR is converted to ONNX.

    Parameters
    ----------
    name : str
        Of a known model.
    progress : bool, optional
        Whether to draw a progress bar on stderr; by default if that is a terminal.

    Returns
    -------
    tuple of Path
        The files, in the order of `ModelSpec.origin`, then what was made of them. Whether the
        model can be loaded now says `ModelSpec.can_be_fetched`.

    Raises
    ------
    ModelError
        If no such model is known, the cache cannot be written, another process is downloading
        the same, or what came cannot be converted.
    FetchError
        If no address delivered a file; the message says what to do by hand.

    """
    spec, folder = known_model(name), download_folder()
    if progress is None:
        progress = sys.stderr.isatty()
    try:
        files = tuple(_fetch(published, folder, progress) for published in spec.origin)
    except FetchError as exc:
        by_hand = ', '.join(
            f'{published.urls[0]} as {folder / published.file} (sha256 {published.sha256})'
            for published in spec.origin
            if not isfile(folder / published.file)
        )
        raise FetchError(f'{exc}; try again later, or save by hand {by_hand}') from exc
    if spec.is_published or not spec.can_be_fetched:
        return files
    [ir] = [path for path in files if path.suffix == '.xml']
    return *files, import_model(ir, folder / spec.file)


def known_model(name: str) -> ModelSpec:
    """Return a model by name, or raise a ModelError that lists the known ones."""
    models = {spec.name: spec for spec in known_models()}
    if name not in models:
        raise ModelError(f"no known model '{name}'; choose from {', '.join(models)}")
    return models[name]


def _fetch(published: PublishedFile, folder: Path, progress: bool) -> Path:
    target = Path(os.path.realpath(folder / published.file))  # a link to it stays one
    if isfile(target) and file_sha256(target) == published.sha256:
        return target
    part = target.with_name(f'{target.name}.part')
    try:
        part.parent.mkdir(parents=True, exist_ok=True)
        with _locked(part) as file:
            _download(published, target, file, progress)
            sync(file.fileno())
            os.replace(part, target)
    except OSError as exc:  # of the disk; those of the network are caught where they happen
        raise ModelError(
            f'cannot write {exc.filename or target}: {exc.strerror}; set OPENPOSE_ROS_CACHE to a '
            'folder that can be written'
        ) from exc
    return target


@contextmanager
def _locked(part: Path) -> Iterator[BinaryIO]:
    """Open the partial file for one process alone: two that append to it would spoil it."""
    with part.open('ab+') as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as exc:
            raise ModelError(
                f'another process is downloading {part}; wait until it is done'
            ) from exc
        yield file


def _download(published: PublishedFile, target: Path, file: BinaryIO, progress: bool) -> None:
    """Fill the partial file from the first address that delivers what was published."""
    reasons = []
    for url in published.urls:
        for _ in range(_ATTEMPTS):
            before = file.seek(0, os.SEEK_END)
            reason = _append(url, file, target.name, progress)
            if reason is None:
                found = file_sha256(Path(file.name))
                if found == published.sha256:
                    return
                reason = f'it delivered another file, sha256 {found}'
                file.truncate(0)
                if before == 0:
                    break  # the same bytes would come again
            elif file.seek(0, os.SEEK_END) <= before:
                break  # nothing was gained, so nothing would be
        reasons.append(f'{url}: {reason}')
    if file.seek(0, os.SEEK_END) == 0:
        os.remove(file.name)
    raise FetchError(f'could not download {target.name}: {"; ".join(reasons)}')


def _append(url: str, file: BinaryIO, name: str, progress: bool) -> str | None:
    """
    Download what is missing of a file.

    Returns
    -------
    str or None
        None when the server has sent all it promised, else why not.

    """
    done = file.seek(0, os.SEEK_END)
    headers = {'User-Agent': f'openpose_ros/{__version__}'}
    if done:
        headers['Range'] = f'bytes={done}-'
    try:
        response = urlopen(Request(url, headers=headers), timeout=TIMEOUT_S)
    except HTTPError as exc:
        exc.close()
        if exc.code == 416 and done:  # the partial file is not shorter than the whole
            return None
        return f'HTTP {exc.code} {exc.reason}'
    except URLError as exc:
        return _why(exc.reason)
    except (OSError, HTTPException, ValueError) as exc:
        return _why(exc)
    with response:
        if done and response.status != 206:  # the server starts at the beginning again
            file.truncate(0)
            done = 0
        promised = response.headers.get('Content-Length')
        whole = done + int(promised) if promised is not None and promised.isdigit() else None
        with _bar(name, done, whole, progress) as bar:
            while True:
                try:
                    block = response.read(_BLOCK)
                except (OSError, HTTPException) as exc:
                    return _why(exc)
                if not block:
                    break
                file.write(block)
                bar.update(len(block))
    file.flush()
    came = file.tell()
    return None if whole in (None, came) else f'cut after {came} of {whole} bytes'


def _why(reason: object) -> str:
    if isinstance(reason, TimeoutError):
        return f'no answer within {TIMEOUT_S:g} s'
    return str(getattr(reason, 'strerror', None) or reason or type(reason).__name__)


def _bar(name: str, done: int, whole: int | None, progress: bool) -> Any:
    from tqdm import tqdm  # slow to import, and needed here alone

    return tqdm(
        total=whole, initial=done, desc=name, unit='B', unit_scale=True, disable=not progress
    )
