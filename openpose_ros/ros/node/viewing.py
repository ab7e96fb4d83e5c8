"""What a node shows on its page in the browser, and what the page may change."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from importlib.util import find_spec
import sys
from typing import TYPE_CHECKING, Any, Protocol

from openpose_ros.commands import PROGRAM
from openpose_ros.errors import LibraryError, ParameterError
from openpose_ros.estimates import Estimate
from openpose_ros.frames import FrameArray
from openpose_ros.models import ModelSpec
from openpose_ros.parsing.decoders import names_of
from openpose_ros.ros.node.parameters import NodeParams
from openpose_ros.view.options import ViewOptions, announcement, view_options

if TYPE_CHECKING:
    from openpose_ros.view.server import ViewServer

ReadOptions = Callable[[str], ViewOptions]
Change = Callable[[Mapping[str, Any]], None]


class OnProcessed(Protocol):
    """What is called with every image that was processed, in the thread that did it."""

    @property
    def is_watched(self) -> bool:
        """Whether anybody wants to see it; else it is not called."""

    def on_processed(
        self, frame: FrameArray, estimate: Estimate, params: NodeParams, age_s: float | None
    ) -> None:
        """
        Take an image and what was found in it.

        Parameters
        ----------
        frame : uint8 (H, W, 3)
            Upright; it does not change any more.
        estimate : Estimate
            Of that frame, with people as they were published; its maps are written over later.
        params : NodeParams
            What held for it.
        age_s : float or None
            How old it was when it was published, seconds.

        """


class NodeView:
    """
    The page of a node; a `Host` of `openpose_ros.view`.

    Every method may be called at any time from any thread.

    Parameters
    ----------
    change : callable
        Sets parameters of the node, as a ROS client would; raises an OpenPoseError if refused.
    params : callable
        Returns the parameters that hold now.
    log : callable
        Takes a level and a line.
    read_options : callable
        Takes the parameter `view`, and returns how the page is served.

    """

    mode = 'node'

    def __init__(
        self,
        change: Change,
        params: Callable[[], NodeParams],
        log: Callable[[str, str], None],
        read_options: ReadOptions = view_options,
    ) -> None:
        self._change = change
        self._params = params
        self._log = log
        self._read_options = read_options
        self._server: ViewServer | None = None
        self._spec: ModelSpec | None = None
        self._cameras: Sequence[str] = ()
        self._topics: Sequence[str] = ()
        self._place = 0
        self._told: NodeParams | None = None

    @property
    def max_pixels(self) -> int:
        """See `Host`."""
        return self._params().max_image_pixels

    def open(self, cameras: Sequence[str], topics: Sequence[str]) -> None:
        """
        Serve the page, if the parameter `view` asks for it.

        Parameters
        ----------
        cameras, topics : sequence of str
            The names of the node's cameras, and where their images come from.

        Raises
        ------
        ParameterError, OutputError, LibraryError
            If it cannot be served there.

        """
        text = self._params().view
        if not text or self._server is not None:
            return
        if find_spec('aiohttp') is None:
            raise LibraryError(
                f'view:={text}', 'aiohttp', 'pip install aiohttp, or apt install python3-aiohttp'
            )
        from openpose_ros.view.server import ViewServer

        options = self._read_options(text)
        self._cameras, self._topics, self._place = cameras, topics, 0
        self._server = server = ViewServer(self, options)
        where, *warnings = announcement(server.address, options.token)
        # Not by the log, which goes to /rosout and into files: it has the token.
        sys.stderr.write(f'{PROGRAM}: {where}\n')
        sys.stderr.flush()
        self._log('info', f'the page in the browser is served on {server.address}')
        for line in warnings:
            self._log('warning', line)

    def introduce(self, spec: ModelSpec) -> None:
        """Say which network runs from now on."""
        self._spec = spec
        self._tell()

    def close(self) -> None:
        """Serve the page no more."""
        server, self._server, self._spec = self._server, None, None
        if server is not None:
            server.close()

    @property
    def is_watched(self) -> bool:
        """Whether anybody looks at the page."""
        server = self._server
        return server is not None and server.is_watched

    def of(self, camera: str) -> OnProcessed:
        """Return what the images of a camera are told to."""
        return _OfCamera(self, camera)

    def is_shown(self, camera: str) -> bool:
        """Tell whether anybody looks at this camera."""
        return self.is_watched and camera == self._cameras[self._place]

    def show(
        self, frame: FrameArray, estimate: Estimate, params: NodeParams, age_s: float | None
    ) -> None:
        """Show an image; as `OnProcessed.on_processed`."""
        from openpose_ros.view.layers import with_own_maps
        from openpose_ros.view.shown import Shown

        server = self._server
        if server is None:
            return
        if self._told is not self._params():
            self._told = self._params()
            self._tell()
        has_maps = server.needs_maps
        if has_maps:
            estimate = with_own_maps(estimate)
        topic = self._topics[self._place]
        server.show(Shown(estimate, params, topic, age_s=age_s, has_maps=has_maps))

    def spec(self) -> ModelSpec | None:
        """See `Host`."""
        return self._spec

    def params(self) -> NodeParams:
        """See `Host`."""
        return self._params()

    def status(self) -> dict[str, Any]:
        """See `Host`."""
        return {
            'can': ['go'] if len(self._cameras) > 1 else [],
            'line': '',
            'paused': False,
            'place': self._place,
            'places': len(self._cameras),
            'name': self._topics[self._place] if self._topics else '',
            'index': None,
            'total': None,
            'fps': None,
        }

    def command(self, changed: Mapping[str, Any]) -> list[str]:
        """See `Host`."""
        from openpose_ros.view.controls import assignments_of

        model = self._params().model
        named = {'model': model} if model else {}
        return [PROGRAM, 'node', *assignments_of({**named, **changed})]

    def set_parameters(self, values: Mapping[str, Any]) -> None:
        """See `Host`; of the node's parameters only those of its decoder."""
        spec = self._spec
        if spec is None:
            raise ParameterError('the network is being loaded; try again in a moment')
        known = names_of(spec.decoder)
        for name in values:
            if name not in known:
                raise ParameterError(
                    f'{name} cannot be set from the page, only {", ".join(known)}'
                )
        self._change(values)

    def act(self, action: str, value: int) -> None:
        """See `Host`; only another camera can be looked at."""
        if action != 'go':
            raise ParameterError(f'there is no {action} of what a camera sees now')
        if not 0 <= value < len(self._cameras):
            raise ParameterError(
                f'there is no camera {value}: there are {len(self._cameras)}, counted from 0'
            )
        self._place = value
        self._tell()

    def take_picture(self, picture: FrameArray, name: str) -> None:
        """See `Host`."""
        raise ParameterError('a node takes its images from a topic, and no pictures')

    def _tell(self) -> None:
        server = self._server
        if server is not None:
            server.changed()


class _OfCamera:
    """What one camera's images are told to; see `OnProcessed`."""

    def __init__(self, view: NodeView, camera: str) -> None:
        self._view = view
        self._camera = camera

    @property
    def is_watched(self) -> bool:
        return self._view.is_shown(self._camera)

    def on_processed(
        self, frame: FrameArray, estimate: Estimate, params: NodeParams, age_s: float | None
    ) -> None:
        self._view.show(frame, estimate, params, age_s)
