"""One browser: what it sees once it has shown the token, and what it asks for."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from contextlib import suppress
import json
import struct
from typing import Any, NamedTuple

from aiohttp import WSCloseCode, WSMsgType, web

from openpose_ros.view.connections import IDLE_S
from openpose_ros.view.layers import Layers
from openpose_ros.view.messages import MessageError, Pace, parse_message

_LEAST_APART_S = 1 / 30


class Seen(NamedTuple):
    """
    What a browser was sent last.

    Attributes
    ----------
    number, picture : int
        Which of all that were shown; and which picture that was of.
    layers : Layers

    """

    number: int
    picture: int
    layers: Layers


NOTHING = Seen(-1, -1, Layers())
Compose = Callable[[Layers, Seen], Awaitable[tuple[Seen, bytes] | None]]
Obey = Callable[[str, Any], Awaitable[dict[str, Any] | None]]


def packed(facts: dict[str, Any], *blobs: bytes) -> bytes:
    """Return a message: the length of its JSON, little-endian, that, and bytes."""
    text = json.dumps(facts, separators=(',', ':'), allow_nan=False).encode()
    return b''.join([struct.pack('<I', len(text)), text, *blobs])


class Viewer:
    """
    A WebSocket whose token was right.

    It gets the newest frame when it has taken the one before: what was sent and not yet read is
    at most a frame, and what the kernel holds.

    Parameters
    ----------
    socket : aiohttp.web.WebSocketResponse
    abort : callable
        Ends the connection without a word.
    compose : callable
        Takes the layers that are wanted and what was sent last; returns what is new, and the
        message; None where nothing is.
    obey : callable
        Takes a message's name and value, and returns what to answer.

    Attributes
    ----------
    layers : Layers
        Those that it has switched on.

    """

    def __init__(
        self,
        socket: web.WebSocketResponse,
        abort: Callable[[], object],
        compose: Compose,
        obey: Obey,
    ) -> None:
        self.layers = Layers()
        self._socket = socket
        self._abort = abort
        self._compose = compose
        self._obey = obey
        self._news = asyncio.Event()
        self._facts: dict[str, dict[str, Any]] = {}  # by kind: of each the newest

    def tell(self, kind: str, facts: dict[str, Any]) -> None:
        """Send facts, unless newer ones of that kind come before they can be sent."""
        self._facts[kind] = facts
        self._news.set()

    def wake(self) -> None:
        """Let it see the newest frame."""
        self._news.set()

    async def serve(self) -> None:
        """Talk with the browser until one of both ends it."""
        tasks = [asyncio.ensure_future(work) for work in (self._receive(), self._send())]
        try:
            done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                with suppress(ConnectionError):
                    task.result()
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _receive(self) -> None:
        pace = Pace()
        async for message in self._socket:
            if message.type is not WSMsgType.TEXT:
                await self.leave(WSCloseCode.UNSUPPORTED_DATA, 'no text')
                return
            if not pace.allows():
                await self.leave(WSCloseCode.POLICY_VIOLATION, 'too many messages')
                return
            try:
                name, value = parse_message(message.data)
            except MessageError as exc:
                await self.leave(WSCloseCode.POLICY_VIOLATION, str(exc))
                return
            if name == 'layers':
                self.layers = value
                self.wake()
                continue
            answer = await self._obey(name, value)
            if answer is not None:
                await self._put(self._socket.send_str(json.dumps(answer)))

    async def _send(self) -> None:
        loop = asyncio.get_running_loop()
        seen = NOTHING
        while True:
            await self._news.wait()
            self._news.clear()
            started = loop.time()
            while self._facts:
                kind = next(iter(self._facts))
                facts = {'kind': kind, **self._facts.pop(kind)}
                await self._put(self._socket.send_str(json.dumps(facts)))
            new = await self._compose(self.layers, seen)
            if new is not None:
                seen, message = new
                await self._put(self._socket.send_bytes(message))
            await asyncio.sleep(started + _LEAST_APART_S - loop.time())

    async def _put(self, sending: Coroutine[Any, Any, None]) -> None:
        """Send; whoever does not read for too long is a viewer no more."""
        try:
            await asyncio.wait_for(sending, IDLE_S)
        except asyncio.TimeoutError as exc:
            self._abort()
            raise ConnectionResetError from exc

    async def leave(self, code: int, why: str) -> None:
        """Say why, and end it."""
        with suppress(ConnectionError):
            await self._socket.close(code=code, message=why.encode())
