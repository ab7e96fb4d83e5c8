"""
First weights from the teacher: its lower layers as they are, its upper ones pruned and refitted.

Structured pruning in the manner of He et al. (arXiv 1707.06168): of each layer the channels are
kept that carry most to the next one, and the weights are solved anew, by least squares, so that
from the remaining inputs they give the teacher's own values before its activation. Layers that
the network does not have are left out: the next one is fitted across the gap. Weights so made
derive from the teacher's (human-pose-estimation-0001, Open Model Zoo, Apache-2.0).
"""

from __future__ import annotations

from dataclasses import replace
import itertools
import logging

import torch
from torch import Tensor, nn

from training.network import NetworkConfig, PoseNetwork
from training.teacher import OnnxTeacher

_log = logging.getLogger(__name__)


def inherited_config(config: NetworkConfig, teacher: OnnxTeacher) -> NetworkConfig:
    """Return `config` with the teacher's input normalisation and without batch normalisation."""
    before = itertools.takewhile(lambda node: node[0] != 'Conv', teacher.nodes)
    first = {kind: inputs for kind, inputs, *_ in before}

    def constant(kind: str) -> float:
        return float(teacher.weight(first[kind][1]).flatten()[0])

    scale = constant('Mul') if 'Mul' in first else 1.0  # it may be in the first convolution
    offset = constant('Add')
    return replace(config, norm=False, scale=scale, offset=offset)


@torch.no_grad()
def inherit(
    network: PoseNetwork, teacher: OnnxTeacher, images: Tensor, *, pairs: tuple[int, ...]
) -> list[float]:
    """
    Fill the backbone of `network` (in place) from the teacher; the stages keep their weights.

    Parameters
    ----------
    network : PoseNetwork
        With a backbone without normalisation; stem and trunk must have the teacher's widths, the
        deep layers may be narrower and fewer.
    teacher : OnnxTeacher
        A MobileNet: one convolution, then depthwise and pointwise ones in turn.
    images : float32 (N, 3, H, W)
        Calibration pictures, BGR, 0 to 255; some hundred of them.
    pairs : tuple of int
        For each deep layer of `network`, the teacher's pair of convolutions (0 is the first after
        the stem) whose output it shall give; pairs between are left out.

    Returns
    -------
    list of float
        For each deep layer the share of the teacher's variance that is explained, 1 at best.

    """
    layers = convolutions(teacher)
    config = network.config
    copy_layer(network.stem[0], layers[0])
    for number, block in enumerate(network.trunk):
        copy_layer(block[0][0], layers[2 * number + 1])
        copy_layer(block[1][0], layers[2 * number + 2])
    values = all_values(teacher, images, {layers[2 * pair + 2]['output'] for pair in pairs})
    features = torch.cat(
        [
            network.trunk(network.stem(part * config.scale + config.offset))
            for part in images.split(8)
        ]
    )
    kept = torch.arange(features.shape[1])
    explained = []
    for block, pair in zip(network.deep, pairs, strict=True):
        depthwise, pointwise = layers[2 * pair + 1], layers[2 * pair + 2]
        own = block[0][0]
        own.weight.copy_(depthwise['weight'][kept])
        own.bias.copy_(depthwise['bias'][kept])
        features = own(features).relu_()
        target = values[pointwise['output']]
        following = layers[2 * pair + 3 : 2 * pair + 5]
        kept = _most_important(target, following, block[1][0].out_channels)
        weight, bias, share = _least_squares(features, target[:, kept])
        block[1][0].weight.copy_(weight[:, :, None, None])
        block[1][0].bias.copy_(bias)
        features = block[1](features)
        explained.append(share)
        _log.info('pair %d: %d of %d channels, R2 %.3f', pair, len(kept), target.shape[1], share)
    return explained


def convolutions(teacher: OnnxTeacher) -> list[dict]:
    """Return weight, bias, output and dilation of each of the teacher's convolutions, in order."""
    return [
        {
            'weight': teacher.weight(inputs[1]),
            'bias': teacher.weight(inputs[2]).flatten(),
            'output': output,
            'dilation': attributes['dilations'][0],
            'groups': attributes['group'],
        }
        for kind, inputs, output, attributes in teacher.nodes
        if kind == 'Conv'
    ]


def copy_layer(target: nn.Conv2d, source: dict) -> None:
    """Give a convolution the weights of one of `convolutions`; the shapes must be the same."""
    if target.weight.shape != source['weight'].shape:
        expected = tuple(source['weight'].shape)
        raise ValueError(
            f"the trunk must have the teacher's widths: {tuple(target.weight.shape)} != {expected}"
        )
    target.weight.copy_(source['weight'])
    target.bias.copy_(source['bias'])


def all_values(teacher: OnnxTeacher, images: Tensor, wanted: set[str]) -> dict[str, Tensor]:
    """Return some values of the teacher's graph, each float32 (N, C, h, w), by name."""
    parts: dict[str, list[Tensor]] = {name: [] for name in wanted}
    for part in images.split(8):
        values = teacher.trace(part)
        for name in wanted:
            parts[name].append(values[name])
    return {name: torch.cat(values) for name, values in parts.items()}


def _most_important(values: Tensor, following: list[dict], width: int) -> Tensor:
    """Return the sorted indices of the channels that carry most energy into the next layer."""
    energy = values.relu().var(dim=(0, 2, 3))
    for layer in following:  # the first that mixes these channels; a depthwise one does not
        if layer['weight'].shape[1] == len(energy):
            energy = energy * layer['weight'].square().flatten(2).sum(dim=(0, 2))
            break
    return energy.topk(min(width, len(energy))).indices.sort().values


def _least_squares(
    features: Tensor, target: Tensor, *, rows: int = 60_000, ridge: float = 1e-3
) -> tuple[Tensor, Tensor, float]:
    """
    Solve `features @ weight.T + bias = target` over random cells.

    Parameters
    ----------
    features : float32 (N, C, h, w)
        What comes in.
    target : float32 (N, D, h, w)
        What is to come out, at the same cells.
    rows : int
        Cells that are looked at.
    ridge : float
        Regularisation, relative to the mean square of a feature.

    Returns
    -------
    (float32 (D, C), float32 (D,), float)
        Weight, bias and the share of the target's variance that they explain.

    """
    x = features.permute(0, 2, 3, 1).flatten(0, 2)
    y = target.permute(0, 2, 3, 1).flatten(0, 2)
    take = torch.randperm(len(x), generator=torch.Generator().manual_seed(0))[:rows]
    x, y = x[take].double(), y[take].double()
    x_mean, y_mean = x.mean(dim=0), y.mean(dim=0)
    x, y = x - x_mean, y - y_mean
    gram = x.T @ x
    gram += ridge * gram.diagonal().mean() * torch.eye(len(gram), dtype=gram.dtype)
    weight = torch.linalg.solve(gram, x.T @ y).T
    bias = y_mean - weight @ x_mean
    share = 1 - (y - x @ weight.T).square().sum() / y.square().sum()
    return weight.float(), bias.float(), float(share)
