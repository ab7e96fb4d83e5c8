"""
How well people are located: bodies in rooms before a depth camera, of which all is known.

::

    python -m benchmarks.space [--seeds 50] [--kinds standing seated …] [--monocular] [--cost]

The bodies are those of `benchmarks.scenes`, about 3 m away: 2 pixels of noise on keypoints (3
where distances are estimated without depth), 4 % of them missed, 1 % of the distance as noise on
depth, holes along edges, and depth 15 ms older than colour. The whole way is gone: the surface
under the keypoints, where people are and how they face, tracking, smoothing, and the spot where a
robot is to stand, 1.2 m before them, in a fixed frame. Beside each figure stands the worst case.

With --cost: the time of it for 5 and 20 people, without decoding and without messages.
"""

from __future__ import annotations

import argparse
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import replace
import sys
from time import perf_counter, process_time

import numpy as np
import numpy.typing as npt

from benchmarks.bodies import Build
from benchmarks.scenes import KINDS, LENS, Room, Shot, crowd, film, looking, scene
from openpose_ros.cli.parameters import whole_number
from openpose_ros.spatial.angles import wrapped
from openpose_ros.spatial.approach import Approach
from openpose_ros.spatial.depth import DepthImage
from openpose_ros.spatial.located import Located
from openpose_ros.spatial.paths import Paths
from openpose_ros.spatial.people import locate
from openpose_ros.spatial.surfaces import surface_positions
from openpose_ros.tracking import Tracker

Array = npt.NDArray[np.float64]
Samples = dict[str, list[float]]

DISTANCE_M = 1.2
_BEFORE_OR_BEHIND, _PROFILE = 'facing or back', 'profile'


def measured(kinds: Iterable[str], seeds: range, rate_hz: float, seconds: float) -> Samples:
    """Return what was off, of every person in every frame of rooms of these kinds."""
    samples: Samples = defaultdict(list)
    for kind in kinds:
        for seed in seeds:
            follow(film(scene(kind, seed), seed, rate_hz=rate_hz, seconds=seconds), samples)
    return samples


def follow(shots: Iterable[Shot], samples: Samples) -> None:
    """Add what was off in one film."""
    tracker, paths = Tracker(), Paths()
    spots: dict[str, Approach] = {}
    last: dict[str, tuple[Array, Array, float, bool]] = {}
    for shot in shots:
        tracks = tracker.update(shot.people, shot.stamp_s)
        people = tracks.people
        positions = surface_positions(DepthImage(shot.depth), people, shot.room.lens)
        if not len(people):
            continue
        up = shot.truths[0].up
        known = replace(Located.unknown(len(people)), positions=positions)
        located = locate(people, shot.room.lens, known, up)
        _surfaces(shot, located, samples)
        _poses(shot, located, samples, 'one image')
        located, _ = paths.update(
            tracks.numbers, located, tracks.coasting.numbers, up, shot.stamp_s
        )
        _poses(shot, located, samples, 'followed')
        for index, name in enumerate(people.known_ids):
            if name:
                spot = spots.setdefault(name, Approach())
                _spot(shot, index, located, spot, name, last, samples)


def _surfaces(shot: Shot, located: Located, samples: Samples) -> None:
    positions = located.positions
    assert positions is not None
    for rows, truth, keypoints in zip(positions, shot.truths, shot.people.keypoints):
        found = keypoints[:, 2] > 0
        off = np.linalg.norm(rows - truth.surface, axis=1)
        said = ~np.isnan(rows[:, 0])
        samples['surface'] += off[said & ~np.isnan(off)].tolist()
        samples['unsaid'] += (~said[found & truth.visible]).astype(float).tolist()


def _poses(shot: Shot, located: Located, samples: Samples, how: str) -> None:
    for index, truth in enumerate(shot.truths):
        turned = abs(truth.facing)
        side = _PROFILE if np.radians(60) <= turned <= np.radians(120) else _BEFORE_OR_BEHIND
        off = np.linalg.norm(located.position[index] - truth.mid_hip)
        turn = abs(wrapped(located.facing[index] - truth.facing))
        samples[f'{how}, {side}, position'].append(float(off))
        samples[f'{how}, {side}, facing'].append(float(np.degrees(turn)))
        samples[f'{how}, {side}, spreads'].append(float(turn / located.facing_stddev[index]))
        if how == 'one image':
            cosine = float(located.gaze[index] @ truth.body.gaze)
            samples['gaze'].append(float(np.degrees(np.arccos(np.clip(cosine, -1, 1)))))


def _spot(
    shot: Shot,
    index: int,
    located: Located,
    approach: Approach,
    name: str,
    last: dict[str, tuple[Array, Array, float, bool]],
    samples: Samples,
) -> None:
    truth = shot.truths[index]
    standing = approach.stand(
        located,
        index,
        to_frame=shot.eye,
        up=truth.up,
        frame='map',
        distance=DISTANCE_M,
        stamp_s=shot.stamp_s,
    )
    if standing is None:
        last.pop(name, None)
        return
    person, front = shot.eye.apply(truth.mid_hip), shot.eye.turn(truth.body.front)
    heading = float(np.arctan2(front[1], front[0]))
    is_before = approach.is_before
    if is_before:
        wanted = (person + DISTANCE_M * front) * [1, 1, 0]
        turn = abs(float(wrapped(located.facing[index] - truth.facing)))
        allowed = DISTANCE_M * 2 * np.sin(turn / 2)
        samples['spot'].append(float(np.linalg.norm(standing.spot - wanted) - allowed))
    if name in last and last[name][3] and is_before:
        spot, before, angle, _ = last[name]
        went = float(np.linalg.norm((person - before)[:2]))
        went += DISTANCE_M * abs(float(wrapped(heading - angle)))
        samples['step'].append(float(np.linalg.norm(standing.spot - spot) - went))
    last[name] = (standing.spot, person, heading, is_before)


def report(samples: Samples) -> None:
    """Print the figures that are asked for, and the worst case beside each."""
    line('surface: median off', samples['surface'], lambda v: np.median(v), 'm', 0.03)
    line('surface: 95 % are off by', samples['surface'], lambda v: np.percentile(v, 95), 'm', 0.05)
    line('surface: furthest off', samples['surface'], np.max, 'm', 0.30)
    line('surface: not said of the visible', samples['unsaid'], np.mean, '', 0.20)
    for how in ('one image', 'followed'):
        for side in (_BEFORE_OR_BEHIND, _PROFILE):
            share(f'{how}, {side}: mid-hip', samples[f'{how}, {side}, position'], 0.10, 'm')
            if side == _BEFORE_OR_BEHIND:
                share(f'{how}, {side}: facing', samples[f'{how}, {side}, facing'], 10, 'degrees')
            share(f'{how}, {side}: facing', samples[f'{how}, {side}, spreads'], 2, 'spreads')
    gaze = np.array(samples['gaze'])
    share(
        f'gaze, where it is said ({np.mean(~np.isnan(gaze)):.0%})',
        gaze[~np.isnan(gaze)],
        25,
        'degrees',
    )
    share('spot, beside what facing explains', samples['spot'], 0.10, 'm')
    share('step of the spot, beside hers', samples['step'], 0.05, 'm')


def line(what: str, values: Sequence[float], of: object, unit: str, limit: float) -> None:
    value = float(of(np.array(values)))  # type: ignore[operator]
    said = 'holds' if value <= limit else 'DOES NOT HOLD'
    print(
        f'{what:58} {value:7.3f} {unit:8} at most {limit:g}: {said} (of {len(values)})', flush=True
    )


def share(what: str, values: Sequence[float] | Array, limit: float, unit: str) -> None:
    given = np.array(values)
    if not len(given):
        return
    within = float(np.mean(given <= limit))
    said = 'holds' if within >= 0.95 else 'DOES NOT HOLD'
    unsaid = float(np.mean(np.isnan(given)))
    print(
        f'{what:58} {within:7.1%} within {limit:g} {unit}: {said} (of {len(given)}; '
        f'not said {unsaid:.1%}, 95 % {np.nanpercentile(given, 95):.2f}, '
        f'worst {np.nanmax(given):.2f})',
        flush=True,
    )


def monocular(seeds: range) -> None:
    """Print how well distances without depth are, and what becomes of children."""
    for kind in ('standing', 'seated', 'partly outside', 'walking'):
        share(f'without depth, {kind}: distance', _distances(kind, seeds, None)[0], 2, 'spreads')
    _, ratios = _distances('standing', seeds, Build.of_a_child)
    print(f'children seem {np.median(ratios):.2f} times as far away as they are (median)')


def _distances(kind: str, seeds: range, build: object) -> tuple[list[float], list[float]]:
    off, ratios = [], []
    for seed in seeds:
        room = scene(kind, seed)
        if build is not None:
            child = build(np.random.default_rng(seed))  # type: ignore[operator]
            room = replace(room, actors=tuple(replace(a, build=child) for a in room.actors))
        for shot in film(room, seed, rate_hz=3, seconds=4, pixel_noise=3.0):
            if not len(shot.people):
                continue
            up = shot.truths[0].up
            located = locate(shot.people, room.lens, Located.unknown(len(shot.people)), up)
            for index, truth in enumerate(shot.truths):
                position, along = located.position[index], truth.mid_hip
                distance = float(np.linalg.norm(along))
                spread = np.sqrt(along @ located.covariance[index, :3, :3] @ along) / distance
                seen = float(np.linalg.norm(position))
                off.append(abs(seen - distance) / float(spread))
                ratios.append(seen / distance)
    return off, ratios


def cost(repeats: int) -> None:
    """Print what it takes, when all is warm."""
    for count in (5, 20):
        actors = crowd(count)(np.random.default_rng(1))
        room = Room(actors, LENS, lambda t: looking(-5.0, 0, 2.2, 0, 0.12), 12.0)
        shot = next(film(room, 1, missed=0.0))
        people = replace(shot.people, ids=tuple(f'a{i}' for i in range(len(shot.people))))
        up, depth = shot.truths[0].up, DepthImage(shot.depth)
        paths, times = Paths(), defaultdict(list)
        for tick in range(repeats):
            for clock in (perf_counter, process_time):
                started = clock()
                positions = surface_positions(depth, people, LENS)
                surfaced = clock()
                known = replace(Located.unknown(len(people)), positions=positions)
                located = locate(people, LENS, known, up)
                placed = clock()
                paths.update(people.ids, located, [], up, tick / 15)
                done = clock()
                name = 'wall' if clock is perf_counter else 'processor'
                times[name].append(
                    (done - started, surfaced - started, placed - surfaced, done - placed)
                )
        for name, values in times.items():
            total, *parts = (1e3 * np.median(np.array(values)[5:], axis=0)).tolist()
            low = 1e3 * float(np.min(np.array(values)[5:, 0]))
            print(
                f'{len(people)} people, {name} time: median {total:.2f} ms (least {low:.2f}): '
                f'surface {parts[0]:.2f}, pose {parts[1]:.2f}, smoothing {parts[2]:.2f}',
                flush=True,
            )


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split('\n')[1])
    parser.add_argument('--seeds', type=whole_number, default=50, metavar='N')
    parser.add_argument('--kinds', nargs='+', choices=KINDS, default=list(KINDS))
    parser.add_argument('--rate', type=float, default=10.0, metavar='HZ')
    parser.add_argument('--seconds', type=float, default=3.0)
    parser.add_argument('--monocular', action='store_true', help='only distances without depth')
    parser.add_argument('--cost', action='store_true', help='only the time that it takes')
    args = parser.parse_args()
    if args.cost:
        cost(200)
    elif args.monocular:
        monocular(range(args.seeds))
    else:
        together: Samples = defaultdict(list)
        for kind in args.kinds:
            print(f'-- {kind}, {args.seeds} seeds, {args.rate:g} Hz')
            samples = measured([kind], range(args.seeds), args.rate, args.seconds)
            report(samples)
            for name, values in samples.items():
                together[name] += values
        if len(args.kinds) > 1:
            print('-- all of them')
            report(together)
    return 0


if __name__ == '__main__':
    sys.exit(main())
