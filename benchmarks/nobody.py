"""
How many people a network sees where nobody is, on the photographs that nobody.json lists.

::

    python -m benchmarks.nobody IMAGES [--model M …] [--net-resolution 456x256]

IMAGES is a checkout of the source that the list names; a photograph that is not the one listed, by
its sha256, is an error. Prints ghosts a picture at the default `min_score`, with an interval that
holds the true rate in 95 of 100 such sets (bootstrap over pictures), and where they are.
"""

from __future__ import annotations

import argparse
import json
import os
from pathlib import Path
import sys
from typing import Any, NamedTuple

import cv2
import numpy as np

from benchmarks.accuracy import SHARED
from openpose_ros.cli.parameters import net_resolution
from openpose_ros.errors import OpenPoseError, SourceError
from openpose_ros.estimator import PoseEstimator
from openpose_ros.models.finding import file_sha256

LIST = Path(__file__).with_name('nobody.json')
MODELS = ('openpose-ros-base-int8', 'openpose-ros-small-int8', 'human-pose-estimation-0001')
_ROUNDS = 2000


class Ghosts(NamedTuple):
    """
    People found where nobody is.

    Attributes
    ----------
    counts : int64 (N,)
        Of each picture.
    names : tuple of str, length N

    """

    counts: np.ndarray
    names: tuple[str, ...]

    @property
    def rate(self) -> float:
        """Ghosts a picture."""
        return float(self.counts.mean())

    def interval(self) -> tuple[float, float]:
        """
        Return the 2.5th and 97.5th percentile of the rate of pictures drawn anew.

        Of no ghost at all, the upper end is where none would be seen once in 20 times.
        """
        count = len(self.counts)
        if not self.counts.any():
            return 0.0, 1 - 0.05 ** (1 / count)
        drawn = np.random.default_rng(0).integers(0, count, (_ROUNDS, count))
        low, high = np.percentile(self.counts[drawn].mean(axis=1), (2.5, 97.5))
        return float(low), float(high)

    def __str__(self) -> str:
        low, high = self.interval()
        return f'{self.rate:.3f} ({low:.3f} to {high:.3f})'


def read_list(path: Path = LIST) -> dict[str, Any]:
    """Return the list: `source`, `licence`, and `pictures` with `file` and `sha256` each."""
    listed: dict[str, Any] = json.loads(path.read_text(encoding='utf-8'))
    return listed


def count_ghosts(estimator: PoseEstimator, images: Path, listed: dict[str, Any]) -> Ghosts:
    """
    Count people on each picture of a list.

    Raises
    ------
    SourceError
        If a picture is not there, or is another one.

    """
    counts = []
    for entry in listed['pictures']:
        path = images / entry['file']
        if not path.is_file():
            raise SourceError(f'no picture {path}; get {listed["source"]}')
        found = file_sha256(path)
        if found != entry['sha256']:
            raise SourceError(f'{path} has sha256 {found}, but {entry["sha256"]} is listed')
        frame = cv2.imread(str(path))
        if frame is None:
            raise SourceError(f'cannot read the picture {path}')
        counts.append(len(estimator(frame)))
    return Ghosts(np.array(counts), tuple(entry['file'] for entry in listed['pictures']))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.strip().split('\n')[0])
    parser.add_argument('images', type=Path)
    parser.add_argument('--model', action='append', help=f'default: {", ".join(MODELS)}')
    parser.add_argument('--net-resolution', type=net_resolution, metavar='WxH', default=(456, 256))
    args = parser.parse_args()
    os.environ.setdefault('OPENPOSE_ROS_MODEL_PATH', str(SHARED / 'models'))
    listed = read_list()
    print('| network | ghosts a picture | pictures with ghosts |\n|---|---|---|')
    seen: dict[str, dict[str, int]] = {}
    try:
        for model in args.model or MODELS:
            with PoseEstimator.from_model(
                model, backend='onnxruntime', net_resolution=args.net_resolution
            ) as estimator:
                ghosts = count_ghosts(estimator, args.images, listed)
                name = estimator.spec.name
            pictures = f'{np.count_nonzero(ghosts.counts)} of {len(ghosts.counts)}'
            print(f'| {name} | {ghosts} | {pictures} |')
            for file, count in zip(ghosts.names, ghosts.counts.tolist()):
                if count:
                    seen.setdefault(file, {})[name] = count
    except OpenPoseError as exc:
        print(f'nobody.py: {exc}', file=sys.stderr)
        return 1
    for file, counts in sorted(seen.items()):
        print(f'{file}: {", ".join(f"{name} {count}" for name, count in counts.items())}')
    return 0


if __name__ == '__main__':
    sys.exit(main())
