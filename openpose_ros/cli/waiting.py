"""Lines about what takes long, so that nobody takes it for stuck."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
import logging
import threading

_PATIENCE_S = 3.0
_PARSER = logging.getLogger('openpose_ros.parsing')


class _Handler(logging.Handler):
    def __init__(self, say: Callable[[str], object]) -> None:
        super().__init__(logging.INFO)
        self._say = say

    def emit(self, record: logging.LogRecord) -> None:
        self._say(record.getMessage())


@contextmanager
def told_of_compiling(say: Callable[[str], object]) -> Iterator[None]:
    """Hand on the line that the parser logs when it has to be compiled, as at the first start."""
    handler, level = _Handler(say), _PARSER.level
    _PARSER.addHandler(handler)
    _PARSER.setLevel(logging.INFO)
    try:
        yield
    finally:
        _PARSER.removeHandler(handler)
        _PARSER.setLevel(level)


@contextmanager
def told_of_waiting(what: str, say: Callable[[str], object]) -> Iterator[None]:
    """Say what is waited for, if it takes longer than a moment."""
    timer = threading.Timer(_PATIENCE_S, say, [f'waiting for {what}; Ctrl-C ends'])
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()
