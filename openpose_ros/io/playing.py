"""Sources played as a camera: again and again, past what is damaged."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import repeat

from openpose_ros.errors import SourceError
from openpose_ros.io.frame import Frame
from openpose_ros.io.sources import Source


def play(
    sources: Sequence[Source],
    note: Callable[[str], object],
    *,
    once: bool = False,
    fail: Callable[[str], object] | None = None,
) -> Iterator[Frame]:
    """
    Yield the frames of all sources, again and again.

    Parameters
    ----------
    sources : sequence of Source
        As `find_sources` returns them.
    note : callable
        Gets a line for each picture or video that is odd or damaged, the first time.
    once : bool
        End with the last source.
    fail : callable, optional
        Gets the lines of what is damaged, or cannot be read, instead.

    Raises
    ------
    SourceError
        If no source delivers anything.

    """
    said: set[str] = set()

    def note_once(text: str, say: Callable[[str], object] = note) -> None:
        if text not in said:
            said.add(text)
            say(text)

    if len(sources) == 1 and sources[0].total == 1 and not once:
        yield from repeat(_still(sources[0], note_once))
    while True:
        delivered = False
        for source in sources:
            try:
                for frame in source.frames():
                    delivered = True
                    if frame.note:
                        note_once(f'{frame.source} {frame.note}')
                    yield frame
            except SourceError as exc:
                if not delivered and source is sources[-1]:
                    raise
                note_once(str(exc), fail or note)
        if once:
            return


def _still(source: Source, note: Callable[[str], object]) -> Frame:
    """Return the frame of a picture, which is read only once; note what is wrong with it."""
    frames = source.frames()
    frame = next(frames)
    if frame.note:
        note(f'{frame.source} {frame.note}')
    try:
        next(frames, None)
    except SourceError as exc:
        note(str(exc))
    return frame
