"""Which sources are done: a file beside the results, so that a run can be taken up again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
import fcntl
import json
import os
from pathlib import Path
from types import TracebackType
from typing import Any
import zlib

from openpose_ros.errors import OutputError, ParameterError
from openpose_ros.files import LineFile, write_whole
from openpose_ros.files.lines import part_of
from openpose_ros.files.places import find_place
from openpose_ros.files.whole import sync
from openpose_ros.io.behind import WriteBehind
from openpose_ros.io.sources import Source

# So many sources are noted at a time: each time waits until all files are on the disk.
_TOGETHER = 16


@dataclass(frozen=True)
class Done:
    """
    A source that was worked on from its first frame to its last, without a failure.

    Attributes
    ----------
    path : str
        Absolute.
    size, mtime_ns : int
        Of the file as it was then.
    stem : str
        What its results are called.
    lines : (int, int) or None
        Where its lines of JSON begin and end in their file, bytes; None if there are none.
    checksum : int
        CRC-32 of these lines.

    """

    path: str
    size: int
    mtime_ns: int
    stem: str
    lines: tuple[int, int] | None = None
    checksum: int = 0


class Progress:
    """
    Notes which sources are done; a context.

    The first line of the file says what run it is of, each further line is a `Done`. One is
    written when all results of its source are on the disk. Whatever in it does not fit what is
    there any more, a source that has changed or lines that are gone, counts as not done.

    Parameters
    ----------
    path : Path
        Of the file.
    run : mapping
        What results depend on, ready for JSON; equal to that of the file.

    Attributes
    ----------
    goes_on : bool
        Whether the file of the lines of JSON has some that are to be kept.

    Raises
    ------
    ParameterError
        If the file is of another run, or is no such file.
    OutputError
        If it cannot be read or written, or another process works on it.

    """

    def __init__(self, path: Path, run: Mapping[str, Any]) -> None:
        self._path = path
        self._run = json.loads(json.dumps(run))
        self.goes_on = False
        self._pending: list[Done] = []
        self._known: dict[str, Done] = {}
        self._descriptor: int | None = None
        self._behind: WriteBehind | None = None
        self._lines: LineFile | None = None
        self._read()

    def left(
        self,
        named: Sequence[tuple[Source, str]],
        *,
        folder: Path | None,
        lines: str | None,
    ) -> list[tuple[Source, str]]:
        """
        Return the sources that are not done, with their stems.

        Parameters
        ----------
        named : sequence of (Source, str)
            Files, and what the results of each are called.
        folder : Path or None
            Where results of these names go.
        lines : str or None
            The file of the lines of JSON. It has those of what is done afterwards, and no others.

        Raises
        ------
        ParameterError
            If results would overwrite those of another source.

        """
        left, kept = [], dict(self._known)
        for source, stem in named:
            path = os.path.abspath(source.name)
            done = self._known.get(path)
            if done is not None and _is_as_it_was(done) and (folder is None or done.stem == stem):
                continue
            kept.pop(path, None)
            left.append((source, stem))
        if lines is not None:
            kept = self._restore(Path(lines), kept)
            left = [
                (source, stem)
                for source, stem in named
                if os.path.abspath(source.name) not in kept
            ]
        if folder is not None:
            taken = {done.stem: done.path for done in kept.values()}
            for source, stem in left:
                if stem in taken:
                    raise ParameterError(
                        f'{folder} holds the results of {taken[stem]}, which those of '
                        f'{source.name} would overwrite; choose another folder'
                    )
        self._known = kept
        return left

    def _restore(self, path: Path, kept: dict[str, Done]) -> dict[str, Done]:
        """Let the file have the lines of what is done, whether its last run ended well or not."""
        files = []
        place = find_place(path)
        for candidate in (part_of(place), place.path):
            try:
                files.append(candidate.read_bytes())
            except FileNotFoundError:
                continue
            except OSError as exc:
                raise OutputError(f'cannot read {candidate}: {exc.strerror}') from exc
        restored: dict[str, Done] = {}
        content = bytearray()
        for done in kept.values():
            text = next(filter(None, (_lines_of(done, file) for file in files)), None)
            if text is not None:
                range_ = len(content), len(content) + len(text)
                restored[done.path] = replace(done, lines=range_)
                content += text
        if content:
            write_whole(path, bytes(content))
        self.goes_on = bool(content)
        return restored

    def begin(self, behind: WriteBehind, lines: LineFile | None) -> None:
        """
        Begin to note; what was known is written anew.

        Parameters
        ----------
        behind : WriteBehind
            Writes the results.
        lines : LineFile or None
            Gets the lines of JSON.

        """
        self._behind, self._lines = behind, lines
        entries = [self._run, *map(asdict, self._known.values())]
        write_whole(self._path, ''.join(map(_line, entries)).encode())
        before = self._descriptor
        try:
            self._descriptor = os.open(self._path, os.O_WRONLY | os.O_APPEND | os.O_CLOEXEC)
        except OSError as exc:
            raise self._lost(exc) from exc
        self._lock(self._descriptor)
        if before is not None:
            os.close(before)

    def place(self) -> int:
        """Return where the next line of JSON will begin, bytes."""
        return 0 if self._lines is None else self._lines.end

    def note(self, source: Source, stem: str, start: int, seen: os.stat_result) -> None:
        """
        Note that a source is done; it is written soon.

        Parameters
        ----------
        source : Source
            A file.
        stem : str
            What its results are called.
        start : int
            What `place` returned before it was begun.
        seen : os.stat_result
            Of the file, before it was begun.

        Raises
        ------
        OutputError
            If its results, or the note, cannot be written.

        """
        lines, checksum = None, 0
        if self._lines is not None:
            lines = start, self._lines.end
            checksum = zlib.crc32(self._lines.read(*lines))
        path = os.path.abspath(source.name)
        self._pending.append(Done(path, seen.st_size, seen.st_mtime_ns, stem, lines, checksum))
        if len(self._pending) >= _TOGETHER:
            self.commit()

    def commit(self) -> None:
        """Write what was noted, after the results; raises what `note` raises."""
        if not self._pending or self._descriptor is None:
            return
        if self._behind is not None:
            self._behind.flush()
        if self._lines is not None:
            self._lines.sync()
        text = ''.join(_line(asdict(done)) for done in self._pending).encode()
        self._pending.clear()
        try:
            while text:
                text = text[os.write(self._descriptor, text) :]
            sync(self._descriptor)
        except OSError as exc:
            raise self._lost(exc) from exc

    def __enter__(self) -> Progress:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        try:
            if not isinstance(error, OutputError):
                self.commit()
        finally:
            self.close()

    def close(self) -> None:
        """Let another process work."""
        descriptor, self._descriptor = self._descriptor, None
        if descriptor is not None:
            os.close(descriptor)

    def _read(self) -> None:
        try:
            self._descriptor = os.open(self._path, os.O_RDONLY | os.O_CLOEXEC)
            self._lock(self._descriptor)
            with open(self._descriptor, 'rb', closefd=False) as file:
                first, *rest = file.read().splitlines() or [b'']
        except FileNotFoundError:
            return
        except OSError as exc:
            self.close()
            raise OutputError(f'cannot read {self._path}: {exc.strerror}') from exc
        if not first:
            return
        try:
            run = json.loads(first)
        except ValueError as exc:
            self.close()
            raise ParameterError(f'{self._path} is no progress of a run; delete it') from exc
        try:
            self._check(run)
        except ParameterError:
            self.close()
            raise
        for line in rest:
            try:
                fields = json.loads(line)
                lines = fields.pop('lines')
                done = Done(**fields, lines=None if lines is None else (lines[0], lines[1]))
            except (ValueError, TypeError, LookupError, AttributeError):  # cut by a power cut
                continue
            self._known[done.path] = done

    def _check(self, run: Any) -> None:
        if not isinstance(run, dict):
            raise ParameterError(f'{self._path} is no progress of a run; delete it')
        mine, theirs = _flat(self._run), _flat(run)
        differing = [name for name in {**theirs, **mine} if theirs.get(name) != mine.get(name)]
        if differing:
            difference = ', '.join(
                f'{name} {theirs.get(name)} there, {mine.get(name)} here' for name in differing
            )
            raise ParameterError(
                f'{self._path} is of another run ({difference}); choose another place for the '
                'results, or delete it to begin anew'
            )

    def _lock(self, descriptor: int) -> None:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as exc:
            raise OutputError(f'another process works on {self._path}; wait for it') from exc
        except OSError:
            pass  # a file system without locks

    def _lost(self, exc: OSError) -> OutputError:
        return OutputError(f'cannot write {self._path}: {exc.strerror}')


def find_stat(source: Source) -> os.stat_result | None:
    """Return what a source's file is like; None if it is gone, which who reads it will say."""
    try:
        return os.stat(source.name)
    except OSError:
        return None


def _is_as_it_was(done: Done) -> bool:
    try:
        found = os.stat(done.path)
    except OSError:
        return False
    return (found.st_size, found.st_mtime_ns) == (done.size, done.mtime_ns)


def _lines_of(done: Done, content: bytes) -> bytes | None:
    """Return the lines of what is done, if the content has them still."""
    if done.lines is None:
        return None
    text = content[slice(*done.lines)]
    return text if text and zlib.crc32(text) == done.checksum else None


def _flat(run: Mapping[str, Any]) -> dict[str, Any]:
    """Return the items of a run, those of its parameters among them."""
    flat = {name: value for name, value in run.items() if name != 'parameters'}
    parameters = run.get('parameters')
    return {**flat, **(parameters if isinstance(parameters, dict) else {})}


def _line(content: Mapping[str, Any]) -> str:
    return json.dumps(content, separators=(',', ':')) + '\n'
