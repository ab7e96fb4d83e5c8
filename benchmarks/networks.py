"""
How well and how fast our own networks are, beside their teacher and two baselines.

::

    python -m benchmarks.networks [--images DIR] [--sports PACK] [--backend onnxruntime]

prints AP and AP50 (see accuracy.py), milliseconds an inference, that as a part of the teacher's
at the same size, taken in turn with it, and which people are found by their height. With --sports
also PCK (see pck.py) on held-out pictures of Leeds Sports Pose extended, packed by
`training.sources`; ours are im09501 to im10000. The untrained network needs PyTorch. What is not
here is left out, and said on stderr.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
import os
from pathlib import Path
import sys
from tempfile import TemporaryDirectory
from time import perf_counter
from typing import Any, NamedTuple

import numpy as np

from benchmarks.accuracy import ANNOTATIONS, SHARED, estimate_all, read_annotations
from benchmarks.recall import EDGES_PX, recall_by_height
from openpose_ros.engine import open_engine
from openpose_ros.errors import ModelError, OpenPoseError
from openpose_ros.estimator import PoseEstimator
from openpose_ros.evaluation import Scores, evaluate
from openpose_ros.placement import Size

OURS, INT8 = 'openpose-ros-small', 'openpose-ros-small-int8'
TEACHER = 'human-pose-estimation-0001'
OTHER = 'mobilenetv2-pose-dm14'
UNTRAINED = f'{OURS}, untrained'
SIZES = ((256, 256), (456, 256))
_ROUNDS = 25


class Row(NamedTuple):
    """What was measured of a network at a size."""

    name: str
    size: Size
    accuracy: Scores
    recall: list[tuple[int, int]]
    pck: float | None


def untrained(folder: Path) -> Path:
    """Write our network with random weights, as training begins where there is no teacher."""
    import torch

    from training.export import export
    from training.network import NetworkConfig, PoseNetwork

    torch.manual_seed(0)
    export(PoseNetwork(NetworkConfig()).eval(), folder / 'untrained.onnx')
    return folder / 'untrained.onnx'


def find_networks(folder: Path) -> dict[str, str | Path]:
    """Return what `PoseEstimator.from_model` takes for each network that is here, by name."""
    networks: dict[str, str | Path] = {}
    for name in (OURS, INT8, TEACHER, OTHER):
        try:
            with open_engine(name, backend='onnxruntime'):
                networks[name] = name
        except ModelError as exc:
            print(f'networks.py: left out: {exc}', file=sys.stderr)
    try:
        networks[UNTRAINED] = untrained(folder)
    except ImportError as exc:
        print(f'networks.py: left out: {UNTRAINED}: {exc}', file=sys.stderr)
    return networks


def sizes_of(estimator: PoseEstimator) -> tuple[Size, ...]:
    fixed = estimator.spec.input.fixed_size
    return SIZES if fixed is None else (fixed,)


@contextmanager
def opened(networks: Mapping[str, str | Path], backend: str) -> Iterator[dict[str, PoseEstimator]]:
    """Open every network."""
    with ExitStack() as stack:
        yield {
            name: stack.enter_context(PoseEstimator.from_model(model, backend=backend))
            for name, model in networks.items()
        }


def milliseconds(estimators: Mapping[str, PoseEstimator], size: Size) -> dict[str, float]:
    """Return the median time of an inference of each network that runs at a size, in turn."""
    taken: dict[str, list[float]] = {
        name: [] for name, estimator in estimators.items() if size in sizes_of(estimator)
    }
    noise = np.random.default_rng(0).integers(0, 256, (1, 3, size[1], size[0]))
    tensor = noise.astype(np.float32)
    for _ in range(_ROUNDS):
        for name, times in taken.items():
            started = perf_counter()
            estimators[name].engine.infer(tensor)
            times.append(1000 * (perf_counter() - started))
    return {name: float(np.median(times[1:])) for name, times in taken.items()}


def measure(
    name: str, estimator: PoseEstimator, args: argparse.Namespace, annotations: dict[str, Any]
) -> Iterator[Row]:
    """Yield a row for each size that a network runs at."""
    for size in sizes_of(estimator):
        estimator.net_resolution = size
        results = estimate_all(estimator, args.images, annotations)
        share = None
        # At one size: it takes minutes, and these pictures are about as wide as high.
        if args.sports is not None and size == SIZES[0]:
            from benchmarks.pck import pck

            share = pck(estimator, args.sports)
        recall = recall_by_height(results, annotations, size)
        yield Row(name, size, evaluate(results, annotations), recall, share)


def tables(rows: list[Row], times: Mapping[Size, Mapping[str, float]]) -> list[str]:
    """Return both tables as lines of Markdown."""
    lines = [
        "| network | input | AP | AP50 | PCK@0.2 | ms | of the teacher's time |",
        '|---|---|---|---|---|---|---|',
    ]
    for row in rows:
        took = times[row.size]
        lines.append(
            f'| {row.name} | {_size(row.size)} | {row.accuracy.ap:.3f} | {row.accuracy.ap50:.3f} '
            f'| {_number(row.pck, 2)} | {took[row.name]:.1f} '
            f'| {_number(took[row.name] / took[TEACHER], 2) if TEACHER in took else ""} |'
        )
    ends = [*(f'to {edge}' for edge in EDGES_PX[1:]), f'over {EDGES_PX[-1]}']
    lines += [
        '',
        'People found (OKS of 0.50 or better) of those who are that high, in pixels of the '
        "network's input:",
        '',
        f'| network | input | {" | ".join(ends)} |',
        f'|---|---|{"---|" * len(ends)}',
    ]
    for row in rows:
        cells = [f'{found} of {people}' for people, found in row.recall]
        lines.append(f'| {row.name} | {_size(row.size)} | {" | ".join(cells)} |')
    return lines


def _size(size: Size) -> str:
    return f'{size[0]}x{size[1]}'


def _number(value: float | None, digits: int) -> str:
    return '' if value is None else f'{value:.{digits}f}'


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split('\n')[1])
    parser.add_argument('--images', type=Path, default=SHARED / 'images')
    parser.add_argument('--annotations', type=Path, help=f'default: {ANNOTATIONS} beside them')
    parser.add_argument('--sports', type=Path, metavar='PACK', help='for PCK')
    parser.add_argument('--backend', default='onnxruntime', help='default: %(default)s')
    args = parser.parse_args()
    os.environ.setdefault('OPENPOSE_ROS_MODEL_PATH', str(SHARED / 'models'))
    if args.sports is None:
        print('networks.py: left out: PCK, give --sports PACK', file=sys.stderr)
    try:
        annotations = read_annotations(args.annotations or args.images / ANNOTATIONS)
        with TemporaryDirectory() as folder, ExitStack() as stack:
            networks = find_networks(Path(folder))
            estimators = stack.enter_context(opened(networks, args.backend))
            sizes = {size for e in estimators.values() for size in sizes_of(e)}
            times = {size: milliseconds(estimators, size) for size in sorted(sizes)}
            rows = [
                row
                for name, estimator in estimators.items()
                for row in measure(name, estimator, args, annotations)
            ]
            description = next(iter(estimators.values())).engine.description
    except OpenPoseError as exc:
        print(f'networks.py: {exc}', file=sys.stderr)
        return 1
    print(f'{description.partition(", threads")[0]}; {len(annotations["images"])} pictures\n')
    print('\n'.join(tables(rows, times)))
    return 0


if __name__ == '__main__':
    sys.exit(main())
