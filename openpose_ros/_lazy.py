"""Names that a folder's front re-exports, imported when they are first asked for."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from importlib import import_module
import sys
from types import ModuleType
from typing import Any


def lazy_names(front: str, homes: Mapping[str, str]) -> Callable[[str], Any]:
    """
    Return what a front calls `__getattr__` (PEP 562), and give it the `__dir__` to it.

    That lists what is not imported yet, for notebooks and shells, and no helper of the front
    itself. The front repeats the imports under TYPE_CHECKING, for type checkers and editors.

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

    sys.modules[front].__dict__.setdefault('__dir__', lambda: _public(sys.modules[front]))
    return get


def _public(front: ModuleType) -> list[str]:
    """Return the names that a front lists, its modules that were imported, and Python's own."""
    return sorted(
        {
            *front.__all__,
            *(
                name
                for name, value in vars(front).items()
                if name.startswith('__')
                or (
                    isinstance(value, ModuleType)
                    and value.__name__ == f'{front.__name__}.{name}'
                    and not name.startswith('_')
                )
            ),
        }
    )
