"""Importing libraries that look for others, and do what nobody wants when they find them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
import sys


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
