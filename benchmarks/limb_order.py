"""
Which limbs are taken first: what the `limb_order` field and peaks bring.

::

    python -m benchmarks.limb_order [MODEL …] [--backend onnxruntime]

prints for each network AP on the 40 pictures of ../shared (all, even half, odd half) at three
sizes, and which share of the joints is found on the close-ups of `benchmarks.closeups`.
"""

from __future__ import annotations

import argparse
import os
import sys
from typing import Any

import cv2

from benchmarks.accuracy import ANNOTATIONS, SHARED, halves, read_annotations
from benchmarks.closeups import SIDE, CloseUp, close_ups, found_of
from openpose_ros.errors import OpenPoseError
from openpose_ros.estimator import PoseEstimator
from openpose_ros.evaluation import coco_results, evaluate
from openpose_ros.models.spec import LIMB_ORDERS
from openpose_ros.parsing.paf.params import PafParams

SIZES = ((256, 256), (456, 256), (656, 368))
NETWORKS = (
    'openpose-ros-base',
    'openpose-ros-base-int8',
    'openpose-ros-small-int8',
    'human-pose-estimation-0001',
)
_PARAMS = {order: PafParams(min_score=0.0, limb_order=order) for order in LIMB_ORDERS}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split('\n')[1])
    parser.add_argument('models', nargs='*', metavar='MODEL', default=NETWORKS)
    parser.add_argument('--backend', default='onnxruntime')
    args = parser.parse_args()
    os.environ.setdefault('OPENPOSE_ROS_MODEL_PATH', str(SHARED / 'models'))
    print('| network | input | `field`: AP (even, odd) | `peaks`: AP (even, odd) |')
    print('|---|---|---|---|')
    annotations = read_annotations(SHARED / 'images' / ANNOTATIONS)
    names = annotations['categories'][0]['keypoints']
    views = list(close_ups(SHARED / 'images', annotations, names))
    try:
        for model in args.models:
            for size in SIZES:
                _compare(model, args.backend, size, annotations)
        print('\n| network | `field`: joints of close-ups | `peaks` |\n|---|---|---|')
        for model in args.models:
            _compare_close_ups(model, args.backend, views, names)
    except OpenPoseError as exc:
        print(f'limb_order.py: {exc}', file=sys.stderr)
        return 1
    return 0


def _compare(model: str, backend: str, size: tuple[int, int], annotations: dict[str, Any]) -> None:
    names = annotations['categories'][0]['keypoints']
    first, second = halves(annotations)
    results: dict[str, list[dict[str, object]]] = {order: [] for order in LIMB_ORDERS}
    with PoseEstimator.from_model(model, backend=backend, net_resolution=size) as estimator:
        for image in annotations['images']:
            seen = estimator.estimate(cv2.imread(str(SHARED / 'images' / image['file_name'])))
            for order, params in _PARAMS.items():
                estimator.params = params
                people = estimator.parse_again(seen).people
                results[order] += coco_results(people, image['id'], names)
    cells = []
    for order in LIMB_ORDERS:
        whole, even, odd = (
            evaluate(results[order], annotations, ids).ap
            for ids in (first + second, first, second)
        )
        cells.append(f'{whole:.3f} ({even:.3f}, {odd:.3f})')
    print(f'| {model} | {size[0]}x{size[1]} | {" | ".join(cells)} |', flush=True)


def _compare_close_ups(model: str, backend: str, views: list[CloseUp], names: list[str]) -> None:
    cells = []
    with PoseEstimator.from_model(
        model, backend=backend, net_resolution=(SIDE, SIDE)
    ) as estimator:
        for params in _PARAMS.values():
            estimator.params = params
            counts = found_of(estimator, views, names).values()
            found, there = (sum(column) for column in zip(*counts, strict=True))
            cells.append(f'{found / there:.3f}')
    print(f'| {model} | {" | ".join(cells)} |', flush=True)


if __name__ == '__main__':
    sys.exit(main())
