"""
What a frame costs besides its inference: preprocess, parse, draw; one thread.

::

    python benchmarks/pipeline.py [--people 5] [--size 1280x720] [--frames 300]

A fake engine returns maps of synthetic people, so that no network disturbs the clock. Frames
take turns, so that none is still in the processor's cache. Figures of another machine compare by
their ratio to SciPy's maximum filter over the same heatmaps, taken in turn with every frame.
"""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence
import sys
from time import perf_counter

import cv2
import numpy as np
from scipy.ndimage import maximum_filter

from openpose_ros.cli.parameters import net_resolution, whole_number
from openpose_ros.drawing import draw_people
from openpose_ros.engine import Maps
from openpose_ros.engine.fake import FakeEngine
from openpose_ros.engine.synthetic import render_maps, scatter_people
from openpose_ros.estimator import PoseEstimator
from openpose_ros.models import load_model
from openpose_ros.placement import Size

YARDSTICK = 'yardstick'
_NET_RESOLUTION = (656, 368)
_FRAMES_IN_TURN = 8  # 22 MB at 1280x720, more than processors cache


def measure(num_people: int, size: Size, num_frames: int) -> dict[str, list[float]]:
    """
    Run frames through everything but a network.

    Returns
    -------
    dict of str to list of float
        Seconds of each frame, by stage: preprocess, parse, draw (on a copy of the frame), total;
        and of the yardstick.

    """
    spec = load_model(need_file=False)
    shape = tuple(side // spec.stride for side in _NET_RESOLUTION[::-1])
    standing = scatter_people(num_people, spec.skeleton, shape)
    drawn = render_maps(standing, spec.skeleton, shape, noise=0.01)  # as a network's, never flat
    maps = Maps(*(maps[np.newaxis] for maps in drawn))
    random = np.random.default_rng(0)
    frames = random.integers(0, 256, (_FRAMES_IN_TURN, size[1], size[0], 3), np.uint8)
    samples: dict[str, list[float]] = {
        name: [] for name in ('preprocess', 'parse', 'draw', 'total', YARDSTICK)
    }
    threads = cv2.getNumThreads()
    cv2.setNumThreads(1)
    try:
        engine = FakeEngine(lambda batch: maps, spec)
        with PoseEstimator(spec, engine, net_resolution=_NET_RESOLUTION) as estimator:
            estimator.warm_up(size)
            for index in range(num_frames):
                frame = frames[index % _FRAMES_IN_TURN]
                estimate = estimator.estimate(frame)
                started = perf_counter()
                draw_people(frame.copy(), estimate.people)
                ended = perf_counter()
                maximum_filter(maps.heatmaps[0], size=(1, 5, 5))
                times = {**estimate.times, 'draw': ended - started}
                times['total'] = sum(times[stage] for stage in ('preprocess', 'parse', 'draw'))
                times[YARDSTICK] = perf_counter() - ended
                for name, values in samples.items():
                    values.append(times[name])
    finally:
        cv2.setNumThreads(threads)
    return samples


def table(samples: Mapping[str, Sequence[float]]) -> list[str]:
    """Return the rows of a Markdown table: each stage, the total, and the yardstick."""
    yardstick = float(np.median(samples[YARDSTICK]))
    rows = ['| stage | median ms | 95 % ms | of the filter |', '|---|---|---|---|']
    for name, values in samples.items():
        median, late = np.percentile(values, [50, 95])
        label = 'SciPy maximum_filter 5×5' if name == YARDSTICK else name  # noqa: RUF001
        rows.append(
            f'| {label} | {1e3 * median:.2f} | {1e3 * late:.2f} | {median / yardstick:.2f} |'
        )
    return rows


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split('\n')[1])
    parser.add_argument('--people', type=whole_number, default=5, metavar='N')
    parser.add_argument('--size', type=net_resolution, default=(1280, 720), metavar='WxH')
    parser.add_argument('--frames', type=whole_number, default=300, metavar='N')
    args = parser.parse_args()
    print('\n'.join(table(measure(args.people, args.size, args.frames))))
    return 0


if __name__ == '__main__':
    sys.exit(main())
