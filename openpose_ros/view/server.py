"""The server of the page, on a thread of its own."""

from __future__ import annotations

import asyncio
from collections import deque
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
import logging
import socket
import threading
from time import monotonic
from typing import Any

from openpose_ros.closing import Closing
from openpose_ros.errors import OutputError
from openpose_ros.view.addresses import Address
from openpose_ros.view.connections import Connections
from openpose_ros.view.door import Door
from openpose_ros.view.hosts import Host
from openpose_ros.view.options import ViewOptions
from openpose_ros.view.room import Room
from openpose_ros.view.shown import Shown

_LOGGER = logging.getLogger(__name__)
_PATIENCE_S = 5.0
_RATE_OVER_S = 2.0  # frames a second are counted over this


class ViewServer(Closing):
    """
    Serves the page until it is closed.

    Every method may be called from any thread, and returns at once: a browser that reads slowly,
    or not at all, holds nobody up.

    Parameters
    ----------
    host : Host
        What is shown.
    options : ViewOptions

    Attributes
    ----------
    address : Address
        Where it listens, with the port that was taken.

    Raises
    ------
    OutputError
        If it cannot listen there.

    """

    def __init__(self, host: Host, options: ViewOptions) -> None:
        listening = _listening(options.address)
        self.address = Address(options.address.host, listening.getsockname()[1])
        self.options = options
        self._loop = asyncio.new_event_loop()
        self._over = asyncio.Event()
        # Encodes and explains, beside the loop: one at a time.
        self._compute = ThreadPoolExecutor(1, 'openpose_ros view')
        self._room = Room(host, options, self._loop, self._compute)
        self._times: deque[float] = deque()
        self._thread = threading.Thread(
            target=self._run, args=(host, listening), name='openpose_ros view server', daemon=True
        )
        self._thread.start()

    @property
    def is_watched(self) -> bool:
        """Whether anybody sees what is shown."""
        return self._room.is_watched

    @property
    def needs_maps(self) -> bool:
        """Whether anybody sees a layer of the network's maps."""
        return self._room.needs_maps

    def show(self, shown: Shown, *, same_picture: bool = False) -> None:
        """
        Show a frame in place of the last one.

        Parameters
        ----------
        shown : Shown
            With maps of its own where `needs_maps` says so.
        same_picture : bool
            Whether it is the frame that was shown last, with other people.

        """
        now = monotonic()
        times = self._times
        if not same_picture:
            times.append(now)
        while times and times[0] < now - _RATE_OVER_S:
            times.popleft()
        rate = (len(times) - 1) / (times[-1] - times[0]) if len(times) > 1 else 0.0
        self._soon(self._room.show, shown, same_picture, rate)

    def changed(self) -> None:
        """Let everybody know where the host stands now."""
        self._soon(self._room.tell_status)

    def say(self, line: str) -> None:
        """Let everybody read a line."""
        self._soon(self._room.say, line)

    def close(self) -> None:
        """Send everybody away, and free the port."""
        self._soon(self._over.set)
        self._thread.join(_PATIENCE_S)
        self._compute.shutdown(wait=False, cancel_futures=True)

    def _soon(self, call: Any, *arguments: Any) -> None:
        with suppress(RuntimeError):  # it is closed
            self._loop.call_soon_threadsafe(call, *arguments)

    def _run(self, host: Host, listening: socket.socket) -> None:
        asyncio.set_event_loop(self._loop)
        try:
            self._loop.run_until_complete(self._serve(host, listening))
        except BaseException:
            _LOGGER.exception('the page is not served any more')
        finally:
            listening.close()
            self._loop.close()

    async def _serve(self, host: Host, listening: socket.socket) -> None:
        door = Door(host, self.options, self._room)
        connections = Connections(door.answer)
        server = await self._loop.create_server(connections, sock=listening)
        await self._over.wait()
        server.close()
        await self._room.empty()
        await connections.shutdown(1.0)
        others = asyncio.all_tasks() - {asyncio.current_task()}
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)


def _listening(address: Address) -> socket.socket:
    try:
        found = socket.getaddrinfo(
            address.host, address.port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )
        family, kind, protocol, _, where = found[0]
        listening = socket.socket(family, kind, protocol)
        try:
            listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listening.bind(where)
            listening.listen(64)
        except BaseException:
            listening.close()
            raise
    except (OSError, UnicodeError) as exc:
        reason = getattr(exc, 'strerror', None) or exc
        raise OutputError(
            f'cannot serve the page on {address}: {reason}; take another HOST:PORT, port 0 is '
            'any that is free'
        ) from exc
    listening.setblocking(False)
    return listening
