"""What C libraries print while they decode: caught, so that it can be said with a name."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
import os
import re
import sys
import tempfile
import threading

_STDERR = 2
_MOST_BYTES = 1 << 16
# Of libpng, and of OpenCV where its log is on.
_THEIRS = re.compile(r'libpng (warning|error): |\[ ?(WARN|ERROR|INFO|DEBUG):\d+@|imread_\(|TIFF')


class _Lock:
    """A lock that a process which was forked meanwhile has anew."""

    def __init__(self) -> None:
        self.held = threading.Lock()
        os.register_at_fork(after_in_child=self.renew)

    def renew(self) -> None:
        self.held = threading.Lock()


_LOCK = _Lock()


class Caught:
    """
    What was printed.

    Attributes
    ----------
    text : str
        The lines of libraries that decode; empty until the context ends.

    """

    text = ''


@contextmanager
def caught_stderr(is_theirs: Callable[[str], bool]) -> Iterator[Caught]:
    """
    Catch what is printed to file descriptor 2, by whoever it is, while the context lasts.

    libjpeg says in no other way that a picture is damaged. Lines of others, of threads that log
    meanwhile say, are passed on when the context ends. Where nothing can be caught (2 is closed,
    or there are too many open files), nothing is. One thread catches at a time.

    Parameters
    ----------
    is_theirs : callable
        Tells whether a line is to be kept.

    """
    caught = Caught()
    with _LOCK.held:
        try:
            before = os.dup(_STDERR)
        except OSError:
            yield caught
            return
        try:
            file = _open_file()
        except OSError:
            os.close(before)
            yield caught
            return
        with suppress(OSError, ValueError, AttributeError):
            sys.stderr.flush()
        os.dup2(file, _STDERR)
        try:
            yield caught
        finally:
            os.dup2(before, _STDERR)
            text = os.pread(file, _MOST_BYTES, 0).decode(errors='replace')
            os.close(before)
            os.close(file)
            caught.text = _pass_on_others(text, is_theirs)


def _pass_on_others(text: str, is_theirs: Callable[[str], bool]) -> str:
    """Print the lines that are not to be kept, and return those that are."""
    kept: list[str] = []
    others: list[str] = []
    for line in text.splitlines(keepends=True):
        theirs = is_theirs(line.rstrip('\n')) or _THEIRS.match(line)
        (kept if theirs else others).append(line)
    with suppress(OSError):
        if others:
            os.write(_STDERR, ''.join(others).encode(errors='replace'))
    return ''.join(kept)


def _open_file() -> int:
    if hasattr(os, 'memfd_create'):
        return os.memfd_create('openpose_ros')
    file, path = tempfile.mkstemp()
    os.unlink(path)
    return file
