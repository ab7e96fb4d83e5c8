"""What the files of results have in common, whatever their form."""

from __future__ import annotations

from types import TracebackType
from typing import Protocol, TypeVar

Self = TypeVar('Self', bound='ResultFile')


class Growing(Protocol):
    """A file that has its name when it is whole: `LineFile`, `GatheredFile`."""

    ended_early: bool

    def __enter__(self) -> object: ...
    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None: ...


class ResultFile:
    """
    A form of results, as a context manager over the file that it grows in.

    Parameters
    ----------
    file : LineFile or GatheredFile

    """

    def __init__(self, file: Growing) -> None:
        self._growing = file

    @property
    def ended_early(self) -> bool:
        """Whether the work was stopped; nothing found is no result then."""
        return self._growing.ended_early

    @ended_early.setter
    def ended_early(self, early: bool) -> None:
        self._growing.ended_early = early

    def __enter__(self: Self) -> Self:
        self._growing.__enter__()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._growing.__exit__(kind, error, traceback)
