"""Thousands of damaged files in a process apart with little memory: what all formats share."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
import json
import os
from pathlib import Path
import resource
import subprocess
import sys
from time import process_time

ROOT = Path(__file__).parents[1]
_MOST_LINES, _LONGEST = 20, 300  # of findings that are printed


@dataclass
class Outcome:
    """
    What became of damaged files.

    Attributes
    ----------
    done, refused : int
        How many.
    slowest_ms : float
        CPU time of the slowest.
    findings : list of str
        What must not be: a crash, an exception that is none of ours, no end, no memory.

    """

    done: int = 0
    refused: int = 0
    slowest_ms: float = 0.0
    findings: list[str] = field(default_factory=list)

    @contextmanager
    def trying(self, what: str, slow_s: float) -> Iterator[None]:
        """Note what takes longer in here, seconds of CPU, and what is raised of it."""
        started = process_time()
        try:
            yield
        except Exception as exc:  # noqa: BLE001  it is what is looked for
            self.findings.append(f'{what}: {type(exc).__name__}: {exc}')
        seconds = process_time() - started
        self.slowest_ms = max(self.slowest_ms, 1000 * seconds)
        if seconds > slow_s:
            self.findings.append(f'{what}: {seconds:.1f} s')


def limit_memory(room: int) -> None:
    """Let this process have so many bytes more than it has, and leave no core."""
    used = int(Path('/proc/self/statm').read_text().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (used + room, used + room))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def run_apart(module: str, name: str, seed: int, first: int, count: int) -> Outcome:
    """
    Let a module work on damaged files of a format; a new process takes over from one that dies.

    Parameters
    ----------
    module : str
        Whose `main` hands over to `tell`.
    name : str
        The format.
    seed, first, count : int
        Which ones.

    """
    total = Outcome()
    end = first + count
    while first < end:
        process = subprocess.run(
            [
                *(sys.executable, '-m', module, name, '--child', '--seed', str(seed)),
                *('--first', str(first), '--count', str(end - first)),
            ],
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=False,
            env={**os.environ, 'OMP_NUM_THREADS': '1', 'OPENBLAS_NUM_THREADS': '1'},
        )
        lines = process.stdout.splitlines()
        if process.returncode == 0:
            found = Outcome(**json.loads(lines[-1]))
            total.done += found.done
            total.refused += found.refused
            total.slowest_ms = max(total.slowest_ms, found.slowest_ms)
            total.findings += found.findings
            break
        if not lines:
            raise RuntimeError(process.stderr)
        first = int(lines[-1]) + 1
        last = process.stderr.strip().rpartition('\n')[2]
        total.findings.append(f'{name} {first - 1}: ended with {process.returncode} ({last})')
    return total


def tell(
    module: str,
    formats: list[str],
    *,
    about: str,
    count: int,
    run_here: Callable[[str, int, int, int], Outcome],
    write: Callable[[Path, str, int, int, int], None],
) -> int:
    """
    Do what the command line says, and print what became of each format.

    Parameters
    ----------
    module : str
        That of the caller.
    formats : list of str
        Those there are.
    about : str
        What is damaged: 'pictures'.
    count : int
        How many of each, by default.
    run_here : callable
        Works on those of a format, by name, seed, first and count, and prints each one's number
        before it.
    write : callable
        Writes them into a folder.

    Returns
    -------
    int
        The exit status: 1 where something was found.

    """
    parser = argparse.ArgumentParser(
        prog=f'python -m {module}', description=f'Damage {about}; print what must not be.'
    )
    parser.add_argument('formats', nargs='*', metavar='FORMAT', help=', '.join(formats))
    parser.add_argument('--count', type=int, default=count)
    parser.add_argument('--seed', type=int, default=0)
    parser.add_argument('--first', type=int, default=0)
    parser.add_argument('--child', action='store_true', help=argparse.SUPPRESS)
    parser.add_argument('--write', type=Path, metavar='FOLDER')
    args = parser.parse_args()
    names = args.formats or formats
    if unknown := set(names) - set(formats):
        parser.error(f'no such format: {", ".join(sorted(unknown))}')
    if args.child:
        print(json.dumps(vars(run_here(names[0], args.seed, args.first, args.count))))
        return 0
    if args.write:
        args.write.mkdir(parents=True, exist_ok=True)
        for name in names:
            write(args.write, name, args.seed, args.first, args.count)
        return 0
    worst = 0
    print(f'{args.count} damaged {about} a format, seed {args.seed}')
    for name in names:
        found = run_apart(module, name, args.seed, args.first, args.count)
        worst |= bool(found.findings)
        print(
            f'{name}: {found.done} worked on, {found.refused} refused, slowest '
            f'{found.slowest_ms:.0f} ms, {len(found.findings)} findings'
        )
        for line in found.findings[:_MOST_LINES]:
            print(f'  {line[:_LONGEST]}')
    return worst
