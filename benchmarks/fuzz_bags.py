"""
Damage bags of every kind in thousands of ways, and see that none kills, hangs or swallows.

`python -m benchmarks.fuzz_bags [--count 1000] [--seed 0] [KIND…]`. Each damaged bag goes through
`process_bag`, with what belongs to its images, and ends in a bag or in one line. A kind runs in a
process of its own with little memory: what ends it is named by its number, and `--write FOLDER`
writes it there.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
import shutil
import signal
import sys
import tempfile

import numpy as np
from rosbags.rosbag2 import CompressionMode

from benchmarks.damaging import Outcome, limit_memory, tell
from benchmarks.fuzz_pictures import mutated
from openpose_ros.bags import BagOptions, process_bag
from openpose_ros.errors import OpenPoseError
from openpose_ros.estimator import PoseEstimator
from openpose_ros.ros.node.parameters import NodeParams

MODULE = 'benchmarks.fuzz_bags'
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


def run_here(name: str, seed: int, first: int, count: int) -> Outcome:
    """Work on damaged bags; print each one's number before it."""
    params = NodeParams(backend='fake', tracking=True, target_frame='map', max_image_pixels=10**6)
    with tempfile.TemporaryDirectory() as made:
        top = Path(made)
        whole = made_bag(top / 'whole', name)
        _work(whole, top, params)  # warm, before memory is limited
        limit_memory(ROOM)
        outcome = Outcome()
        for number in range(first, first + count):
            print(number, flush=True)
            what, folder = f'{name} {number}', top / 'damaged'
            shutil.copytree(whole, folder)
            source = damage(folder, seed, number)
            # Their default ends the process, whatever it is in.
            signal.alarm(STUCK_S)
            signal.setitimer(signal.ITIMER_PROF, STUCK_CPU_S)
            lines: list[str] = []
            with outcome.trying(what, SLOW_S):
                done, lines = _work(source, top, params)
                outcome.done += done
                outcome.refused += not done
            signal.alarm(0)
            signal.setitimer(signal.ITIMER_PROF, 0)
            if any('\n' in line or 'Traceback' in line for line in lines):
                outcome.findings.append(f'{what}: {lines}')
            shutil.rmtree(folder)
            left = {path.name for path in top.iterdir()} - {'whole'}
            if left:
                outcome.findings.append(f'{what}: left behind {sorted(left)}')
                for path in left:
                    shutil.rmtree(top / path)
    return outcome


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


def write(folder: Path, name: str, seed: int, first: int, count: int) -> None:
    """Write damaged bags."""
    for number in range(first, first + count):
        damage(made_bag(folder / f'{name}_{number}', name), seed, number)


def main() -> int:
    return tell(MODULE, list(KINDS), about='bags', count=1000, run_here=run_here, write=write)


if __name__ == '__main__':
    sys.exit(main())
