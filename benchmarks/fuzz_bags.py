"""
Damage bags of every kind in thousands of ways, and see that none kills, hangs or swallows.

`python -m benchmarks.fuzz_bags [--count 1000] [--seed 0] [KIND…]`. Each damaged bag goes through
`process_bag`, with what belongs to its images, and ends in a bag or in one line. A kind runs in a
process of its own with little memory: what ends it is named by its number, and `--write FOLDER`
writes it there.
"""

from __future__ import annotations

import argparse
from functools import cache
import json
from pathlib import Path
import resource
import shutil
import signal
import sys
import tempfile
from time import process_time

import numpy as np
from rosbags.rosbag2 import CompressionMode

from benchmarks.fuzz_pictures import Outcome, mutated, run_apart
from openpose_ros.bags import BagOptions, process_bag
from openpose_ros.errors import OpenPoseError
from openpose_ros.estimator import PoseEstimator
from openpose_ros.ros.node.parameters import NodeParams

ROOM = 1 << 30  # bytes that the process may have beyond what it has when it begins
SLOW_S = 5.0  # of CPU; a whole bag takes a tenth of a second
STUCK_S, STUCK_CPU_S = 300, 60.0  # after which a bag counts as endless
_COUNT = 6
_METADATA = 'metadata.yaml'
# Kind: how it is stored, how it is compressed.
KINDS = {
    'mcap': ('mcap', CompressionMode.NONE),
    'mcap-zstd': ('mcap', CompressionMode.STORAGE),
    'mcap-file': ('mcap', CompressionMode.FILE),
    'sqlite': ('sqlite3', CompressionMode.NONE),
    'sqlite-zstd': ('sqlite3', CompressionMode.MESSAGE),
    'sqlite-file': ('sqlite3', CompressionMode.FILE),
}


def made_bag(path: Path, kind: str) -> Path:
    """Write a whole bag: raw images and JPEGs, depth, calibration, transforms."""
    from tests.bags.making import DELAY_NS, PERIOD_NS, START_NS, packed, raw, write_bag
    from tests.bags.test_around import depth, info, transform

    lines = []
    for number in range(_COUNT):
        stamp_ns = START_NS + number * PERIOD_NS
        lines += [
            raw(number),
            packed(number, '/rear/image/compressed'),
            depth(number, 0.0, 1500),
            info(number),
            transform(stamp_ns, stamp_ns + DELAY_NS, 1.0),
        ]
    storage, mode = KINDS[kind]
    return write_bag(path, lines, storage=storage, mode=mode)


def damage(folder: Path, seed: int, number: int) -> Path:
    """Damage a bag; how depends on the number alone. Return what is to be read."""
    rng = np.random.default_rng((seed, number))
    metadata = folder / _METADATA
    (data,) = [path for path in folder.iterdir() if path != metadata]
    target = metadata if number % 6 == 0 else data
    whole = target.read_bytes()
    # Anywhere, and near the ends, where what tells the rest stands.
    at = int(rng.choice((0, max(0, len(whole) - 400), int(rng.integers(0, len(whole))))))
    target.write_bytes(whole[:at] + mutated(whole[at : at + 400], rng) + whole[at + 400 :])
    if number % 6 == 1:
        target.write_bytes(target.read_bytes()[: int(rng.integers(0, len(whole)))])
    if number % 6 == 2:
        metadata.unlink()
    return data if number % 6 == 3 else folder


@cache
def _estimator() -> PoseEstimator:
    return PoseEstimator.from_model(backend='fake')


def run_here(name: str, seed: int, first: int, count: int) -> None:
    """Work on damaged bags; print each one's number before it, and the outcome at the end."""
    params = NodeParams(backend='fake', tracking=True, target_frame='map', max_image_pixels=10**6)
    with tempfile.TemporaryDirectory() as made:
        top = Path(made)
        whole = made_bag(top / 'whole', name)
        _work(whole, top, params)  # warm, before memory is limited
        used = int(Path('/proc/self/statm').read_text().split()[0]) * resource.getpagesize()
        resource.setrlimit(resource.RLIMIT_AS, (used + ROOM, used + ROOM))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        outcome = Outcome(0, 0, 0.0, [])
        for number in range(first, first + count):
            print(number, flush=True)
            folder = top / 'damaged'
            shutil.copytree(whole, folder)
            source = damage(folder, seed, number)
            # Their default ends the process, whatever it is in.
            signal.alarm(STUCK_S)
            signal.setitimer(signal.ITIMER_PROF, STUCK_CPU_S)
            started = process_time()
            try:
                done, lines = _work(source, top, params)
                outcome.decoded += done
                outcome.refused += not done
            except Exception as exc:  # noqa: BLE001  it is what is looked for
                lines = []
                outcome.findings.append(f'{name} {number}: {type(exc).__name__}: {exc}')
            seconds = process_time() - started
            signal.alarm(0)
            signal.setitimer(signal.ITIMER_PROF, 0)
            outcome.slowest_ms = max(outcome.slowest_ms, 1000 * seconds)
            if seconds > SLOW_S:
                outcome.findings.append(f'{name} {number}: {seconds:.1f} s')
            if any('\n' in line or 'Traceback' in line for line in lines):
                outcome.findings.append(f'{name} {number}: {lines}')
            shutil.rmtree(folder)
            left = {path.name for path in top.iterdir()} - {'whole'}
            if left:
                outcome.findings.append(f'{name} {number}: left behind {sorted(left)}')
                for path in left:
                    shutil.rmtree(top / path)
        print(json.dumps(vars(outcome)))


def _work(source: Path, top: Path, params: NodeParams) -> tuple[bool, list[str]]:
    """Return whether there is a bag, and the lines that were said, those of an error too."""
    out, lines = top / 'out', []
    options = BagOptions(params=params, copied=('*',), overwrite=True)
    try:
        process_bag(source, out, _estimator(), options, say=lines.append)
    except OpenPoseError as exc:
        return False, [*lines, str(exc)]
    finally:
        for name in ('out', 'out.partial'):
            shutil.rmtree(top / name, ignore_errors=True)
    return True, lines


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('kinds', nargs='*', metavar='KIND', help=', '.join(KINDS))
    parser.add_argument('--count', type=int, default=1000)
    parser.add_argument('--seed', type=int, default=0)
    parser.add_argument('--first', type=int, default=0)
    parser.add_argument('--child', action='store_true', help=argparse.SUPPRESS)
    parser.add_argument('--write', type=Path, metavar='FOLDER')
    args = parser.parse_args()
    names = args.kinds or list(KINDS)
    if args.child:
        run_here(names[0], args.seed, args.first, args.count)
        return 0
    if args.write:
        for name in names:
            for number in range(args.first, args.first + args.count):
                damage(made_bag(args.write / f'{name}_{number}', name), args.seed, number)
        return 0
    worst = 0
    print(f'{args.count} damaged bags a kind, seed {args.seed}')
    for name in names:
        found = run_apart(name, args.seed, args.first, args.count, 'benchmarks.fuzz_bags')
        worst |= bool(found.findings)
        print(
            f'{name}: {found.decoded} worked on, {found.refused} refused, slowest '
            f'{found.slowest_ms:.0f} ms, {len(found.findings)} findings'
        )
        for line in found.findings[:20]:
            print(f'  {line}')
    return worst


if __name__ == '__main__':
    sys.exit(main())
