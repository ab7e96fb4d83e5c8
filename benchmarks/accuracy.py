"""
How well the whole way from a picture to people does: COCO's keypoint AP (OKS, pycocotools).

::

    python benchmarks/accuracy.py [--model M] [--backend B] [--net-resolution 656x368]
                                  [--images DIR --annotations JSON] [--nms-window 5 ...]

prints a table for all pictures and for two halves of them (every other one by id): a change
that helps only one half is noise, and so are differences below 0.01. Pictures, their annotations
and models are looked for in ../shared where nothing else is said; the figures of other decoders
on the same pictures stand in its README.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterable, Sequence
from contextlib import redirect_stdout
import io
import json
import os
from pathlib import Path
import sys
from typing import Any, NamedTuple

import cv2
import numpy as np
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval

from openpose_ros.cli.parameters import add_parameters, given_parameters, net_resolution
from openpose_ros.errors import OpenPoseError, ParameterError, SourceError
from openpose_ros.estimator import PoseEstimator
from openpose_ros.parsing import PafParams
from openpose_ros.people import People

SHARED = Path(__file__).parents[2] / 'shared'
ANNOTATIONS = 'person_keypoints_dev.json'


class Accuracy(NamedTuple):
    """Average precision over OKS 0.50 to 0.95, at 0.50 and at 0.75; each in [0, 1]."""

    ap: float
    ap50: float
    ap75: float


def coco_results(
    people: People, image_id: int, keypoint_names: Sequence[str]
) -> list[dict[str, Any]]:
    """
    Return the people of one picture in COCO's result format.

    Parameters
    ----------
    people : People
        In pixels of the picture.
    image_id : int
        The picture's id in the annotations.
    keypoint_names : sequence of str
        The keypoints that COCO asks for, in its order. They are looked up by name: what the
        skeleton lacks is missing, what COCO lacks (a neck) is left out.

    Returns
    -------
    list of dict
        One entry a person; a missing keypoint is (0, 0, 0).

    """
    place = {name: index for index, name in enumerate(people.skeleton.keypoint_names)}
    rows = np.zeros((len(people), len(keypoint_names), 3))
    for column, name in enumerate(keypoint_names):
        if name in place:
            found = people.keypoints[:, place[name]]
            rows[:, column] = np.where(found[:, 2:] > 0, found, 0)
    return [
        {
            'image_id': image_id,
            'category_id': 1,
            'keypoints': keypoints.ravel().tolist(),
            'score': float(score),
        }
        for keypoints, score in zip(rows, people.scores)
    ]


def evaluate(
    results: Iterable[dict[str, Any]],
    annotations: dict[str, Any],
    image_ids: Sequence[int] | None = None,
) -> Accuracy:
    """
    Score results against the ground truth.

    Parameters
    ----------
    results : iterable of dict
        As `coco_results` returns them, of any number of pictures.
    annotations : dict
        The content of a COCO person_keypoints file.
    image_ids : sequence of int, optional
        Only these pictures; by default all that `annotations` lists.

    Returns
    -------
    Accuracy

    """
    scorer = compared(results, annotations, image_ids)
    with redirect_stdout(io.StringIO()):  # pycocotools reports each step
        scorer.accumulate()
        scorer.summarize()
    return Accuracy(*(float(value) for value in scorer.stats[:3]))


def compared(
    results: Iterable[dict[str, Any]],
    annotations: dict[str, Any],
    image_ids: Sequence[int] | None = None,
) -> COCOeval:
    """Return pycocotools' scorer that has matched results with the truth; as `evaluate` takes."""
    copies = [dict(result) for result in results]  # loadRes writes into them
    with redirect_stdout(io.StringIO()):
        truth, found = COCO(), COCO()
        truth.dataset = annotations
        truth.createIndex()
        if copies:  # loadRes needs one
            found = truth.loadRes(copies)
        scorer = COCOeval(truth, found, 'keypoints')
        if image_ids is not None:
            scorer.params.imgIds = list(image_ids)
        scorer.evaluate()
    return scorer


def halves(annotations: dict[str, Any]) -> tuple[list[int], list[int]]:
    """Return every other picture's id, in the order of the ids, and the ids between them."""
    ids = sorted(image['id'] for image in annotations['images'])
    return ids[::2], ids[1::2]


def table(results: Sequence[dict[str, Any]], annotations: dict[str, Any]) -> list[str]:
    """Return the rows of a Markdown table: all pictures, then both halves."""
    first, second = halves(annotations)
    rows = ['| pictures | AP | AP50 | AP75 |', '|---|---|---|---|']
    for name, ids in (('all', first + second), ('even half', first), ('odd half', second)):
        scores = evaluate(results, annotations, ids)
        rows.append(f'| {name} ({len(ids)}) | {" | ".join(f"{s:.3f}" for s in scores)} |')
    return rows


def estimate_all(
    estimator: PoseEstimator, images: Path, annotations: dict[str, Any]
) -> list[dict[str, Any]]:
    """Return the COCO results of an estimator on all pictures of `annotations`."""
    names = annotations['categories'][0]['keypoints']
    results = []
    for image in sorted(annotations['images'], key=lambda image: image['id']):
        frame = cv2.imread(str(images / image['file_name']))
        if frame is None:
            raise SourceError(f'cannot read the picture {images / image["file_name"]}')
        results += coco_results(estimator(frame), image['id'], names)
    return results


def read_annotations(path: Path) -> dict[str, Any]:
    """Return the content of a COCO person_keypoints file, or raise a ParameterError."""
    if not path.is_file():
        raise ParameterError(f'no annotations at {path}; give --images and --annotations')
    found: dict[str, Any] = json.loads(path.read_text(encoding='utf-8'))
    return found


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split('\n')[1])
    parser.add_argument(
        '--model', default='human-pose-estimation-0001', help='name or path (default: %(default)s)'
    )
    parser.add_argument('--backend', default='auto')
    parser.add_argument('--net-resolution', type=net_resolution, metavar='WxH')
    parser.add_argument('--images', type=Path, default=SHARED / 'images')
    parser.add_argument('--annotations', type=Path, help=f'default: {ANNOTATIONS} beside them')
    add_parameters(parser, PafParams)
    args = parser.parse_args()
    os.environ.setdefault('OPENPOSE_ROS_MODEL_PATH', str(SHARED / 'models'))
    try:
        annotations = read_annotations(args.annotations or args.images / ANNOTATIONS)
        with PoseEstimator.from_model(
            args.model,
            backend=args.backend,
            net_resolution=args.net_resolution,
            params=given_parameters(args, PafParams),
        ) as estimator:
            print(f'{estimator.engine.description}, {len(annotations["images"])} pictures\n')
            print('\n'.join(table(estimate_all(estimator, args.images, annotations), annotations)))
    except OpenPoseError as exc:
        print(f'accuracy.py: {exc}', file=sys.stderr)
        return 1
    return 0


if __name__ == '__main__':
    sys.exit(main())
