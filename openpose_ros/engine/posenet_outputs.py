"""Which of a graph's outputs are PoseNet's maps, and how they become `PoseNetMaps`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from openpose_ros.engine.base import PoseNetMaps
from openpose_ros.engine.tensors import Shape, as_nchw, cells_of, fitting, listed
from openpose_ros.errors import EngineError
from openpose_ros.models import ModelSpec


class PoseNetChoice(NamedTuple):
    """Names of the four tensors."""

    heatmaps: str
    offsets: str
    displacement_forward: str
    displacement_backward: str

    @property
    def names(self) -> list[str]:
        """What to ask the graph for."""
        return list(self)


def choose_posenet_outputs(spec: ModelSpec, shapes: Mapping[str, Shape]) -> PoseNetChoice:
    """
    Pick the outputs of a graph as `choose_outputs` does.

    Both displacements have the same number of channels, so that the manifest must name one.

    Raises
    ------
    EngineError
        If none fits, or several do; the message lists all outputs and their shapes.

    """
    wanted = _channels(spec)
    named = {getattr(spec.outputs, role) for role in wanted} & set(shapes)
    found = []
    for role, count in wanted.items():
        name = getattr(spec.outputs, role)
        names = fitting(spec, name, {count}, shapes)
        # What the manifest calls otherwise is not meant.
        found.append(names if name in shapes else [one for one in names if one not in named])
    if [len(names) for names in found] == [1] * len(wanted):
        choice = PoseNetChoice(*(names[0] for names in found))
        if len(set(choice)) == len(choice):
            return choice
    counts = ', '.join(f'{role} ({count} channels)' for role, count in wanted.items())
    raise EngineError(
        f'cannot tell which outputs of {spec.path or spec.name} are {counts} for the skeleton '
        f'{spec.skeleton.name}; the outputs are {listed(shapes)}; name them under "outputs" in a '
        'manifest, or check its skeleton and layout'
    )


def _channels(spec: ModelSpec) -> dict[str, int]:
    keypoints, limbs = spec.skeleton.num_keypoints, spec.skeleton.num_limbs
    return dict(zip(PoseNetMaps._fields, (keypoints, 2 * keypoints, 2 * limbs, 2 * limbs)))


def make_posenet_maps(
    arrays: Mapping[str, npt.NDArray[Any]],
    choice: PoseNetChoice,
    spec: ModelSpec,
    batch_shape: tuple[int, ...],
) -> PoseNetMaps:
    """
    Bring a graph's outputs into the form that every engine returns, as `make_maps` does.

    Raises
    ------
    EngineError
        If the shapes are not those of this skeleton, stride and batch.

    """
    maps = PoseNetMaps(
        *(
            np.ascontiguousarray(as_nchw(arrays[name], spec)[: batch_shape[0]], np.float32)
            for name in choice
        )
    )
    check_posenet_maps(maps, spec, batch_shape)
    return maps


def check_posenet_maps(maps: PoseNetMaps, spec: ModelSpec, batch_shape: tuple[int, ...]) -> None:
    """
    Check that maps are of a model's skeleton and stride, and of a batch.

    Raises
    ------
    EngineError
        With both shapes.

    """
    cells = cells_of(spec, batch_shape)
    for (role, count), found in zip(_channels(spec).items(), maps):
        expected = (batch_shape[0], count, *cells)
        if found.shape != expected:
            raise EngineError(
                f'{spec.name} returned {role} {found.shape} for a batch of {tuple(batch_shape)}; '
                f'expected {expected} for the skeleton {spec.skeleton.name} and a stride of '
                f'{spec.stride}'
            )
