"""
What it costs to show a network two sizes in turn, as two scales do, or cameras of two aspects.

::

    python -m benchmarks.sizes [--model M] [--backend openvino] [--threads 1]
                               [--sizes 256x256 128x128]

prints the CPU time of each size alone and of both in turn, milliseconds, medians of alternating
rounds after two hundred changes; and the last as a ratio to the sum of the first two. Beside them
the longest inference of these changes, in which a graph may have been made.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
import os
from statistics import median
import sys
from time import perf_counter, process_time

import numpy as np

from benchmarks.accuracy import SHARED
from openpose_ros.cli.parameters import net_resolution
from openpose_ros.engine import open_engine
from openpose_ros.engine.base import Engine, FloatArray
from openpose_ros.errors import OpenPoseError

_CHANGES, _ROUNDS, _IN_ROUND = 200, 20, 10


def cpu_ms(engine: Engine, batches: Sequence[FloatArray]) -> float:
    """Return the CPU time of showing all of them once, milliseconds."""
    for batch in batches:
        engine.infer(batch)
    started = process_time()
    for _ in range(_IN_ROUND):
        for batch in batches:
            engine.infer(batch)
    return 1e3 * (process_time() - started) / _IN_ROUND


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split('\n')[1])
    parser.add_argument('--model', default='openpose-ros-base-int8')
    parser.add_argument('--backend', default='openvino')
    parser.add_argument('--threads', type=int, default=1)
    parser.add_argument(
        '--sizes', nargs=2, type=net_resolution, default=[(256, 256), (128, 128)], metavar='WxH'
    )
    args = parser.parse_args()
    os.environ.setdefault('OPENPOSE_ROS_MODEL_PATH', str(SHARED / 'models'))
    random = np.random.default_rng(0)
    batches = [
        random.uniform(0, 255, (1, 3, height, width)).astype(np.float32)
        for width, height in args.sizes
    ]
    ways = [[batches[0]], [batches[1]], batches]
    try:
        with open_engine(args.model, backend=args.backend, threads=args.threads) as engine:
            longest = 0.0
            for number in range(_CHANGES):
                started = perf_counter()
                engine.infer(batches[number % 2])
                longest = max(longest, perf_counter() - started if number > 1 else 0)
            rounds = [[cpu_ms(engine, way) for way in ways] for _ in range(_ROUNDS)]
            ran = engine.spec.name, engine.description
    except OpenPoseError as exc:
        print(f'sizes.py: {exc}', file=sys.stderr)
        return 1
    first, second, both = (median(column) for column in zip(*rounds, strict=True))
    names = ['x'.join(map(str, size)) for size in args.sizes]
    print(f'{ran[0]}; {ran[1]}\n')
    print(f'| {names[0]} | {names[1]} | in turn | ratio to their sum | longest change |')
    print('|---|---|---|---|---|')
    print(
        f'| {first:.2f} | {second:.2f} | {both:.2f} | {both / (first + second):.2f} | '
        f'{1e3 * longest:.0f} |'
    )
    return 0


if __name__ == '__main__':
    sys.exit(main())
