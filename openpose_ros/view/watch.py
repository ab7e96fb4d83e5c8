"""Work that is watched: its results are written, and the page may hold it and turn its knobs."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
import threading
from time import time
from typing import Any

from openpose_ros.errors import ParameterError
from openpose_ros.estimates import Estimate
from openpose_ros.estimator import PoseEstimator
from openpose_ros.frames import FrameArray
from openpose_ros.io import Frame, Source
from openpose_ros.io.video import Camera
from openpose_ros.models import ModelSpec
from openpose_ros.parameters import updated
from openpose_ros.parsing.decoders import params_for
from openpose_ros.people import People
from openpose_ros.view.controls import flags_of, values_of
from openpose_ros.view.layers import with_own_maps
from openpose_ros.view.server import ViewServer
from openpose_ros.view.shown import Shown

_GLANCE_S = 0.1


class Watch:
    """
    What the page shows of work whose results are written; see `Host`.

    The work calls `wait` before each frame and `show` after it, and `end` after the last.

    Parameters
    ----------
    estimator : PoseEstimator
        Finds the people; changed parameters are taken over between two frames.
    places : int
        How many sources there are.
    max_pixels : int
        Pictures of more are refused.
    command : sequence of str
        The words of the command line without parameters.
    say : callable
        Takes the line that records a change.
    stopped : callable
        Asked, while the page holds the work, whether it is to end.

    """

    mode = 'run'

    def __init__(
        self,
        estimator: PoseEstimator,
        *,
        places: int,
        max_pixels: int,
        command: Sequence[str],
        say: Callable[[str], object],
        stopped: Callable[[], bool],
    ) -> None:
        self.max_pixels = max_pixels
        self._estimator = estimator
        self._params = estimator.params  # from the next frame on
        self._places = places
        self._place = 0
        self._command = list(command)
        self._say = say
        self._stopped = stopped
        self._changed = threading.Condition()
        self._paused = False
        self._steps = 0
        self._over = False
        self._source: Source | None = None
        self._index: int | None = None
        self._fps: float | None = None
        self._server: ViewServer | None = None

    def serve(self, server: ViewServer) -> None:
        """Show on this server from now on."""
        self._server = server

    def spec(self) -> ModelSpec:
        """See `Host`."""
        return self._estimator.spec

    def params(self) -> Any:
        """See `Host`."""
        return self._params

    def command(self, changed: Mapping[str, Any]) -> list[str]:
        """See `Host`."""
        return [*self._command, *flags_of(changed)]

    def status(self) -> dict[str, Any]:
        """See `Host`."""
        source = self._source
        return {
            'can': [] if self._over else ['pause', 'play', 'step'],
            'line': 'the work is done; Ctrl-C ends' if self._over else '',
            'paused': self._paused,
            'place': self._place,
            'places': self._places,
            'name': source.name if source is not None else '',
            'index': self._index,
            'total': source.total if source is not None and self._fps else None,
            'fps': self._fps,
        }

    def set_parameters(self, values: Mapping[str, Any]) -> None:
        """See `Host`; from the next frame on."""
        with self._changed:
            if self._over:
                raise ParameterError('the work is done: no frame is left for other parameters')
            self._params = params_for(self.spec(), updated(self._params, values))

    def act(self, action: str, value: int) -> None:
        """See `Host`."""
        if action not in self.status()['can']:
            raise ParameterError(
                f'there is no {action} while results are written: every frame comes once, in order'
            )
        with self._changed:
            if action == 'step':
                self._steps += max(0, value)
            self._paused = action != 'play'
            self._changed.notify_all()
        self._tell()

    def take_picture(self, picture: FrameArray, name: str) -> None:
        """See `Host`."""
        raise ParameterError('no pictures are taken while results are written')

    def begin(self, source: Source, place: int) -> None:
        """Name the source whose frames come next."""
        self._source, self._place, self._index, self._fps = source, place, None, None
        self._tell()

    def wait(self, frame: Frame) -> None:
        """Let the page hold the work before a frame; take over what was changed, and say so."""
        with self._changed:
            while self._paused and not self._steps and not self._stopped():
                self._changed.wait(_GLANCE_S)
            self._steps = max(0, self._steps - 1)
            before, after = self._estimator.params, self._params
        if after == before:
            return
        self._estimator.params = after
        held = values_of(self.spec(), before)
        changes = ', '.join(
            f'{name} {value} (was {held[name]})'
            for name, value in values_of(self.spec(), after).items()
            if value != held[name]
        )
        which = '' if frame.fps is None else f' frame {frame.index}'
        self._say(f'from {frame.source}{which} on: {changes}')

    def show(self, frame: Frame, estimate: Estimate, people: People) -> None:
        """
        Show a frame, if anybody looks.

        Parameters
        ----------
        frame : Frame
            As it came.
        estimate : Estimate
            Of the frame turned upright.
        people : People
            Of it, upright, as they are written.

        """
        server = self._server
        self._index, self._fps = (frame.index if frame.fps else None), frame.fps
        if server is None or not server.is_watched or estimate.frame is None:
            return
        # The picture is drawn on, and the maps are written over.
        own = replace(estimate, people=people, frame=estimate.frame.copy())
        status = self.status()
        live = isinstance(self._source, Camera) and frame.stamp_s is not None
        has_maps = server.needs_maps
        server.show(
            Shown(
                with_own_maps(own) if has_maps else own,
                self._estimator.params,
                frame.source,
                status['index'],
                status['total'],
                time() - (frame.stamp_s or 0.0) if live else None,
                has_maps,
            )
        )

    def end(self) -> None:
        """Say that no frame is left."""
        with self._changed:
            self._over = True
            self._paused = False
        self._tell()

    def _tell(self) -> None:
        if self._server is not None:
            self._server.changed()
