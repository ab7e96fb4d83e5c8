"""Files that grow line by line, for as long as a camera runs."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
import fcntl
from itertools import count
import logging
import os
from pathlib import Path
import stat
import sys
from types import TracebackType
from typing import BinaryIO

from openpose_ros.errors import OutputError, ParameterError
from openpose_ros.files.places import STANDARD_OUTPUT, Place, find_place, open_direct
from openpose_ros.files.whole import name_beside, sync, take_mode

_LOGGER = logging.getLogger(__name__)
_STARTS_OF_JSON = (b'', b'{', b'[')


class LineFile:
    """
    Writes lines to FILE.part, and calls it FILE at the end; a context.

    Every line is there, whole, as soon as it is written. Whatever ends the context, Ctrl-C
    included, the lines become FILE, unless there are none. After an OutputError, as on a full
    disk, FILE stays as it was, without half of the results.

    What is not a regular file, and `-`, gets its lines directly.

    Parameters
    ----------
    name : str
        Of FILE; symbolic links are followed.
    kept : bool
        Whether lines are kept after an OutputError, too: for what nobody can do again, as a
        camera's pictures. They are FILE, or FILE.part if that itself could not be written. What
        an earlier run left as FILE.part is called FILE.part.1 then; otherwise it is replaced.
    check : callable, optional
        Raises a ParameterError where a file must not be replaced; by default `check_json_file`.
    goes_on : bool
        Whether to begin with the lines that FILE has.

    Attributes
    ----------
    name : str
    ended_early : bool
        Whether a signal or an error ended the work. No lines are no result then: what FILE held
        before is left alone.

    Raises
    ------
    OutputError
        If it cannot be written, or another process writes the same.
    ParameterError
        If there is a file that is not JSON, or not what `check` lets pass: somebody's picture.

    """

    def __init__(
        self,
        name: str,
        *,
        kept: bool = False,
        check: Callable[[str], object] | None = None,
        goes_on: bool = False,
    ) -> None:
        self.name = name
        self._check = check or check_json_file
        self.ended_early = False
        self._kept, self._goes_on = kept, goes_on
        self._end = 0  # of the last whole line, bytes
        self._failed = False
        self._direct: BinaryIO | None = None
        self._descriptor: int | None = None
        if name == STANDARD_OUTPUT:
            return
        self._check(name)
        try:
            self._place = find_place(name)
            self._part = part_of(self._place)
            if self._place.direct:
                self._direct = open_direct(self._place)
            else:
                self._descriptor = self._opened()
                if goes_on:
                    self._take_over(self._descriptor)
        except BrokenPipeError:
            raise
        except OSError as exc:
            raise OutputError(f'cannot write {name}: {exc.strerror}') from exc

    def _opened(self) -> int:
        """Make FILE.part anew, unless somebody is at work on it."""
        part = self._part
        if part.exists() and not part.is_symlink():
            if not stat.S_ISREG(part.stat().st_mode):
                raise OutputError(f'cannot write {part}: it is no file; name another FILE')
            self._check(str(part))
            with part.open('rb') as before:
                self._lock(before.fileno())
                if self._kept and not self._goes_on and os.fstat(before.fileno()).st_size:
                    self._set_aside(part)
        part.unlink(missing_ok=True)
        descriptor = os.open(part, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o666)
        try:
            self._lock(descriptor)
            take_mode(descriptor, self._place.path)
        except BaseException:
            os.close(descriptor)
            part.unlink(missing_ok=True)
            raise
        return descriptor

    def _set_aside(self, part: Path) -> None:
        """Give what a power cut left another name: nobody can do it again."""
        names = (name_beside(part, f'.{number}') for number in count(1))
        aside = next(name for name in names if not os.path.lexists(name))
        os.rename(part, aside)
        _LOGGER.warning(
            '%s of an earlier run, which did not end well, is called %s now', part, aside
        )

    def _take_over(self, descriptor: int) -> None:
        with suppress(FileNotFoundError), self._place.path.open('rb') as before:
            while data := before.read(1 << 20):
                self._append(descriptor, data)

    @property
    def end(self) -> int:
        """Where the next line begins, bytes."""
        return self._end

    def read(self, start: int, end: int) -> bytes:
        """Return what was written between two places, bytes; nothing of a pipe."""
        if self._descriptor is None:
            return b''
        return os.pread(self._descriptor, end - start, start)

    def sync(self) -> None:
        """
        Wait until all lines are on the disk.

        Raises
        ------
        OutputError
            If the disk does not take them.

        """
        try:
            if self._descriptor is not None:
                sync(self._descriptor)
        except OSError as exc:
            self._failed = True
            raise OutputError(f'cannot write {self.name}: {exc.strerror}') from exc

    def _lock(self, descriptor: int) -> None:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as exc:
            raise OutputError(
                f'another process is writing {self._part}; name another FILE'
            ) from exc
        except OSError:
            pass  # a file system without locks

    def write(self, line: str) -> None:
        """
        Write a line, which ends in a line end.

        Raises
        ------
        OutputError
            If the disk does not take it; FILE.part then ends with the line before.
        BrokenPipeError
            If nobody reads any more.

        """
        try:
            if self._descriptor is not None:
                self._append(self._descriptor, line.encode())
            elif self._direct is not None:
                self._direct.write(line.encode())
                self._direct.flush()
            else:
                sys.stdout.write(line)
                sys.stdout.flush()
        except BrokenPipeError:
            raise
        except OSError as exc:
            self._failed = True
            kept = f'; what came before is kept in {self._part}' if self._keeps_part() else ''
            raise OutputError(f'cannot write {self.name}: {exc.strerror}{kept}') from exc

    def _append(self, descriptor: int, data: bytes) -> None:
        rest = memoryview(data)
        while rest:
            rest = rest[os.write(descriptor, rest) :]
        self._end += len(data)

    def _keeps_part(self) -> bool:
        return self._kept and self._descriptor is not None and self._end > 0

    def __enter__(self) -> LineFile:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if isinstance(error, OutputError) and not self._kept:
            self._failed = True
        self.ended_early = self.ended_early or error is not None
        self.finish()

    def finish(self) -> None:
        """
        Give the file its name, or remove it.

        Raises
        ------
        OutputError
            If the disk does not take it, or FILE cannot be replaced.

        """
        if self._direct is not None:
            self._close_direct()
        if self._descriptor is None:
            return
        descriptor, self._descriptor = self._descriptor, None
        try:
            self._cut(descriptor)
            if self._failed:
                return
            if self._end == 0 and self.ended_early:
                self._failed = True
                return
            sync(descriptor)
            self._replace()
        except OSError as exc:
            self._failed = True
            raise OutputError(f'cannot write {self.name}: {exc.strerror}') from exc
        finally:
            if self._failed and not (self._kept and self._end > 0):
                self._part.unlink(missing_ok=True)
            os.close(descriptor)

    def _replace(self) -> None:
        try:
            os.replace(self._part, self._place.path)
        except OSError as exc:  # a FILE that a container has as a mount of its own, say
            raise OutputError(
                f'cannot replace {self.name}: {exc.strerror}; the results are in {self._part}'
            ) from exc

    def _cut(self, descriptor: int) -> None:
        """Leave whole lines only; one that a signal came after is whole and counts."""
        tail = os.pread(descriptor, os.fstat(descriptor).st_size - self._end, self._end)
        self._end += tail.rfind(b'\n') + 1
        os.ftruncate(descriptor, self._end)

    def _close_direct(self) -> None:
        direct, self._direct = self._direct, None
        try:
            if direct is not None:
                direct.close()
        except BrokenPipeError:
            raise
        except OSError as exc:
            if not self._failed:  # else it was said
                raise OutputError(f'cannot write {self.name}: {exc.strerror}') from exc


def check_json_file(name: str) -> None:
    """
    See that a file which JSON is to replace is JSON, or empty, or not there at all.

    Raises
    ------
    ParameterError
        If it begins with anything but { or [.
    OutputError
        If it cannot be looked at.

    """
    try:
        place = find_place(name)
        if place.direct or not place.path.exists():
            return
        with place.path.open('rb') as file:
            start = file.read(1)
    except OSError as exc:
        raise OutputError(f'cannot write {name}: {exc.strerror}') from exc
    if start not in _STARTS_OF_JSON:
        raise ParameterError(
            f'{name} is there already and is not JSON: it would be lost. Name another FILE, or '
            'delete that one'
        )


def part_of(place: Place) -> Path:
    """Return what a file of lines is called while it grows."""
    return name_beside(place.path, '.part')
