"""Sources played as a camera: again and again, past what is damaged."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import repeat

from openpose_ros.errors import SourceError
from openpose_ros.io.frame import Frame
from openpose_ros.io.sources import Source


def play(
    sources: Sequence[Source], note: Callable[[str], object], *, once: bool = False
) -> Iterator[Frame]:
    """
    Yield the frames of all sources, again and again.

    Parameters
    ----------
    sources : sequence of Source
        As `find_sources` returns them.
    note : callable
        Gets a line for each picture or video that is damaged, the first time.
    once : bool
        End with the last source.

    Raises
    ------
    SourceError
        If no source delivers anything.

    """
    if len(sources) == 1 and sources[0].total == 1 and not once:
        yield from repeat(next(sources[0].frames()))  # a picture is read only once
    said: set[str] = set()
    while True:
        delivered = False
        for source in sources:
            try:
                for frame in source.frames():
                    delivered = True
                    yield frame
            except SourceError as exc:
                if not delivered and source is sources[-1]:
                    raise
                if str(exc) not in said:
                    said.add(str(exc))
                    note(str(exc))
        if once:
            return
