"""
A pointwise layer as two of a low rank, fitted on real activations; values of like size.

What a layer gives before its ReLU lies nearly in a plane of few dimensions: of the teacher's deep
layers 128 of 512 hold 0.93 to 0.997 of the variance. So W is replaced by U·V, the best of that
rank for what comes in (reduced rank regression), weighted by what each channel counts for in the
layers that follow.
"""

from __future__ import annotations

from collections.abc import Iterable

import torch
from torch import Tensor, nn

from training.base_network import BaseNetwork
from training.prune import explained, least_squares, rows, split

_LEAST = 1e-4  # weight of a channel that counts for nothing, relative to the one that counts most
_SILENT = 0.02  # a channel's size is at least this much of the median


@torch.no_grad()
def factor_pair(
    features: Tensor, target: Tensor, rank: int, counts: Tensor | None = None
) -> tuple[Tensor, Tensor, Tensor, float]:
    """
    Fit two pointwise layers, the first without bias and ReLU, to what one layer is to give.

    Parameters
    ----------
    features : float32 (N, C, h, w)
        What comes in, in the network that is made.
    target : float32 (N, D, h, w)
        What the teacher's layer gives before its ReLU, at the same cells.
    rank : int
        Channels between the two, 1 to D.
    counts : float32 (D,) or None
        What a squared error of each channel counts; None for all alike.

    Returns
    -------
    (float32 (rank, C), float32 (D, rank), float32 (D,), float)
        First weight, second weight and its bias; the share of the target's variance that they
        explain on pictures that nothing was fitted to (every fifth). The channels between have
        a variance of 1 and, by a rotation, like ranges, which int8 wants.

    """
    if not 0 < rank <= target.shape[1]:
        raise ValueError(f'a layer of {target.shape[1]} channels has no rank of {rank}')
    fitted, held = split(len(features))
    x = rows(features[fitted])
    weight, bias = (part.double() for part in least_squares(x, rows(target[fitted])))
    x = x.double()
    mean = x.mean(dim=0)
    spread = (x - mean).T @ (x - mean) / len(x)
    size = torch.ones(len(weight), dtype=torch.float64)
    if counts is not None:
        size = (counts.double() / counts.max()).clamp(min=_LEAST).sqrt()
    weighted = size[:, None] * weight
    _, directions = torch.linalg.eigh(weighted @ spread @ weighted.T)
    directions = directions[:, -rank:]
    turn = torch.randn(rank, rank, generator=torch.Generator().manual_seed(0)).double()
    turn, _ = torch.linalg.qr(turn)
    first = turn @ directions.T @ weighted
    second = directions / size[:, None] @ turn.T
    deviation = (first @ spread @ first.T).diagonal().sqrt().clamp(min=1e-12)
    first, second = first / deviation[:, None], second * deviation
    bias = bias + (weight - second @ first) @ mean
    made = rows(features[held]).double() @ first.T @ second.T + bias
    share = explained(made, rows(target[held]))
    return first.float(), second.float(), bias.float(), share


@torch.no_grad()
def even_out(network: BaseNetwork, images: Tensor) -> None:
    """
    Give every channel of the deep layers a root mean square of 1, in place.

    A ReLU lets a factor through: what one layer's channel is divided by, the next one's weights
    are multiplied with, and the network computes the same. The teacher has channels of 150 beside
    others of 1: an optimiser whose steps are the same for all weights cannot train such layers,
    and int8 leaves the small ones a step or two.

    Parameters
    ----------
    network : BaseNetwork
        Deep layers with ReLUs.
    images : float32 (N, 3, H, W)
        Some ten views, BGR, 0 to 255.

    """
    config = network.config
    values = torch.cat(
        [
            network.trunk(network.stem(part * config.scale + config.offset))
            for part in images.split(8)
        ]
    )
    for number, (depthwise, pointwise) in enumerate(network.deep):
        layers = [layer for layer in pointwise.modules() if isinstance(layer, nn.Conv2d)]
        values = _even_out(depthwise[0], layers[0], depthwise(values))
        after = network.deep[number + 1][0][0] if number + 1 < len(network.deep) else None
        values = _even_out(layers[-1], after or network.neck[0][0], pointwise(values))


def _even_out(before: nn.Conv2d, after: nn.Conv2d, values: Tensor) -> Tensor:
    size = values.square().mean(dim=(0, 2, 3)).sqrt()
    size = size.clamp(min=_SILENT * float(size.median()) + 1e-6)
    before.weight.div_(size[:, None, None, None])
    before.bias.div_(size)
    after.weight.mul_(size[:, None, None, None] if after.groups > 1 else size[:, None, None])
    return values / size[:, None, None]


@torch.no_grad()
def shrink_to_maps(network: BaseNetwork, inputs: Iterable[Tensor]) -> None:
    """
    Bring what a dense refinement sees beside maps to the range of maps, in place.

    In int8 a concatenation has one scale. Where features of up to 7 lie beside maps of up to 1,
    those have 36 steps left, and what is added to them is lost. ReLUs let a factor through: what
    layers give is divided by it, what reads them multiplies by it, and the network computes the
    same. The squared error that int8 added to the last maps, relative to their variance on the
    photographs of the even half, fell so from 0.0154 to 0.0077 (PAFs) and from 0.0017 to 0.0006
    (heatmaps).

    Parameters
    ----------
    network : BaseNetwork
        Nothing is done without a `DenseRefinement`.
    inputs : iterable of float32 (1, 3, H, W)
        Some ten pictures, BGR, 0 to 255, that ranges are measured on.

    """
    refinement = network.refinement
    if refinement is None:
        return
    seen: dict[str, list[Tensor]] = {'features': [], 'values': []}
    for images in inputs:
        features, *maps = network.first_stage(images)
        values = refinement.values(features, *maps)
        for name, part in (('features', features), ('values', values)):
            seen[name].append(_highest(part))
    largest = {name: max(1.0, float(torch.stack(parts).max())) for name, parts in seen.items()}
    last, squeeze, size = network.neck[-1][0], refinement.squeeze[0], largest['features']
    last.weight.div_(size)
    last.bias.div_(size)
    network.dense[0][0].weight.mul_(size)
    squeeze.weight[:, -network.config.features :].mul_(size)
    size = largest['values']
    squeeze.weight.div_(size)
    for layer in (squeeze, *(layer[0] for block in refinement.blocks for layer in block)):
        layer.bias.div_(size)
    for predict in refinement.predict:
        predict.weight[:, : network.config.refine].mul_(size)


def _highest(values: Tensor) -> Tensor:
    """Return what all but one of ten thousand values are below."""
    return values.flatten().sort().values[-1 - values.numel() // 10_000]
