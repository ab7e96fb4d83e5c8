"""Files that are written whole from pieces, of which there may be more than memory holds."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
import errno
import os
from pathlib import Path
import shutil
import tempfile
from types import TracebackType
from typing import BinaryIO

from openpose_ros.errors import OutputError
from openpose_ros.files.lines import check_json_file
from openpose_ros.files.places import find_place
from openpose_ros.files.whole import whole_file


class GatheredFile:
    """
    Keeps pieces of JSON on the disk, and makes FILE of them at the end; a context.

    The pieces lie in files without a name beside FILE, which need no cleaning up. Whatever ends
    the context, Ctrl-C included, FILE is written, unless there is no piece. After an OutputError
    FILE stays as it was.

    Parameters
    ----------
    name : str
        Of FILE; '-' is standard output.
    lists : int
        How many lists of pieces there are.
    compose : callable
        Takes a binary file, and a function that writes the list of a number to it.

    Attributes
    ----------
    ended_early : bool
        Whether a signal or an error ended the work. No pieces are no result then.

    Raises
    ------
    OutputError
        If FILE cannot be written.
    ParameterError
        If there is a file that is not JSON.

    """

    def __init__(
        self, name: str, lists: int, compose: Callable[[BinaryIO, Callable[[int], None]], None]
    ) -> None:
        self.name = name
        self.ended_early = False
        self._compose = compose
        self._lists: list[BinaryIO] = []
        check_json_file(name)
        try:
            place = find_place(name)
            if not place.direct and place.path.exists() and not os.access(place.path, os.W_OK):
                raise PermissionError(
                    errno.EACCES, os.strerror(errno.EACCES)
                )  # not after hours of work
            folder = None if place.direct else place.path.parent
            for _ in range(lists):
                self._lists.append(_unnamed(folder))
        except OSError as exc:
            self._close()
            raise self._lost(exc) from exc

    def add(self, number: int, piece: bytes) -> None:
        """
        Append a piece to a list.

        Raises
        ------
        OutputError
            If the disk does not take it.

        """
        file = self._lists[number]
        try:
            file.write(b',\n' + piece if file.tell() else piece)
        except OSError as exc:
            raise self._lost(exc) from exc

    def __enter__(self) -> GatheredFile:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        try:
            begun = any(file.tell() for file in self._lists)
            early = self.ended_early or error is not None
            if not isinstance(error, OutputError) and (begun or not early):
                self._finish()
        finally:
            self._close()

    def _finish(self) -> None:
        try:
            for file in self._lists:
                file.seek(0)
        except OSError as exc:  # what was written last waited in memory
            raise self._lost(exc) from exc
        with whole_file(self.name) as file:

            def pour(number: int) -> None:
                shutil.copyfileobj(self._lists[number], file)

            self._compose(file, pour)

    def _lost(self, exc: OSError) -> OutputError:
        return OutputError(f'cannot write {self.name}: {exc.strerror}')

    def _close(self) -> None:
        for file in self._lists:
            with suppress(OSError):  # it has no name, and nobody reads it any more
                file.close()


def _unnamed(folder: Path | None) -> BinaryIO:
    return tempfile.TemporaryFile(dir=folder)
