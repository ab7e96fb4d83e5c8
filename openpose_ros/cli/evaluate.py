"""Score what was found against what annotators saw."""

from __future__ import annotations

import argparse
from pathlib import Path
import sys

from openpose_ros.errors import SourceError

_STANDARD_INPUT = Path('/dev/stdin')

SUMMARY = 'score results against annotations: OKS AP and AR, as COCO does'
EXAMPLES = (
    (
        'evaluate people.jsonl person_keypoints_val2017.json',
        'what estimate --json wrote of the pictures of the annotations',
    ),
    ('evaluate results.json truth.json', "COCO's list of results, or a dataset with scores"),
)
_NAMED = 5  # pictures in a line, at most


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Give the parser what `run` needs."""
    parser.add_argument(
        'results',
        type=_path,
        metavar='RESULTS',
        help="lines of estimate --json, a list of COCO's results, or a dataset of COCO; - is "
        'standard input',
    )
    parser.add_argument(
        'truth', type=_path, metavar='TRUTH', help="a person_keypoints file in COCO's format"
    )


def _path(name: str) -> Path:
    return _STANDARD_INPUT if name == '-' else Path(name)


def run(args: argparse.Namespace) -> int:
    """
    Print the scores; on standard error, what they leave out.

    Returns
    -------
    int
        0, also where some pictures have no results.

    """
    from openpose_ros.evaluation import evaluate, table
    from openpose_ros.io.coco.found import read_found
    from openpose_ros.io.coco.truth import read_truth

    if args.results == args.truth == _STANDARD_INPUT:
        raise SourceError('RESULTS and TRUTH cannot both be standard input; name a file')
    truth = read_truth(args.truth)
    images, people = truth.dataset['images'], truth.dataset['annotations']
    seen = sum(1 for person in people if person['num_keypoints'] and not person['iscrowd'])
    if not seen:
        raise SourceError(f'{args.truth} has nobody with keypoints: there is nothing to find')
    found = read_found(args.results, truth)
    if not found.pictures:
        looked_at = found.strangers[0] if found.strangers else 'nothing'
        first = images[0].get('file_name', images[0]['id'])
        raise SourceError(
            f'{args.results} has results of no picture of {args.truth}: it has {looked_at}, say, '
            f'and the truth {first}'
        )
    scores = evaluate(found.results, truth)
    missed = [
        str(image.get('file_name', image['id']))
        for image in images
        if image['id'] not in found.pictures
    ]
    for names, what in (
        (missed, 'of the truth without results, which count as missed'),
        (found.strangers, 'that the truth does not have, left out'),
    ):
        if names:
            print(f'{_pictures(len(names))} {what}: {_listed(names)}', file=sys.stderr)
    if found.without_score:
        print(f'{found.without_score} results have no score and count as sure', file=sys.stderr)
    print(
        f'{_pictures(len(images))}, {seen} people with keypoints; found {len(found.results)} on '
        f'{len(found.pictures)} of them'
    )
    print('\n'.join(table(scores)))
    return 0


def _pictures(number: int) -> str:
    return f'{number} {"picture" if number == 1 else "pictures"}'


def _listed(names: list[str]) -> str:
    return ', '.join(names[:_NAMED]) + (', …' if len(names) > _NAMED else '')
