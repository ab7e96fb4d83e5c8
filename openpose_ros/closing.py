"""What holds something that is to be freed, and frees it at the end of a `with`."""

from __future__ import annotations

from types import TracebackType
from typing import Protocol, TypeVar

Self = TypeVar('Self', bound='Closing')


class Closing(Protocol):
    """A context manager that closes itself."""

    def close(self) -> None:
        """Free what this holds; closing it again does nothing."""
        ...

    def __enter__(self: Self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()
