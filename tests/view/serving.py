"""The page as a test sees it: a real server, a real desk, and a network that is none."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPMessage
import json
from pathlib import Path
import struct
import threading
from typing import Any, NamedTuple

import aiohttp

from openpose_ros.estimator import PoseEstimator
from openpose_ros.io import find_sources
from openpose_ros.pictures import MAX_IMAGE_PIXELS
from openpose_ros.view.addresses import Address
from openpose_ros.view.desk import Desk
from openpose_ros.view.hosts import Host
from openpose_ros.view.options import ViewOptions
from openpose_ros.view.server import ViewServer
from openpose_ros.view.tokens import Token

TOKEN = 'a-token-of-the-tests'
OPEN = ('about', 'copy', 'done', 'frame', 'line', 'refused', 'status')
PATIENCE_S = 60.0  # for what must come; never waited for when all is well


class Answer(NamedTuple):
    """What came back."""

    status: int
    headers: HTTPMessage
    text: str


@dataclass
class Served:
    """
    A page that is served.

    Attributes
    ----------
    server : ViewServer
    host : Host

    """

    server: ViewServer
    host: Any

    @property
    def origin(self) -> str:
        return self.server.address.origin

    @property
    def port(self) -> int:
        return self.server.address.port

    def request(
        self,
        method: str = 'GET',
        path: str = '/',
        body: bytes | None = None,
        **headers: str,
    ) -> Answer:
        """Ask for a path as it is, with these headers; `_` stands for `-`."""
        connection = HTTPConnection('127.0.0.1', self.port, timeout=PATIENCE_S)
        named = {name.replace('_', '-'): text for name, text in headers.items()}
        connection.putrequest(method, path, skip_host='Host' in named, skip_accept_encoding=True)
        if body is not None and 'Content-Length' not in named:
            named['Content-Length'] = str(len(body))
        for name, text in named.items():
            connection.putheader(name, text)
        try:
            connection.endheaders(body)
            response = connection.getresponse()
            text = '' if response.status == 101 else response.read().decode()
            return Answer(response.status, response.headers, text)
        finally:
            connection.close()

    def bring(self, body: bytes, token: str = TOKEN, **headers: str) -> Answer:
        """Bring a picture, as the page does."""
        named = {'Origin': self.origin, 'Authorization': f'Bearer {token}', **headers}
        return self.request('POST', '/picture', body, **named)

    @contextmanager
    def viewer(self) -> Iterator[Viewer]:
        """Be a browser that has shown the token."""
        with connected(self, TOKEN) as viewer:
            viewer.wait('about')
            yield viewer


class Viewer:
    """
    A WebSocket in a loop of its own.

    Attributes
    ----------
    facts : list of dict
        The JSON of every message so far; that of a frame has the kind 'frame', and in 'blob' the
        bytes that follow it.

    """

    def __init__(self, run: Callable[[Coroutine[Any, Any, Any]], Any], socket: Any) -> None:
        self._run = run
        self.socket = socket
        self.facts: list[dict[str, Any]] = []
        self._left: list[dict[str, Any]] = []

    def send(self, **message: Any) -> None:
        self._run(self.socket.send_str(json.dumps(message)))

    def send_text(self, text: str) -> None:
        self._run(self.socket.send_str(text))

    def receive(self) -> dict[str, Any]:
        """Return the next message; the kind 'closed' has the code."""
        message = self._run(asyncio.wait_for(self.socket.receive(), PATIENCE_S))
        if message.type is aiohttp.WSMsgType.TEXT:
            facts = json.loads(message.data)
        elif message.type is aiohttp.WSMsgType.BINARY:
            length = struct.unpack_from('<I', message.data)[0]
            facts = {'kind': 'frame', **json.loads(message.data[4 : 4 + length])}
            facts['blob'] = message.data[4 + length :]
        else:
            facts = {'kind': 'closed', 'code': self.socket.close_code, 'text': message.extra}
        self.facts.append(facts)
        self._left.append(facts)
        return facts

    def wait(
        self, kind: str, so: Callable[[dict[str, Any]], bool] = lambda facts: True
    ) -> dict[str, Any]:
        """Return the next message of a kind that is so; those of other kinds are kept."""
        while True:
            for facts in [one for one in self._left if one['kind'] == kind]:
                self._left.remove(facts)
                if so(facts):
                    return facts
            assert self.receive()['kind'] in (kind, *OPEN), self.facts[-1]


@contextmanager
def connected(page: Served, token: str | None, **headers: str) -> Iterator[Viewer]:
    """Open a WebSocket, and show a token."""

    async def connect() -> tuple[aiohttp.ClientSession, Any]:
        session = aiohttp.ClientSession()
        try:
            named = {'Origin': page.origin, **headers}
            return session, await session.ws_connect(f'{page.origin}/ws', headers=named)
        except BaseException:
            await session.close()
            raise

    async def leave() -> None:
        await socket.close()  # else aiohttp warns of it whenever it is collected
        await session.close()

    loop = asyncio.new_event_loop()
    try:
        session, socket = loop.run_until_complete(connect())
        try:
            viewer = Viewer(loop.run_until_complete, socket)
            if token is not None:
                viewer.send(token=token)
            yield viewer
        finally:
            loop.run_until_complete(leave())
    finally:
        loop.close()


@contextmanager
def serve(host: Host, **options: Any) -> Iterator[Served]:
    """Serve a host on a port that is free."""
    given = {'address': Address('127.0.0.1', 0), 'token': Token(TOKEN, own=True), **options}
    with ViewServer(host, ViewOptions(**given)) as server:
        yield Served(server, host)


@contextmanager
def desk(
    paths: Sequence[Path], *, max_pixels: int = MAX_IMAGE_PIXELS, **options: Any
) -> Iterator[Served]:
    """Walk through pictures and videos, in which a fake network sees three people."""
    sources = [source for path in paths for source in find_sources(str(path))]
    over = threading.Event()
    with PoseEstimator.from_model(backend='fake') as estimator:
        host = Desk(
            estimator,
            sources,
            max_pixels=max_pixels,
            command=['openpose-ros', 'estimate', *map(str, paths)],
            **options,
        )
        with serve(host) as page:
            walking = threading.Thread(target=host.run, args=(page.server, over.is_set))
            walking.start()
            try:
                yield page
            finally:
                over.set()
                walking.join(PATIENCE_S)
                assert not walking.is_alive()
