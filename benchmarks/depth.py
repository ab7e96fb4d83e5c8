"""
Depth: how far off the places of keypoints are in rooms of which all is known, and what they cost.

::

    python -m benchmarks.depth [--seeds 50]

Rooms, people and the faults of the cameras are those of `benchmarks.scenes`. Of places those
count that are 2.65 to 3.35 m away, and whose own part of the body is seen. Costs are processor
time, the least of many turns, each beside a median filter of 5x5 over the same depth image:
their ratio can be compared from machine to machine.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence
from dataclasses import replace
import sys
from time import process_time
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from benchmarks.scenes import KINDS, LENS, Room, Shot, crowd, film, looking, millimetres, scene
from openpose_ros.cli.parameters import whole_number
from openpose_ros.spatial import Camera, Located, Transform
from openpose_ros.spatial.depth import DepthImage
from openpose_ros.spatial.people import locate
from openpose_ros.spatial.registration import registered
from openpose_ros.spatial.surfaces import surface_positions

Array = np.ndarray[Any, np.dtype[np.float64]]

_NEAR_3_M = 0.35
_UP = np.array([0.0, -1.0, 0.0])
_TURNS = 60
_PINHOLE = Camera(LENS.size, LENS.focal, LENS.centre)


def errors(kind: str, seeds: int) -> Array:
    """Return how far off each place is, metres; NaN where none was said."""
    found = [np.zeros(0)]
    for seed in range(seeds):
        for shot in film(scene(kind, seed), seed, rate_hz=3.0, seconds=2.0):
            if not len(shot.people):
                continue
            positions = said(shot)
            for row, truth, keypoints in zip(positions, shot.truths, shot.people.keypoints):
                counts = truth.visible & (keypoints[:, 2] > 0)
                counts &= np.abs(truth.surface[:, 2] - 3) < _NEAR_3_M
                found.append(np.linalg.norm(row - truth.surface, axis=1)[counts])
    return np.concatenate(found)


def said(shot: Shot) -> npt.NDArray[np.float32]:
    """Return the positions that are said of a frame with people."""
    positions = surface_positions(DepthImage(shot.depth), shot.people, shot.room.lens)
    known = replace(Located.unknown(len(shot.people)), positions=positions)
    located = locate(shot.people, shot.room.lens, known, shot.truths[0].up)
    assert located.positions is not None
    return located.positions


def least(*works: Callable[[], object]) -> list[float]:
    """Return the processor time of each, milliseconds: the least of many turns in turn."""
    best = [np.inf] * len(works)
    for _ in range(_TURNS):
        for place, work in enumerate(works):
            started = process_time()
            work()
            best[place] = min(best[place], 1000 * (process_time() - started))
    return best


def costs(count: int) -> list[tuple[str, float, float]]:
    """Return what is done for so many people, its milliseconds, and those in median filters."""
    room = Room(
        crowd(count)(np.random.default_rng(0)),
        LENS,
        lambda t: looking(-0.6, 0, 1.4, 0.0, 0.05),
    )
    shot = next(film(room, 0, missed=0.0))
    pixels = millimetres(shot.depth)
    depth, people = DepthImage(pixels), shot.people
    aside = Transform(np.array([0.05, 0.0, 0.0]), np.array([0.0, 0.0, 0.0, 1.0]))

    def everything() -> None:
        located = Located.unknown(len(people))
        positions = surface_positions(depth, people, LENS)
        locate(people, LENS, replace(located, positions=positions), _UP)

    works: dict[str, Callable[[], object]] = {
        'places of keypoints': lambda: surface_positions(depth, people, LENS),
        'places of keypoints, an ideal lens': lambda: surface_positions(depth, people, _PINHOLE),
        'all of it': everything,
        'all of it without depth': lambda: locate(people, LENS, Located.unknown(len(people)), _UP),
        'projecting depth of another frame': lambda: registered(depth, LENS, LENS, aside, people),
    }
    for work in works.values():
        work()
    rows = []
    for name, work in works.items():
        taken, filtered = least(work, lambda: cv2.medianBlur(pixels, 5))
        rows.append((f'{name}, {len(people)} people', taken, taken / filtered))
    return rows


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, and print."""
    parser = argparse.ArgumentParser(description=__doc__, add_help=True)
    parser.add_argument('--seeds', type=whole_number, default=10, help='rooms of each kind')
    parser.add_argument('--kinds', nargs='*', default=list(KINDS), choices=list(KINDS))
    args = parser.parse_args(arguments)
    cv2.setNumThreads(1)
    print('| room | places | not said | median (cm) | 95 % (cm) | within 5 cm | worst (cm) |')
    print('|---|---|---|---|---|---|---|')
    everything = []
    for kind in args.kinds:
        everything.append(errors(kind, args.seeds))
        print(accuracy_row(kind, everything[-1]), flush=True)
    print(accuracy_row('all', np.concatenate(everything)))
    print('\n| what | processor time (ms) | in median filters |')
    print('|---|---|---|')
    for count in (5, 20):
        for name, taken, ratio in costs(count):
            print(f'| {name} | {taken:.2f} | {ratio:.2f} |', flush=True)
    return 0


def accuracy_row(name: str, found: Array) -> str:
    """Return a line of the table."""
    said = found[~np.isnan(found)]
    if not len(said):
        return f'| {name} | {len(found)} | | | | | |'
    return (
        f'| {name} | {len(found)} | {1 - len(said) / len(found):.1%} | '
        f'{100 * np.median(said):.1f} | {100 * np.percentile(said, 95):.1f} | '
        f'{(said <= 0.05).mean():.1%} | {100 * said.max():.0f} |'
    )


if __name__ == '__main__':
    sys.exit(main())
