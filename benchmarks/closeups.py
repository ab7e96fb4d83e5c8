"""
People who fill the picture, as before a robot that walked up to them: how many joints are found.

::

    python -m benchmarks.closeups [--model M] [--backend onnxruntime] [--threads 1]

cuts the upper bodies out of the 40 pictures of ../shared, so that the shoulders are 70, 110 and
160 pixels apart on 256x256, and prints which share of the annotated joints is within a fifth of
that of where it is: of the person found with the most of them, so that who is missed counts. Who
would be magnified more than two and a half times is left out. Beside it stand the median CPU time
of a close-up, all ways in turn, as a ratio to that of the first row, and AP on the whole pictures
at an input of that height (456x256, 336x192, 224x128): what the same settings do to people who
are far.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from contextlib import ExitStack
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
    # warpAffine does not average what it leaves out, so it is not what shrinks.
    sides = np.array(picture.shape[1::-1])
    size = np.maximum(1, np.rint(min(1.0, scale) * sides)).astype(int)
    shrunk = cv2.resize(picture, size.tolist(), interpolation=cv2.INTER_AREA)
    left = scale * sides / size
    cut = cv2.warpAffine(
        shrunk,
        np.column_stack([np.diag(left), shift + (left - scale) / 2]),
        (SIDE, SIDE),
        flags=cv2.INTER_CUBIC,
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
    parser.add_argument('--model', default='openpose-ros-base-int8')
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


def _opened(
    args: argparse.Namespace, size: tuple[int, int], ways: dict[str, Any]
) -> PoseEstimator:
    return PoseEstimator.from_model(
        args.model,
        backend=args.backend,
        threads=args.threads,
        net_resolution=size,
        params=PafParams(min_score=0.0),
        augmentation=AugmentationParams(**ways),
    )


def _cpu_times(estimators: list[PoseEstimator], views: list[CloseUp]) -> list[float]:
    """Return the median CPU time of a close-up in seconds, each shown to all in turn."""
    for estimator in estimators:
        estimator.warm_up((SIDE, SIDE))
    times = np.empty((len(views), len(estimators)))
    for row, view in enumerate(views):
        for column, estimator in enumerate(estimators):
            started = process_time()
            estimator(view.picture)
            times[row, column] = process_time() - started
    return [float(time) for time in np.median(times, axis=0)]


def _compare(args: argparse.Namespace) -> None:
    images = SHARED / 'images'
    annotations = read_annotations(images / ANNOTATIONS)
    names = annotations['categories'][0]['keypoints']
    views = list(close_ups(images, annotations, names))
    heads = ' | '.join(f'{width} px' for width in WIDTHS)
    print(f'| input | more | all | {heads} | CPU time | AP of whole pictures |')
    print('|---' * (5 + len(WIDTHS)) + '|')
    with ExitStack() as stack:
        estimators = [
            stack.enter_context(_opened(args, (side, side), ways)) for side, ways in WAYS
        ]
        took = _cpu_times(estimators, views)
        counts = [found_of(estimator, views, names) for estimator in estimators]
    for (side, ways), time, count in zip(WAYS, took, counts, strict=True):
        whole = WHOLE[0] * side // SIDE // 8 * 8, WHOLE[1] * side // SIDE
        with _opened(args, whole, ways) as estimator:
            ap = evaluate(estimate_all(estimator, images, annotations), annotations).ap
        found, there = (sum(column) for column in zip(*count.values(), strict=True))
        shares = [found / there, *(some / of for some, of in count.values())]
        print(
            f'| {side}x{side} | {as_flags(ways)} | {" | ".join(f"{s:.2f}" for s in shares)} | '
            f'{time / took[0]:.2f} | {ap:.3f} |',
            flush=True,
        )
    print(f'\n{len(views)} close-ups, {there} joints')


if __name__ == '__main__':
    sys.exit(main())
