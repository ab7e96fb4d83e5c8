"""
Files that are there whole, or as they were before.

What is written goes to a temporary name beside the file, FILE.PID.part, and gets its own name
when all of it is on the disk: a full disk, a signal or a power cut leaves no half file. A signal
that ends the process at once takes the temporary name along, too.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
import errno
from itertools import count
import os
from pathlib import Path
import shutil
from typing import BinaryIO

from openpose_ros.errors import OpenPoseError, OutputError
from openpose_ros.files.places import Place, find_place, open_direct
from openpose_ros.signals import before_any_end

_LONGEST_NAME = 255  # bytes, on nearly every file system
_CANNOT_SYNC = frozenset({errno.EINVAL, errno.ENOSYS, errno.EOPNOTSUPP})  # some network drives
_open_parts: set[Path] = set()  # of this process


@contextmanager
def whole_file(
    path: str | Path,
    *,
    error: type[OpenPoseError] = OutputError,
    remedy: str = '',
    make_folder: bool = False,
) -> Iterator[BinaryIO]:
    """
    Yield a file to write to, which takes its place when the context ends well.

    Symbolic links are followed. A new file has the mode that the umask leaves, one that is
    replaced keeps its own. What is not a regular file (`-` for standard output, a pipe, a device,
    /dev/stdout, /proc/self/fd/N) is written to directly.

    Parameters
    ----------
    path : str or Path
        What it is called in the end.
    error : type
        Of what is raised.
    remedy : str
        What to do if it cannot be written, as the end of the message.
    make_folder : bool
        Whether to make its folder.

    Raises
    ------
    error
        If it cannot be written; what was there before is there still.
    BrokenPipeError
        If nobody reads any more.

    """
    with _told(path, error, remedy):
        if make_folder:
            Path(path).parent.mkdir(parents=True, exist_ok=True)
        place = find_place(path)
        if place.direct:
            with open_direct(place) as file:
                yield file
            return
        descriptor, part = open_beside(place.path)
        with _becomes(place.path, part), open(descriptor, 'wb') as file:
            yield file
            file.flush()
            sync(descriptor)


@contextmanager
def whole_path(path: str | Path) -> Iterator[Path]:
    """
    Yield a name to write to, for libraries that open files themselves.

    It ends as `path` does, and nothing else is called so. What stands there when the context ends
    well takes the place of `path`, as with `whole_file`.

    Raises
    ------
    OutputError
        If it cannot be written.

    """
    with _told(path, OutputError, ''):
        place = find_place(path)
        folder = Path(path) if place.direct else place.path
        descriptor, part = open_beside(folder, suffix=Path(path).suffix)
        os.close(descriptor)
        try:
            yield part
            if place.direct:
                _pour(part, place)
                return
            with open(part, 'rb') as file:
                sync(file.fileno())
            os.replace(part, place.path)
        finally:
            _remove(part)


def write_whole(
    path: str | Path,
    data: bytes,
    *,
    error: type[OpenPoseError] = OutputError,
    remedy: str = '',
    make_folder: bool = False,
) -> None:
    """Write all that a file holds, as `whole_file` does; raises what that raises."""
    with whole_file(path, error=error, remedy=remedy, make_folder=make_folder) as file:
        file.write(data)


def name_beside(path: Path, ending: str) -> Path:
    """Return a path in the same folder with more behind its name, cut where that is too long."""
    room = _LONGEST_NAME - len(os.fsencode(ending))
    kept = os.fsdecode(os.fsencode(path.name)[:room])  # in whatever locale
    return path.with_name(f'{kept}{ending}')


def open_beside(path: Path, *, suffix: str = '') -> tuple[int, Path]:
    """
    Make a file of a name that nothing has, in the folder of another, with that one's mode.

    Returns
    -------
    int
        Its descriptor, for writing.
    Path
        PATH.PID.part, then the suffix.

    Raises
    ------
    OSError
        If it cannot be made, or the other one must not be written.

    """
    for number in count():
        again = f'-{number}' if number else ''
        part = name_beside(path, f'.{os.getpid()}{again}.part{suffix}')
        with suppress(FileExistsError):
            _open_parts.add(part)  # first: a signal may come once it is there
            descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o666)
            break
    try:
        take_mode(descriptor, path)
    except BaseException:
        os.close(descriptor)
        _remove(part)
        raise
    return descriptor, part


def take_mode(descriptor: int, path: Path) -> None:
    """
    Give a new file the mode and the owner of the one that it will replace, if there is one.

    Raises
    ------
    PermissionError
        If that one must not be written: to replace it would need no permission.

    """
    try:
        found = path.stat()
    except FileNotFoundError:
        return
    if not os.access(path, os.W_OK):
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(path))
    with suppress(OSError):  # not ours to give away, or a file system without owners and modes
        os.fchown(descriptor, found.st_uid, found.st_gid)
    with suppress(OSError):
        os.fchmod(descriptor, found.st_mode & 0o777)


def sync(descriptor: int) -> None:
    """Wait until a file is on its disk, where the file system can tell."""
    try:
        os.fsync(descriptor)
    except OSError as exc:
        if exc.errno not in _CANNOT_SYNC:
            raise


@contextmanager
def _told(path: str | Path, error: type[OpenPoseError], remedy: str) -> Iterator[None]:
    try:
        yield
    except BrokenPipeError:
        raise
    except OSError as exc:
        end = f'; {remedy}' if remedy else ''
        raise error(f'cannot write {path}: {exc.strerror or exc}{end}') from exc


@contextmanager
def _becomes(path: Path, part: Path) -> Iterator[None]:
    try:
        yield
        os.replace(part, path)
    finally:
        _remove(part)


def _remove(part: Path) -> None:
    part.unlink(missing_ok=True)
    _open_parts.discard(part)


def _remove_all() -> None:
    for part in tuple(_open_parts):
        part.unlink(missing_ok=True)


before_any_end(_remove_all)


def _pour(part: Path, place: Place) -> None:
    with open(part, 'rb') as file, open_direct(place) as there:
        shutil.copyfileobj(file, there)
