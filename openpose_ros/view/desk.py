"""Pictures and videos to walk through, with the people in them found anew as one turns a knob."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
import threading
from time import monotonic, time
from typing import Any, Protocol

from openpose_ros.errors import MapsError, ParameterError, SourceError
from openpose_ros.estimates import Estimate
from openpose_ros.estimator import PoseEstimator
from openpose_ros.frames import FrameArray
from openpose_ros.io import Frame, Source
from openpose_ros.io.seeking import Reel, open_reel
from openpose_ros.io.video import Camera
from openpose_ros.models import ModelSpec
from openpose_ros.parameters import updated
from openpose_ros.people import People
from openpose_ros.rotation import rotate_upright
from openpose_ros.view.controls import flags_of
from openpose_ros.view.layers import with_own_maps
from openpose_ros.view.server import ViewServer
from openpose_ros.view.shown import Shown

_GLANCE_S = 0.1  # how long a signal may wait until it is seen


class Follower(Protocol):
    """Gives people their ids, as `tracking.Tracker` does."""

    def update(self, people: People, stamp_s: float) -> Any:
        """Take the people of the next frame; what it returns has `people`."""
        ...


@dataclass(frozen=True)
class Brought:
    """A picture that a viewer brought; a source of one frame."""

    picture: FrameArray
    name: str
    total: int = 1

    @property
    def stem(self) -> str:
        """What results would be called after."""
        return self.name

    def frames(self, selection: object = None) -> Any:
        """Yield the one frame."""
        yield Frame(self.picture, self.name)


class Desk:
    """
    What `openpose-ros view` shows; see `Host`.

    Parameters
    ----------
    estimator : PoseEstimator
        Finds the people.
    sources : sequence of Source
        To walk through.
    rotate : int
        Degrees clockwise that bring frames upright.
    start, every : int
        The frame that a video begins with, and how many to go on from each.
    max_pixels : int
        Pictures of more are refused.
    tracker : callable, optional
        Returns a new follower, where people are followed.
    command : sequence of str
        The words of the command line without parameters.
    say : callable
        Takes a line for the terminal.

    """

    mode = 'desk'

    def __init__(
        self,
        estimator: PoseEstimator,
        sources: Sequence[Source],
        *,
        rotate: int = 0,
        start: int = 0,
        every: int = 1,
        max_pixels: int,
        tracker: Callable[[], Follower] | None = None,
        command: Sequence[str] = (),
        say: Callable[[str], object] = lambda line: None,
    ) -> None:
        self.max_pixels = max_pixels
        self._estimator = estimator
        self._sources = list(sources)
        self._given = len(self._sources)
        self._rotate = rotate
        self._start = start
        self._every = every
        self._open_tracker = tracker
        self._tracker: Follower | None = None
        self._command = list(command)
        self._say = say
        self._changed = threading.Condition()
        self._wishes: dict[str, int] = {}  # by action: what is still to be done
        self._knobs_turned = False
        self._paused = False
        self._line = ''
        # Of the main loop alone, from here on.
        self._server: ViewServer | None = None
        self._reel: Reel | None = None
        self._place = 0
        self._frame: Frame | None = None
        self._estimate: Estimate | None = None
        self._due_s = 0.0
        self._ended = False

    def spec(self) -> ModelSpec:
        """See `Host`."""
        return self._estimator.spec

    def params(self) -> Any:
        """See `Host`."""
        return self._estimator.params

    def command(self, changed: Mapping[str, Any]) -> list[str]:
        """See `Host`."""
        return [*self._command, *flags_of(changed)]

    def status(self) -> dict[str, Any]:
        """See `Host`."""
        frame, reel = self._frame, self._reel
        moving = frame is not None and frame.fps is not None
        can = ['upload']
        if len(self._sources) > 1:
            can.append('go')
        if moving:
            can += ['pause', 'play', 'step']
        if reel is not None and reel.seeks:
            can.append('seek')
        return {
            'can': can,
            'line': self._line,
            'paused': self._paused or self._ended,
            'place': self._place,
            'places': len(self._sources),
            'name': self._sources[self._place].name,
            'index': frame.index if frame is not None and moving else None,
            'total': reel.total if reel is not None and moving else None,
            'fps': frame.fps if frame is not None else None,
        }

    def set_parameters(self, values: Mapping[str, Any]) -> None:
        """See `Host`."""
        with self._changed:
            self._estimator.params = updated(self._estimator.params, values)
            self._knobs_turned = True
            self._changed.notify_all()

    def act(self, action: str, value: int) -> None:
        """See `Host`."""
        if action == 'go' and not 0 <= value < len(self._sources):
            raise ParameterError(
                f'there is no source {value}: there are {len(self._sources)}, counted from 0'
            )
        with self._changed:
            before = self._wishes.pop(action, 0)
            self._wishes[action] = before + value if action == 'step' else value
            self._changed.notify_all()

    def take_picture(self, picture: FrameArray, name: str) -> None:
        """See `Host`; only the last one is kept."""
        with self._changed:
            self._sources[self._given :] = [Brought(picture, name)]
        self.act('go', self._given)

    def run(self, server: ViewServer, stopped: Callable[[], bool]) -> None:
        """Show the first source, then what the user asks for, until stopped."""
        self._server = server
        self._estimator.warm_up()
        try:
            self._go(0)
            self._tell()
            while not stopped():
                self._turn()
        finally:
            if self._reel is not None:
                self._reel.close()

    def _turn(self) -> None:
        """Do what is wished for, or what is due; else wait a moment."""
        with self._changed:
            if not self._wishes and not self._knobs_turned:
                wait_s = min(_GLANCE_S, max(0.0, self._due_s - monotonic()))
                if not self._is_playing():
                    wait_s = _GLANCE_S
                if wait_s > 0:
                    self._changed.wait(wait_s)
            wishes, self._wishes = self._wishes, {}
            knobs_turned, self._knobs_turned = self._knobs_turned, False
        for action, value in wishes.items():
            getattr(self, f'_{action}')(value)
        if wishes:
            self._tell()
        if knobs_turned:
            self._parse_again()
        elif not wishes and self._is_playing() and monotonic() >= self._due_s:
            self._advance()

    def _is_playing(self) -> bool:
        frame = self._frame
        if frame is None or frame.fps is None:
            return False
        return not self._paused and not self._ended

    def _pause(self, _: int) -> None:
        self._paused = True

    def _play(self, _: int) -> None:
        self._paused = False
        if self._ended and self._reel is not None and self._reel.seeks:
            self._seek(self._start)

    def _step(self, frames: int) -> None:
        self._paused = True
        if self._reel is None or self._frame is None or self._frame.fps is None:
            return
        if frames == 1:
            self._advance()
        elif self._reel.seeks:
            self._seek(self._frame.index + frames)

    def _seek(self, index: int) -> None:
        if self._reel is None or not self._reel.seeks:
            return
        last = (self._reel.total or 1) - 1
        self._reel.seek(min(max(index, 0), last))
        self._tracker = None
        self._advance(exactly=True)

    def _go(self, place: int) -> None:
        if self._reel is not None:
            self._reel.close()
        self._place = min(place, len(self._sources) - 1)
        self._reel = self._frame = self._estimate = self._tracker = None
        self._line = ''
        source = self._sources[self._place]
        try:
            self._reel = open_reel(source, every=self._every)
        except SourceError as exc:
            self._complain(str(exc))
            return
        if self._start and self._reel.seeks:
            self._reel.seek(self._start)
        self._advance(exactly=True)
        if source.total == 1:
            self._look_behind(self._reel)

    def _look_behind(self, reel: Reel) -> None:
        """Hear what a picture says after its frame: that it is damaged."""
        try:
            reel.next()
        except SourceError as exc:
            self._complain(str(exc))

    def _advance(self, *, exactly: bool = False) -> None:
        """Show the next frame, or that there is none."""
        reel = self._reel
        if reel is None:
            return
        self._ended = False
        if not exactly:
            reel.skip(self._every - 1)
        try:
            frame = reel.next()
        except SourceError as exc:
            self._complain(str(exc))
            frame = None
        if frame is None:
            self._ended = True
            self._tell()
            return
        now = monotonic()
        behind = now - self._due_s if self._frame is not None else 1.0
        # From turn to turn, so that a video keeps its pace; no faster later for what was slow.
        period_s = self._every / frame.fps if frame.fps else 0.0
        self._due_s = (self._due_s if behind < period_s else now) + period_s
        self._frame = frame
        if frame.note:
            self._complain(f'{frame.source} {frame.note}')
        self._look_at(frame)

    def _look_at(self, frame: Frame) -> None:
        try:
            found = self._estimator.estimate(rotate_upright(frame.image, self._rotate))
        except MapsError as exc:
            self._complain(f'{frame.source}: {exc}')
            return
        found = with_own_maps(found)
        if self._open_tracker is not None and frame.stamp_s is not None:
            self._tracker = self._tracker or self._open_tracker()
            tracked = self._tracker.update(found.people, frame.stamp_s)
            found = replace(found, people=tracked.people)
        self._show(found)

    def _parse_again(self) -> None:
        if self._estimate is not None:
            self._show(self._estimator.parse_again(self._estimate), same_picture=True)

    def _show(self, estimate: Estimate, *, same_picture: bool = False) -> None:
        self._estimate = estimate
        frame, server = self._frame, self._server
        assert frame is not None
        assert server is not None
        status = self.status()
        live = isinstance(self._sources[self._place], Camera)  # whose stamps are the clock's
        shown = Shown(
            estimate,
            self._estimator.params,
            frame.source,
            status['index'],
            status['total'],
            time() - frame.stamp_s if live and frame.stamp_s is not None else None,
        )
        server.show(shown, same_picture=same_picture)

    def _tell(self) -> None:
        if self._server is not None:
            self._server.changed()

    def _complain(self, line: str) -> None:
        self._say(line)
        self._line = line
        self._tell()
