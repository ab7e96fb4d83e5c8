"""What a run did: frames, people, troubles, and the time of each stage."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
import sys
from time import perf_counter
from typing import TYPE_CHECKING, TextIO

from tqdm import tqdm

from openpose_ros.cli.estimate.sampling import Sample
from openpose_ros.people import People

if TYPE_CHECKING:
    from openpose_ros.io import Source

_MOST_SAID = 1000  # troubles that are not said again
STAGES = ('read', 'preprocess', 'infer', 'parse', 'draw', 'write')


class RunReport:
    """
    Counts while the work goes on, and tells at the end.

    It takes the same memory however long that is: of each stage's times it keeps a sample.

    Attributes
    ----------
    frames, people, troubles : int
        How many there were so far.
    interrupted : bool
        Whether the user stopped the work.

    """

    def __init__(self) -> None:
        self.frames = 0
        self.people = 0
        self.troubles = 0
        self.interrupted = False
        self._overflow = 0
        self._said: set[str] = set()
        self._times = {stage: Sample() for stage in STAGES}
        self._started = perf_counter()
        self._bar: tqdm | None = None

    @contextmanager
    def progress(self, sources: Sequence[Source], limit: int | None) -> Iterator[None]:
        """Show a bar on long work, where stderr is a terminal."""
        totals = [limit if s.total is None else min(s.total, limit or s.total) for s in sources]
        total = None if None in totals else sum(filter(None, totals))
        quiet = True if total == 1 else None  # None: tqdm asks whether stderr is a terminal
        self._started = perf_counter()
        with tqdm(total=total, unit=' frames', leave=False, disable=quiet) as self._bar:
            yield
        self._bar = None

    def trouble(self, message: object) -> None:
        """Count what the run survives, and say it, once if it repeats itself."""
        self.troubles += 1
        if str(message) not in self._said:
            if len(self._said) == _MOST_SAID:  # a stream can go on for ever, and each be another
                self._said.clear()
            self._said.add(str(message))
            self.note(f'openpose-ros: {message}')

    def note(self, message: str, file: TextIO | None = None) -> None:
        """Print a line, to stderr by default, beside the bar."""
        tqdm.write(message, file=file or sys.stderr)

    def found(self, people: People) -> None:
        """Count a frame that was worked on."""
        self.frames += 1
        self.people += len(people)
        self._overflow += people.overflow
        if self._bar is not None:
            self._bar.update()

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

    def table(self) -> str:
        """Return the closing lines: what was found, and each stage's time a frame."""
        seconds = perf_counter() - self._started
        lines = []
        if self.interrupted:
            lines.append('interrupted; what was written is kept')
        lines.append(
            f'{_count(self.frames, "frame", "frames")}, '
            f'{_count(self.people, "person", "people")} '
            f'in {seconds:.1f} s ({self.frames / seconds:.1f} frames/s)'
        )
        if self._overflow:
            lines.append(
                f'{self._overflow} candidates found no room and were left out: raise --max-peaks'
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


def _count(number: int, one: str, many: str) -> str:
    return f'{number} {one if number == 1 else many}'
