"""
What accuracy costs: AP over CPU time of our networks and of their teacher in int8, as a picture.

::

    python -m benchmarks.price [--images DIR] [--output docs/price.svg] [--rounds 50]

Every network runs at every size with ONNX Runtime on one thread; CPU time (which other work on the
machine changes less than it changes the clock's) is the median of the rounds, networks and sizes
in turn. AP is that of accuracy.py with everybody let through. Prints the table, and for each size
of the base network the AP of the int8 teacher at the same time (linear in the logarithm of time
between its sizes).
"""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
import math
import os
from pathlib import Path
import sys
from time import process_time
from typing import NamedTuple

import numpy as np

from benchmarks.accuracy import ANNOTATIONS, SHARED, estimate_all, read_annotations
from openpose_ros.errors import ModelError, OpenPoseError
from openpose_ros.estimator import PoseEstimator
from openpose_ros.evaluation import evaluate
from openpose_ros.files import write_whole
from openpose_ros.parsing import PafParams
from openpose_ros.placement import Size

BASE, SMALL = 'openpose-ros-base-int8', 'openpose-ros-small-int8'
TEACHER = 'human-pose-estimation-0001-int8-qdq'
COLOURS = {BASE: '#c0392b', SMALL: '#2980b9', TEACHER: '#555555'}
SIZES: tuple[Size, ...] = ((256, 144), (320, 184), (384, 216), (456, 256), (656, 368))
OUTPUT = Path(__file__).parents[1] / 'docs/price.svg'
_WIDTH, _HEIGHT, _LEFT, _RIGHT, _TOP, _BOTTOM = 760, 420, 60, 20, 20, 50


class Point(NamedTuple):
    """A network at a size: CPU milliseconds an inference, and AP."""

    size: Size
    ms: float
    ap: float


def cpu_milliseconds(
    estimators: Mapping[str, PoseEstimator], sizes: Sequence[Size], rounds: int
) -> dict[tuple[str, Size], float]:
    """Return the median CPU time of an inference of each network at each size, all in turn."""
    noise = np.random.default_rng(0)
    tensors = {(w, h): noise.integers(0, 256, (1, 3, h, w)).astype(np.float32) for w, h in sizes}
    taken: dict[tuple[str, Size], list[float]] = {}
    for _ in range(rounds + 1):
        for size, tensor in tensors.items():
            for name, estimator in estimators.items():
                started = process_time()
                estimator.engine.infer(tensor)
                taken.setdefault((name, size), []).append(1000 * (process_time() - started))
    return {key: float(np.median(times[1:])) for key, times in taken.items()}


def at_the_same_price(points: Sequence[Point], ms: float) -> float | None:
    """
    Return the AP of a network at a price, linear in log time between its sizes; None outside.

    Parameters
    ----------
    points : sequence of Point
        Of one network, in any order.
    ms : float
        CPU milliseconds.

    """
    ordered = sorted(points, key=lambda point: point.ms)
    if not ordered[0].ms <= ms <= ordered[-1].ms:
        return None
    times = [math.log(point.ms) for point in ordered]
    return float(np.interp(math.log(ms), times, [point.ap for point in ordered]))


def drawn(curves: Mapping[str, Sequence[Point]]) -> str:
    """Return an SVG: AP over CPU time, which is logarithmic, a line a network."""
    every = [point for points in curves.values() for point in points]
    low, high = min(p.ms for p in every) / 1.15, max(p.ms for p in every) * 1.3
    top = math.ceil(max(p.ap for p in every) * 10 + 0.2) / 10

    def x(ms: float) -> float:
        share = math.log(ms / low) / math.log(high / low)
        return _LEFT + share * (_WIDTH - _LEFT - _RIGHT)

    def y(ap: float) -> float:
        return _HEIGHT - _BOTTOM - ap / top * (_HEIGHT - _TOP - _BOTTOM)

    def text(at_x: float, at_y: float, words: str, more: str = '') -> str:
        return f'<text x="{at_x:.1f}" y="{at_y:.1f}" {more}>{words}</text>'

    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {_HEIGHT}" '
        'font-family="sans-serif" font-size="12" fill="#222">',
        f'<rect width="{_WIDTH}" height="{_HEIGHT}" fill="#fff"/>',
    ]
    for step in range(round(top * 10) + 1):
        ap = step / 10
        lines.append(
            f'<path d="M{_LEFT} {y(ap):.1f}H{_WIDTH - _RIGHT}" stroke="#ddd" fill="none"/>'
        )
        lines.append(text(_LEFT - 8, y(ap) + 4, f'{ap:.1f}', 'text-anchor="end"'))
    for ms in (2, 5, 10, 20, 50, 100, 200):
        if low <= ms <= high:
            middle = 'text-anchor="middle"'
            lines.append(
                f'<path d="M{x(ms):.1f} {_TOP}V{_HEIGHT - _BOTTOM}" stroke="#eee" fill="none"/>'
            )
            lines.append(text(x(ms), _HEIGHT - _BOTTOM + 18, str(ms), middle))
    lines.append(
        text(
            (_LEFT + _WIDTH) / 2,
            _HEIGHT - 12,
            'CPU milliseconds an inference, one thread',
            'text-anchor="middle"',
        )
    )
    lines.append(text(14, _TOP + 4, 'AP'))
    for number, (name, points) in enumerate(curves.items()):
        colour = COLOURS.get(name, '#000')
        ordered = sorted(points, key=lambda point: point.ms)
        path = 'L'.join(f'{x(p.ms):.1f} {y(p.ap):.1f}' for p in ordered)
        lines.append(f'<path d="M{path}" stroke="{colour}" stroke-width="2" fill="none"/>')
        for point in ordered:
            lines.append(
                f'<circle cx="{x(point.ms):.1f}" cy="{y(point.ap):.1f}" r="3.5" fill="{colour}"/>'
            )
            words = f'{point.size[0]}x{point.size[1]}'
            more = f'fill="{colour}" font-size="10"'
            lines.append(text(x(point.ms) + 6, y(point.ap) + 13, words, more))
        lines.append(text(_LEFT + 14, _TOP + 18 + 17 * number, name, f'fill="{colour}"'))
    return '\n'.join([*lines, '</svg>', ''])


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.strip().split('\n')[0])
    parser.add_argument('--images', type=Path, default=SHARED / 'images')
    parser.add_argument('--annotations', type=Path, help=f'default: {ANNOTATIONS} beside them')
    parser.add_argument('--output', type=Path, default=OUTPUT)
    parser.add_argument('--rounds', type=int, default=50)
    args = parser.parse_args()
    os.environ.setdefault('OPENPOSE_ROS_MODEL_PATH', str(SHARED / 'models'))
    try:
        annotations = read_annotations(args.annotations or args.images / ANNOTATIONS)
        with ExitStack() as stack:
            estimators = {}
            for name in (BASE, SMALL, TEACHER):
                try:
                    estimators[name] = stack.enter_context(
                        PoseEstimator.from_model(
                            name,
                            backend='onnxruntime',
                            threads=1,
                            params=PafParams(min_score=0.0),
                        )
                    )
                except ModelError as exc:
                    print(f'price.py: left out: {exc}', file=sys.stderr)
            times = cpu_milliseconds(estimators, SIZES, args.rounds)
            curves: dict[str, list[Point]] = {}
            for name, estimator in estimators.items():
                for size in SIZES:
                    estimator.net_resolution = size
                    results = estimate_all(estimator, args.images, annotations)
                    ap = evaluate(results, annotations).ap
                    curves.setdefault(name, []).append(Point(size, times[name, size], ap))
    except OpenPoseError as exc:
        print(f'price.py: {exc}', file=sys.stderr)
        return 1
    print('| network | input | CPU ms | AP | the int8 teacher at that price |')
    print('|---|---|---|---|---|')
    for name, points in curves.items():
        for point in points:
            same = at_the_same_price(curves[TEACHER], point.ms) if TEACHER in curves else None
            beside = '' if same is None or name == TEACHER else f'{same:.3f}'
            size = f'{point.size[0]}x{point.size[1]}'
            print(f'| {name} | {size} | {point.ms:.1f} | {point.ap:.3f} | {beside} |')
    write_whole(args.output, drawn(curves).encode())
    return 0


if __name__ == '__main__':
    sys.exit(main())
