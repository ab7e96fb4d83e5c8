"""Verbs that serve until they are stopped, run as a user runs them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
import signal
import subprocess
import sys
import tempfile
import time

ROOT = Path(__file__).parents[2]
PATIENCE_S = 60.0  # for what must come; never waited for when all is well


class Verb:
    """
    A process of `openpose-ros VERB`.

    Attributes
    ----------
    process : Popen

    """

    def __init__(self, process: subprocess.Popen[str], said: Path) -> None:
        self.process = process
        self._said = said

    def said(self) -> str:
        """Return what it wrote to stderr so far."""
        return self._said.read_text(encoding='utf-8')

    def wait_for(self, text: str) -> None:
        """Wait until it says something."""
        deadline_s = time.monotonic() + PATIENCE_S
        while text not in self.said():
            assert self.process.poll() is None, f'it ended: {self.said()}'
            assert time.monotonic() < deadline_s, f"it did not say '{text}': {self.said()}"
            time.sleep(0.02)

    def stop(self, number: int = signal.SIGTERM) -> int:
        """Send a signal, and return the exit status."""
        self.process.send_signal(number)
        return self.process.wait(PATIENCE_S)


@contextmanager
def running(*arguments: str) -> Iterator[Verb]:
    """Run a verb; it does not outlive the context."""
    with tempfile.NamedTemporaryFile('w') as said:
        process = subprocess.Popen(
            [sys.executable, '-m', 'openpose_ros', *arguments],
            stderr=said,
            text=True,
            cwd=ROOT,
        )
        try:
            yield Verb(process, Path(said.name))
        finally:
            process.kill()
            process.wait()


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Run a verb to its end."""
    return subprocess.run(
        [sys.executable, '-m', 'openpose_ros', *arguments],
        capture_output=True,
        text=True,
        cwd=ROOT,
        timeout=PATIENCE_S,
        check=False,
    )
