"""
Lightweight OpenPose, built of the names of its tensors.

The network is that of models/with_mobilenet.py and modules/conv.py of
Daniil-Osokin/lightweight-human-pose-estimation.pytorch at d23c284, with as many channels as the
tensors have, and as many refinement stages.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
import re
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from openpose_ros.models.importing.graph import Graph, Node
from openpose_ros.models.importing.operations import (
    Add,
    Concat,
    Convolution,
    Elu,
    Operation,
    Relu,
    batch_normalisation,
)

FIRST = 'model.0.0.weight'
PICTURE = 'data'
_EPSILON = 1e-5  # torch.nn.BatchNorm2d's default
_OF_BATCH_NORM = ('weight', 'bias', 'running_mean', 'running_var')
_COUNTER = 'num_batches_tracked'  # of training
_BLOCKS, _STRIDES, _DILATED = 12, (0, 2, 4), 7
_COCO = (19, 38)
Then = Literal['relu', 'elu', '']


def build(tensors: Mapping[str, npt.NDArray[Any]], stages: int | None) -> Graph:
    """
    Build the network.

    Parameters
    ----------
    tensors : mapping of str to array
        By the names of its `state_dict`.
    stages : int, optional
        How many to keep, the first one included; by default all.

    Raises
    ------
    ValueError
        If tensors are missing, left over or of a wrong shape, or there are not as many stages.

    """
    pattern = re.compile(r'refinement_stages\.(\d)\.')
    refined = {int(match[1]) for name in tensors if (match := pattern.match(name))}
    count = max(refined, default=-1) + 2
    if stages is not None and not 1 <= stages <= count:
        raise ValueError(f'it has {count} stages, not {stages}')
    work = _Work({name: values for name, values in tensors.items() if _COUNTER not in name})
    features = _cpm(work, _backbone(work))
    ends = _heads(work, 'initial_stage', _chain(work, 'initial_stage', features))
    kept = stages or count
    for stage in range(count - 1):
        at = f'refinement_stages.{stage}'
        joined = work.add(f'{at}.joined', Concat(), features, *ends)
        made = _heads(work, at, _refined(work, at, joined))
        ends = made if stage + 1 < kept else ends
    work.check_all_used()
    graph = Graph(PICTURE, tuple(work.nodes), {'heatmaps': ends[0], 'pafs': ends[1]})
    counts = tuple(graph.channels[end] for end in ends)
    return replace(graph, family='lightweight-openpose') if counts == _COCO else graph


class _Work:
    def __init__(self, tensors: Mapping[str, npt.NDArray[Any]]) -> None:
        self._tensors = tensors
        self._unused = set(tensors)
        self.nodes: list[Node] = []

    def add(self, name: str, operation: Operation, *inputs: str) -> str:
        self.nodes.append(Node(name, operation, inputs))
        return name

    def _take(self, name: str) -> npt.NDArray[np.float32]:
        if name not in self._tensors:
            raise ValueError(f"it lacks the tensor '{name}'")
        self._unused.discard(name)
        return np.asarray(self._tensors[name], np.float32)

    def convolution(
        self,
        at: str,
        before: str,
        then: Then = 'relu',
        *,
        normalised: str = '',
        stride: int = 1,
        dilation: int = 1,
        depthwise: bool = False,
    ) -> str:
        """Add `modules/conv.py`'s conv, or a half of its conv_dw, and return what it makes."""
        weights = self._take(f'{at}.weight')
        if weights.ndim != 4:
            raise ValueError(f"'{at}.weight' has the shape {weights.shape}, expected four axes")
        bias = self._take(f'{at}.bias') if f'{at}.bias' in self._tensors else None
        pad = weights.shape[2] // 2 * dilation
        operation = Convolution(
            weights,
            bias,
            strides=(stride, stride),
            pads=(pad, pad, pad, pad),
            dilations=(dilation, dilation),
            groups=weights.shape[0] if depthwise else 1,
        )
        end = self.add(at, operation, before)
        if normalised:
            gamma, beta, mean, variance = (
                self._take(f'{normalised}.{part}') for part in _OF_BATCH_NORM
            )
            try:
                affine = batch_normalisation(gamma, beta, mean, variance, _EPSILON)
            except ValueError as exc:
                raise ValueError(f"'{normalised}' {exc}") from exc
            end = self.add(normalised, affine, end)
        if then:
            end = self.add(f'{at}.{then}', Relu() if then == 'relu' else Elu(), end)
        return end

    def check_all_used(self) -> None:
        if self._unused:
            more = ', '.join(name[:80] for name in sorted(self._unused)[:3])
            raise ValueError(f'it has tensors that Lightweight OpenPose has not: {more}')


def _backbone(work: _Work) -> str:
    end = work.convolution('model.0.0', PICTURE, normalised='model.0.1', stride=2)
    for block in range(1, _BLOCKS):
        at = f'model.{block}'
        end = work.convolution(
            f'{at}.0',
            end,
            normalised=f'{at}.1',
            stride=2 if block in _STRIDES else 1,
            dilation=2 if block == _DILATED else 1,
            depthwise=True,
        )
        end = work.convolution(f'{at}.3', end, normalised=f'{at}.4')
    return end


def _cpm(work: _Work, before: str) -> str:
    aligned = end = work.convolution('cpm.align.0', before)
    for number in range(3):
        at = f'cpm.trunk.{number}'
        end = work.convolution(f'{at}.0', end, 'elu', depthwise=True)
        end = work.convolution(f'{at}.2', end, 'elu')
    return work.convolution('cpm.conv.0', work.add('cpm.sum', Add(), aligned, end))


def _chain(work: _Work, at: str, end: str) -> str:
    for number in range(3):
        end = work.convolution(f'{at}.trunk.{number}.0', end)
    return end


def _refined(work: _Work, at: str, end: str) -> str:
    for number in range(5):
        block = f'{at}.trunk.{number}'
        first = end = work.convolution(f'{block}.initial.0', end)
        for part, dilation in enumerate((1, 2)):
            inner = f'{block}.trunk.{part}'
            end = work.convolution(f'{inner}.0', end, normalised=f'{inner}.1', dilation=dilation)
        end = work.add(f'{block}.sum', Add(), first, end)
    return end


def _heads(work: _Work, at: str, before: str) -> tuple[str, str]:
    """Add the two heads of a stage; return the heatmaps and the PAFs."""
    heatmaps, pafs = (
        work.convolution(f'{at}.{head}.1.0', work.convolution(f'{at}.{head}.0.0', before), '')
        for head in ('heatmaps', 'pafs')
    )
    return heatmaps, pafs
