"""From what a user names to an iterator of frames and of what was found in each."""

from __future__ import annotations

from collections.abc import Callable, Iterator
import os
from typing import Protocol, TypeVar

import numpy as np

from openpose_ros.errors import MapsError, ParameterError, SourceError
from openpose_ros.frames import FrameArray
from openpose_ros.io.frame import Frame
from openpose_ros.io.sources import Source, find_sources

Found = TypeVar('Found')
FoundIn = TypeVar('FoundIn', covariant=True)


class Estimating(Protocol[FoundIn]):
    """Something that looks at a frame: a `PoseEstimator`, which returns an `Estimate`."""

    def estimate(self, frame: FrameArray, /) -> FoundIn:
        """Return what is found in a frame; it is only read."""


def check_estimator(estimator: object) -> None:
    """Raise a ParameterError if something cannot look at frames: None, or a name, say."""
    if isinstance(estimator, type) or not callable(getattr(estimator, 'estimate', None)):
        raise ParameterError(
            f'the estimator is a {type(estimator).__name__}, but must be a PoseEstimator; '
            'PoseEstimator.from_model() opens one'
        )


def stream(
    estimator: Estimating[Found],
    source: str | os.PathLike[str] | int | Source,
    *,
    on_error: Callable[[SourceError | MapsError], object] | None = None,
) -> Iterator[tuple[Frame, Found]]:
    """
    Yield every frame of a source, and what is found in it.

    ::

        for frame, found in openpose_ros.stream(estimator, 'walk.mp4'):
            print(frame.index, len(found.people))

    Parameters
    ----------
    estimator : PoseEstimator
        Or what else has such an `estimate`.
    source : str, path, int or Source
        A picture, a folder of pictures, a video, the address of a stream, or a camera (0), as
        `estimate` on the command line takes it.
    on_error : callable, optional
        Called with what could not be read, or made no sense to the parser; the rest goes on. By
        default such an error is raised, and nothing follows it.

    Yields
    ------
    (Frame, Estimate)
        In the order of the source. The frame is the receiver's, to be kept and drawn into.

    Raises
    ------
    SourceError
        At once, if there is nothing of that name, or it is no name.
    ParameterError
        At once, if the estimator has no `estimate`.
    EngineError
        If the network cannot run.

    """
    check_estimator(estimator)
    if isinstance(source, int | np.integer):
        sources = find_sources(str(source))
    elif isinstance(source, str | os.PathLike):
        sources = find_sources(os.fspath(source))
    elif hasattr(source, 'frames'):
        sources = [source]
    else:
        raise SourceError(
            f'the source is a {type(source).__name__}, but must be a name, a path, the number of '
            'a camera or a Source; PoseEstimator takes a frame alone'
        )
    return _pairs(estimator, sources, on_error)


def _pairs(
    estimator: Estimating[Found],
    sources: list[Source],
    on_error: Callable[[SourceError | MapsError], object] | None,
) -> Iterator[tuple[Frame, Found]]:
    for source in sources:
        frames = source.frames()
        while True:
            try:
                frame = next(frames, None)
                if frame is None:
                    break
                found = estimator.estimate(frame.image)
            except (SourceError, MapsError) as exc:
                if on_error is None:
                    raise
                on_error(exc)
            else:
                yield frame, found
