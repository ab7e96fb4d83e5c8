"""What engines log while they are opened, said by the node: which backend was taken, and why."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
import logging

from openpose_ros.ros.node.transport import Transport

_LOGGER = logging.getLogger('openpose_ros.engine')
_LEVELS = ((logging.ERROR, 'error'), (logging.WARNING, 'warning'), (logging.INFO, 'info'))


class _Handler(logging.Handler):
    def __init__(self, transport: Transport) -> None:
        super().__init__(logging.INFO)
        self._transport = transport

    def emit(self, record: logging.LogRecord) -> None:
        level = next(name for least, name in _LEVELS if record.levelno >= least)
        self._transport.log(level, record.getMessage())


@contextmanager
def engine_log(transport: Transport) -> Iterator[None]:
    """Let a transport say what the engines' loggers are told meanwhile, from 'info' on."""
    handler, level = _Handler(transport), _LOGGER.level
    _LOGGER.addHandler(handler)
    _LOGGER.setLevel(min(_LOGGER.getEffectiveLevel(), logging.INFO))
    try:
        yield
    finally:
        _LOGGER.removeHandler(handler)
        _LOGGER.setLevel(level)
