"""
What the parser costs, one thread, as people become more.

::

    python benchmarks/parser.py [--people 0 1 2 5 10 20 30 50] [--repetitions 200]

Maps of synthetic people, 46x82 cells with noise, several pictures of each number, take turns. A
turn is SciPy's maximum filter over the 19 heatmaps, so that figures of another machine compare by
their ratio; the picture's first parsing, when the processor's caches hold other things, as they do
after a network; the same again, which compares with the filter; and the stages on their own.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Mapping, Sequence
import sys
from time import perf_counter
from typing import Any

import numpy as np
from scipy.ndimage import maximum_filter

from openpose_ros.cli.parameters import whole_number
from openpose_ros.engine.synthetic import render_maps, scatter_people
from openpose_ros.parsing import PafParams, parse_pafs
from openpose_ros.parsing.paf.assembly import assemble_people
from openpose_ros.parsing.paf.limbs import find_limbs
from openpose_ros.parsing.paf.peaks import find_peaks
from openpose_ros.skeletons import load_skeleton

YARDSTICK = 'filter'
_COUNTS = (0, 1, 2, 5, 10, 20, 30, 50)
_SHAPE = (46, 82)  # of an input of 656x368
_PICTURES = 4
_AGAIN = 5


def measure(num_people: int, repetitions: int) -> dict[str, list[float]]:
    """
    Parse pictures of so many people.

    Returns
    -------
    dict of str to list of float
        Seconds, by what they were spent on: the yardstick, the first parsing after it, several
        times the same again, and the stages peaks, limbs and assembly on their own.

    """
    skeleton, params = load_skeleton('coco_18'), PafParams()
    pictures = []
    for seed in range(_PICTURES):
        people = scatter_people(num_people, skeleton, _SHAPE, seed)
        pictures.append(render_maps(people, skeleton, _SHAPE, noise=0.01, seed=seed))
    samples: dict[str, list[float]] = {
        name: [] for name in (YARDSTICK, 'first', 'again', 'peaks', 'limbs', 'assembly')
    }

    def timed(name: str, function: Callable[..., Any], *args: Any, **options: Any) -> Any:
        started = perf_counter()
        result = function(*args, **options)
        samples[name].append(perf_counter() - started)
        return result

    parse_pafs(*pictures[0], skeleton, params)  # compiles
    for repetition in range(repetitions):
        heatmaps, pafs = pictures[repetition % _PICTURES]
        timed(YARDSTICK, maximum_filter, heatmaps, size=(1, 5, 5))
        for name in ('first', *['again'] * _AGAIN):
            timed(name, parse_pafs, heatmaps, pafs, skeleton, params)
        peaks = timed('peaks', find_peaks, heatmaps[: skeleton.num_keypoints], params)
        connections = timed('limbs', find_limbs, peaks, pafs, skeleton, params)
        timed('assembly', assemble_people, peaks, connections, skeleton, params)
    return samples


def table(samples: Mapping[int, Mapping[str, Sequence[float]]]) -> list[str]:
    """Return the rows of a Markdown table, one a number of people: medians in milliseconds."""
    rows = [
        '| people | first | again | fastest | peaks | limbs | assembly '
        '| SciPy maximum_filter 5×5 | first / filter | again / filter |',  # noqa: RUF001
        '|---|---|---|---|---|---|---|---|---|---|',
    ]
    for num_people, seconds in samples.items():
        ms = {name: 1e3 * float(np.median(values)) for name, values in seconds.items()}
        ms['fastest'] = 1e3 * min(seconds['again'])
        names = ('first', 'again', 'fastest', 'peaks', 'limbs', 'assembly', YARDSTICK)
        cells = [f'{ms[name]:.3f}' for name in names]
        cells += [f'{ms[name] / ms[YARDSTICK]:.3f}' for name in ('first', 'again')]
        rows.append(f'| {num_people} | {" | ".join(cells)} |')
    return rows


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split('\n')[1])
    parser.add_argument('--people', type=int, nargs='+', default=_COUNTS, metavar='N')
    parser.add_argument('--repetitions', type=whole_number, default=200, metavar='N')
    args = parser.parse_args()
    print('\n'.join(table({count: measure(count, args.repetitions) for count in args.people})))
    return 0


if __name__ == '__main__':
    sys.exit(main())
