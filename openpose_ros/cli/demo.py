"""Find the person in a photograph: the shortest way to see that everything works."""

from __future__ import annotations

import argparse
from importlib.util import find_spec
from pathlib import Path

from openpose_ros.errors import SourceError

SUMMARY = 'find the person in a photograph: does it all work?'
ENOUGH_KEYPOINTS = 8


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Give the parser what `run` needs."""
    parser.add_argument(
        'photo',
        nargs='?',
        type=Path,
        metavar='PHOTO',
        help="one with people on it (default: the astronaut of scikit-image, NASA's own)",
    )
    parser.add_argument('--model', metavar='M', help='name (see openpose-ros models list) or path')
    parser.add_argument(
        '--output',
        type=Path,
        default=Path('output'),
        metavar='DIR',
        help='where the annotated photograph goes (default: %(default)s)',
    )


def run(args: argparse.Namespace) -> int:
    """
    Find, draw and name the people of one photograph.

    Returns
    -------
    int
        0 if somebody was found with ENOUGH_KEYPOINTS, else 1.

    """
    from openpose_ros.drawing import draw_people
    from openpose_ros.estimator import PoseEstimator
    from openpose_ros.io.pictures import Picture
    from openpose_ros.io.results import Results, prepare_folder

    photo = Picture(args.photo or _astronaut())
    (frame,) = photo.frames()
    prepare_folder(args.output, [photo])
    with PoseEstimator.from_model(args.model) as estimator:
        print(f'model {estimator.spec.name}, from {estimator.spec.path}')
        people = estimator(frame.image)
    with Results(args.output, photo.stem) as results:
        results.write(frame, draw_people(frame.image, people), people)
    print(f'photograph {photo.name}: {len(people)} found, drawn in {args.output}')
    most = 0
    for index, (score, keypoints) in enumerate(zip(people.scores, people.keypoints)):
        names = [
            name for name, row in zip(people.skeleton.keypoint_names, keypoints) if row[2] > 0
        ]
        most = max(most, len(names))
        print(f'person {index}: score {score:.2f}, {len(names)} keypoints: {", ".join(names)}')
    if most < ENOUGH_KEYPOINTS:
        print(f'nobody was found with {ENOUGH_KEYPOINTS} keypoints or more')
        return 1
    return 0


def _astronaut() -> Path:
    """Return the photograph that scikit-image carries, without importing it."""
    found = find_spec('skimage')
    for folder in (found.submodule_search_locations or []) if found else []:
        photo = Path(folder, 'data', 'astronaut.png')
        if photo.is_file():
            return photo
    raise SourceError(
        'there is no photograph here: name one (openpose-ros demo PHOTO), or take the one of '
        'scikit-image: pip install --no-deps scikit-image'
    )
