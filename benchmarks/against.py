"""
The parser against that of another revision: the same people, and how much time.

::

    python -m benchmarks.against REV [--cold] [--repeats 200]
                                     [--scenes 40] [--people 1 5 10 20 50] [--pictures 40]

REV is checked out beside this tree, for as long as this runs. Each tree parses in a process of
its own, with kernels compiled for it, and the two are asked in turn over a pipe: for the people in
every scene, which must be the same bit for bit (else the exit status is 1), and for the time of a
call. Scenes are the maps of human-pose-estimation-0001 for the pictures of ../shared, at 656x368,
and of synthetic people, 46x82 cells with noise. With --cold the processor's caches are emptied
before each call, as a network and a drawing between two calls do. Where things happen to lie in
memory counts then: of a tree against itself it said 0.92 to 1.00 with five people, 0.96 to 0.99
with twenty.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
import os
from pathlib import Path
import subprocess
import sys
import tempfile
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from benchmarks import parse_on_request
from openpose_ros.cli.parameters import whole_number
from openpose_ros.engine.synthetic import render_maps, scatter_people
from openpose_ros.skeletons import load_skeleton

REPOSITORY = Path(__file__).parents[1]
SHARED = REPOSITORY.parent / 'shared'
_MODEL = 'models/human-pose-estimation-0001.onnx'
_NET_RESOLUTION = (656, 368)
_SHAPE = (46, 82)  # of an input of 656x368
_PEOPLE = (1, 5, 10, 20, 50)
_COLD_MEGABYTES = 64  # many times what a core keeps for itself


class Times(NamedTuple):
    """Nanoseconds of each call of the two trees, in the order of the calls."""

    before: list[int]
    now: list[int]


class Tree:
    """
    A checkout, and the process that parses with it.

    Parameters
    ----------
    folder : Path
        Its root.
    scenes : Path
        The folder of scenes.
    cache : Path
        Where its compiled kernels go.
    cold : bool
        Empty the processor's caches before each call that is timed.

    """

    def __init__(self, folder: Path, scenes: Path, cache: Path, *, cold: bool) -> None:
        source = Path(parse_on_request.__file__).read_text(encoding='utf-8')
        self._process = subprocess.Popen(
            [sys.executable, '-c', source, scenes, str(_COLD_MEGABYTES if cold else 0)],
            cwd=folder,
            env={**os.environ, 'PYTHONPATH': str(folder), 'NUMBA_CACHE_DIR': str(cache)},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            encoding='utf-8',
        )

    def ask(self, request: str) -> str:
        """
        Return the answer to one line.

        Raises
        ------
        ChildProcessError
            If the process has ended; it has said why on stderr.

        """
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        try:
            print(request, file=self._process.stdin, flush=True)
            answer = self._process.stdout.readline().strip()
        except BrokenPipeError:
            answer = ''
        if not answer:
            raise ChildProcessError(f'a parser ended; it was asked: {request}')
        return answer

    def close(self) -> None:
        """End the process."""
        self._process.kill()
        self._process.communicate()


@contextmanager
def checkout(revision: str, folder: Path) -> Iterator[Path]:
    """
    Check a revision out into a folder that does not exist; remove it afterwards.

    Raises
    ------
    subprocess.CalledProcessError
        If git knows no such revision; it has said so on stderr.

    """
    git = ['git', '-C', str(REPOSITORY), 'worktree']
    subprocess.run([*git, 'add', '--quiet', '--detach', folder, revision], check=True)
    try:
        yield folder
    finally:
        subprocess.run([*git, 'remove', '--force', folder], check=True)


def write_scenes(
    folder: Path, people: Sequence[int], scenes: int, pictures: int
) -> dict[str, list[int]]:
    """
    Write maps for both trees to read.

    Parameters
    ----------
    folder : Path
        Where to.
    people : sequence of int
        How many stand in the synthetic scenes.
    scenes : int
        How many scenes of each number of people.
    pictures : int
        How many pictures of ../shared, if it is there.

    Returns
    -------
    dict of str to list of int
        The numbers of the scenes, by what is in them.

    """
    skeleton = load_skeleton('coco_18')
    kinds: dict[str, list[int]] = {}
    written = 0

    def write(kind: str, heatmaps: npt.NDArray[np.float32], pafs: npt.NDArray[np.float32]) -> None:
        nonlocal written
        np.save(folder / f'{written}.heatmaps.npy', heatmaps)
        np.save(folder / f'{written}.pafs.npy', pafs)
        kinds.setdefault(kind, []).append(written)
        written += 1

    for count in people:
        for seed in range(scenes):
            standing = scatter_people(count, skeleton, _SHAPE, seed)
            write(str(count), *render_maps(standing, skeleton, _SHAPE, noise=0.01, seed=seed))
    paths = sorted((SHARED / 'images').glob('*.jpg'))[:pictures]
    if pictures and not paths:
        print(f'no pictures in {SHARED}/images: only synthetic people', file=sys.stderr)
    for heatmaps, pafs in _maps_of_pictures(paths):
        write('pictures', heatmaps, pafs)
    return kinds


def _maps_of_pictures(paths: Sequence[Path]) -> Iterator[Sequence[npt.NDArray[np.float32]]]:
    from openpose_ros.estimator import PoseEstimator
    from openpose_ros.io.pictures import Picture

    if not paths:
        return
    with PoseEstimator.from_model(SHARED / _MODEL, net_resolution=_NET_RESOLUTION) as estimator:
        for path in paths:
            (frame,) = Picture(path).frames()
            maps = estimator.estimate(frame.image).maps
            yield maps.heatmaps[0], maps.pafs[0]


def compare(before: Tree, now: Tree, kinds: Mapping[str, Sequence[int]], repeats: int) -> int:
    """Print what differs, and the times; return in how many scenes people differ."""
    differ = 0
    for kind, numbers in kinds.items():
        for number in numbers:
            if before.ask(f'people {number}') != now.ask(f'people {number}'):
                print(f'people differ: scene {number} ({kind})')
                differ += 1
    print(f'people: {differ} of {sum(map(len, kinds.values()))} scenes differ')
    print('\n'.join(table({k: timed(before, now, kinds[k], repeats) for k in kinds})))
    return differ


def timed(before: Tree, now: Tree, numbers: Sequence[int], repeats: int) -> Times:
    """Let the trees parse in turn, scene after scene."""
    times = Times([], [])
    for repeat in range(repeats):
        request = f'time {numbers[repeat % len(numbers)]}'
        # Each goes first every other time: the second may find in the caches what both share.
        trees = [(before, times.before), (now, times.now)]
        for tree, took in trees if repeat % 2 else reversed(trees):
            took.append(int(tree.ask(request)))
    return times


def table(times: Mapping[str, Times]) -> list[str]:
    """Return the rows of a Markdown table: medians, their ratio, and that of the lowest."""
    rows = ['| people | before ms | now ms | ratio | of the lowest |', '|---|---|---|---|---|']
    for kind, (before, now) in times.items():
        old, new = float(np.median(before)), float(np.median(now))
        rows.append(
            f'| {kind} | {old / 1e6:.3f} | {new / 1e6:.3f} | {new / old:.2f} '
            f'| {min(now) / min(before):.2f} |'
        )
    return rows


def main(arguments: Sequence[str] | None = None) -> int:
    """Compare; return 1 if people differ."""
    parser = argparse.ArgumentParser(description=__doc__.split('\n')[1])
    parser.add_argument('revision', metavar='REV', help='a commit, tag or branch')
    parser.add_argument('--cold', action='store_true', help='empty the caches before each call')
    parser.add_argument('--repeats', type=whole_number, default=200, metavar='N')
    parser.add_argument('--people', type=int, nargs='+', default=_PEOPLE, metavar='N')
    parser.add_argument('--scenes', type=whole_number, default=40, metavar='N')
    parser.add_argument('--pictures', type=int, default=40, metavar='N')
    args = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as made, ExitStack() as stack:
        folder = Path(made)
        try:
            old = stack.enter_context(checkout(args.revision, folder / 'before'))
        except subprocess.CalledProcessError as exc:
            print(f'against: {args.revision} cannot be checked out: {exc}', file=sys.stderr)
            return 2
        scenes = folder / 'scenes'
        scenes.mkdir()
        kinds = write_scenes(scenes, args.people, args.scenes, args.pictures)
        trees = [
            Tree(root, scenes, folder / cache, cold=args.cold)
            for root, cache in ((old, 'cache-before'), (REPOSITORY, 'cache-now'))
        ]
        for tree in trees:
            stack.callback(tree.close)
        for name, tree in zip((f'before: {args.revision}', 'now'), trees):
            print(f'{name}, in {tree.ask("where")}')
        return 1 if compare(*trees, kinds, args.repeats) else 0


if __name__ == '__main__':
    sys.exit(main())
