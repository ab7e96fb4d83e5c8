"""The page of `estimate --view`: files to walk through, or work that is watched."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from openpose_ros.cli.parameters import given_parameters
from openpose_ros.cli.viewing import open_browser, options_of
from openpose_ros.closing import Closing
from openpose_ros.commands import PROGRAM
from openpose_ros.errors import ParameterError
from openpose_ros.pictures.limits import PictureParams
from openpose_ros.tracking import TrackingParams

if TYPE_CHECKING:
    from openpose_ros.cli.estimate.report import RunReport
    from openpose_ros.estimator import PoseEstimator
    from openpose_ros.io import Source
    from openpose_ros.tracking import Tracker
    from openpose_ros.view.hosts import Host
    from openpose_ros.view.server import ViewServer
    from openpose_ros.view.watch import Watch

_WRITTEN = ('output', 'json', 'csv', 'mcap', 'coco', 'coco_results')


class Page(Closing):
    """
    The page, from the flags to the end.

    Parameters
    ----------
    args : argparse.Namespace
        What `estimate` was told.

    Attributes
    ----------
    results : bool
        Whether results are written: then there is no going back, and no seeking.
    host : Watch or None
        What is watched, from `watch` on.

    Raises
    ------
    ParameterError
        If flags do not go together.

    """

    def __init__(self, args: argparse.Namespace) -> None:
        if args.show:
            raise ParameterError('--view and --show are two ways to see it; take one of them')
        if args.resume:
            raise ParameterError(
                '--view cannot go with --resume: parameters that are changed on the page are not '
                'those that the work was begun with'
            )
        self._args = args
        self._options = options_of(args, args.view_address)
        self._server: ViewServer | None = None
        self._opened: Path | None = None
        self.results = any(getattr(args, flag) is not None for flag in _WRITTEN)
        self.host: Watch | None = None

    def walk(self, estimator: PoseEstimator, sources: Sequence[Source], tally: RunReport) -> None:
        """Let the user walk through the sources until Ctrl-C."""
        from openpose_ros.view.desk import Desk

        args = self._args
        if args.max_frames is not None:
            tally.note(f'{PROGRAM}: --max-frames has no effect with --view, where you say how far')
        desk = Desk(
            estimator,
            sources,
            rotate=args.rotate,
            start=args.start,
            every=args.every,
            max_pixels=self._max_pixels(),
            tracker=self._tracker if args.track else None,
            command=self._command(),
            say=lambda line: tally.note(f'{PROGRAM}: {line}'),
        )
        args.stop.serve()
        with self, args.stop.noted():
            server = self._serve(desk, tally)
            desk.run(server, lambda: bool(args.stop.requested))

    def watch(self, estimator: PoseEstimator, sources: Sequence[Source], tally: RunReport) -> None:
        """Show the work that begins now."""
        from openpose_ros.view.watch import Watch

        self.host = Watch(
            estimator,
            places=len(sources),
            max_pixels=self._max_pixels(),
            command=self._command(),
            say=lambda line: tally.note(f'{PROGRAM}: {line}'),
            stopped=lambda: bool(self._args.stop.requested),
        )
        self.host.serve(self._serve(self.host, tally))

    def linger(self, tally: RunReport) -> int:
        """Let the last frame be seen until Ctrl-C, unless that came before; return the status."""
        stop = self._args.stop
        if tally.interrupted:
            return int(stop.status)
        assert self.host is not None
        self.host.end()
        stop.serve()
        tally.inform(f'{PROGRAM}: the work is done; the page stays until Ctrl-C')
        with stop.noted():
            stop.wait()
        return 1 if tally.troubles else 0

    def close(self) -> None:
        """End the page."""
        if self._server is not None:
            self._server.close()
        if self._opened is not None:
            self._opened.unlink(missing_ok=True)

    def _serve(self, host: Host, tally: RunReport) -> ViewServer:
        from openpose_ros.view.options import announcement
        from openpose_ros.view.server import ViewServer

        self._server = server = ViewServer(host, self._options)
        for line in announcement(server.address, self._options.token):
            tally.note(f'{PROGRAM}: {line}')
        if self._args.open:
            self._opened = open_browser(server, lambda line: tally.note(f'{PROGRAM}: {line}'))
        return server

    def _tracker(self) -> Tracker:
        from openpose_ros import tracking

        return tracking.Tracker(given_parameters(self._args, TrackingParams))

    def _max_pixels(self) -> int:
        return int(given_parameters(self._args, PictureParams).max_image_pixels)

    def _command(self) -> list[str]:
        words = [PROGRAM, 'estimate', *self._args.sources]
        return words + (['--model', self._args.model] if self._args.model else [])
