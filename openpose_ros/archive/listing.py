"""What an archive reads: the files of a folder of this machine, or of what fsspec reaches."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
import os
from pathlib import Path
import posixpath
import stat
import tempfile
from typing import Any

from openpose_ros.archive.addresses import filesystem, is_address, line_of
from openpose_ros.errors import SourceError

_UNFINISHED_BAGS = ('.bag.part', '.bag.partial')


@dataclass(frozen=True)
class Entry:
    """
    A file below an input.

    Attributes
    ----------
    below : str
        Its path below the input, parts separated by '/'.
    path : str
        Absolute, or an address.
    stamp : mapping
        As `Item.stamp`.

    """

    below: str
    path: str
    stamp: Mapping[str, int | str]


def listed(
    name: str,
    without: Path | None = None,
    tell: Callable[[str], object] = lambda _: None,
) -> tuple[list[Entry], bool]:
    """
    Return the files of an input, and whether it is one itself.

    Of a folder all files below it are listed, those in hidden folders and hidden ones left out,
    and bags of people that an archive made before.

    Parameters
    ----------
    name : str
        A file, a folder, or an address.
    without : Path, optional
        A folder that is not looked into.
    tell : callable
        Takes a line for what lies in a folder and is left out, a pipe say.

    Raises
    ------
    SourceError
        If it cannot be read.
    ParameterError
        If it is an address, and nothing here knows what to do with it.

    """
    if is_address(name):
        return _listed_remote(name)
    try:
        found = os.stat(name)
        if stat.S_ISDIR(found.st_mode):
            return list(_walked(name, without, tell)), False
    except OSError as exc:
        raise SourceError(f'cannot read {name}: {exc.strerror}') from exc
    if not stat.S_ISREG(found.st_mode):
        raise SourceError(f'{name} is no file and no folder; estimate takes cameras and pipes')
    return [Entry(os.path.basename(name), os.path.abspath(name), _stamp(found))], True


def _walked(top: str, without: Path | None, tell: Callable[[str], object]) -> Iterator[Entry]:
    seen: set[tuple[int, int]] = set()
    if without is not None:
        with suppress(OSError):
            seen.add(_identity(without))

    def fail(exc: OSError) -> None:
        raise SourceError(f'cannot read the folder {exc.filename}: {exc.strerror}') from exc

    for folder, folders, files in os.walk(top, followlinks=True, onerror=fail):
        here = []
        for inner in sorted(folders):
            with suppress(OSError):  # gone meanwhile
                identity = _identity(Path(folder, inner))
                left_out = inner.startswith('.') or _is_result(inner, files)
                if not left_out and identity not in seen:
                    seen.add(identity)
                    here.append(inner)
        folders[:] = here
        for file in sorted(files):
            path = os.path.join(folder, file)
            if file.startswith('.'):
                continue
            try:
                found = os.stat(path)
            except OSError:  # a link that leads nowhere: whoever reads it will say so
                found = None
            if found is None or stat.S_ISREG(found.st_mode):
                below = os.path.relpath(path, top).replace(os.sep, '/')
                yield Entry(below, os.path.abspath(path), _stamp(found))
            elif not stat.S_ISDIR(found.st_mode):
                tell(f'{path} is no file but a pipe or a device, and left out')


def _is_result(folder: str, beside: list[str]) -> bool:
    """Tell whether a folder is what became of a bag, whole or not."""
    if folder.endswith(_UNFINISHED_BAGS):
        return True
    return folder.endswith('.bag') and f'{folder}.done.json' in beside


def _stamp(found: os.stat_result | None) -> dict[str, int | str]:
    if found is None:
        return {'size': 0, 'mtime_ns': 0}
    return {'size': found.st_size, 'mtime_ns': found.st_mtime_ns}


def _identity(path: Path) -> tuple[int, int]:
    found = path.stat()
    return found.st_dev, found.st_ino


def _listed_remote(address: str) -> tuple[list[Entry], bool]:
    files = filesystem(address)
    try:
        top = str(files._strip_protocol(address)).rstrip('/')
        found = files.find(top, detail=True)
    except Exception as exc:
        raise SourceError(f'cannot read {address}: {line_of(exc)}') from exc
    if not found:
        raise SourceError(f'cannot read {address}: nothing is there')
    if list(found) == [top]:
        return [Entry(posixpath.basename(top), address, _remote_stamp(found[top]))], True
    entries = []
    for path in sorted(found):
        below = posixpath.relpath(path, top)
        if not any(part.startswith('.') for part in below.split('/')):
            entries.append(Entry(below, files.unstrip_protocol(path), _remote_stamp(found[path])))
    return entries, False


def _remote_stamp(facts: Mapping[str, Any]) -> dict[str, int | str]:
    stamp: dict[str, int | str] = {'size': int(facts.get('size') or 0)}
    etag = next((facts[key] for key in ('ETag', 'etag', 'md5', 'md5Hash') if facts.get(key)), None)
    changed = next(
        (facts[key] for key in ('mtime', 'LastModified', 'updated') if facts.get(key)), None
    )
    if etag is not None:
        stamp['etag'] = str(etag).strip('"')
    elif changed is not None:
        stamp['etag'] = str(changed)
    return stamp


def read_start(path: str, size: int) -> bytes:
    """Return the first bytes of a file; nothing where it cannot be read, which is said later."""
    try:
        if is_address(path):
            return bytes(filesystem(path).cat_file(path, end=size))
        with open(path, 'rb') as file:
            return file.read(size)
    except Exception:  # noqa: BLE001  of whatever library is behind it
        return b''


@contextmanager
def fetched(path: str, names: Sequence[str] = ()) -> Iterator[Path]:
    """
    Yield a file or a folder of this machine; what is elsewhere is there until the context ends.

    Parameters
    ----------
    path : str
        Of an item.
    names : sequence of str
        The files in it, if it is a folder.

    Raises
    ------
    SourceError
        If it cannot be had.

    """
    if not is_address(path):
        yield Path(path)
        return
    files = filesystem(path)
    with tempfile.TemporaryDirectory(prefix='openpose_ros_') as folder:
        here = Path(folder)
        try:
            if names:
                for name in names:
                    files.get_file(posixpath.join(path, name), str(here / name))
            else:
                here /= posixpath.basename(path)
                files.get_file(path, str(here))
        except Exception as exc:
            raise SourceError(f'cannot read {path}: {line_of(exc)}') from exc
        yield here
