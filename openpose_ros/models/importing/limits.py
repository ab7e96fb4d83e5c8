"""
What a file of a network may hold, so that none, whoever made it, takes the machine's memory.

Every reader of this folder asks here before it makes anything of the size that a file claims.
Errors of what is inside a file are ValueErrors, which `import_model` turns into one line with the
file's name; only a file that cannot be read at all is a ModelError at once.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import prod
import os
from pathlib import Path
from stat import S_ISDIR, S_ISREG

from openpose_ros.errors import ModelError

MOST_BYTES = 1 << 30  # of one file
_LEAST_AT_ONCE = 1 << 20  # of a pipe, whose size nobody knows
MOST_JSON = 1 << 24  # bytes of the description of a network; they are smaller than 1 MB
MOST_NODES = 10_000
MOST_TENSORS = 4_096
MOST_AXES = 8
MOST_NESTING = 32  # of messages in messages, lists in lists


def read_bytes(path: Path, most: int = MOST_BYTES) -> bytes:
    """
    Read a file.

    Raises
    ------
    ModelError
        If it cannot be read, has more than `most` bytes, or is a pipe or a device: these can be
        read once only, end when they like, or never.

    """
    parts, left = [], most + 1
    try:
        mode = path.stat().st_mode
        if not S_ISREG(mode) and not S_ISDIR(mode):  # whose error says what it is
            raise ModelError(f'cannot read {path}: it is no regular file; copy it into one')
        with path.open('rb') as file:
            # No more at once than there is: memory is taken before anything is read.
            once = max(os.fstat(file.fileno()).st_size + 1, _LEAST_AT_ONCE)
            while left and (part := file.read(min(left, once))):
                parts.append(part)
                left -= len(part)
    except OSError as exc:
        raise ModelError(f'cannot read {path}: {exc.strerror}') from exc
    content = parts[0] if len(parts) == 1 else b''.join(parts)
    if len(content) > most:
        raise ModelError(f'{path} is too large: {most >> 20} MB are the most')
    return content


def one_line(exc: Exception) -> str:
    """Return what an error says as one line of text, whatever names of a file are in it."""
    told = ' '.join(str(exc).split())
    return ''.join(letter if letter.isprintable() else '?' for letter in told)


def check_nodes(count: int) -> None:
    """Raise a ValueError for more operations than a network may have."""
    if count > MOST_NODES:
        raise ValueError(f'it has {count} operations, at most {MOST_NODES} are read')


def check_tensors(count: int) -> None:
    """Raise a ValueError for more constants than a network may have."""
    if count > MOST_TENSORS:
        raise ValueError(f'it has {count} tensors, at most {MOST_TENSORS} are read')


def check_nesting(depth: int) -> None:
    """Raise a ValueError for what lies too deep in a file."""
    if depth > MOST_NESTING:
        raise ValueError(f'it is nested more than {MOST_NESTING} deep')


def check_shape(shape: Sequence[int], present: int, item: int, what: str) -> tuple[int, ...]:
    """
    Return a shape that its bytes can fill.

    Parameters
    ----------
    shape : sequence of int
        As the file has it.
    present : int
        Bytes that the file has for it.
    item : int
        Bytes an element.
    what : str
        What has the shape, for the message.

    Raises
    ------
    ValueError
        If there are not exactly as many bytes.

    """
    sizes = tuple(shape)
    if len(sizes) > MOST_AXES or min(sizes, default=0) < 0 or prod(sizes) * item != present:
        shown = str(sizes[: MOST_AXES + 1])[:80]
        raise ValueError(f'{what} has the shape {shown} and {present} bytes, which do not fit')
    return sizes
