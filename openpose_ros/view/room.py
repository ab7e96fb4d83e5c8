"""Everybody who looks, and what there is to see."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from concurrent.futures import Executor
from typing import Any, NamedTuple

from aiohttp import WSCloseCode

from openpose_ros.errors import OpenPoseError
from openpose_ros.models import ModelSpec
from openpose_ros.view.controls import (
    as_command,
    as_yaml,
    changed_of,
    controls_of,
    values_of,
)
from openpose_ros.view.hosts import Host
from openpose_ros.view.layers import Layers, layer_facts
from openpose_ros.view.options import ViewOptions
from openpose_ros.view.shown import Shown
from openpose_ros.view.viewer import Seen, Viewer, packed


class _Newest(NamedTuple):
    number: int
    picture: int
    shown: Shown
    rate: float


class Room:
    """
    The viewers of one host; in the server's loop, if not said otherwise.

    Parameters
    ----------
    host : Host
    options : ViewOptions
    loop : asyncio.AbstractEventLoop
        The server's.
    compute : concurrent.futures.Executor
        One thread, for what takes time.

    """

    def __init__(
        self,
        host: Host,
        options: ViewOptions,
        loop: asyncio.AbstractEventLoop,
        compute: Executor,
    ) -> None:
        self._host = host
        self._options = options
        self._loop = loop
        self._compute = compute
        self._viewers: set[Viewer] = set()
        self._newest: _Newest | None = None
        self._jpeg: tuple[int, bytes] = -1, b''
        self._told: ModelSpec | None = None

    @property
    def is_watched(self) -> bool:
        """Whether anybody is there; from any thread."""
        return bool(self._viewers)

    @property
    def needs_maps(self) -> bool:
        """Whether anybody sees a layer of the maps; from any thread."""
        return any(viewer.layers.need_maps for viewer in tuple(self._viewers))

    @property
    def is_full(self) -> bool:
        """Whether nobody else is let in."""
        return len(self._viewers) >= self._options.max_clients

    async def receive(self, viewer: Viewer) -> None:
        """Let a viewer in until it leaves."""
        self._viewers.add(viewer)
        try:
            viewer.tell('about', self._about())
            viewer.tell('status', self._status())
            viewer.wake()
            await viewer.serve()
        finally:
            self._viewers.discard(viewer)

    def show(self, shown: Shown, same_picture: bool, rate: float) -> None:
        """Show a frame to everybody."""
        before = self._newest
        number = before.number + 1 if before else 0
        picture = before.picture if before and same_picture else number
        self._newest = _Newest(number, picture, shown, rate)
        if self._told is not self._host.spec():
            self.tell_status()
        for viewer in self._viewers:
            viewer.wake()

    def tell_status(self) -> None:
        """Tell everybody where the host stands."""
        about = self._about() if self._told is not self._host.spec() else None
        for viewer in self._viewers:
            if about is not None:
                viewer.tell('about', about)
            viewer.tell('status', self._status())

    def say(self, line: str) -> None:
        """Tell everybody a line."""
        for viewer in self._viewers:
            viewer.tell('line', {'text': line})

    async def empty(self) -> None:
        """Send everybody away."""
        leaving = [viewer.leave(WSCloseCode.GOING_AWAY, 'it ends') for viewer in self._viewers]
        if leaving:
            await asyncio.wait(map(asyncio.ensure_future, leaving), timeout=1.0)

    async def compose(self, layers: Layers, seen: Seen) -> tuple[Seen, bytes] | None:
        """Return what is new to a viewer, and the message that says it."""
        newest = self._newest
        if newest is None or (newest.number == seen.number and layers == seen.layers):
            return None
        with_picture = newest.picture != seen.picture
        message = await self._loop.run_in_executor(
            self._compute, self._composed, newest, layers, with_picture
        )
        return Seen(newest.number, newest.picture, layers), message

    async def obey(self, name: str, value: Any) -> dict[str, Any] | None:
        """Do what a viewer asks for, in a thread that may wait; return what to answer."""
        try:
            return await self._loop.run_in_executor(None, self._obeyed, name, value)
        except OpenPoseError as exc:
            return {'kind': 'refused', 'what': name, 'text': str(exc)}

    def _obeyed(self, name: str, value: Any) -> dict[str, Any] | None:
        if name == 'set':
            self._host.set_parameters(value)
            self._loop.call_soon_threadsafe(self.tell_status)
            return {'kind': 'done', 'what': 'set'}
        if name == 'copy':
            return {'kind': 'copy', 'what': value, 'text': self._copied(value)}
        if name == 'token':
            return None  # once more: it is in already
        self._host.act(name, value)
        return None

    def _copied(self, what: str) -> str:
        spec, params = self._host.spec(), self._host.params()
        if spec is None:
            return ''
        if what == 'yaml':
            return as_yaml(values_of(spec, params))
        return as_command(self._host.command(changed_of(spec, params)))

    def _composed(self, newest: _Newest, layers: Layers, with_picture: bool) -> bytes:
        """Return the message; in the thread that computes."""
        shown = newest.shown
        facts = {**shown.facts(), 'number': newest.number, 'rate': round(newest.rate, 2)}
        picture = data = b''
        if with_picture:
            if self._jpeg[0] != newest.picture:
                self._jpeg = newest.picture, shown.jpeg()
            picture = self._jpeg[1]
        spec = self._host.spec()
        if layers.need_maps and shown.has_maps and spec is not None:
            layered, data = layer_facts(shown, layers, spec)
            facts['layers'] = layered
        facts['jpeg'] = len(picture)
        return packed(facts, picture, data)

    def _about(self) -> dict[str, Any]:
        """Say what does not change while a network is loaded."""
        spec = self._told = self._host.spec()
        about: dict[str, Any] = {'mode': self._host.mode, 'model': None}
        if spec is None:
            return about
        skeleton = spec.skeleton
        return {
            **about,
            'model': spec.name,
            'decoder': spec.decoder,
            'skeleton': {
                'name': skeleton.name,
                'keypoints': list(skeleton.keypoint_names),
                'limbs': [[limb.start, limb.end, limb.drawn] for limb in skeleton.limbs],
                'colours': [list(colour) for colour in skeleton.colours],
            },
            'controls': controls_of(spec),
        }

    def _status(self) -> dict[str, Any]:
        spec = self._host.spec()
        values: Mapping[str, Any] = {}
        if spec is not None:
            values = values_of(spec, self._host.params())
        return {**self._host.status(), 'values': values}
