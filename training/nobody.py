"""
Pictures without people: those of a folder in which a teacher finds nobody.

    python -m training.nobody PACK TEACHER.onnx FOLDER… [--tests FOLDER] [--limit N]

Each picture is shown to the teacher with its longer side at 320 and at 640 pixels; it goes in if
nobody is found above a score of 0.15 at either, and if it is none of the test pictures
(`training.leakage`). How many of each folder went in is said, and what became of the others.
"""

from __future__ import annotations

import argparse
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
import logging
from pathlib import Path

import numpy as np

from openpose_ros.parsing import PafParams, parse_pafs
from training.leakage import Forbidden
from training.pack import Picture, write_pack
from training.skeleton import COCO_18
from training.sources import read_folder
from training.teacher_maps import Teacher, open_teacher, show

BASE_PX = 320
SCALES = (1.0, 2.0)
MOST = 0.15
_log = logging.getLogger(__name__)


def best_score(image: np.ndarray, teacher: Teacher, scale: float) -> float:
    """
    Return the score of the best person that a teacher finds, 0 if there is none.

    Parameters
    ----------
    image : uint8 (H, W, 3)
        BGR.
    teacher : Teacher
        See `training.teacher_maps.open_teacher`.
    scale : float
        Enlargement at which it is shown the picture.

    """
    heatmaps, pafs = show(image, teacher, scale)
    people = parse_pafs(heatmaps, pafs, COCO_18, PafParams(min_score=0.0))
    return float(people.scores.max(initial=0.0))


def without_people(
    pictures: Sequence[Picture] | Iterator[Picture],
    teacher: Teacher,
    forbidden: Forbidden | None,
    counts: Counter[str],
) -> Iterator[Picture]:
    """
    Yield the pictures in which nobody is found.

    Parameters
    ----------
    pictures : iterable of Picture
        Those that go in get the `scale` at which their longer side has 320 pixels.
    teacher : Teacher
        See `training.teacher_maps.open_teacher`.
    forbidden : Forbidden or None
        Test pictures.
    counts : Counter
        Of what became of the pictures; added to.

    """
    for picture in pictures:
        image = picture.pixels()
        scale = BASE_PX / max(image.shape[:2])
        if forbidden is not None and forbidden.like(image) is not None:
            counts['like a test picture'] += 1
        elif any(best_score(image, teacher, scale * factor) > MOST for factor in SCALES):
            counts['the teacher finds somebody'] += 1
        else:
            counts['used'] += 1
            yield replace(picture, scale=scale)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument('pack', type=Path)
    parser.add_argument('teacher', type=Path)
    parser.add_argument('folders', type=Path, nargs='+', metavar='FOLDER')
    parser.add_argument('--tests', type=Path, action='append', default=[], metavar='FOLDER')
    parser.add_argument('--limit', type=int, help='candidates of each folder, drawn at random')
    arguments = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format='%(message)s')
    teacher = open_teacher(arguments.teacher)
    forbidden = Forbidden.of_folders(arguments.tests) if arguments.tests else None

    def found() -> Iterator[Picture]:
        for folder in arguments.folders:
            counts: Counter[str] = Counter()
            candidates = list(read_folder(folder, source=folder.name, longest_px=416))
            order = np.random.default_rng(0).permutation(len(candidates))[: arguments.limit]
            chosen = (candidates[i] for i in order)
            yield from without_people(chosen, teacher, forbidden, counts)
            _log.info('%s: %s', folder, dict(counts))

    _log.info('%s: %d pictures', arguments.pack, write_pack(arguments.pack, found()))


if __name__ == '__main__':
    main()
