"""
Standard streams that are closed, full, or that nobody reads any more.

What is printed on standard output is what the program is for: where it is lost, the program ends.
What is said on standard error is not: the line is lost, and the work goes on. Python's own
streams raise in both cases, and where a stream was closed before the program began, what it opens
next would be in its place.
"""

from __future__ import annotations

from contextlib import suppress
import io
import os
import select
import sys
from typing import Any, TextIO

from openpose_ros.errors import OutputError, ReaderGoneError


class _Output(io.FileIO):
    """Standard output; what is raised is no OSError, which argparse, say, takes for harmless."""

    def write(self, data: Any) -> int:
        """
        Write all of it, also into a pipe that takes a part at a time.

        Raises
        ------
        ReaderGoneError
            If nobody reads any more.
        OutputError
            If it cannot be written for another reason, as on a full disk.

        """
        rest = memoryview(data).cast('B')
        size = len(rest)
        try:
            while rest:
                written = super().write(rest)
                if written is None:  # a pipe that does not wait, and is full
                    select.select([], [self.fileno()], [])
                else:
                    rest = rest[written:]
        except BrokenPipeError as exc:
            raise ReaderGoneError('nobody reads standard output any more') from exc
        except OSError as exc:
            raise OutputError(f'cannot write to standard output: {exc.strerror}') from exc
        return size


class _Errors(io.FileIO):
    """Standard error; what it does not take is lost."""

    def write(self, data: Any) -> int:
        with suppress(OSError):
            super().write(data)
        return len(memoryview(data).cast('B'))


def guard_streams() -> None:
    """
    Let this process's standard streams do as this module says, for the rest of its life.

    Lines of standard output are sent one by one, also into a pipe, and what its encoding does not
    have is escaped: names of files need not be text.
    """
    for number, stand_in in enumerate((_nothing, _broken_pipe, _nothing)):
        try:
            os.fstat(number)
        except OSError:
            stand_in(number)
    sys.stdout = _text_over(_Output(1, 'w', closefd=False), sys.stdout)
    sys.stderr = _text_over(_Errors(2, 'w', closefd=False), sys.stderr)


def _text_over(raw: io.FileIO, before: TextIO | None) -> TextIO:
    """Return a stream of text like the one before, which is None where it was closed."""
    if before is not None:
        before.flush()
    return io.TextIOWrapper(
        io.BufferedWriter(raw),
        encoding=getattr(before, 'encoding', 'utf-8'),
        errors='backslashreplace',
        line_buffering=True,
        write_through=getattr(before, 'write_through', False),
    )


def _nothing(number: int) -> None:
    _move(os.open(os.devnull, os.O_RDWR), number)


def _broken_pipe(number: int) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    _move(writing, number)


def _move(descriptor: int, number: int) -> None:
    """Give a descriptor another number, under which programs that are started have it too."""
    if descriptor == number:
        os.set_inheritable(number, True)
    else:
        os.dup2(descriptor, number)
        os.close(descriptor)
