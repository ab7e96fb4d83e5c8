"""
What several scales, the mirrored frame and tiles bring, and what they cost.

::

    python -m benchmarks.augmentation [--model M] [--threads 1]

prints AP on the 40 pictures of ../shared (all, even half, odd half) for each way of showing the
network more, and its CPU time as a ratio to one look at 656x368 in the same run. Choices were
made on the even half. Then it finds twenty copies of docs/photos' walker, 72 pixels high, four of
them across the borders of tiles, in a frame of 3840x2160.
"""

from __future__ import annotations

import argparse
from dataclasses import replace
import os
from pathlib import Path
import resource
import sys
from time import process_time
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from benchmarks.accuracy import ANNOTATIONS, SHARED, estimate_all, halves, read_annotations
from openpose_ros.augmentation import AugmentationParams, lay_out
from openpose_ros.errors import OpenPoseError
from openpose_ros.estimator import PoseEstimator
from openpose_ros.evaluation import evaluate
from openpose_ros.people import People

ROOT = Path(__file__).parents[1]
FRAME = (3840, 2160)
TILE = (456, 256)
_PERSON = slice(40, 350), slice(290, 487)  # of the photograph; from 55 to 330 she is seen
_HEIGHT, _SHOWN = 72, 275
WAYS: tuple[tuple[tuple[int, int], dict[str, Any]], ...] = (
    ((656, 368), {}),
    ((656, 368), {'flip': True}),
    ((656, 368), {'scale_number': 2}),
    ((984, 552), {}),
    ((984, 552), {'scale_number': 2, 'scale_gap': 1 / 3}),
    ((984, 552), {'scale_number': 2, 'scale_gap': 1 / 3, 'flip': True}),
    ((1312, 736), {}),
    ((1312, 736), {'scale_number': 4}),
    ((320, 184), {}),
    ((320, 184), {'tiles': True}),
)


def crowd(spec: Any) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.float64]]:
    """Return a large frame and the middles (20, 2) of the walkers on it."""
    photo = cv2.imread(str(ROOT / 'docs/photos/walker.jpg'))
    scale = _HEIGHT / _SHOWN
    walker = cv2.resize(photo[_PERSON], None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    height, width = walker.shape[:2]
    street = cv2.resize(photo[:, :200], FRAME, interpolation=cv2.INTER_CUBIC)
    frame = np.asarray(cv2.GaussianBlur(street, (0, 0), 25), np.uint8)
    random = np.random.default_rng(0)
    places = [
        (300 + 700 * column + random.integers(-80, 80), 250 + 480 * row + random.integers(-60, 60))
        for row in range(4)
        for column in range(5)
    ]
    tiles = lay_out(FRAME, TILE, spec, AugmentationParams(tiles=True)).tiles
    x, y = (sorted({-tile.offset[axis] for tile in tiles}) for axis in range(2))
    places[0] = x[3] - width // 2, y[2] - height // 2  # where a tile begins, in both directions
    places[1] = x[5] + TILE[0] - width // 2, 300  # where one ends
    places[2] = 1200, y[5] - height // 2
    places[3] = x[7] - width // 2, y[1] + TILE[1] - height // 2
    for left, top in places:
        frame[top : top + height, left : left + width] = walker
    return frame, np.array(places) + np.array([width / 2, height / 2])


def times_found(people: People, middles: npt.NDArray[np.float64]) -> npt.NDArray[np.int64]:
    """Return how often each walker was found."""
    found = np.zeros(len(middles), np.int64)
    for keypoints in people.keypoints:
        distances = np.linalg.norm(middles - np.nanmean(keypoints[:, :2], axis=0), axis=1)
        found[distances.argmin()] += distances.min() < _HEIGHT / 2
    return found


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split('\n')[1])
    parser.add_argument('--model', default='human-pose-estimation-0001')
    parser.add_argument('--threads', type=int, default=1)
    args = parser.parse_args()
    os.environ.setdefault('OPENPOSE_ROS_MODEL_PATH', str(SHARED / 'models'))
    try:
        _compare(args)
        _count(args)
    except OpenPoseError as exc:
        print(f'augmentation.py: {exc}', file=sys.stderr)
        return 1
    return 0


def as_flags(ways: dict[str, Any]) -> str:
    """Return parameters as the command line takes them, in backticks; '' for none."""
    asked = ' '.join(
        f'--{name.replace("_", "-")}' + ('' if value is True else f' {value:.3g}')
        for name, value in ways.items()
    )
    return f'`{asked}`' if asked else ''


def _compare(args: argparse.Namespace) -> None:
    images = SHARED / 'images'
    annotations = read_annotations(images / ANNOTATIONS)
    first, second = halves(annotations)
    print('| input | more | AP | even half | odd half | CPU time |\n|---|---|---|---|---|---|')
    alone = 0.0
    for size, ways in WAYS:
        with PoseEstimator.from_model(
            args.model,
            net_resolution=size,
            threads=args.threads,
            augmentation=AugmentationParams(**ways),
        ) as estimator:
            estimator.warm_up()
            started = process_time()
            results = estimate_all(estimator, images, annotations)
            took = process_time() - started
        alone = alone or took
        scores = (
            evaluate(results, annotations, ids)[0] for ids in (first + second, first, second)
        )
        print(
            f'| {size[0]}x{size[1]} | {as_flags(ways)} | '
            f'{" | ".join(f"{score:.3f}" for score in scores)} | {took / alone:.2f} |',
            flush=True,
        )


def _count(args: argparse.Namespace) -> None:
    with PoseEstimator.from_model(args.model, net_resolution=TILE, threads=args.threads) as found:
        frame, middles = crowd(found.spec)
        print(f'\nwithout tiles: {len(found(frame))} of {len(middles)} walkers')
        found.augmentation = replace(found.augmentation, tiles=True)
        started = process_time()
        people = found(frame)
        took = process_time() - started
    often = times_found(people, middles)
    peak_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3
    print(
        f'with tiles: {(often > 0).sum()} of {len(middles)}, {(often > 1).sum()} twice, '
        f'{len(people) - often.sum()} others; {took:.1f} s of CPU time, at most {peak_mb:.0f} MB'
    )


if __name__ == '__main__':
    sys.exit(main())
