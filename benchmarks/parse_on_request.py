"""
Parses scenes for whoever asks over a pipe, with the `openpose_ros` of the folder it stands in.

`against` runs this source, by `python -c`, in one process for each of the two trees that it
compares; one of them may be years old, so only names that stay are used here. Arguments are
SCENES, MEGABYTES: scenes are SCENES/N.heatmaps.npy and SCENES/N.pafs.npy, and between two calls
so many megabytes are written, to empty the processor's caches. It answers every line it reads:
``where`` with the folder that the package came from, ``people N`` with a digest of the people in
scene N, bit for bit, ``time N`` with the nanoseconds that finding them takes.
"""

from __future__ import annotations

import hashlib
from pathlib import Path
import sys
from time import perf_counter_ns

import numpy as np
import numpy.typing as npt

import openpose_ros
from openpose_ros import load_skeleton
from openpose_ros.parsing import PafParams, parse_pafs


class Parser:
    """
    Parses the scenes of a folder, each from arrays that were written just before.

    Parameters
    ----------
    scenes : Path
        The folder.
    megabytes : int
        How much is written between two calls that are timed; 0 keeps what the caches hold.

    """

    def __init__(self, scenes: Path, megabytes: int) -> None:
        self._scenes = scenes
        self._waste = np.zeros(megabytes << 20, np.uint8)
        self._skeleton = load_skeleton('coco_18')
        self._params = PafParams(min_score=0.1)  # whose default is not the same in all trees
        self._maps: dict[str, npt.NDArray[np.float32]] = {}

    def people(self, number: int) -> str:
        """Return a digest of the keypoints, scores and overflow of a scene."""
        found = parse_pafs(*self._written(number), self._skeleton, self._params)
        digest = hashlib.sha256(f'{found.keypoints.shape} {found.overflow}'.encode())
        digest.update(found.keypoints.tobytes() + found.scores.tobytes())
        return digest.hexdigest()

    def time(self, number: int) -> int:
        """Return how long one call takes, nanoseconds."""
        maps = self._written(number)
        self._waste += 1
        started = perf_counter_ns()
        parse_pafs(*maps, self._skeleton, self._params)
        return perf_counter_ns() - started

    def _written(self, number: int) -> list[npt.NDArray[np.float32]]:
        """Return heatmaps and pafs, in the same arrays each time, as a network writes them."""
        for name in ('heatmaps', 'pafs'):
            stored = np.load(self._scenes / f'{number}.{name}.npy', mmap_mode='r')
            if name not in self._maps or self._maps[name].shape != stored.shape:
                self._maps[name] = np.empty(stored.shape, np.float32)
            np.copyto(self._maps[name], stored)
        return [self._maps['heatmaps'], self._maps['pafs']]


def main() -> int:
    if len(sys.argv) != 3 or not sys.argv[2].isdecimal():
        print('usage: SCENES MEGABYTES; python -m benchmarks.against starts it', file=sys.stderr)
        return 2
    parser = Parser(Path(sys.argv[1]), int(sys.argv[2]))
    answers = {'people': parser.people, 'time': parser.time}
    for line in sys.stdin:
        request, *number = line.split()
        folder = Path(openpose_ros.__file__).resolve().parent.parent
        answer = answers[request](int(number[0])) if number else folder
        print(answer, flush=True)
    return 0


if __name__ == '__main__':
    sys.exit(main())
