"""Importing libraries that look for others, and do what nobody wants when they find them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
import sys

_NO_MEMORY = ('failed to map segment', 'annot allocate memory')  # as the dynamic loader has it


@contextmanager
def hidden(*names: str) -> Iterator[None]:
    """
    Let `import NAME` raise an ImportError meanwhile, as where it is not installed.

    Parameters
    ----------
    *names : str
        Modules. One that was imported before is left alone.

    """
    hiding = [name for name in names if name not in sys.modules]
    for name in hiding:
        sys.modules[name] = None  # type: ignore[assignment]
    try:
        yield
    finally:
        for name in hiding:
            if sys.modules.get(name) is None:
                sys.modules.pop(name, None)


def cause_of(exc: BaseException) -> str:
    """
    Return why a library cannot be imported, in one line: as it says, or that memory is missing.

    llvmlite, say, guesses at permissions where the system had no memory left to load its library;
    what the system said is below.
    """
    below: BaseException | None = exc
    while below is not None:
        if any(sign in str(below) for sign in _NO_MEMORY):
            return f'{below}: too little memory is left, or allowed by ulimit -v'
        below = below.__cause__ or below.__context__
    return f'{type(exc).__name__}: {exc}'
