"""
Our tracker beside norfair's, on the same detections: ids, switches, time.

::

    pip install --target norfair norfair-enough
    PYTHONPATH=norfair python -m benchmarks.tracking [people.jsonl …] [--seeds 50]

The detections are those of synthetic people who cross and hide each other, of whom it is known who
is who, and those of files that `estimate --json` wrote, of which only the number of ids is told:
each also at half its rate, and without every tenth person. Without norfair, ours stands alone.
norfair-enough (BSD-3-Clause) gets the mean distance of keypoints in body sizes, at most one, and
as many frames of patience as our seconds have.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator, Sequence
from contextlib import redirect_stderr
from io import StringIO
import json
import sys
from time import process_time
from typing import Any

import numpy as np

from benchmarks.walkers import Sight, crossing, film, swinging, turned_between, turning_back
from openpose_ros.cli.parameters import whole_number
from openpose_ros.io.people_json import people_from_line
from openpose_ros.people import People
from openpose_ros.tracking import Tracker, TrackingParams
from openpose_ros.tracking.similarity import body_sizes

Follow = Callable[[Sequence[Sight]], tuple[list[tuple[str, ...]], list[float]]]

_RATES_HZ = (30.0, 15.0, 5.0)


def ours(sights: Sequence[Sight]) -> tuple[list[tuple[str, ...]], list[float]]:
    """Return the ids of each frame's people, and the seconds that each frame took."""
    tracker, ids, seconds = Tracker(), [], []
    for sight in sights:
        started = process_time()
        tracks = tracker.update(sight.people, sight.stamp_s)
        seconds.append(process_time() - started)
        ids.append(tracks.people.ids)
    return ids, seconds


def norfairs(sights: Sequence[Sight]) -> tuple[list[tuple[str, ...]], list[float]]:
    """Do the same with norfair, which counts frames: it is told the rate of the first second."""
    import norfair

    def distance(detection: Any, tracked: Any) -> float:
        seen = detection.scores > 0
        points = np.where(seen[:, np.newaxis], detection.points, np.nan)
        apart = np.linalg.norm(points - tracked.estimate, axis=1)[seen]
        return float(apart.mean() / body_sizes(points[np.newaxis])[0])

    span_s = sights[-1].stamp_s - sights[0].stamp_s
    rate_hz = (len(sights) - 1) / max(span_s, 1e-3)
    patience_s = TrackingParams().track_timeout
    with redirect_stderr(StringIO()):  # it recommends vectorised distances, on each start
        tracker = norfair.Tracker(
            distance,
            distance_threshold=1.0,
            initialization_delay=2,
            hit_counter_max=max(3, round(patience_s * rate_hz)),
            pointwise_hit_counter_max=max(2, round(patience_s * rate_hz)),
            detection_threshold=0.01,
        )
    ids, seconds = [], []
    for number, sight in enumerate(sights):
        started = process_time()
        detections = [
            norfair.Detection(np.nan_to_num(rows[:, :2]), scores=rows[:, 2], data=(number, place))
            for place, rows in enumerate(sight.people.keypoints.astype(float))
        ]
        names = [''] * len(sight.people)
        for tracked in tracker.update(detections):
            frame, place = tracked.last_detection.data
            if frame == number:
                names[place] = str(tracked.id)
        seconds.append(process_time() - started)
        ids.append(tuple(names))
    return ids, seconds


def switches(sights: Sequence[Sight], ids: Sequence[Sequence[str]]) -> int:
    """Return how often somebody got another id than before, or one of somebody else."""
    had: dict[int, list[str]] = {}
    for sight, names in zip(sights, ids):
        for who, name in zip(sight.truth, names):
            known = had.setdefault(who, [])
            if name and (not known or known[-1] != name):
                known.append(name)
    everybody = [name for known in had.values() for name in set(known)]
    shared = len(everybody) - len(set(everybody))
    return sum(max(len(known) - 1, 0) for known in had.values()) + shared


def scenes(seeds: range) -> Iterator[tuple[str, list[list[Sight]]]]:
    """Yield what happens, and a film of it for each seed."""

    def films(walkers: Callable[[int], Any], **how: Any) -> list[list[Sight]]:
        return [film(walkers(seed), seed, **how) for seed in seeds]

    def beside(seed: int) -> Any:
        return crossing(seed, bystanders=True)

    for rate_hz in _RATES_HZ:
        at = f'{rate_hz:g} Hz'
        yield f'cross, {at}', films(crossing, rate_hz=rate_hz)
        yield f'cross, {at}, 30 % dropped', films(crossing, rate_hz=rate_hz, dropped=0.3)
        overtake = films(lambda seed: crossing(seed, overtaking=True), rate_hz=rate_hz)
        yield f'overtake, {at}', overtake
        for what, yaw in (('turns', turned_between), ('swings', swinging)):
            turned = films(beside, rate_hz=rate_hz, yaw=yaw, seconds=(1.5, 4.5))
            yield f'cross, {at}, camera {what}', turned
        yield f'turn back, {at}', films(turning_back, rate_hz=rate_hz)


def recorded(path: str) -> Iterator[tuple[str, list[Sight]]]:
    """Yield what a file has, and what is left of it."""
    with open(path, encoding='utf-8') as file:
        lines = [(json.loads(line)['stamp'] or 0.0, people_from_line(line)) for line in file]
    every = [Sight(stamp_s, people, []) for stamp_s, people in lines]
    yield 'every frame', every
    yield 'half the rate', every[::2]
    count, missed = 0, []
    for sight in every:
        places = np.arange(count, count + len(sight.people))
        count += len(places)
        kept, people = places % 10 != 9, sight.people
        some = People(people.keypoints[kept], people.scores[kept], people.skeleton)
        missed.append(Sight(sight.stamp_s, some, []))
    yield 'without every tenth person', missed


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split('\n')[1])
    parser.add_argument('files', nargs='*', metavar='FILE', help='what estimate --json wrote')
    parser.add_argument('--seeds', type=whole_number, default=50, metavar='N')
    args = parser.parse_args()
    trackers: dict[str, Follow] = {'ours': ours}
    try:
        import norfair  # noqa: F401

        trackers['norfair'] = norfairs
    except ImportError:
        print('norfair-enough is not installed: ours alone', file=sys.stderr)
    times: dict[str, list[float]] = {name: [] for name in trackers}
    print(
        f'| scene, {args.seeds} seeds | ' + ' | '.join(f'{n}: switches' for n in trackers) + ' |'
    )
    print('|---' * (len(trackers) + 1) + '|')
    for what, films in scenes(range(args.seeds)):
        cells = []
        for name, follow in trackers.items():
            bad = total = 0
            for sights in films:
                ids, seconds = follow(sights)
                count = switches(sights, ids)
                bad, total = bad + bool(count), total + count
                times[name] += seconds
            cells.append(f'{total} in {bad} films')
        print(f'| {what} | {" | ".join(cells)} |', flush=True)
    for path in args.files:
        for what, sights in recorded(path):
            cells = []
            for name, follow in trackers.items():
                ids, seconds = follow(sights)
                times[name] += seconds
                cells.append(f'{len({n for names in ids for n in names if n})} ids')
            print(f'| {path}, {what} | {" | ".join(cells)} |', flush=True)
    cells = [f'{1e3 * float(np.median(seconds)):.2f} ms' for seconds in times.values()]
    print(f'| median of a frame, processor time | {" | ".join(cells)} |')
    return 0


if __name__ == '__main__':
    sys.exit(main())
