"""What stands behind the name of a file: a regular file, or what is written to directly."""

from __future__ import annotations

import errno
import os
from pathlib import Path
import re
import stat
import sys
from typing import BinaryIO, NamedTuple

STANDARD_OUTPUT = '-'
_MOST_LINKS = 40  # as Linux counts them
# /dev/stdout and /dev/fd/1 lead there. What such a name leads to may be a regular file, which
# belongs to whoever redirected: it is neither emptied nor replaced.
_DESCRIPTORS = re.compile(r'/proc/(\d+)(?:/task/\d+)?/fd')


class Place(NamedTuple):
    """
    Where a name leads.

    Attributes
    ----------
    path : Path
        Without symbolic links; for what is written to directly the last name before it.
    direct : bool
        Whether it is written to directly: a pipe, a device, what another one has opened.
    descriptor : int or None
        This process's own, if the name is that of one.

    """

    path: Path
    direct: bool
    descriptor: int | None = None


def find_place(path: str | Path) -> Place:
    """
    Follow a name to what would be written; nothing need be there.

    Raises
    ------
    OSError
        If it leads to a folder, in a circle, or through what is no folder.

    """
    name = os.fspath(path)
    if name == STANDARD_OUTPUT:
        return Place(Path(name), direct=True, descriptor=1)
    for _ in range(_MOST_LINKS):
        folder, last = os.path.split(name)
        folder = os.path.realpath(folder or os.curdir)
        match = _DESCRIPTORS.fullmatch(folder)
        name = os.path.join(folder, last)
        if match is not None and last.isdecimal():
            own = int(match[1]) == os.getpid()
            return Place(Path(name), direct=True, descriptor=int(last) if own else None)
        if not os.path.islink(name):
            break
        name = os.path.join(folder, os.readlink(name))
    else:
        raise OSError(errno.ELOOP, os.strerror(errno.ELOOP), os.fspath(path))
    try:
        kind = os.stat(name).st_mode
    except FileNotFoundError:
        kind = stat.S_IFREG
    if not last or stat.S_ISDIR(kind):
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), name)
    return Place(Path(name), direct=not stat.S_ISREG(kind))


def open_direct(place: Place) -> BinaryIO:
    """Open what is written to directly, without emptying it; a pipe waits for its reader."""
    if place.descriptor is None:
        return open(place.path, 'wb')
    if place.descriptor == 1:
        sys.stdout.flush()  # what was printed before comes before
    return os.fdopen(os.dup(place.descriptor), 'wb')
