"""
Run benchmarks and write what they print into the README, with the machine, versions and date.

::

    python benchmarks/update_readme.py [parser pipeline accuracy half_precision networks]
                                       [--sports PACK]

A benchmark is the script of that name; its place is marked `<!-- benchmark:NAME -->` and
`<!-- /benchmark:NAME -->`. --sports is networks' own.
"""

from __future__ import annotations

import argparse
from datetime import date
from importlib.metadata import PackageNotFoundError, version
import os
from pathlib import Path
import platform
import re
import subprocess
import sys

BENCHMARKS = ('parser', 'pipeline', 'accuracy', 'half_precision', 'networks')
FOLDER = Path(__file__).parent
_PACKAGES = ('numpy', 'numba', 'scipy', 'opencv-python-headless', 'opencv-python', 'onnxruntime')


def replaced(text: str, name: str, content: str) -> str:
    """
    Return text with new content between the marks of a benchmark.

    Raises
    ------
    ValueError
        If the marks are not there, or more than once.

    """
    mark, end = f'<!-- benchmark:{name} -->\n', f'<!-- /benchmark:{name} -->\n'
    parts = re.split(f'({re.escape(mark)}|{re.escape(end)})', text)
    if parts[1::2] != [mark, end]:
        raise ValueError(f'needs one line {mark.strip()} and, below it, one {end.strip()}')
    before, _, _, _, after = parts
    return f'{before}{mark}{content.strip()}\n{end}{after}'


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


def run(name: str, *flags: str) -> str:
    """
    Return what a benchmark prints, called with flags.

    Raises
    ------
    subprocess.CalledProcessError
        If it fails; it has said why on stderr.

    """
    command = [sys.executable, '-m', f'{FOLDER.name}.{name}', *flags]
    done = subprocess.run(
        command, cwd=FOLDER.parent, stdout=subprocess.PIPE, encoding='utf-8', check=True
    )
    return done.stdout


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.strip().split('\n')[0])
    parser.add_argument(
        'names', nargs='*', metavar='NAME', help=f'default: {" ".join(BENCHMARKS)}'
    )
    parser.add_argument('--sports', metavar='PACK')
    args = parser.parse_args()
    flags = {'networks': ('--sports', args.sports)} if args.sports else {}
    for name in args.names:
        if name not in BENCHMARKS:
            parser.error(f"no benchmark '{name}'; there are {', '.join(BENCHMARKS)}")
    readme = FOLDER.parent / 'README.md'
    for name in args.names or BENCHMARKS:
        try:
            content = f'{run(name, *flags.get(name, ())).strip()}\n\n{circumstances()}'
            text = replaced(readme.read_text(encoding='utf-8'), name, content)
        except (subprocess.CalledProcessError, ValueError) as exc:
            print(f'update_readme.py: {name}: {exc}', file=sys.stderr)
            return 1
        readme.write_text(text, encoding='utf-8')
        print(f'{name}: written')
    return 0


if __name__ == '__main__':
    sys.exit(main())
