"""
What importing the package and asking the command line cost before any work is done.

::

    python -m benchmarks.startup [--repeats 10]

CPU seconds, user and system, of a process of its own each: the lowest of all repeats, in turn with
the others, less that of `python -c pass` with the same interpreter. The exit status is 1 if one
that has a limit is above it.
"""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence
import os
from pathlib import Path
import subprocess
import sys
from typing import NamedTuple

from openpose_ros.cli.parameters import whole_number

_SCRIPT = Path(sys.executable).with_name('openpose-ros')
# A tree that is not installed has no script, which does the same as the module.
_PROGRAM = (str(_SCRIPT),) if _SCRIPT.is_file() else ('-m', 'openpose_ros')


class Start(NamedTuple):
    """
    What is started.

    Attributes
    ----------
    arguments : tuple of str
        Of the interpreter.
    limit_s : float, optional
        The CPU seconds that it may take.

    """

    arguments: tuple[str, ...]
    limit_s: float | None = None


NOTHING = Start(('-c', 'pass'))
STARTS = {
    'import openpose_ros': Start(('-c', 'import openpose_ros'), 0.03),
    'openpose-ros --help': Start((*_PROGRAM, '--help'), 0.08),
    'openpose-ros --version': Start((*_PROGRAM, '--version')),
    'openpose-ros estimate --help': Start((*_PROGRAM, 'estimate', '--help')),
    'openpose-ros models --help': Start((*_PROGRAM, 'models', '--help')),
    'openpose-ros doctor --help': Start((*_PROGRAM, 'doctor', '--help')),
    'from openpose_ros import PoseEstimator': Start(
        ('-c', 'from openpose_ros import PoseEstimator')
    ),
}


def cpu_s(start: Start) -> float:
    """Return the CPU seconds of one process, its children included; it must succeed."""
    command = [sys.executable, *start.arguments]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise subprocess.CalledProcessError(process.returncode, command)
    return usage.ru_utime + usage.ru_stime


def measure(starts: Mapping[str, Start], repeats: int) -> dict[str, float]:
    """Return the lowest CPU seconds of each start, less those of an idle interpreter."""
    rounds = [
        [cpu_s(NOTHING), *(cpu_s(start) for start in starts.values())] for _ in range(repeats)
    ]
    idle_s, *lowest_s = map(min, zip(*rounds))
    return {name: lowest - idle_s for name, lowest in zip(starts, lowest_s)}


def table(seconds: Mapping[str, float], starts: Mapping[str, Start]) -> list[str]:
    """Return a Markdown table of the CPU seconds and their limits."""
    lines = ['| started | CPU s | at most |', '| --- | ---: | ---: |']
    for name, taken in seconds.items():
        limit_s = starts[name].limit_s
        lines.append(f'| `{name}` | {taken:.3f} | {"" if limit_s is None else limit_s} |')
    return lines


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, print the table, and return the exit status."""
    parser = argparse.ArgumentParser(description=__doc__.strip().split('\n')[0])
    parser.add_argument('--repeats', type=whole_number, default=10, metavar='N')
    repeats = parser.parse_args(arguments).repeats
    seconds = measure(STARTS, repeats)
    print(*table(seconds, STARTS), sep='\n')
    over = [
        name
        for name, start in STARTS.items()
        if start.limit_s is not None and seconds[name] > start.limit_s
    ]
    for name in over:
        print(f'{name} takes more than it may', file=sys.stderr)
    return 1 if over else 0


if __name__ == '__main__':
    sys.exit(main())
