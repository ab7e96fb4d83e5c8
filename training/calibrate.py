"""
Scores that say how often a person of that score is really there.

    python -m training.calibrate NETWORK… [--images DIR] [--half even] [--size 456x256]
                                 [--without-people PACK]

runs each network on annotated photographs with `min_score` 0, and fits the probability that a
person found has an OKS of 0.5 or better with an annotated one (each annotated person once), as a
logistic function of the parser's own score. Whoever is found on the pictures of --without-people,
300 spread over each pack, is wrong: without them there is too little to fit low scores to. Prints
`score_calibration: [slope, offset]` for the manifest, as `openpose_ros.models.ScoreCalibration`
applies it. Prints the best F1 on the same pictures and the score at which it is reached too.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, redirect_stdout
from dataclasses import replace
import io
import math
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from openpose_ros.models import ScoreCalibration, load_model

if TYPE_CHECKING:
    from openpose_ros.estimator import PoseEstimator

RIDGE = 1e-3  # keeps the slope finite where right and wrong can be told apart without a mistake
LEAST_SLOPE = 0.1  # where better scores are no better: the order must stay
CALIBRATED_AT = (456, 256)
PICTURES_OF_NOBODY = 300
_ROUNDS = 50


class Found(NamedTuple):
    """
    People found on annotated photographs.

    Attributes
    ----------
    scores : float64 (N,)
        The parser's own.
    right : bool (N,)
        Whether there is an annotated person with an OKS of 0.5 or better.
    annotated : int
        People who could have been found.

    """

    scores: np.ndarray
    right: np.ndarray
    annotated: int


def fit(scores: np.ndarray, right: np.ndarray) -> tuple[float, float]:
    """
    Fit a logistic function (Platt 1999, with his targets, so that no probability is 0 or 1).

    Parameters
    ----------
    scores : float (N,)
        The parser's own.
    right : bool (N,)
        What was found there.

    Returns
    -------
    (float, float)
        Slope, above 0, and offset.

    Raises
    ------
    ValueError
        If all are right or all are wrong: there is nothing to learn from.

    """
    scores, right = np.asarray(scores, np.float64), np.asarray(right, bool)
    positive, negative = int(right.sum()), int((~right).sum())
    if not positive or not negative:
        raise ValueError(
            f'{positive} of {len(right)} people found are right: scores can be calibrated only '
            'where some are right and some are wrong; take more pictures'
        )
    target = np.where(right, (positive + 1) / (positive + 2), 1 / (negative + 2))
    x = np.column_stack([scores, np.ones_like(scores)])
    weights = np.zeros(2)
    for _ in range(_ROUNDS):  # Newton; the problem is convex
        p = 1 / (1 + np.exp(-np.clip(x @ weights, -30, 30)))
        gradient = x.T @ (p - target) + RIDGE * weights
        curvature = (x * (p * (1 - p))[:, None]).T @ x + RIDGE * np.eye(2)
        step = np.linalg.solve(curvature, gradient)
        weights -= step
        if np.abs(step).max() < 1e-10:
            break
    slope, offset = weights
    if slope < LEAST_SLOPE:
        slope = LEAST_SLOPE
        share = target.mean()
        offset = math.log(share / (1 - share)) - slope * scores.mean()
    return float(slope), float(offset)


def best_f1(found: Found) -> tuple[float, float]:
    """
    Return the best F1 and the lowest score that is to be shown for it.

    Parameters
    ----------
    found : Found
        With at least one annotated person.

    """
    order = np.argsort(-found.scores, kind='stable')
    right = np.cumsum(found.right[order])
    f1 = 2 * right / (np.arange(1, len(order) + 1) + found.annotated)
    # Only between two different scores can a threshold be.
    last = np.append(np.diff(found.scores[order]) < 0, True)
    best = int(np.where(last, f1, -1).argmax())
    return float(f1[best]), float(found.scores[order][best])


def compare_with_truth(results: list[dict[str, Any]], annotations: dict[str, Any]) -> Found:
    """
    Tell right from wrong, as COCO's evaluation matches at OKS 0.5.

    Parameters
    ----------
    results : list of dict
        COCO results, as `benchmarks.accuracy.estimate_all` gives them.
    annotations : dict
        The content of a COCO person_keypoints file. What is found of a crowd, or of people
        without keypoints, counts neither way.

    """
    from openpose_ros.evaluation import compared

    scorer = compared(results, annotations)
    scorer.params.iouThrs = np.array([0.5])
    scorer.params.areaRng = [[0, 1e10]]
    scorer.params.areaRngLbl = ['all']
    scorer.params.maxDets = [1000]
    with redirect_stdout(io.StringIO()):  # pycocotools reports each step
        scorer.evaluate()
    scores: list[float] = []
    right: list[bool] = []
    annotated = 0
    for picture in scorer.evalImgs:
        if picture is None:
            continue
        annotated += int(np.sum(np.asarray(picture['gtIgnore']) == 0))
        counts = ~np.asarray(picture['dtIgnore'], bool)[0]
        scores += np.asarray(picture['dtScores'])[counts].tolist()
        right += (np.asarray(picture['dtMatches'])[0] > 0)[counts].tolist()
    return Found(np.array(scores), np.array(right, bool), annotated)


@contextmanager
def _open(model: str | Path, size: tuple[int, int]) -> Iterator[PoseEstimator]:
    """Open a network that tells the parser's own scores, and lets each of them through."""
    from openpose_ros.engine import open_engine
    from openpose_ros.estimator import PoseEstimator
    from openpose_ros.parsing import PafParams

    plain = replace(load_model(model), score_calibration=None)
    engine = open_engine(plain, backend='onnxruntime')
    with PoseEstimator(plain, engine, PafParams(min_score=0.0), size) as estimator:
        yield estimator


def find(
    model: str | Path, images: Path, annotations: dict[str, Any], size: tuple[int, int]
) -> Found:
    """Run a network on annotated photographs, with every score let through."""
    from benchmarks.accuracy import estimate_all

    with _open(model, size) as estimator:
        return compare_with_truth(estimate_all(estimator, images, annotations), annotations)


def find_nobody(
    model: str | Path, pack: Path, size: tuple[int, int], count: int = PICTURES_OF_NOBODY
) -> Found:
    """
    Run a network on pictures without people, with every score let through.

    Parameters
    ----------
    model : str or Path
        As `openpose_ros.models.load_model` takes it.
    pack : Path
        As `training.nobody` writes it.
    size : (int, int)
        Width and height of the network's input, in pixels.
    count : int
        So many pictures are shown, spread over the pack; all, where it has fewer.

    Returns
    -------
    Found
        All of it wrong, of nobody annotated.

    """
    from training.pack import read_pack

    pictures = list(read_pack(pack))
    chosen = np.linspace(0, len(pictures) - 1, min(count, len(pictures))).round().astype(int)
    with _open(model, size) as estimator:
        people = [estimator(pictures[number].pixels()) for number in chosen]
    scores = np.array([person.score for each in people for person in each], np.float64)
    return Found(scores, np.zeros(len(scores), bool), 0)


def calibration_of(
    network: str | Path,
    images: Path,
    truth: dict[str, Any],
    without_people: Sequence[Path] = (),
    sizes: Sequence[tuple[int, int]] = (CALIBRATED_AT,),
) -> tuple[ScoreCalibration, Found]:
    """
    Fit what a network's scores are worth.

    Parameters
    ----------
    network : str or Path
        As `openpose_ros.models.load_model` takes it.
    images : Path
        The folder of the annotated photographs.
    truth : dict
        The content of their COCO person_keypoints file.
    without_people : sequence of Path
        Packs of pictures without people, see `find_nobody`.
    sizes : sequence of (int, int)
        Width and height of the network's input, in pixels.

    Returns
    -------
    (ScoreCalibration, Found)
        What is fitted, and to what.

    """
    found = joined(
        [find(network, images, truth, size) for size in sizes]
        + [find_nobody(network, pack, size) for pack in without_people for size in sizes]
    )
    return ScoreCalibration(*fit(found.scores, found.right)), found


def choose(annotations: dict[str, Any], half: str) -> dict[str, Any]:
    """Return the annotations of `all` pictures, or of the `even` or `odd` half by id."""
    from benchmarks.accuracy import halves

    even, odd = halves(annotations)
    wanted = set({'all': even + odd, 'even': even, 'odd': odd}[half])
    return {
        **annotations,
        'images': [image for image in annotations['images'] if image['id'] in wanted],
        'annotations': [a for a in annotations['annotations'] if a['image_id'] in wanted],
    }


def joined(parts: Sequence[Found]) -> Found:
    return Found(
        np.concatenate([part.scores for part in parts]),
        np.concatenate([part.right for part in parts]),
        sum(part.annotated for part in parts),
    )


def main() -> None:
    from benchmarks.accuracy import ANNOTATIONS, SHARED, read_annotations
    from openpose_ros.cli.parameters import net_resolution

    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument('networks', nargs='+', metavar='NETWORK')
    parser.add_argument('--images', type=Path, default=SHARED / 'images')
    parser.add_argument('--annotations', type=Path, help=f'default: {ANNOTATIONS} beside them')
    parser.add_argument('--half', choices=('even', 'odd', 'all'), default='even')
    parser.add_argument('--size', action='append', metavar='WxH', help='default: 456x256')
    parser.add_argument('--without-people', type=Path, action='append', default=[], metavar='PACK')
    arguments = parser.parse_args()
    os.environ.setdefault('OPENPOSE_ROS_MODEL_PATH', str(SHARED / 'models'))
    truth = read_annotations(arguments.annotations or arguments.images / ANNOTATIONS)
    truth = choose(truth, arguments.half)
    sizes = [net_resolution(size) for size in arguments.size or ()] or [CALIBRATED_AT]
    for network in arguments.networks:
        model = Path(network) if network.endswith('.onnx') else network
        fitted, found = calibration_of(
            model, arguments.images, truth, arguments.without_people, sizes
        )
        f1, least = best_f1(found)
        told = float(fitted.told(least))
        print(  # noqa: T201, a table on standard output
            f'{network}: score_calibration: [{fitted.slope:.4f}, {fitted.offset:.4f}] '
            f'({found.right.sum()} of {len(found.right)} found are right, {found.annotated} '
            f'annotated; best F1 {f1:.3f} from score {least:.3f}, told as {told:.3f})'
        )


if __name__ == '__main__':
    main()
