"""
How well the whole way from a picture to people does: COCO's keypoint AP (OKS, pycocotools).

::

    python benchmarks/accuracy.py [--model M] [--backend B] [--net-resolution 656x368]
                                  [--images DIR --annotations JSON] [--flip] [--nms-window 5 ...]

prints a table for all pictures and for two halves of them (every other one by id): a change
that helps only one half is noise, and so are differences below 0.01. People of any score count
(`min_score` 0) where no other is given. Pictures, their annotations
and models are looked for in ../shared where nothing else is said; the figures of other decoders
on the same pictures stand in its README.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
import json
import os
from pathlib import Path
import sys
from typing import Any

import cv2

from openpose_ros.augmentation import AugmentationParams
from openpose_ros.cli.parameters import (
    add_parameters,
    given_parameters,
    given_values,
    net_resolution,
)
from openpose_ros.errors import OpenPoseError, ParameterError, SourceError
from openpose_ros.estimator import PoseEstimator
from openpose_ros.evaluation import coco_results, evaluate
from openpose_ros.models import load_model
from openpose_ros.parsing.decoders import PARAMS

SHARED = Path(__file__).parents[2] / 'shared'
ANNOTATIONS = 'person_keypoints_dev.json'


def halves(annotations: dict[str, Any]) -> tuple[list[int], list[int]]:
    """Return every other picture's id, in the order of the ids, and the ids between them."""
    ids = sorted(image['id'] for image in annotations['images'])
    return ids[::2], ids[1::2]


def table(results: Sequence[dict[str, Any]], annotations: dict[str, Any]) -> list[str]:
    """Return the rows of a Markdown table: all pictures, then both halves."""
    first, second = halves(annotations)
    rows = ['| pictures | AP | AP50 | AP75 |', '|---|---|---|---|']
    for name, ids in (('all', first + second), ('even half', first), ('odd half', second)):
        scores = evaluate(results, annotations, ids)[:3]
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


def everybody(args: argparse.Namespace) -> dict[str, Any]:
    """Return the parameters that were given; AP asks for people of any score, where none is."""
    given = given_values(args, PARAMS.values())
    if load_model(args.model).decoder == 'paf':
        given.setdefault('min_score', 0.0)
    return given


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
    add_parameters(parser, AugmentationParams)
    add_parameters(parser, *PARAMS.values())
    args = parser.parse_args()
    os.environ.setdefault('OPENPOSE_ROS_MODEL_PATH', str(SHARED / 'models'))
    try:
        annotations = read_annotations(args.annotations or args.images / ANNOTATIONS)
        with PoseEstimator.from_model(
            args.model,
            backend=args.backend,
            net_resolution=args.net_resolution,
            params=everybody(args),
            augmentation=given_parameters(args, AugmentationParams),
        ) as estimator:
            print(f'{estimator.engine.description}, {len(annotations["images"])} pictures\n')
            print('\n'.join(table(estimate_all(estimator, args.images, annotations), annotations)))
    except OpenPoseError as exc:
        print(f'accuracy.py: {exc}', file=sys.stderr)
        return 1
    return 0


if __name__ == '__main__':
    sys.exit(main())
