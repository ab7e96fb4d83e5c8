"""Where an archive is read and written: folders of this machine, or what fsspec reaches."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
import fcntl
from importlib import import_module
import os
from pathlib import Path
import posixpath
import re
import shutil
import stat
import tempfile
from typing import Any, Protocol

from openpose_ros.errors import OpenPoseError, OutputError, ParameterError, SourceError
from openpose_ros.files import write_whole
from openpose_ros.files.whole import open_beside, sync

# What `open_beside` calls the drafts of results and of their markers.
_UNFINISHED_BAGS = ('.bag.part', '.bag.partial')
_HALF = re.compile(r'.*\.(jsonl|partial|done\.json|npz|draft)\.\d+(-\d+)?\.part')


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


class Place(Protocol):
    """A folder of results; names are paths below it, separated by '/'."""

    def read(self, name: str) -> bytes | None:
        """Return what a file holds; None if it is not there."""

    def size(self, name: str) -> int | None:
        """Return how many bytes a file has, or all in a folder; None if it is not there."""

    def write(self, name: str, data: bytes) -> None:
        """Write all that a file holds; raises an OutputError."""

    def draft(self, name: str, *, folder: bool = False) -> Any:
        """Return a context that yields the path of a new file, or folder, of this machine."""

    def keep(self, draft: Path, name: str) -> None:
        """Let a draft, or what was made in it, be that file or folder; raises an OutputError."""

    def delete(self, name: str) -> None:
        """Delete a file or a folder, if it is there; raises an OutputError."""

    def tidy(self) -> None:
        """Delete what workers that were killed left half; no other run may be at work."""


def is_address(name: str) -> bool:
    """Tell whether a name is an address for fsspec: s3://bucket/walks, say."""
    return '://' in name


def open_place(name: str) -> Place:
    """
    Return a folder of results, which need not be there yet.

    Raises
    ------
    ParameterError
        If it is an address, and nothing here knows what to do with it.

    """
    return _RemotePlace(name) if is_address(name) else _LocalPlace(Path(name))


def filesystem(address: str) -> Any:
    """
    Return fsspec's file system behind an address.

    Raises
    ------
    ParameterError
        If fsspec, or what it needs for such addresses, is not installed.

    """
    try:
        fsspec = import_module('fsspec')
    except ImportError as exc:
        raise ParameterError(
            f'{address} needs fsspec, which is not installed; pip install fsspec, and what it '
            'needs for such addresses: s3fs, gcsfs'
        ) from exc
    try:
        return fsspec.core.url_to_fs(address)[0]
    except (ImportError, ValueError) as exc:
        raise ParameterError(f'{address}: {" ".join(str(exc).split())}') from exc


def listed(name: str, without: Path | None = None) -> tuple[list[Entry], bool]:
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
            return list(_walked(name, without)), False
    except OSError as exc:
        raise SourceError(f'cannot read {name}: {exc.strerror}') from exc
    if not stat.S_ISREG(found.st_mode):
        raise SourceError(f'{name} is no file and no folder; estimate takes cameras and pipes')
    return [Entry(os.path.basename(name), os.path.abspath(name), _stamp(found))], True


def _walked(top: str, without: Path | None) -> Iterator[Entry]:
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
        raise SourceError(f'cannot read {address}: {_line(exc)}') from exc
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
            raise SourceError(f'cannot read {path}: {_line(exc)}') from exc
        yield here


@contextmanager
def locked(name: str) -> Iterator[None]:
    """
    Be the only run that writes into a folder of this machine, which is made if it is not there.

    Raises
    ------
    OutputError
        If there is another, or it cannot be made.

    """
    if is_address(name):
        yield
        return
    try:
        Path(name).mkdir(parents=True, exist_ok=True)
        descriptor = os.open(name, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    except OSError as exc:
        raise OutputError(f'cannot write {name}: {exc.strerror}') from exc
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as exc:
            raise OutputError(
                f'another process writes into {name}; wait for it, or name another folder'
            ) from exc
        except OSError:
            pass  # a file system without locks
        yield
    finally:
        os.close(descriptor)


class _LocalPlace:
    def __init__(self, root: Path) -> None:
        self._root = Path(os.path.abspath(root))

    def read(self, name: str) -> bytes | None:
        try:
            return (self._root / name).read_bytes()
        except OSError:
            return None

    def size(self, name: str) -> int | None:
        path = self._root / name
        try:
            return sum(one.stat().st_size for one in (path.iterdir() if path.is_dir() else [path]))
        except OSError:
            return None

    def write(self, name: str, data: bytes) -> None:
        write_whole(self._root / name, data, make_folder=True)

    @contextmanager
    def draft(self, name: str, *, folder: bool = False) -> Iterator[Path]:
        path = self._root / name
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            descriptor, part = open_beside(path.parent / f'{path.name}.draft' if folder else path)
            os.close(descriptor)
            if folder:
                part.unlink()
                part.mkdir()
        except OSError as exc:
            raise OutputError(f'cannot write {path}: {exc.strerror}') from exc
        try:
            yield part
        except OSError as exc:
            raise OutputError(f'cannot write {path}: {exc.strerror}') from exc
        finally:
            if folder:
                shutil.rmtree(part, ignore_errors=True)
            else:
                part.unlink(missing_ok=True)

    def keep(self, draft: Path, name: str) -> None:
        path = self._root / name
        try:
            if draft.is_dir():  # whole on the disk already; a folder replaces none
                self.delete(name)
            else:
                with open(draft, 'rb') as file:
                    sync(file.fileno())
            os.replace(draft, path)
        except OSError as exc:
            raise OutputError(f'cannot write {path}: {exc.strerror}') from exc

    def delete(self, name: str) -> None:
        path = self._root / name
        try:
            if path.is_dir():
                shutil.rmtree(path)
            else:
                path.unlink(missing_ok=True)
        except FileNotFoundError:
            pass
        except OSError as exc:
            raise OutputError(f'cannot delete {path}: {exc.strerror}') from exc

    def tidy(self) -> None:
        for folder, folders, files in os.walk(self._root):
            for name in filter(_HALF.fullmatch, files):
                with suppress(OSError):  # it harms nobody
                    os.unlink(os.path.join(folder, name))
            for name in filter(_HALF.fullmatch, folders):
                shutil.rmtree(os.path.join(folder, name), ignore_errors=True)


class _RemotePlace:
    def __init__(self, address: str) -> None:
        self._root = address.rstrip('/')
        self._files = filesystem(address)
        self._files.invalidate_cache()

    def _at(self, name: str) -> str:
        return f'{self._root}/{name}'

    def read(self, name: str) -> bytes | None:
        try:
            return bytes(self._files.cat_file(self._at(name)))
        except FileNotFoundError:
            return None
        except Exception as exc:
            raise self._lost('read', name, exc) from exc

    def size(self, name: str) -> int | None:
        try:
            found = self._files.find(self._at(name), detail=True)
        except FileNotFoundError:
            return None
        except Exception as exc:
            raise self._lost('read', name, exc) from exc
        return sum(int(facts['size']) for facts in found.values()) if found else None

    def write(self, name: str, data: bytes) -> None:
        with tempfile.NamedTemporaryFile(prefix='openpose_ros_') as file:
            file.write(data)
            file.flush()
            self.keep(Path(file.name), name)

    @contextmanager
    def draft(self, name: str, *, folder: bool = False) -> Iterator[Path]:
        with tempfile.TemporaryDirectory(prefix='openpose_ros_') as here:
            try:
                yield Path(here) if folder else Path(here, 'draft')
            except OSError as exc:
                raise OutputError(f'cannot write {here}: {exc.strerror}') from exc

    def keep(self, draft: Path, name: str) -> None:
        try:
            if draft.is_dir():
                self.delete(name)
                for path in sorted(draft.iterdir()):
                    self.keep(path, f'{name}/{path.name}')
                return
            self._files.makedirs(posixpath.dirname(self._at(name)), exist_ok=True)
            self._files.put_file(str(draft), self._at(name))
        except Exception as exc:
            raise self._lost('write', name, exc) from exc

    def delete(self, name: str) -> None:
        try:
            self._files.rm(self._at(name), recursive=True)
        except FileNotFoundError:
            pass
        except Exception as exc:
            raise self._lost('delete', name, exc) from exc

    def tidy(self) -> None:
        """Do nothing: what was not uploaded whole is not there."""

    def _lost(self, what: str, name: str, exc: Exception) -> OpenPoseError:
        return OutputError(f'cannot {what} {self._at(name)}: {_line(exc)}')


def _line(exc: Exception) -> str:
    return ' '.join(str(exc).split()) or type(exc).__name__
