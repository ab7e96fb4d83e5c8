"""
How well and how fast our own networks are, beside their teacher and two baselines.

::

    python -m benchmarks.networks [--images DIR] [--sports PACK] [--nobody DIR]
                                  [--backend onnxruntime]

prints AP and AP50 (see accuracy.py) of everybody found, precision, recall and F1 at OKS 0.50 and
people found twice (see twice.py) at the default `min_score`, CPU milliseconds an inference on one
thread (which other work changes little), that as a part of the teacher's at the same size, taken
in turn with it, and which people are found, by their
height and kind. With --sports also PCK (see pck.py) on held-out pictures of Leeds Sports Pose
extended, packed by `training.sources`; ours are im09501 to im10000. With --nobody also ghosts a
picture (see nobody.py). The untrained network needs PyTorch. What is not here is left out, and
said on stderr.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
import os
from pathlib import Path
import sys
from tempfile import TemporaryDirectory
from time import process_time
from typing import Any, NamedTuple

import numpy as np

from benchmarks.accuracy import ANNOTATIONS, SHARED, estimate_all, read_annotations
from benchmarks.nobody import Ghosts, count_ghosts, read_list
from benchmarks.recall import EDGES_PX, KINDS, recall_by_height, recall_of_kinds
from benchmarks.twice import count_twice
from openpose_ros.engine import open_engine
from openpose_ros.errors import ModelError, OpenPoseError
from openpose_ros.estimator import PoseEstimator
from openpose_ros.evaluation import Scores, evaluate
from openpose_ros.parsing import PafParams
from openpose_ros.placement import Size
from training.calibrate import compare_with_truth

BASE, BASE_INT8 = 'openpose-ros-base', 'openpose-ros-base-int8'
OURS, INT8 = 'openpose-ros-small', 'openpose-ros-small-int8'
TEACHER = 'human-pose-estimation-0001'
OTHER = 'mobilenetv2-pose-dm14'
NAMES = (BASE, BASE_INT8, OURS, INT8, TEACHER, OTHER)
UNTRAINED = f'{OURS}, untrained'
SIZES = ((256, 256), (456, 256))
_ROUNDS = 25


class Shown(NamedTuple):
    """
    What is right of the people who are shown at the default `min_score`.

    Attributes
    ----------
    people, right, annotated, twice : int
        People found; those of them who match an annotated person at OKS 0.50; people annotated;
        people found who are another one found, too.

    """

    people: int
    right: int
    annotated: int
    twice: int

    @property
    def precision(self) -> float:
        return self.right / max(1, self.people)

    @property
    def recall(self) -> float:
        return self.right / max(1, self.annotated)

    @property
    def f1(self) -> float:
        return 2 * self.right / max(1, self.people + self.annotated)


class Row(NamedTuple):
    """What was measured of a network at a size."""

    name: str
    size: Size
    accuracy: Scores
    recall: list[tuple[int, int]]
    pck: float | None
    shown: Shown
    kinds: dict[str, tuple[int, int]]
    ghosts: Ghosts | None


def shown(results: list[dict[str, Any]], annotations: dict[str, Any], min_score: float) -> Shown:
    """Judge those of the results that have `min_score`."""
    found = compare_with_truth(
        [result for result in results if result['score'] >= min_score], annotations
    )
    twice = count_twice(results, annotations, min_score)
    return Shown(len(found.scores), int(found.right.sum()), found.annotated, twice)


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
    for name in NAMES:
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
            name: stack.enter_context(PoseEstimator.from_model(model, backend=backend, threads=1))
            for name, model in networks.items()
        }


def milliseconds(estimators: Mapping[str, PoseEstimator], size: Size) -> dict[str, float]:
    """Return the median CPU time of an inference of each network that runs at a size, in turn."""
    taken: dict[str, list[float]] = {
        name: [] for name, estimator in estimators.items() if size in sizes_of(estimator)
    }
    noise = np.random.default_rng(0).integers(0, 256, (1, 3, size[1], size[0]))
    tensor = noise.astype(np.float32)
    for _ in range(_ROUNDS):
        for name, times in taken.items():
            started = process_time()
            estimators[name].engine.infer(tensor)
            times.append(1000 * (process_time() - started))
    return {name: float(np.median(times[1:])) for name, times in taken.items()}


def measure(
    name: str, estimator: PoseEstimator, args: argparse.Namespace, annotations: dict[str, Any]
) -> Iterator[Row]:
    """Yield a row for each size that a network runs at."""
    everybody, usual = PafParams(min_score=0.0), PafParams()
    for size in sizes_of(estimator):
        estimator.net_resolution = size
        estimator.params = everybody
        results = estimate_all(estimator, args.images, annotations)
        estimator.params = usual
        share = ghosts = None
        # At one size: it takes minutes, and these pictures are about as wide as high.
        if args.sports is not None and size == SIZES[0]:
            from benchmarks.pck import pck

            share = pck(estimator, args.sports)
        if args.nobody is not None:
            ghosts = count_ghosts(estimator, args.nobody, read_list())
        usual_results = [r for r in results if r['score'] >= usual.min_score]
        yield Row(
            name,
            size,
            evaluate(results, annotations),
            recall_by_height(usual_results, annotations, size),
            share,
            shown(results, annotations, usual.min_score),
            recall_of_kinds(usual_results, annotations),
            ghosts,
        )


def tables(rows: list[Row], times: Mapping[Size, Mapping[str, float]]) -> list[str]:
    """Return both tables as lines of Markdown."""
    lines = [
        '| network | input | AP | AP50 | precision | recall | F1 | twice | ghosts a picture '
        "| PCK@0.2 | ms | of the teacher's time |",
        f'|{"---|" * 12}',
    ]
    for row in rows:
        took = times[row.size]
        share = _number(took[row.name] / took[TEACHER], 2) if TEACHER in took else ''
        cells = [
            row.name,
            _size(row.size),
            f'{row.accuracy.ap:.3f}',
            f'{row.accuracy.ap50:.3f}',
            f'{row.shown.precision:.2f}',
            f'{row.shown.recall:.2f}',
            f'{row.shown.f1:.2f}',
            f'{row.shown.twice} of {row.shown.people}',
            '' if row.ghosts is None else str(row.ghosts),
            _number(row.pck, 2),
            f'{took[row.name]:.1f}',
            share,
        ]
        lines.append(f'| {" | ".join(cells)} |')
    ends = [*(f'to {edge}' for edge in EDGES_PX[1:]), f'over {EDGES_PX[-1]}', *KINDS]
    lines += [
        '',
        'People found at the default `min_score` (OKS of 0.50 or better) of those who are that '
        "high, in pixels of the network's input, of those of whom neither knees nor ankles are "
        'seen (half bodies), and of those who are wider than high:',
        '',
        f'| network | input | {" | ".join(ends)} |',
        f'|---|---|{"---|" * len(ends)}',
    ]
    for row in rows:
        counts = [*row.recall, *(row.kinds[name] for name in KINDS)]
        cells = [f'{found} of {people}' for people, found in counts]
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
    parser.add_argument('--nobody', type=Path, metavar='DIR', help='for ghosts, see nobody.py')
    parser.add_argument('--backend', default='onnxruntime', help='default: %(default)s')
    args = parser.parse_args()
    os.environ.setdefault('OPENPOSE_ROS_MODEL_PATH', str(SHARED / 'models'))
    if args.sports is None:
        print('networks.py: left out: PCK, give --sports PACK', file=sys.stderr)
    if args.nobody is None:
        print('networks.py: left out: ghosts, give --nobody DIR', file=sys.stderr)
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
