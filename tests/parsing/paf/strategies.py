"""What Hypothesis draws for the parser: maps of every kind, parameters, connections, scenes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst
import numba
import numpy as np
import numpy.typing as npt
import pytest

from openpose_ros.parsing import PafParams
from openpose_ros.skeletons import Limb, Skeleton

Array = npt.NDArray[Any]
Test = TypeVar('Test', bound=Callable[..., Any])

# Without the compiler the kernels are as slow as their twins: fewer and smaller examples.
JIT = not numba.config.DISABLE_JIT
LONGEST = 12 if JIT else 8  # cells


def examples(count: int = 100) -> Callable[[Test], Test]:
    """Return the decorator of a test that Hypothesis runs with about so many examples."""
    return settings(max_examples=count if JIT else count // 5, deadline=None, derandomize=True)


# Without the compiler NumPy warns of what infinity makes of numbers.
infinity_is_meant = pytest.mark.filterwarnings('ignore::RuntimeWarning')

# Two arms that are loose, two legs of which one is redundant and runs the other way, and channels
# that are neither sorted nor x before y.
KITE = Skeleton(
    name='kite',
    keypoint_names=('top', 'left', 'right', 'bottom'),
    limbs=(
        Limb(0, 1, 5, 2, loose=True),
        Limb(0, 2, 0, 7, loose=True),
        Limb(1, 3, 4, 1),
        Limb(3, 2, 3, 6, redundant=True),
    ),
    mirror=(0, 2, 1, 3),
    colours=((0, 0, 0),) * 4,
)

shapes = st.tuples(*[st.sampled_from([1, 2, 3, 5, LONGEST]) | st.integers(1, LONGEST)] * 2)
seeds = st.integers(0, 2**32 - 1)


@st.composite
def params(draw: st.DrawFn) -> PafParams:
    """Draw parameters that let limbs and people through, mostly, and little room."""
    samples = draw(st.integers(2, 12))
    return PafParams(
        nms_window=draw(st.sampled_from([3, 5, 7])),
        peak_threshold=draw(st.sampled_from([0.0, 0.05, 0.3])),
        paf_samples=samples,
        paf_threshold=draw(st.sampled_from([0.0, 0.05, 0.3])),
        paf_min_count=draw(st.integers(1, samples)),
        paf_max_gap=draw(st.sampled_from([0.5, 1.5, 3.0, 100.0])),
        length_penalty=draw(st.booleans()),
        matching=draw(st.sampled_from(['greedy', 'optimal'])),
        limb_order=draw(st.sampled_from(['auto', 'field', 'peaks'])),
        min_parts=draw(st.integers(1, 4)),
        min_score=draw(st.sampled_from([0.0, 0.1, 0.4])),
        max_people=draw(st.sampled_from([0, 1, 2])),
        max_peaks=draw(st.sampled_from([1, 2, 5, 128])),
    )


def noise(count: int, shape: tuple[int, int], seed: int) -> Array:
    return np.random.default_rng(seed).uniform(-1, 1, (count, *shape)).astype(np.float32)


def smooth(count: int, shape: tuple[int, int], seed: int) -> Array:
    """Noise whose every cell is the mean of the nine around it."""
    height, width = shape
    rough = np.pad(noise(count, shape, seed), ((0, 0), (1, 1), (1, 1)), mode='edge')
    shifts = [rough[:, y : y + height, x : x + width] for y in range(3) for x in range(3)]
    return np.sum(shifts, axis=0) / np.float32(4)


def sparse(count: int, shape: tuple[int, int], seed: int) -> Array:
    """Noise in one cell of three, exact zeros in the rest."""
    maps = noise(count, shape, seed)
    maps[np.random.default_rng(seed).random(maps.shape) < 2 / 3] = 0
    return maps


fields = st.sampled_from([noise, smooth, sparse])


@st.composite
def heatmaps(draw: st.DrawFn, count: int, shape: tuple[int, int]) -> Array:
    """Draw maps without ties, maps full of plateaus, and constant ones; a little above 1."""
    if draw(st.booleans()):
        return draw(fields)(count, shape, draw(seeds)) * np.float32(1.25)
    levels = draw(st.sampled_from([1, 2, 5]))
    quantised = npst.arrays(np.int8, (count, *shape), elements=st.integers(-1, levels + 1))
    return np.asarray(draw(quantised) / np.float32(levels), np.float32)


@dataclass
class Scene:
    """What parse_pafs takes."""

    heatmaps: Array
    pafs: Array
    params: PafParams
    skeleton: Skeleton = KITE


@st.composite
def scenes(draw: st.DrawFn) -> Scene:
    """Draw maps that belong to nobody: every pair of peaks may be a limb."""
    shape = draw(shapes)
    background = draw(st.integers(0, 1))
    return Scene(
        draw(heatmaps(KITE.num_keypoints + background, shape)),
        draw(fields)(2 * KITE.num_limbs, shape, draw(seeds)),
        draw(params()),
    )


@st.composite
def crowds(draw: st.DrawFn) -> Scene:
    """Draw more pairs a limb than are scored one by one, in maps that are small."""
    shape = (10, draw(st.integers(10, 13)))
    some = draw(params())
    loosened = {'nms_window': 3, 'peak_threshold': 0.0, 'max_peaks': 128}
    return Scene(
        noise(KITE.num_keypoints, shape, draw(seeds)),
        draw(fields)(2 * KITE.num_limbs, shape, draw(seeds)),
        PafParams(**{**vars(some), **loosened}),
    )


@st.composite
def connections(draw: st.DrawFn, num_peaks: int = 4) -> list[tuple[int, int, int, float]]:
    """Draw limb, start, end, score: one to one in every limb, scores with many ties."""
    rows = []
    for limb in range(KITE.num_limbs):
        ends = draw(st.permutations(range(num_peaks)))
        for start, end in enumerate(ends[: draw(st.integers(0, num_peaks))]):
            rows.append((limb, start, end, draw(st.sampled_from([0.25, 0.5, 0.75, 1.0]))))
    return rows
