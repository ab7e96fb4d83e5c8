"""Where an archive writes: a folder of this machine, or of what fsspec reaches."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
import fcntl
import os
from pathlib import Path
import posixpath
import re
import shutil
import tempfile
from typing import Any, Protocol

from openpose_ros.archive.addresses import filesystem, is_address, line_of
from openpose_ros.errors import OpenPoseError, OutputError
from openpose_ros.files import write_whole
from openpose_ros.files.whole import open_beside, sync

# What `open_beside` calls the drafts of results and of their markers.
_HALF = re.compile(r'.*\.(jsonl|partial|done\.json|npz|draft)\.\d+(-\d+)?\.part')


class Place(Protocol):
    """A folder of results; names are paths below it, separated by '/'."""

    def read(self, name: str) -> bytes | None:
        """Return what a file holds; None if it is not there."""

    def size(self, name: str) -> int | None:
        """Return how many bytes a file has, or all in a folder; None if it is not there."""

    def names(self, name: str) -> list[str]:
        """Return what is in a folder; [''] if it is a file, [] if it is not there."""

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


def open_place(name: str) -> Place:
    """
    Return a folder of results, which need not be there yet.

    Raises
    ------
    ParameterError
        If it is an address, and nothing here knows what to do with it.

    """
    return _RemotePlace(name) if is_address(name) else _LocalPlace(Path(name))


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

    def names(self, name: str) -> list[str]:
        path = self._root / name
        try:
            return os.listdir(path)
        except NotADirectoryError:
            return ['']
        except FileNotFoundError:
            return []
        except OSError as exc:
            raise OutputError(f'cannot read {path}: {exc.strerror}') from exc

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

    def names(self, name: str) -> list[str]:
        top = self._at(name)
        try:
            # Full names of files below it, without what parts them from its own.
            found = [one[one.rindex(name) + len(name) :] for one in self._files.find(top)]
        except FileNotFoundError:
            return []
        except Exception as exc:
            raise self._lost('read', name, exc) from exc
        return [one.lstrip('/').partition('/')[0] for one in found]

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
        return OutputError(f'cannot {what} {self._at(name)}: {line_of(exc)}')
