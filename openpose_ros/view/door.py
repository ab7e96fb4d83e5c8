"""The door: who is let in, and to what."""

from __future__ import annotations

import asyncio
from contextlib import suppress
import re
from typing import Any

from aiohttp import WSMsgType, web

from openpose_ros.errors import OpenPoseError
from openpose_ros.view.guards import HEADERS, refusal
from openpose_ros.view.hosts import Host
from openpose_ros.view.messages import MOST_BYTES, MessageError, parse_message
from openpose_ros.view.options import ViewOptions
from openpose_ros.view.room import Room
from openpose_ros.view.static import pages
from openpose_ros.view.tokens import Attempts
from openpose_ros.view.uploads import decode_upload, name_of, read_upload
from openpose_ros.view.viewer import Viewer

TOKEN_S = 5.0  # to send it in
WRONG_TOKEN, TOO_MANY_WRONG, NO_ROOM = 4401, 4429, 4503  # codes that the page knows
_BEAT_S = 20.0  # a ping, to be answered within half of it: nobody is idle for more than 30 s
_UPLOAD_S = 60.0
_WORD = re.compile(r'Bearer ([!-~]{1,512})')


class Door:
    """
    Answers every request.

    Parameters
    ----------
    host : Host
        Takes the pictures that viewers bring.
    options : ViewOptions
    room : Room
        Whom it lets in is there.

    """

    def __init__(self, host: Host, options: ViewOptions, room: Room) -> None:
        self._host = host
        self._options = options
        self._room = room
        self._attempts = Attempts()
        self._uploads = asyncio.Lock()

    async def answer(self, request: web.BaseRequest) -> web.StreamResponse:
        """Answer a request."""
        upgrade = request.path == '/ws'
        reason = refusal(request, self._options, upgrade=upgrade)
        if reason:
            return _plain(403, reason)
        if upgrade:
            return await self._socket(request)
        if request.method == 'POST' and request.path == '/picture':
            return await self._upload(request)
        if request.method != 'GET':
            return _plain(405, 'there is nothing to be had so', Allow='GET')
        page = pages().get(request.raw_path)  # as it came: no dots, no percents, no query
        if page is None:
            return _plain(404, 'there is no such page')
        return web.Response(
            body=page.content, content_type=page.content_type, charset='utf-8', headers=HEADERS
        )

    async def _socket(self, request: web.BaseRequest) -> web.StreamResponse:
        address = _address_of(request)
        if self._attempts.are_too_many(address):
            return _plain(429, 'too many wrong tokens; wait a minute')
        if self._room.is_full:
            return _plain(503, 'there are as many viewers as are allowed')
        connected = web.WebSocketResponse(
            timeout=2.0, heartbeat=_BEAT_S, compress=False, max_msg_size=MOST_BYTES
        )
        connected.headers.update(HEADERS)
        if not connected.can_prepare(request).ok:
            return _plain(400, 'this is for WebSockets')
        await connected.prepare(request)
        code, why = await self._look_at_token(connected, address)
        if code:
            with suppress(ConnectionError):
                await connected.close(code=code, message=why.encode())
            return connected
        transport = request.transport
        if transport is not None:
            viewer = Viewer(connected, transport.abort, self._room.compose, self._room.obey)
            await self._room.receive(viewer)
        return connected

    async def _look_at_token(
        self, connected: web.WebSocketResponse, address: str
    ) -> tuple[int, str]:
        """Return the code and the reason to send a viewer away with; 0 if its token opens."""
        try:
            message = await asyncio.wait_for(connected.receive(), TOKEN_S)
        except asyncio.TimeoutError:
            return WRONG_TOKEN, 'no token came'
        given: Any = None
        if message.type is WSMsgType.TEXT:
            with suppress(MessageError):
                name, value = parse_message(message.data)
                given = value if name == 'token' else None
        # Several may have come as one of them was the last wrong one.
        if self._attempts.are_too_many(address):
            return TOO_MANY_WRONG, 'too many wrong tokens; wait a minute'
        if not self._options.token.opens(given):
            self._attempts.note(address)
            return WRONG_TOKEN, 'the token is wrong'
        if self._room.is_full:
            return NO_ROOM, 'there are as many viewers as are allowed'
        return 0, ''

    async def _upload(self, request: web.BaseRequest) -> web.StreamResponse:
        address = _address_of(request)
        if self._attempts.are_too_many(address):
            return _plain(429, 'too many wrong tokens; wait a minute')
        word = _WORD.fullmatch(request.headers.get('Authorization', ''))
        if not self._options.token.opens(word[1] if word else None):
            self._attempts.note(address)
            return _plain(401, 'the token is wrong')
        if 'upload' not in self._host.status()['can']:
            return _plain(403, 'no pictures are taken here')
        if self._uploads.locked():
            return _plain(409, 'another picture is being taken; try again')
        async with self._uploads:
            try:
                data = await asyncio.wait_for(read_upload(request), _UPLOAD_S)
                await asyncio.get_running_loop().run_in_executor(
                    None, self._take, data, name_of(request)
                )
            except asyncio.TimeoutError:
                return _plain(408, f'the picture did not come within {_UPLOAD_S:g} s')
            except OpenPoseError as exc:
                return _plain(422, str(exc))
        return _plain(200, 'taken')

    def _take(self, data: bytes, name: str) -> None:
        limit = self._host.max_pixels
        self._host.take_picture(decode_upload(data, name, max_pixels=limit), name)


def _address_of(request: web.BaseRequest) -> str:
    return str(request.remote or '')


def _plain(status: int, text: str, **headers: str) -> web.Response:
    """Return a line; the connection ends with what was refused, so that its body is not read."""
    response = web.Response(status=status, text=text, headers={**HEADERS, **headers})
    if status >= 400:
        response.force_close()
    return response
