"""How far a build is, from TensorRT's nested phases, and the way to stop it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from threading import Lock
from typing import Any

from openpose_ros.engine.tensorrt.library import Library

OnProgress = Callable[[float, str], object]


@dataclass
class _Phase:
    parent: str | None
    steps: int
    done: float = 0.0  # of its steps; the fraction is that of the phase inside


class Progress:
    """
    Adds up the phases of a build; TensorRT's threads report to it.

    Parameters
    ----------
    on_progress : callable, optional
        Called with the part that is done, 0 to 1, never less than before, and the name of the
        phase; in a thread of TensorRT's. What it raises stops the build.

    Attributes
    ----------
    stopped_by : BaseException or None
        What stops the build; set by `stop`, or raised by `on_progress`.

    """

    def __init__(self, on_progress: OnProgress | None = None) -> None:
        self.stopped_by: BaseException | None = None
        self._on_progress = on_progress
        self._phases: dict[str, _Phase] = {}
        self._told = 0.0
        self._lock = Lock()

    def stop(self, reason: BaseException) -> None:
        """Let the build end at its next step."""
        self.stopped_by = self.stopped_by or reason

    def start(self, name: str, parent: str | None, steps: int) -> None:
        """Note that a phase begins, inside another or not."""
        with self._lock:
            self._phases[name] = _Phase(parent, max(steps, 1))

    def step(self, name: str, number: int) -> bool:
        """Note that a step of a phase is done; return whether the build shall go on."""
        with self._lock:
            if name in self._phases:
                self._phases[name].done = number + 1
                self._tell(name)
        return self.stopped_by is None

    def finish(self, name: str) -> None:
        """Note that a phase is over, whether or not all of its steps were done."""
        with self._lock:
            self._phases.pop(name, None)

    def _tell(self, name: str) -> None:
        part = 0.0
        at: str | None = name
        while at in self._phases:
            phase = self._phases[at]
            part = min(1.0, (phase.done + part) / phase.steps)
            at = phase.parent
        self._told = max(self._told, part)
        if self._on_progress is not None and self.stopped_by is None:
            try:
                self._on_progress(self._told, name)
            except BaseException as exc:  # noqa: BLE001 - raised again by who called the build
                self.stop(exc)


def make_monitor(library: Library, progress: Progress) -> Any:
    """Make the IProgressMonitor that reports to `progress`; only where there is one."""
    base = library.module.IProgressMonitor

    class Monitor(base):  # type: ignore[misc, valid-type]
        def __init__(self) -> None:
            base.__init__(self)

        def phase_start(self, phase_name: str, parent_phase: str | None, num_steps: int) -> None:
            progress.start(phase_name, parent_phase, num_steps)

        def step_complete(self, phase_name: str, step: int) -> bool:
            return progress.step(phase_name, step)

        def phase_finish(self, phase_name: str) -> None:
            progress.finish(phase_name)

    return Monitor()
