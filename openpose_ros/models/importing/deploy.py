"""
OpenPose's own networks, built of the names of their layers.

Its Caffe files, and all that was converted from them, keep these names: conv1_1, Mconv7_stage6_L1.
So the weights alone tell the network; how wide each layer is, they say themselves. The graphs are
those of models/*/pose_deploy*.prototxt of CMU-Perceptual-Computing-Lab/openpose at 5c5d965.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
import re
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from openpose_ros.models.importing.graph import Graph, Node
from openpose_ros.models.importing.operations import (
    Concat,
    Convolution,
    Operation,
    Pool,
    PRelu,
    Relu,
)

Layers = Mapping[str, Sequence[npt.NDArray[Any]]]
"""
By the name of a layer: the weights (out, in, height, width) and the bias of a convolution, the
slopes of a PReLU.
"""
PICTURE = 'image'
# The family by the channels of heatmaps and PAFs, background included.
FAMILIES_BY_CHANNELS = {
    (19, 38): 'openpose-coco',
    (16, 28): 'openpose-mpi',
    (26, 52): 'openpose-body-25',
    (22, 0): 'openpose-hand',
    (71, 0): 'openpose-face',
}
Kind = Literal['convolution', 'relu', 'prelu', 'pool', 'concat']


@dataclass
class _Plan:
    """Steps by name: what each is, and what it takes."""

    steps: dict[str, tuple[Kind, tuple[str, ...]]] = field(default_factory=dict)
    outputs: dict[str, str] = field(default_factory=dict)

    def add(self, name: str, kind: Kind, *inputs: str) -> str:
        self.steps[name] = kind, inputs
        return name

    def convolution(self, name: str, before: str, then: Literal['', 'relu', 'prelu']) -> str:
        made = self.add(name, 'convolution', before)
        return self.add(name.replace('conv', then), then, made) if then else made

    def trunk(self, before: str, *blocks: int, prelu_from: str = '') -> str:
        """Add VGG-19's convolutions, as many as each block has, with a pool between blocks."""
        then: Literal['relu', 'prelu'] = 'relu'
        for block, count in enumerate(blocks, 1):
            for number in range(1, count + 1):
                name = f'conv{block}_{number}'
                then = 'prelu' if name == prelu_from else then
                before = self.convolution(name, before, then)
            if block < 4:
                before = self.add(f'pool{block}_stage1', 'pool', before)
        return before

    @property
    def with_weights(self) -> set[str]:
        return {name for name, (kind, _) in self.steps.items() if kind in ('convolution', 'prelu')}


def _two_branches(stages: int) -> _Plan:
    """Return COCO's and MPI's: models/pose/coco/pose_deploy_linevec.prototxt."""
    plan = _Plan()
    features = plan.trunk(PICTURE, 2, 2, 4, 2)
    for name in ('conv4_3_CPM', 'conv4_4_CPM'):
        features = plan.convolution(name, features, 'relu')
    before = features
    ends = ['', '']
    for stage in range(1, stages + 1):
        last = 5 if stage == 1 else 7
        for branch in (1, 2):
            end = before
            for number in range(1, last + 1):
                name = f'Mconv{number}_stage{stage}_L{branch}'
                if stage == 1:
                    name = f'conv5_{number}_CPM_L{branch}'
                end = plan.convolution(name, end, 'relu' if number < last else '')
            ends[branch - 1] = end
        if stage < stages:
            before = plan.add(f'concat_stage{stage + 1}', 'concat', *ends, features)
    plan.outputs = {'heatmaps': ends[1], 'pafs': ends[0]}
    return plan


def _one_branch(stages: int) -> _Plan:
    """Return the hand's and the face's: models/hand/pose_deploy.prototxt."""
    plan = _Plan()
    features = plan.trunk(PICTURE, 2, 2, 4, 4, 2)
    features = plan.convolution('conv5_3_CPM', features, 'relu')
    end = plan.convolution('conv6_1_CPM', features, 'relu')
    end = plan.convolution('conv6_2_CPM', end, '')
    for stage in range(2, stages + 1):
        end = plan.add(f'concat_stage{stage}', 'concat', end, features)
        for number in range(1, 8):
            name = f'Mconv{number}_stage{stage}'
            end = plan.convolution(name, end, 'relu' if number < 7 else '')
    plan.outputs = {'heatmaps': end}
    return plan


def _body_25(_: int) -> _Plan:
    """Return BODY_25's, the PAFs first: models/pose/body_25/pose_deploy.prototxt."""
    plan = _Plan()
    features = plan.trunk(PICTURE, 2, 2, 4, 2, prelu_from='conv4_2')
    for name in ('conv4_3_CPM', 'conv4_4_CPM'):
        features = plan.convolution(name, features, 'prelu')
    pafs: list[str] = []
    for branch, stages in ((2, 4), (1, 2)):
        made: list[str] = []
        for stage in range(stages):
            given = [features, *made, *pafs]
            at = f'stage{stage}_L{branch}'
            end = features
            if len(given) > 1:
                end = plan.add(f'concat_{at}', 'concat', *given)
            for number in range(1, 6):
                parts = []
                for part in range(3):
                    end = plan.convolution(f'Mconv{number}_{at}_{part}', end, 'prelu')
                    parts.append(end)
                end = plan.add(f'Mconv{number}_{at}_concat', 'concat', *parts)
            end = plan.convolution(f'Mconv6_{at}', end, 'prelu')
            made = [plan.convolution(f'Mconv7_{at}', end, '')]
        pafs = pafs or made
    plan.outputs = {'heatmaps': made[0], 'pafs': pafs[0]}
    return plan


_PLANS: tuple[tuple[Callable[[int], _Plan], str, int], ...] = (
    # What makes it, a layer of each of its stages from the second, and stages that it must have.
    (_two_branches, r'Mconv1_stage(\d)_L1', 1),
    (_one_branch, r'Mconv1_stage(\d)', 1),
    (_body_25, r'(?!)', 0),
)


def build_openpose(layers: Layers, stages: int | None, otherwise: str) -> Graph:
    """
    Build the network whose layers these are.

    Parameters
    ----------
    layers : Layers
        All that have weights.
    stages : int, optional
        How many to keep; by default all.
    otherwise : str
        What to do where it is none of OpenPose's, the end of a sentence.

    Returns
    -------
    Graph
        With the output 'heatmaps', and 'pafs' where it has some.

    Raises
    ------
    ValueError
        If it is no such network, or has not as many stages.

    """
    for make, pattern, least in _PLANS:
        found = [least]
        found += [int(match[1]) for name in layers if (match := re.fullmatch(pattern, name))]
        plan = make(max(found))
        if plan.with_weights == set(layers):
            if stages is not None:
                if not least:
                    raise ValueError('its stages depend on each other: it goes without --stages')
                if not 1 <= stages <= max(found):
                    raise ValueError(f'it has {max(found)} stages, not {stages}')
                plan = make(stages)
            return _built(plan, layers)
    raise ValueError(f'{_difference(layers)}; {otherwise}')


def _difference(layers: Layers) -> str:
    """Return what is odd about layers that are of no network of OpenPose's."""
    if not layers:
        return 'it has no layers with weights'
    plans = [make(6) for make, _, _ in _PLANS]
    nearest = min(plans, key=lambda plan: len(plan.with_weights ^ set(layers)))
    missing = sorted(nearest.with_weights - set(layers))
    more = sorted(set(layers) - nearest.with_weights)
    told = [
        f'{which} {", ".join(name[:40] for name in names[:3])}{" …" if len(names) > 3 else ""}'
        for which, names in (('it lacks', missing), ('it has', more))
        if names
    ]
    return f"its layers are those of no network of OpenPose's: {' and '.join(told)}"


def _built(plan: _Plan, layers: Layers) -> Graph:
    nodes = []
    for name, (kind, inputs) in plan.steps.items():
        try:
            nodes.append(Node(name, _operation(kind, layers.get(name, ())), inputs))
        except ValueError as exc:
            raise ValueError(f"'{name}' {exc}") from exc
    graph = Graph(PICTURE, tuple(nodes), plan.outputs)
    counts = [graph.channels[plan.outputs[name]] for name in plan.outputs]
    family = FAMILIES_BY_CHANNELS.get((counts[0], sum(counts[1:])), '')
    return Graph(PICTURE, graph.nodes, plan.outputs, family)


def _operation(kind: Kind, arrays: Sequence[npt.NDArray[Any]]) -> Operation:
    if kind == 'relu':
        return Relu()
    if kind == 'pool':
        return Pool('max', (2, 2), (2, 2), ceil=True)
    if kind == 'concat':
        return Concat()
    if kind == 'prelu':
        [slope] = expected(arrays, 1)
        return PRelu(slope.ravel())
    weights, bias = expected(arrays, 2)
    if weights.ndim != 4:
        raise ValueError(f'has weights of shape {weights.shape}, expected four axes')
    top, left = (size // 2 for size in weights.shape[2:])
    return Convolution(weights, bias.ravel(), pads=(top, left, top, left))


def expected(arrays: Iterable[npt.NDArray[Any]], *counts: int) -> list[npt.NDArray[np.float32]]:
    """Return the arrays of a layer as float32 if there are as many as it must have."""
    found = list(arrays)
    if len(found) not in counts:
        raise ValueError(f'has {len(found)} arrays, expected {" or ".join(map(str, counts))}')
    with np.errstate(over='ignore'):  # what float32 cannot hold is refused where it is written
        return [np.asarray(array, np.float32) for array in found]
