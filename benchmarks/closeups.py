"""
People who fill the picture, as before a robot that walked up to them: how many joints are found.

::

    python -m benchmarks.closeups [--model M] [--backend onnxruntime] [--threads 1]

cuts the upper bodies out of the 40 pictures of ../shared, so that the shoulders are 70, 110 and
160 pixels apart on 256x256, and prints which share of the annotated joints is within a fifth of
that of where it is: of the person found with the most of them, so that who is missed counts. Who
would be magnified more than two and a half times is left out. Beside it stand the CPU time of the
close-ups as a ratio to the first row, and AP on the whole pictures at an input of that height
(456x256, 336x192, 224x128): what the same settings do to people who are far.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
import os
from pathlib import Path
import sys
from time import process_time
from typing import Any, NamedTuple

import cv2
import numpy as np
import numpy.typing as npt

from benchmarks.accuracy import ANNOTATIONS, SHARED, estimate_all, read_annotations
from benchmarks.augmentation import as_flags
from benchmarks.pck import most_correct
from openpose_ros.augmentation import AugmentationParams
from openpose_ros.errors import OpenPoseError
from openpose_ros.estimator import PoseEstimator
from openpose_ros.evaluation import evaluate
from openpose_ros.parsing.paf.params import PafParams

SIDE = 256
WIDTHS = (70, 110, 160)  # between the shoulders, pixels
_PART = 0.2  # of that
_MOST = 2.5  # times magnified
_SMALLEST = 35.0  # between the shoulders, of the picture's own pixels
_INSIDE = 2.0  # pixels from the border
WHOLE = (456, 256)
WAYS: tuple[tuple[int, dict[str, Any]], ...] = (
    (256, {}),
    (256, {'flip': True}),
    (256, {'scale_number': 2}),
    (256, {'scale_number': 2, 'scale_gap': 0.5}),
    (192, {}),
    (128, {}),
)


class CloseUp(NamedTuple):
    """An upper body, uint8 (256, 256, 3), and its joints (17, 3) on it; v is 0 for no joint."""

    picture: npt.NDArray[np.uint8]
    joints: npt.NDArray[np.float64]
    width: int


def close_ups(images: Path, annotations: dict[str, Any], names: list[str]) -> Iterator[CloseUp]:
    """Cut each person whose shoulders are annotated out of her picture, in up to three sizes."""
    left, right = names.index('left_shoulder'), names.index('right_shoulder')
    files = {image['id']: image['file_name'] for image in annotations['images']}
    for person in annotations['annotations']:
        joints = np.array(person['keypoints'], float).reshape(-1, 3)
        ends = joints[[left, right]]
        apart = float(np.hypot(*(ends[0, :2] - ends[1, :2])))
        if person.get('iscrowd') or (ends[:, 2] <= 0).any() or apart < _SMALLEST:
            continue
        picture = np.asarray(cv2.imread(str(images / files[person['image_id']])))
        for width in WIDTHS:
            scale = width / apart
            if scale <= _MOST:
                yield _cut(picture, joints, ends[:, :2].mean(axis=0), scale, width)


def _cut(
    picture: npt.NDArray[Any],
    joints: npt.NDArray[np.float64],
    neck: npt.NDArray[np.float64],
    scale: float,
    width: int,
) -> CloseUp:
    shift = np.array([0.5, 0.45]) * SIDE - scale * neck
    cut = cv2.warpAffine(
        picture,
        np.column_stack([scale * np.eye(2), shift]),
        (SIDE, SIDE),
        flags=cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC,
        borderValue=(128, 128, 128),
    )
    moved = joints.copy()
    moved[:, :2] = scale * joints[:, :2] + shift
    inside = ((moved[:, :2] > _INSIDE) & (moved[:, :2] < SIDE - _INSIDE)).all(axis=1)
    moved[~inside, 2] = 0
    return CloseUp(np.asarray(cut, np.uint8), moved, width)


def found_of(
    estimator: PoseEstimator, views: list[CloseUp], names: list[str]
) -> dict[int, tuple[int, int]]:
    """Return how many joints were found, and how many there are, by the shoulders' width."""
    index = [estimator.spec.skeleton.index(name) for name in names]
    counts = {width: (0, 0) for width in WIDTHS}
    for view in views:
        marked = view.joints[:, 2] > 0
        keypoints = estimator(view.picture).keypoints[:, index][:, marked]
        correct = most_correct(keypoints, view.joints[marked], _PART * view.width)
        found, there = counts[view.width]
        counts[view.width] = found + correct, there + int(marked.sum())
    return counts


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split('\n')[1])
    parser.add_argument('--model')
    parser.add_argument('--backend', default='onnxruntime')
    parser.add_argument('--threads', type=int, default=1)
    args = parser.parse_args()
    os.environ.setdefault('OPENPOSE_ROS_MODEL_PATH', str(SHARED / 'models'))
    try:
        _compare(args)
    except OpenPoseError as exc:
        print(f'closeups.py: {exc}', file=sys.stderr)
        return 1
    return 0


def _compare(args: argparse.Namespace) -> None:
    images = SHARED / 'images'
    annotations = read_annotations(images / ANNOTATIONS)
    names = annotations['categories'][0]['keypoints']
    views = list(close_ups(images, annotations, names))
    heads = ' | '.join(f'{width} px' for width in WIDTHS)
    print(f'| input | more | all | {heads} | CPU time | AP of whole pictures |')
    print('|---' * (5 + len(WIDTHS)) + '|')
    alone = 0.0
    for side, ways in WAYS:
        settings: dict[str, Any] = {
            'backend': args.backend,
            'threads': args.threads,
            'params': PafParams(min_score=0.0),
            'augmentation': AugmentationParams(**ways),
        }
        model = (args.model,) if args.model else ()
        with PoseEstimator.from_model(
            *model, net_resolution=(side, side), **settings
        ) as estimator:
            estimator.warm_up((SIDE, SIDE))
            started = process_time()
            counts = found_of(estimator, views, names)
            took = process_time() - started
        alone = alone or took
        whole = WHOLE[0] * side // SIDE // 8 * 8, WHOLE[1] * side // SIDE
        with PoseEstimator.from_model(*model, net_resolution=whole, **settings) as estimator:
            results = estimate_all(estimator, images, annotations)
        ids = [image['id'] for image in annotations['images']]
        found, there = (sum(column) for column in zip(*counts.values(), strict=True))
        shares = [found / there, *(some / of for some, of in counts.values())]
        print(
            f'| {side}x{side} | {as_flags(ways)} | {" | ".join(f"{s:.2f}" for s in shares)} | '
            f'{took / alone:.2f} | {evaluate(results, annotations, ids)[0]:.3f} |',
            flush=True,
        )
    print(f'\n{len(views)} close-ups, {there} joints')


if __name__ == '__main__':
    sys.exit(main())
