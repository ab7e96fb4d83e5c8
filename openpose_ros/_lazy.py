"""Names that a folder's front re-exports, imported when they are first asked for."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from importlib import import_module
from typing import Any


def lazy_names(front: str, homes: Mapping[str, str]) -> Callable[[str], Any]:
    """
    Return what a front calls `__getattr__` (PEP 562).

    The front repeats the imports under TYPE_CHECKING, for type checkers and editors.

    Parameters
    ----------
    front : str
        The `__name__` of the module.
    homes : mapping of str to str
        Of each name, the module that has it.

    """

    def get(name: str) -> Any:
        if name not in homes:
            raise AttributeError(f'module {front!r} has no attribute {name!r}')
        try:
            module = import_module(homes[name])
        except ImportError:
            raise
        except Exception as exc:  # `from front import name` would take an AttributeError for ours
            raise ImportError(
                f'{homes[name]} cannot be imported ({type(exc).__name__}: {exc})'
            ) from exc
        return getattr(module, name)

    return get
