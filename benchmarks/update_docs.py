"""
Run benchmarks and write what they print into the documentation, with machine, versions and date.

::

    python -m benchmarks.update_docs [parser pipeline accuracy half_precision networks]
                                     [--sports PACK] [--incomplete]

A benchmark is the script of that name; its place on its page is marked `<!-- benchmark:NAME -->`
and `<!-- /benchmark:NAME -->`. What cannot run here is left out. A page is written when all its
tables that were asked for are there, so that no page shows two machines; --incomplete writes what
there is. The README's table of results is copied from that of the networks. --sports is networks'
own.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from datetime import date
from importlib.metadata import PackageNotFoundError, version
import os
from pathlib import Path
import platform
import re
import subprocess
import sys
import tempfile
from typing import NamedTuple

from openpose_ros.files import write_whole

ROOT = Path(__file__).parents[1]
PAGES = {  # page: its benchmarks
    'docs/performance.md': ('parser', 'pipeline'),
    'docs/models.md': ('accuracy', 'half_precision', 'networks'),
}
BENCHMARKS = tuple(name for names in PAGES.values() for name in names)
NEED_SHARED = frozenset({'accuracy', 'half_precision', 'networks'})  # networks and photographs
_PACKAGES = ('numpy', 'numba', 'scipy', 'opencv-python-headless', 'opencv-python', 'onnxruntime')
_LEFT_OUT = 'left out: '  # how a benchmark begins to say on stderr what it does without


class Run(NamedTuple):
    """
    What became of a benchmark.

    Attributes
    ----------
    table : str
        What it printed; '' where it could not run.
    missing : tuple of str
        What is not in the table, and why; of a whole one, ().
    failed : bool
        Whether it ran and failed, and has said why on stderr.

    """

    table: str
    missing: tuple[str, ...] = ()
    failed: bool = False


def replaced(text: str, mark: str, content: str) -> str:
    """
    Return text with new content between the marks of that name.

    Raises
    ------
    ValueError
        If the marks are not there, or more than once.

    """
    begin, end = f'<!-- {mark} -->\n', f'<!-- /{mark} -->\n'
    parts = re.split(f'({re.escape(begin)}|{re.escape(end)})', text)
    if parts[1::2] != [begin, end]:
        raise ValueError(f'needs one line {begin.strip()} and, below it, one {end.strip()}')
    before, _, _, _, after = parts
    return f'{before}{begin}{content.strip()}\n{end}{after}'


def between(text: str, mark: str) -> str:
    """Return what stands between the marks of that name."""
    return text.partition(f'<!-- {mark} -->\n')[2].partition(f'<!-- /{mark} -->\n')[0]


def results(models_page: str) -> str:
    """Return the README's table of results: the networks' accuracy and time, and on what."""
    table = between(models_page, 'benchmark:networks')
    lines = table.splitlines()
    rows = [
        [cell.strip() for cell in line.strip('| ').split(' | ')]
        for line in lines[: lines.index('', 2)]
        if line.startswith('| ')
    ]
    wanted = [rows[0].index(name) for name in ('network', 'input', 'AP', 'AP50', 'ms')]
    shown = [[row[column] for column in wanted] for row in rows if 'untrained' not in row[0]]
    marked = [f'| {" | ".join(row)} |' for row in shown]
    return '\n'.join([marked[0], '|---' * len(wanted) + '|', *marked[1:], '', lines[-1]])


def circumstances() -> str:
    """Return what the figures depend on, as one line."""
    versions = [f'Python {platform.python_version()}']
    for package in _PACKAGES:
        try:
            versions.append(f'{package} {version(package)}')
        except PackageNotFoundError:
            continue  # one of the two OpenCVs
    cpu = f'{_processor()}, {os.cpu_count()} cores'
    return f'{cpu}; {", ".join(versions)}; {date.today().isoformat()}.'


def _processor() -> str:
    """Return the processor's name; Python's own answer is empty on Linux."""
    try:
        facts = Path('/proc/cpuinfo').read_text(encoding='utf-8')
    except OSError:
        facts = ''
    name = re.search(r'^model name\s*: (.+)$', facts, re.MULTILINE)
    return name[1] if name else platform.processor() or platform.machine()


def run(name: str, *flags: str) -> Run:
    """Run a benchmark, if its data are here; what it says on stderr is passed on."""
    if name in NEED_SHARED and not (ROOT.parent / 'shared').is_dir():
        return Run('', ('the networks and photographs of ../shared are not here',))
    command = [sys.executable, '-m', f'benchmarks.{name}', *flags]
    missing = []
    with tempfile.TemporaryFile('w+', encoding='utf-8') as printed:
        with subprocess.Popen(
            command, cwd=ROOT, stdout=printed, stderr=subprocess.PIPE, encoding='utf-8'
        ) as process:
            assert process.stderr is not None
            for line in process.stderr:
                print(line, end='', file=sys.stderr, flush=True)
                if _LEFT_OUT in line:
                    missing.append(line.partition(_LEFT_OUT)[2].strip())
        printed.seek(0)
        table = printed.read().strip()
    if process.returncode:
        return Run('', (f'it failed with exit status {process.returncode}',), failed=True)
    return Run(table, tuple(missing))


def update(page: str, runs: dict[str, Run]) -> None:
    """Write a page with new tables, and the README's results where they come from it."""
    path = ROOT / page
    text = path.read_text(encoding='utf-8')
    for name, done in runs.items():
        if done.table:
            content = f'{done.table}\n\n{circumstances()}'
            text = replaced(text, f'benchmark:{name}', content)
    write_whole(path, text.encode())
    if 'networks' in runs:
        readme = ROOT / 'README.md'
        changed = replaced(readme.read_text(encoding='utf-8'), 'results', results(text))
        write_whole(readme, changed.encode())


def main(run: Callable[..., Run] = run) -> int:
    parser = argparse.ArgumentParser(description=__doc__.strip().split('\n')[0])
    parser.add_argument(
        'names', nargs='*', metavar='NAME', help=f'default: {" ".join(BENCHMARKS)}'
    )
    parser.add_argument('--sports', metavar='PACK')
    parser.add_argument('--nobody', metavar='DIR')
    parser.add_argument(
        '--incomplete', action='store_true', help='write tables that lack something, too'
    )
    args = parser.parse_args()
    data = {'--sports': args.sports, '--nobody': args.nobody}
    given = [part for name, value in data.items() if value for part in (name, value)]
    flags = {'networks': tuple(given)}
    for name in args.names:
        if name not in BENCHMARKS:
            parser.error(f"no benchmark '{name}'; there are {', '.join(BENCHMARKS)}")
    failed = False
    for page, names in PAGES.items():
        runs = {}
        for name in names:
            if name in (args.names or BENCHMARKS):
                runs[name] = run(name, *flags.get(name, ()))
                print(f'{name}:\n{runs[name].table or "did not run"}\n', flush=True)
        missing: dict[str, list[str]] = {}  # what: of which benchmarks
        for name, done in runs.items():
            for what in done.missing:
                missing.setdefault(what, []).append(name)
        failed = failed or any(done.failed for done in runs.values())
        if missing:
            reasons = [f'{", ".join(names)}: {what}' for what, names in missing.items()]
            print(f'left out of {page}: {"; ".join(reasons)}')
        if runs and (not missing or args.incomplete):
            try:
                update(page, runs)
            except ValueError as exc:
                print(f'update_docs.py: {page}: {exc}', file=sys.stderr)
                return 1
            print(f'{page}: written')
        elif runs:
            print(f'{page}: not changed; --incomplete writes what there is')
    return 1 if failed else 0


if __name__ == '__main__':
    sys.exit(main())
