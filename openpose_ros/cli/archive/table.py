"""The live table of an archive: files, rate, time left, failures, and what each worker is at."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
import sys
from time import perf_counter
from typing import TYPE_CHECKING

from tqdm import tqdm

if TYPE_CHECKING:
    from openpose_ros.archive.schedule import Record, Schedule

_MOST_WORKERS = 16  # that have a line; a screen is not longer
_HEAD = '{l_bar}{bar}| {n_fmt}/{total_fmt} files [{elapsed}{postfix}]'
_LINE = '{desc}'
_AGAIN_S = 0.5


class Table:
    """
    Says how the work goes on, on a terminal, and what fails, everywhere.

    Parameters
    ----------
    schedule : Schedule
        Knows what is done.
    quiet : bool
        Only what goes wrong, or is odd, is said.

    """

    def __init__(self, schedule: Schedule, *, quiet: bool = False) -> None:
        self._schedule, self._quiet = schedule, quiet
        self.is_seen = not quiet and sys.stderr.isatty()
        self._head: tqdm | None = None
        self._lines: list[tqdm] = []
        self._started_s = self._drawn_s = perf_counter()
        self._bytes = 0.0
        self._failed = 0

    @contextmanager
    def shown(self, workers: int) -> Iterator[None]:
        """Show the table until the context ends, where stderr is a terminal."""
        if not self.is_seen:
            yield
            return
        self._bytes = self._schedule.bytes_left
        self._started_s = perf_counter()
        done = len(self._schedule.records)
        with ExitStack() as stack:
            total = done + self._schedule.waiting
            self._head = stack.enter_context(
                tqdm(total=total, initial=done, bar_format=_HEAD, leave=False)
            )
            for place in range(min(workers, _MOST_WORKERS)):
                line = tqdm(bar_format=_LINE, position=place + 1, leave=False)
                self._lines.append(stack.enter_context(line))
            yield
        self._head, self._lines = None, []

    def finished(self, record: Record) -> None:
        """Say what failed, and count what is over."""
        if record.failure:
            self._failed += 1
            self.note(f'openpose-ros: {record.failure}')
        if self._head is not None:
            self._head.update()

    def look(self, at_work: Sequence[tuple[str, int]]) -> None:
        """Draw anew what has changed, some times a second."""
        now_s = perf_counter()
        if self._head is None or now_s < self._drawn_s + _AGAIN_S:
            return
        self._drawn_s = now_s
        begun = sum(frames for _, frames in at_work)
        self._head.set_postfix_str(self._rate(now_s - self._started_s, begun))
        for place, line in enumerate(self._lines):
            name, frames = at_work[place] if place < len(at_work) else ('', 0)
            line.set_description_str(f'  {name}: frame {frames}' if name else '  -')

    def note(self, message: str) -> None:
        """Print a line on stderr, beside the table."""
        tqdm.write(message, file=sys.stderr)

    def inform(self, message: str) -> None:
        """Print a line that tells how things are, unless quiet."""
        if not self._quiet:
            self.note(message)

    def _rate(self, elapsed_s: float, begun: int) -> str:
        """Return frames a second, time left by the bytes that are done, and failures."""
        frames = self._schedule.frames + begun
        parts = [f'{frames / max(elapsed_s, 1e-3):.1f} frames/s']
        done = self._bytes - self._schedule.bytes_left
        if done > 0:
            left_s = elapsed_s * self._schedule.bytes_left / done
            parts.append(f'{tqdm.format_interval(left_s)} left')
        if self._failed:
            parts.append(f'{self._failed} {"failure" if self._failed == 1 else "failures"}')
        return ', '.join(parts)
