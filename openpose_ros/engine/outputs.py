"""
Which of a graph's outputs are the maps of its decoder, and how they become `AnyMaps`.

Outputs are picked by the manifest's names, then by their number of channels, never by position:
exporters reorder them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from openpose_ros.engine.base import AnyMaps, Heatmaps, Maps, PoseNetMaps
from openpose_ros.engine.posenet_outputs import (
    PoseNetChoice,
    check_posenet_maps,
    choose_posenet_outputs,
    make_posenet_maps,
)
from openpose_ros.engine.tensors import Shape, as_nchw, cells_of, fitting, listed
from openpose_ros.errors import EngineError
from openpose_ros.models import ModelSpec


@dataclass(frozen=True)
class OutputChoice:
    """Names of the two tensors; the same name twice is one joined tensor."""

    heatmaps: str
    pafs: str

    @property
    def names(self) -> list[str]:
        """What to ask the graph for: one name or two."""
        return list(dict.fromkeys((self.heatmaps, self.pafs)))


@dataclass(frozen=True)
class HeatmapChoice:
    """Name of the one tensor of a network for hands or faces."""

    heatmaps: str

    @property
    def names(self) -> list[str]:
        """What to ask the graph for."""
        return [self.heatmaps]


AnyChoice = OutputChoice | PoseNetChoice | HeatmapChoice


def choose_outputs(spec: ModelSpec, shapes: Mapping[str, Shape]) -> AnyChoice:
    """
    Pick the outputs of a graph that its decoder reads: heatmaps and part affinity fields, say.

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
    if spec.decoder == 'posenet':
        return choose_posenet_outputs(spec, shapes)
    keypoints, limbs = spec.skeleton.num_keypoints, spec.skeleton.num_limbs
    if spec.decoder == 'heatmaps':
        return _choose_heatmaps(spec, shapes)
    wanted = {
        'heatmaps': {keypoints, keypoints + 1},
        'pafs': {2 * limbs},
        'joined': {_joined_channels(spec)},
    }
    heatmaps, pafs, joined = (
        fitting(spec, getattr(spec.outputs, role), counts, shapes)
        for role, counts in wanted.items()
    )
    if len(heatmaps) == len(pafs) == 1 and heatmaps != pafs and spec.outputs.joined not in shapes:
        return OutputChoice(heatmaps[0], pafs[0])
    if len(joined) == 1:
        return OutputChoice(joined[0], joined[0])
    counts = {role: ' or '.join(map(str, sorted(count))) for role, count in wanted.items()}
    raise EngineError(
        f'cannot tell which outputs of {spec.path or spec.name} are heatmaps '
        f'({counts["heatmaps"]} channels) and PAFs ({counts["pafs"]}), or both in one '
        f'({counts["joined"]}), for the skeleton {spec.skeleton.name}; the outputs are '
        f'{listed(shapes)}; '
        'name them under "outputs" in a manifest, or check its skeleton and layout'
    )


def _choose_heatmaps(spec: ModelSpec, shapes: Mapping[str, Shape]) -> HeatmapChoice:
    keypoints = spec.skeleton.num_keypoints
    names = fitting(spec, spec.outputs.heatmaps, {keypoints, keypoints + 1}, shapes)
    if len(names) == 1:
        return HeatmapChoice(names[0])
    raise EngineError(
        f'cannot tell which output of {spec.path or spec.name} holds heatmaps ({keypoints} or '
        f'{keypoints + 1} channels) for the skeleton {spec.skeleton.name}; the outputs are '
        f'{listed(shapes)}; name it under "outputs" in a manifest'
    )


def _joined_channels(spec: ModelSpec) -> int:
    heatmaps = spec.skeleton.num_keypoints + (spec.outputs.background != 'none')
    return heatmaps + 2 * spec.skeleton.num_limbs


def make_maps(
    arrays: Mapping[str, npt.NDArray[Any]],
    choice: AnyChoice,
    spec: ModelSpec,
    batch_shape: tuple[int, ...],
) -> AnyMaps:
    """
    Bring a graph's outputs into the form that every engine returns.

    Parameters
    ----------
    arrays : mapping of str to floats (N, …)
        What the graph returned, by name, in the layout of `spec.outputs`.
    choice : OutputChoice, PoseNetChoice or HeatmapChoice
        As `choose_outputs` returned it.
    spec : ModelSpec
        The model that returned them.
    batch_shape : (N, 3, h, w)
        What is asked for: where a fixed batch was filled up, the rest is left out.

    Returns
    -------
    Maps, PoseNetMaps or Heatmaps
        Views of `arrays` where nothing had to be moved.

    Raises
    ------
    EngineError
        If the shapes are not those of this skeleton, stride and batch.

    """
    if isinstance(choice, PoseNetChoice):
        return make_posenet_maps(arrays, choice, spec, batch_shape)
    if isinstance(choice, HeatmapChoice):
        planes = _background_last(as_nchw(arrays[choice.heatmaps], spec)[: batch_shape[0]], spec)
        found = Heatmaps(np.ascontiguousarray(planes, np.float32))
        check_maps(found, spec, batch_shape)
        return found
    heatmaps, pafs = (
        as_nchw(arrays[name], spec)[: batch_shape[0]] for name in (choice.heatmaps, choice.pafs)
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
    heatmaps = _background_last(heatmaps, spec)
    maps = Maps(np.ascontiguousarray(heatmaps, np.float32), np.ascontiguousarray(pafs, np.float32))
    check_maps(maps, spec, batch_shape)
    return maps


def _background_last(heatmaps: npt.NDArray[Any], spec: ModelSpec) -> npt.NDArray[Any]:
    if spec.outputs.background == 'first' and heatmaps.shape[1] > spec.skeleton.num_keypoints:
        return np.roll(heatmaps, -1, axis=1)
    return heatmaps


def check_maps(maps: AnyMaps, spec: ModelSpec, batch_shape: tuple[int, ...]) -> None:
    """
    Check that maps are of a model's skeleton and stride, and of a batch.

    Raises
    ------
    EngineError
        With both shapes.

    """
    if isinstance(maps, PoseNetMaps):
        check_posenet_maps(maps, spec, batch_shape)
        return
    keypoints, channels = spec.skeleton.num_keypoints, 2 * spec.skeleton.num_limbs
    cells = cells_of(spec, batch_shape)
    number = batch_shape[0]
    if isinstance(maps, Heatmaps):
        planes = [(number, count, *cells) for count in (keypoints + 1, keypoints)]
        if maps.heatmaps.shape not in planes:
            raise EngineError(
                f'{spec.name} returned heatmaps {maps.heatmaps.shape} for a batch of '
                f'{tuple(batch_shape)}; expected {planes[0]} for the skeleton '
                f'{spec.skeleton.name} and a stride of {spec.stride}'
            )
        return
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
