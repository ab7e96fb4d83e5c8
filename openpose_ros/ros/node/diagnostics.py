"""How the node is doing: what was measured, and what diagnostics say of it."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
import threading
from time import monotonic
from typing import Any

import numpy as np
import numpy.typing as npt

from openpose_ros.ros.node.slots import Counts

OK, WARN, ERROR, STALE = 0, 1, 2, 3  # diagnostic_msgs/DiagnosticStatus

_WINDOW = 256  # images over which times are taken
_RECENT_S = 5.0  # over which the rate is taken, and a failure makes a warning
_LONGEST_S = 60.0  # the same, of a network that is slower
_AHEAD_S = 0.5  # by which a stamp may lie in the future
_KEEPS_FAILING = 3  # images in a row that make a warning an error


@dataclass(frozen=True)
class Status:
    """
    The content of a diagnostic_msgs/DiagnosticStatus.

    Attributes
    ----------
    level : int
        OK, WARN, ERROR or STALE.
    message : str
        One line.
    values : dict of str to str
        By key, in the order in which they are shown.

    """

    level: int
    message: str
    values: dict[str, str]


@dataclass(frozen=True, kw_only=True)
class Measurement:
    """
    One image that was processed.

    Attributes
    ----------
    latency_s : float
        From its arrival to its people's publication, seconds.
    age_s : float or None
        From its stamp to that publication, in ROS time; None without a stamp, or without a time on
        /clock.
    stages_s : mapping of str to float
        What each stage took.
    people, overflow : int
        As in `People`.
    depth : bool or None
        Whether its depth came; None where none was wanted.

    """

    latency_s: float
    age_s: float | None
    stages_s: Mapping[str, float]
    people: int
    overflow: int
    depth: bool | None = None


@dataclass(frozen=True, kw_only=True)
class Summary:
    """
    What a `Recorder` holds, at one moment.

    Attributes
    ----------
    rate_hz : float
        Images processed a second, of late.
    medians_s, slow_s : dict of str to float
        Median and 95th percentile of 'latency', 'age' and each stage, seconds, over the last
        images; without those that were not measured.
    people : int
        In the last image.
    overflow, unstamped : int
        Candidates without room, and images without a stamp, so far.
    failures_in_a_row : int
        Up to now; a processed image ends the row.
    failed_lately : bool
    last_error : str
        '' while there was none.
    all_too_old : bool
        Every image of late was dropped for its age.
    with_depth, without_depth : int
        Images whose depth came and did not come, of those for which it was wanted.
    ahead_s : float
        By how much the stamp of the last image lay in the future, seconds; 0 or less: it did not.

    """

    rate_hz: float
    medians_s: dict[str, float]
    slow_s: dict[str, float]
    people: int
    overflow: int
    unstamped: int
    failures_in_a_row: int
    failed_lately: bool
    last_error: str
    all_too_old: bool = False
    with_depth: int = 0
    without_depth: int = 0
    ahead_s: float = 0.0


@dataclass(eq=False)
class Recorder:
    """Collects measurements, those of times for a bounded number of images; from any thread."""

    _lock: threading.Lock = field(default_factory=threading.Lock)
    _window: deque[Measurement] = field(default_factory=lambda: deque(maxlen=_WINDOW))
    _done_s: deque[float] = field(default_factory=lambda: deque(maxlen=_WINDOW))
    _overflow: int = 0
    _unstamped: int = 0
    _with_depth: int = 0
    _without_depth: int = 0
    _failures_in_a_row: int = 0
    _failed_s: float = -np.inf
    _last_error: str = ''
    _too_old_s: float = -np.inf  # since an image that was not

    def processed(self, measurement: Measurement) -> None:
        """Record an image that was processed."""
        with self._lock:
            self._window.append(measurement)
            self._done_s.append(monotonic())
            self._overflow += measurement.overflow
            self._with_depth += measurement.depth is True
            self._without_depth += measurement.depth is False
            self._failures_in_a_row = 0
            self._too_old_s = -np.inf

    def unstamped(self) -> None:
        """Record that an image which was processed had no stamp."""
        with self._lock:
            self._unstamped += 1

    def too_old(self) -> None:
        """Record an image that was dropped for its age."""
        with self._lock:
            self._too_old_s = monotonic()

    def time_jumped(self) -> None:
        """Forget the ages of images: ROS time jumped back."""
        with self._lock:
            self._too_old_s = -np.inf
            self._window.clear()

    def failed(self, error: str) -> None:
        """Record an image that could not be processed."""
        with self._lock:
            self._failures_in_a_row += 1
            self._failed_s = monotonic()
            self._last_error = error

    def summary(self) -> Summary:
        """Return what was recorded so far."""
        with self._lock:
            window, done_s = list(self._window), np.array(self._done_s)
            overflow, unstamped = self._overflow, self._unstamped
            failures, failed_s, error = self._failures_in_a_row, self._failed_s, self._last_error
            too_old_s = self._too_old_s
            with_depth, without_depth = self._with_depth, self._without_depth
        times: dict[str, list[float]] = {}
        for one in window:
            aged = {} if one.age_s is None else {'age': one.age_s}
            for name, seconds in {'latency': one.latency_s, **aged, **one.stages_s}.items():
                times.setdefault(name, []).append(seconds)
        now = monotonic()
        is_recent = len(done_s) > 0 and done_s[-1] > now - _RECENT_S
        return Summary(
            rate_hz=_rate_hz(done_s, now),
            medians_s={name: float(np.median(values)) for name, values in times.items()},
            slow_s={name: float(np.percentile(values, 95)) for name, values in times.items()},
            people=window[-1].people if window else 0,
            overflow=overflow,
            unstamped=unstamped,
            failures_in_a_row=failures,
            failed_lately=now - failed_s < _RECENT_S,
            last_error=error,
            with_depth=with_depth,
            without_depth=without_depth,
            all_too_old=now - too_old_s < _RECENT_S,
            ahead_s=-window[-1].age_s if is_recent and window and window[-1].age_s else 0.0,
        )


def status_name(camera: str) -> str:
    """Return what a camera's status is called, after its node's name and a colon."""
    return f'pose estimation of {camera}' if camera else 'pose estimation'


def _rate_hz(done_s: npt.NDArray[np.float64], now_s: float) -> float:
    """Return the rate of images, by when they were done; 0 where less than two were of late."""
    if len(done_s) < 2:
        return 0.0
    # One image in four seconds is a rate as well: until the next but one is due.
    span_s = min(max(_RECENT_S, 2 * float(done_s[-1] - done_s[-2])), _LONGEST_S)
    recent = done_s[done_s > now_s - span_s]
    elapsed_s = float(np.ptp(recent)) if len(recent) else 0.0
    return (len(recent) - 1) / elapsed_s if elapsed_s else 0.0


def describe(
    state: str,
    facts: Mapping[str, str],
    counts: Counts,
    summary: Summary,
    *,
    silent: bool,
    clockless: bool = False,
    resting: str = '',
    faults: int = 0,
) -> Status:
    """
    Say how the node is doing.

    Parameters
    ----------
    state : str
        Of the node: 'active' and so on.
    facts : mapping of str to str
        What does not change from image to image: model, engine, precision.
    counts : Counts
        What became of the images.
    summary : Summary
        How the processed ones fared.
    silent : bool
        Whether images are expected, but none comes.
    clockless : bool
        Whether the node waits for the first time on /clock.
    resting : str
        Why images are not worked on though the node is active; '' where they are.
    faults : int
        How often a callback failed.

    """
    level, message = _verdict(state, summary, silent=silent, clockless=clockless, resting=resting)
    values = {'state': state, **facts, 'rate (Hz)': f'{summary.rate_hz:.2f}'}
    for name, seconds in summary.medians_s.items():
        slow = summary.slow_s[name]
        values[f'{name} (ms, median)'] = f'{1000 * seconds:.2f}'
        values[f'{name} (ms, 95th percentile)'] = f'{1000 * slow:.2f}'
    processed, too_old = (counts.outcomes.get(name, 0) for name in ('processed', 'too_old'))
    numbers = {
        'people in the last image': summary.people,
        'images received': counts.received,
        'images taken': counts.taken,
        'images processed': processed,
        'images replaced by a newer one': counts.replaced,
        'images too old': too_old,
        'images failed': counts.failed,
        'images in flight': counts.in_flight,
        'images waiting': counts.waiting,
        **{f'images refused: {why}': number for why, number in sorted(counts.refused.items())},
        'images without a stamp': summary.unstamped,
        **(
            {
                'images with depth': summary.with_depth,
                'images without depth': summary.without_depth,
            }
            if summary.with_depth or summary.without_depth
            else {}
        ),
        'candidates without room': summary.overflow,
        'callbacks that failed': faults,
    }
    values.update({name: str(number) for name, number in numbers.items()})
    values['last error'] = summary.last_error
    return Status(level, message, values)


def _verdict(
    state: str, summary: Summary, *, silent: bool, clockless: bool, resting: str
) -> tuple[int, str]:
    if clockless:
        return WARN, 'no time on /clock, though use_sim_time is true'
    if state != 'active':
        return OK, state
    if resting and not silent:
        return OK, resting
    if summary.failures_in_a_row >= _KEEPS_FAILING:
        return ERROR, f'the last {summary.failures_in_a_row} images failed: {summary.last_error}'
    if silent:
        return WARN, 'no images'
    if summary.all_too_old:
        return WARN, 'all images are too old'
    if summary.ahead_s > _AHEAD_S:
        return WARN, f'stamps are {summary.ahead_s:.1f} s ahead: are the clocks the same?'
    if summary.failed_lately:
        return WARN, f'an image failed: {summary.last_error}'
    digits = 2 if 0 < summary.rate_hz < 1 else 1
    return OK, f'{summary.rate_hz:.{digits}f} images a second'


def diagnostic_array(types: Any, statuses: Mapping[str, Status], *, node: str, stamp: Any) -> Any:
    """
    Return statuses as a DiagnosticArray, for a transport without an updater.

    Parameters
    ----------
    types : namespace
        With DiagnosticArray, DiagnosticStatus and KeyValue besides those of `Transport.types`;
        the level is an int.
    statuses : mapping of str to Status
        What to say, by `status_name`.
    node : str
        The node's name.
    stamp : builtin_interfaces/Time
        Now.

    """
    return types.DiagnosticArray(
        header=types.Header(stamp=stamp, frame_id=''),
        status=[
            types.DiagnosticStatus(
                level=status.level,
                name=f'{node}: {name}',
                message=status.message,
                hardware_id='',
                values=[
                    types.KeyValue(key=key, value=value) for key, value in status.values.items()
                ],
            )
            for name, status in statuses.items()
        ],
    )
