"""
Whether networks at their full width come out of an import as they went in, and what that takes.

::

    python -m benchmarks.importers [NAME …] [--judge KIND=PYTHON …]

Each network is drawn at random and run by a judge, a program that reads the original format:
OpenCV 4 for Caffe, the format's own program for the others. A judge may need a Python of its own,
`--judge caffe=judge/bin/python` (tests/models/importing/*/judge.py and record.py say what is in
it); networks whose judge is not there are left out, and said on stderr. Then `openpose-ros models
import` turns the file into ONNX in a process of its own, whose CPU time and largest memory are
measured, and ONNX Runtime runs that. The difference is the largest one, as a part of the largest
value of the judge's maps.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
import subprocess
import sys
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

import numpy as np

from openpose_ros.errors import OpenPoseError

ROOT = Path(__file__).parents[1]
MOST = 1e-4  # what the difference may be
_MODULE = 'tests.models.importing.{}.judge'
# The child's own CPU time and memory: what `wait4` tells of it counts its parent's before exec.
_IMPORT = """
import sys, time
from openpose_ros.cli import main
status = main(sys.argv[1:])
with open('/proc/self/status') as file:
    [kilobytes] = [int(line.split()[1]) for line in file if line.startswith('VmHWM')]
print(time.process_time(), kilobytes / 1024)
sys.exit(status)
"""


class Case(NamedTuple):
    """
    A network.

    Attributes
    ----------
    kind : str
        Of its file; names the judge, `tests.models.importing.KIND.judge`.
    options : tuple of str
        For `models import`.

    """

    kind: str
    options: tuple[str, ...] = ()


CASES: Mapping[str, Case] = {
    'coco': Case('caffe'),
    'mpi': Case('caffe'),
    'mpi-4': Case('caffe', ('--stages', '4')),
    'body_25': Case('caffe'),
    'hand': Case('caffe'),
    'face': Case('caffe'),
    'lightweight': Case('torch'),
    'openpose': Case('torch'),
    'reproduction': Case('keras'),
    'mobilenet_thin': Case('tensorflow'),
    'mobilenet': Case('tensorflow'),
    'mobilenet_v2': Case('tensorflow'),
    'cmu': Case('tensorflow'),
    'posenet-mobilenet': Case('tfjs'),
    'posenet-resnet': Case('tfjs'),
}
_OTHERS = ('.npy', '.npz', '.onnx')  # files beside those of the network
_ORDER = ('joined', 'heatmaps', 'pafs', 'offsets', 'displacement_fwd', 'displacement_bwd')


class Row(NamedTuple):
    """What was measured of an import; the seconds are CPU time."""

    name: str
    judge: str
    file_mb: float
    seconds: float
    memory_mb: float
    difference: float


def measure(name: str, python: str, folder: Path) -> Row:
    """
    Let a judge run a network, import it and run that.

    Raises
    ------
    OSError, subprocess.CalledProcessError
        If the judge cannot run.

    """
    case = CASES[name]
    module = _MODULE.format(case.kind)
    judge = subprocess.run(
        [python, '-m', module, name, str(folder)],
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
    ).stdout.strip()
    [path] = [*folder.glob('net.*'), *folder.glob('model.json')]
    output = folder / 'imported.onnx'
    command = ['models', 'import', str(path), '--output', str(output), *case.options]
    run = subprocess.run(
        [sys.executable, '-c', _IMPORT, *command], cwd=ROOT, capture_output=True, text=True
    )
    if run.returncode:
        raise OpenPoseError(f'{name} cannot be imported: {run.stderr.strip()}')
    seconds, memory = map(float, run.stdout.splitlines()[-1].split())
    found = _run(output, np.load(folder / 'picture.npy'))
    expected = _joined(np.load(folder / 'maps.npz'))
    difference = float(np.abs(found - expected).max() / np.abs(expected).max())
    size = sum(file.stat().st_size for file in folder.iterdir() if file.suffix not in _OTHERS)
    return Row(name, judge, size / 1e6, seconds, memory, difference)


def _run(path: Path, picture: Any) -> Any:
    import onnxruntime

    session = onnxruntime.InferenceSession(str(path), providers=['CPUExecutionProvider'])
    found = session.run(None, {session.get_inputs()[0].name: picture})
    names = [value.name for value in session.get_outputs()]
    return _joined(dict(zip(names, (maps[0] for maps in found))))


def _joined(maps: Mapping[str, Any]) -> Any:
    """Return all maps one after the other, the heatmaps first as OpenPose has them."""
    return np.concatenate([maps[name] for name in _ORDER if name in maps])


def table(rows: Sequence[Row]) -> Iterator[str]:
    yield '| network | judge | file | CPU time | memory | difference |'
    yield '|---|---|---|---|---|---|'
    for row in rows:
        yield (
            f'| {row.name} | {row.judge} | {row.file_mb:.0f} MB | {row.seconds:.1f} s | '
            f'{row.memory_mb:.0f} MB | {row.difference:.1e} |'
        )


def _judges(texts: Sequence[str]) -> dict[str, str]:
    kinds = {case.kind for case in CASES.values()}
    found = dict.fromkeys(kinds, sys.executable)
    for text in texts:
        kind, equals, python = text.partition('=')
        if kind not in kinds or not equals:
            raise SystemExit(f'--judge is {text}, expected KIND=PYTHON of {", ".join(kinds)}')
        found[kind] = python
    return found


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition('\n::')[0])
    parser.add_argument('names', nargs='*', metavar='NAME', help=f'of {", ".join(CASES)}')
    parser.add_argument('--judge', action='append', default=[], metavar='KIND=PYTHON')
    args = parser.parse_args(arguments)
    if unknown := set(args.names) - set(CASES):
        parser.error(f'no such network: {", ".join(sorted(unknown))}')
    judges, rows = _judges(args.judge), []
    for name in args.names or CASES:
        with TemporaryDirectory() as folder:
            try:
                rows.append(measure(name, judges[CASES[name].kind], Path(folder)))
            except subprocess.CalledProcessError as exc:
                reason = exc.stderr.strip().splitlines() or ['']
                print(f'left out: {name}: its judge fails: {reason[-1]}', file=sys.stderr)
            except OSError as exc:
                print(f'left out: {name}: its judge fails: {exc}', file=sys.stderr)
    for line in table(rows):
        print(line)
    worse = [row.name for row in rows if not row.difference <= MOST]
    if worse:
        print(f'not as they were: {", ".join(worse)}', file=sys.stderr)
    return int(bool(worse) or not rows)


if __name__ == '__main__':
    sys.exit(main())
