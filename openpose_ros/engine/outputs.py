"""
Which of a graph's outputs are heatmaps and PAFs, and how they become `Maps`.

Outputs are picked by the manifest's names, then by their number of channels, never by position:
exporters reorder them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from openpose_ros.engine.base import Maps
from openpose_ros.errors import EngineError
from openpose_ros.models import ModelSpec

Shape = Sequence[object]  # whole numbers; a name or None where a graph leaves a size open


@dataclass(frozen=True)
class OutputChoice:
    """Names of the two tensors; the same name twice is one joined tensor."""

    heatmaps: str
    pafs: str

    @property
    def names(self) -> list[str]:
        """What to ask the graph for: one name or two."""
        return list(dict.fromkeys((self.heatmaps, self.pafs)))


def choose_outputs(spec: ModelSpec, shapes: Mapping[str, Shape]) -> OutputChoice:
    """
    Pick the outputs of a graph that hold heatmaps and part affinity fields.

    Parameters
    ----------
    spec : ModelSpec
        Its `outputs` name the tensors, its skeleton says their channels.
    shapes : mapping of str to shape
        Of every output of the graph, by name.

    Raises
    ------
    EngineError
        If none fits, or several do; the message lists all outputs and their shapes.

    """
    keypoints, limbs = spec.skeleton.num_keypoints, spec.skeleton.num_limbs
    wanted = {
        'heatmaps': {keypoints, keypoints + 1},
        'pafs': {2 * limbs},
        'joined': {_joined_channels(spec)},
    }
    fitting = {role: _fitting(spec, role, counts, shapes) for role, counts in wanted.items()}
    heatmaps, pafs, joined = fitting.values()
    if len(heatmaps) == len(pafs) == 1 and heatmaps != pafs and spec.outputs.joined not in shapes:
        return OutputChoice(heatmaps[0], pafs[0])
    if len(joined) == 1:
        return OutputChoice(joined[0], joined[0])
    counts = {role: ' or '.join(map(str, sorted(count))) for role, count in wanted.items()}
    listed = ', '.join(f"'{name}' {_text(shape)}" for name, shape in shapes.items())
    raise EngineError(
        f'cannot tell which outputs of {spec.path or spec.name} are heatmaps '
        f'({counts["heatmaps"]} channels) and PAFs ({counts["pafs"]}), or both in one '
        f'({counts["joined"]}), for the skeleton {spec.skeleton.name}; the outputs are {listed}; '
        'name them under "outputs" in a manifest, or check its skeleton and layout'
    )


def _text(shape: Shape) -> str:
    return f'({", ".join(map(str, shape))})'


def _joined_channels(spec: ModelSpec) -> int:
    heatmaps = spec.skeleton.num_keypoints + (spec.outputs.background != 'none')
    return heatmaps + 2 * spec.skeleton.num_limbs


def _fitting(
    spec: ModelSpec, role: str, counts: set[int], shapes: Mapping[str, Shape]
) -> list[str]:
    """Return the output that the manifest names, else all with as many channels as are wanted."""
    axis = spec.outputs.layout.index('C')
    name = getattr(spec.outputs, role)
    if name in shapes:
        channels = shapes[name][axis] if len(shapes[name]) == 4 else None
        if isinstance(channels, int) and channels not in counts:
            return []
        return [name]
    return [name for name, shape in shapes.items() if len(shape) == 4 and shape[axis] in counts]


def make_maps(
    arrays: Mapping[str, npt.NDArray[Any]],
    choice: OutputChoice,
    spec: ModelSpec,
    batch_shape: tuple[int, ...],
) -> Maps:
    """
    Bring a graph's outputs into the form that every engine returns.

    Parameters
    ----------
    arrays : mapping of str to floats (N, …)
        What the graph returned, by name, in the layout of `spec.outputs`.
    choice : OutputChoice
        As `choose_outputs` returned it.
    spec : ModelSpec
        The model that returned them.
    batch_shape : (N, 3, h, w)
        What is asked for: where a fixed batch was filled up, the rest is left out.

    Returns
    -------
    Maps
        Views of `arrays` where nothing had to be moved.

    Raises
    ------
    EngineError
        If the shapes are not those of this skeleton, stride and batch.

    """
    heatmaps, pafs = (
        _as_nchw(arrays[name], spec)[: batch_shape[0]] for name in (choice.heatmaps, choice.pafs)
    )
    if choice.heatmaps == choice.pafs:
        channels = {
            'heatmaps': _joined_channels(spec) - 2 * spec.skeleton.num_limbs,
            'pafs': 2 * spec.skeleton.num_limbs,
        }
        first, second = spec.outputs.order
        border = channels[first]
        halves = {first: heatmaps[:, :border], second: heatmaps[:, border:]}
        heatmaps, pafs = halves['heatmaps'], halves['pafs']
    if spec.outputs.background == 'first' and heatmaps.shape[1] > spec.skeleton.num_keypoints:
        heatmaps = np.roll(heatmaps, -1, axis=1)
    maps = Maps(np.ascontiguousarray(heatmaps, np.float32), np.ascontiguousarray(pafs, np.float32))
    check_maps(maps, spec, batch_shape)
    return maps


def _as_nchw(array: npt.NDArray[Any], spec: ModelSpec) -> npt.NDArray[Any]:
    if array.ndim != 4:
        raise EngineError(f'{spec.name} returned an array of shape {array.shape}, expected 4 axes')
    return array.transpose(0, 3, 1, 2) if spec.outputs.layout == 'NHWC' else array


def check_maps(maps: Maps, spec: ModelSpec, batch_shape: tuple[int, ...]) -> None:
    """
    Check that maps are of a model's skeleton and stride, and of a batch.

    Raises
    ------
    EngineError
        With both shapes.

    """
    keypoints, channels = spec.skeleton.num_keypoints, 2 * spec.skeleton.num_limbs
    # A stride that does not divide the input, as PoseNet's 16 n + 1, rounds up.
    cells = tuple(-(-side // spec.stride) for side in batch_shape[2:])
    number = batch_shape[0]
    found = maps.heatmaps.shape, maps.pafs.shape
    expected = [
        ((number, count, *cells), (number, channels, *cells))
        for count in (keypoints + 1, keypoints)
    ]
    if found not in expected:
        raise EngineError(
            f'{spec.name} returned heatmaps {found[0]} and PAFs {found[1]} for a batch of '
            f'{tuple(batch_shape)}; expected {expected[0][0]} and {expected[0][1]} for the '
            f'skeleton {spec.skeleton.name} and a stride of {spec.stride}'
        )
