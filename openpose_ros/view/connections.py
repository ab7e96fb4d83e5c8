"""Connections, so many at once and no longer than they are used."""

from __future__ import annotations

import asyncio
from contextlib import suppress
import logging
import socket
from typing import Any

from aiohttp import web

_LOGGER = logging.getLogger(__name__)
# aiohttp's: it says a traceback of whatever is no HTTP, which anybody can send.
_REQUESTS = logging.getLogger(f'{__name__}.requests')
_REQUESTS.setLevel(logging.CRITICAL)

MOST_SOCKETS = 64
REQUEST_S = 5.0  # for a new connection to send its request in
IDLE_S = 30.0
_SEND_BUFFER_BYTES = 1 << 18  # in the kernel; a slow browser shall see a new frame, not a queue


class _Refused(asyncio.Protocol):
    """A connection too many."""

    def connection_made(self, transport: Any) -> None:
        transport.abort()


class Connections(web.Server):
    """
    aiohttp's server, that counts its connections and ends those that only wait.

    Parameters
    ----------
    handler : callable
        Answers a request.
    **options
        As `aiohttp.web.Server` takes them.

    """

    def __init__(self, handler: Any, **options: Any) -> None:
        super().__init__(
            self._answer,
            access_log=None,
            logger=_REQUESTS,
            keepalive_timeout=IDLE_S,
            lingering_time=0.0,  # nothing is read of what was refused
            auto_decompress=False,  # a body's size is what is counted
            **options,
        )
        self._handler = handler
        self._waiting: dict[web.RequestHandler, asyncio.TimerHandle] = {}
        self._open: set[web.RequestHandler] = set()

    def __call__(self) -> Any:
        """Return what serves a new connection, or ends it at once where there are enough."""
        if len(self._open) >= MOST_SOCKETS:
            return _Refused()
        handler = super().__call__()
        self._open.add(handler)
        return handler

    def connection_made(self, handler: web.RequestHandler, transport: Any) -> None:
        """Wait for the first request of a connection, but not for long."""
        super().connection_made(handler, transport)
        connected = transport.get_extra_info('socket')
        with suppress(OSError):
            connected.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _SEND_BUFFER_BYTES)
        loop = asyncio.get_running_loop()
        self._waiting[handler] = loop.call_later(REQUEST_S, transport.abort)

    def connection_lost(
        self, handler: web.RequestHandler, exc: BaseException | None = None
    ) -> None:
        """Forget a connection."""
        super().connection_lost(handler, exc)
        self._open.discard(handler)
        self._heard(handler)

    async def _answer(self, request: web.BaseRequest) -> web.StreamResponse:
        self._heard(request.protocol)
        try:
            response: web.StreamResponse = await self._handler(request)
        except ConnectionError:  # it went away meanwhile
            raise
        except Exception:  # aiohttp answers 500, and would say it where nobody listens
            _LOGGER.exception('a request for the page failed')
            raise
        return response

    def _heard(self, handler: web.RequestHandler) -> None:
        timer = self._waiting.pop(handler, None)
        if timer is not None:
            timer.cancel()
