"""What a run did: frames, people, troubles, and the time of each stage."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import accumulate
import sys
from time import perf_counter
from typing import TYPE_CHECKING, TextIO

from tqdm import tqdm

from openpose_ros.cli.estimate.sampling import Sample
from openpose_ros.people import People

if TYPE_CHECKING:
    from openpose_ros.io import Source
    from openpose_ros.io.selection import Selection

_MANY_VIEWS = 10  # of a frame; with less nobody waits long
_MOST_SAID = 1000  # troubles that are not said again
STAGES = (
    'read',
    'preprocess',
    'infer',
    'merge',
    'parse',
    'hands',
    'faces',
    'track',
    'draw',
    'write',
)


class RunReport:
    """
    Counts while the work goes on, and tells at the end.

    It takes the same memory however long that is: of each stage's times it keeps a sample.

    Parameters
    ----------
    quiet : bool
        Only what goes wrong, or is odd, is said.

    Attributes
    ----------
    frames, troubles : int
        How many there were so far.
    people : int
        How many there were so far in pictures.
    most : int
        How many there were at most in a frame of a video or a camera.
    interrupted : bool
        Whether the user stopped the work.

    """

    def __init__(self, *, quiet: bool = False) -> None:
        self.frames = 0
        self.people = 0
        self.most = 0
        self._moving = 0
        self._quiet = quiet
        self.troubles = 0
        self.interrupted = False
        self._overflow = 0
        self._crops_left_out = 0
        self._due: list[int] = []
        self._said: set[str] = set()
        self._times = {stage: Sample() for stage in STAGES}
        self._started = perf_counter()
        self._bar: tqdm | None = None
        self._views: tqdm | None = None

    @contextmanager
    def progress(
        self, sources: Sequence[Source], selection: Selection, limit: int | None
    ) -> Iterator[None]:
        """Show a bar on long work, where stderr is a terminal."""
        totals = [_wanted(source, selection, limit) for source in sources]
        total = None if None in totals else sum(filter(None, totals))
        # None: tqdm asks whether stderr is a terminal.
        quiet = True if total == 1 or self._quiet else None
        self._due = [] if total is None else list(accumulate(count or 0 for count in totals))
        self._started = perf_counter()
        with tqdm(total=total, unit=' frames', leave=False, disable=quiet) as self._bar:
            yield
        self._bar = None

    def finished(self, place: int) -> None:
        """Let the bar stand where it is due after a source, of which a frame may have failed."""
        if self._bar is not None and self._due:
            self._describe(self._bar)
            self._bar.update(self._due[place] - self._bar.n)

    def viewed(self, done: int, total: int) -> None:
        """Show how many parts of a frame are done, if there are many, and stderr is a terminal."""
        if total < _MANY_VIEWS:
            return
        if self._views is None:
            hidden = True if self._quiet else None
            self._views = tqdm(total=total, unit=' views', leave=False, disable=hidden)
        self._views.update(done - self._views.n)
        if done == total:
            self._views.close()
            self._views = None

    def trouble(self, message: object) -> None:
        """Count what the run survives, and say it, once if it repeats itself."""
        self.troubles += 1
        if str(message) not in self._said:
            if len(self._said) == _MOST_SAID:  # a stream can go on for ever, and each be another
                self._said.clear()
            self._said.add(str(message))
            self.note(f'openpose-ros: {message}')

    def left_out(self, crops: int) -> None:
        """Count hands and faces that were not looked at."""
        self._crops_left_out += crops

    def _describe(self, bar: tqdm) -> None:
        """Put people and failures behind rate and time left."""
        failures = f', {_count(self.troubles, "failure", "failures")}' if self.troubles else ''
        bar.set_postfix_str(f'{self._who()}{failures}', refresh=False)

    def note(self, message: str, file: TextIO | None = None) -> None:
        """Print a line, to stderr by default, beside the bar."""
        tqdm.write(message, file=file or sys.stderr)

    def inform(self, message: str) -> None:
        """Print a line that tells how things are, unless quiet."""
        if not self._quiet:
            self.note(message)

    def found(self, people: People, *, moving: bool = False) -> None:
        """Count a frame that was worked on, of a video or a camera if it is moving."""
        self.frames += 1
        if moving:  # the same people, again and again
            self._moving += 1
            self.most = max(self.most, len(people))
        else:
            self.people += len(people)
        self._overflow += people.overflow
        if self._bar is not None:
            self._describe(self._bar)
            self._bar.update()

    @contextmanager
    def paused(self) -> Iterator[None]:
        """Do not count the time of what happens inside."""
        started = perf_counter()
        try:
            yield
        finally:
            self._started += perf_counter() - started

    @contextmanager
    def timed(self, stage: str) -> Iterator[None]:
        """Measure what happens inside, one of STAGES."""
        started = perf_counter()
        yield
        self.took({stage: perf_counter() - started})

    def took(self, times: Mapping[str, float]) -> None:
        """Take over seconds that were measured, of some of STAGES."""
        for stage, seconds in times.items():
            self._times[stage].add(seconds)

    def table(self, network: str = '') -> str:
        """
        Return the closing lines: what was found, and each stage's time a frame.

        Parameters
        ----------
        network : str
            What ran: its name, precision and backend.

        """
        seconds = perf_counter() - self._started
        lines = []
        if self.interrupted:
            lines.append('interrupted; what was written is kept')
        lines.append(
            f'{_count(self.frames, "frame", "frames")}, {self._who()} '
            f'in {seconds:.1f} s ({self.frames / seconds:.1f} frames/s)'
            + (f', {network}' if network else '')
        )
        if self._overflow:
            lines.append(
                f'{self._overflow} candidates found no room and were left out: raise --max-peaks'
            )
        if self._crops_left_out:
            lines.append(
                f'{self._crops_left_out} hands and faces were not looked at: raise --max-crops'
            )
        if self.troubles:
            lines.append(f'{_count(self.troubles, "trouble", "troubles")}, see above')
        measured = {stage: times for stage, times in self._times.items() if times.count}
        if measured:
            lines.append(f'{"stage":<12}{"median":>10}{"95 %":>10}   ms a frame')
        for stage, times in measured.items():
            median, slow = (1000 * seconds for seconds in times.percentiles(50, 95))
            lines.append(f'{stage:<12}{median:>10.2f}{slow:>10.2f}')
        return '\n'.join(lines)

    def _who(self) -> str:
        """Return how many people there were: in videos at most, as nobody is followed there."""
        counts = []
        if self._moving < self.frames or not self._moving:
            counts.append(_count(self.people, 'person', 'people'))
        if self._moving:
            which = ' in pictures' if counts else ''
            counts = [f'{text}{which}' for text in counts]
            counts.append(f'at most {_count(self.most, "person", "people")} in a frame,')
        return ', '.join(counts)


def _wanted(source: Source, selection: Selection, limit: int | None) -> int | None:
    """Return how many frames of a source will be worked on; None if that is not known."""
    if source.total is None:
        return limit
    count = source.total if source.total == 1 else selection.count(source.total)
    return min(count, limit or count)


def _count(number: int, one: str, many: str) -> str:
    return f'{number} {one if number == 1 else many}'
