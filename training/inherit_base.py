"""
First weights of the base network: the teacher's, pruned and fitted anew, layer by layer.

    python -m training.inherit_base START.pt TEACHER.onnx --data PACK:MAPS [--network JSON]

writes what `training.train --start` begins with.

Everything up to the teacher's first maps is inherited. The refinement gets the first layer of the
teacher's second stage, random blocks whose outputs are brought to a spread of 1 (Mishkin and
Matas, arXiv 1511.06422; with PyTorch's own first weights and no normalisation they faded, and
after some 800 steps two of five blocks gave nothing but noughts), and last layers solved for the
difference that remains to the targets.

The teacher's ELUs become ReLUs of shifted values: max(x, -c) is relu(x + c) - c, and the next
layer's bias takes the constant. Weights so made derive from human-pose-estimation-0001 (Open
Model Zoo, Intel, Apache-2.0).
"""

from __future__ import annotations

import argparse
import json
import logging
import math
from pathlib import Path

import torch
from torch import Tensor, nn
import torch.nn.functional as F  # noqa: N812

from training.augment import AugmentParams
from training.base_network import BaseConfig, BaseNetwork, Bottleneck, DenseRefinement
from training.batches import make_batch
from training.dataset import open_source
from training.factor import even_out, factor_pair
from training.inherit import all_values, convolutions, copy_layer, inherited_config
from training.network import NetworkConfig
from training.prune import explained, least_squares, prune_pair, rows, split
from training.teacher import OnnxTeacher
from training.trainer import TrainParams, save

_log = logging.getLogger(__name__)
_EXACT = 1e-4  # an error so small is left alone
_BORDER = 2  # cells at the edge that are not fitted to


@torch.no_grad()
def inherit_base(
    network: BaseNetwork, teacher: OnnxTeacher, images: Tensor, *, steps: int = 0
) -> list[float]:
    """
    Fill everything before the refinement from the teacher, in place.

    Parameters
    ----------
    network : BaseNetwork
        Stem and trunk must have the teacher's widths.
    teacher : OnnxTeacher
        human-pose-estimation-0001.
    images : float32 (N, 3, H, W)
        Views to fit to, BGR, 0 to 255; some hundred of them.
    steps : int
        Of gradient descent for each deep layer after its least squares, which know nothing of the
        ReLU. Cheap beside steps of the whole network.

    Returns
    -------
    list of float
        For each deep layer the share that `prune_pair` says.

    """
    layers = convolutions(teacher)
    first = 2 * len(network.trunk) + 1  # of the first pair that is pruned
    wanted = {layer['output'] for layer in layers[first:] if layer['groups'] == 1}
    wanted |= {layer['output'] for layer in layers[first + 2 * len(network.deep) :]}
    values = all_values(teacher, images, wanted)
    copy_layer(network.stem[0], layers[0])
    for number, block in enumerate(network.trunk):
        copy_layer(block[0][0], layers[2 * number + 1])
        copy_layer(block[1][0], layers[2 * number + 2])
    config = network.config
    features = torch.cat(
        [
            network.trunk(network.stem(part * config.scale + config.offset))
            for part in images.split(8)
        ]
    )
    at = 2 * len(network.trunk) + 1  # of the next pair's depthwise layer
    kept = torch.arange(features.shape[1])
    shares = []
    ranks = config.ranks or (0,) * len(config.deep)
    for block, (width, _), rank in zip(network.deep, config.deep, ranks, strict=True):
        depthwise, pointwise = layers[at : at + 2]
        own = block[0][0]
        own.weight.copy_(depthwise['weight'][kept])
        own.bias.copy_(depthwise['bias'][kept])
        before = features
        features = block[0](features)
        target = values[pointwise['output']]
        after = layers[at + 2 : at + 4]
        if after[0]['weight'].shape[1] == 1:  # a depthwise layer, then the one that mixes
            following = (_depthwise(after[0]), after[1]['weight'])
        else:
            following = after[0]['weight']
        weight, bias, kept, share = prune_pair(features, target, following, width)
        if rank:
            counts = _counts(after, kept)
            *weights, bias, share = factor_pair(features, target[:, kept], rank, counts)
            _fill(block[1][0][0], weights[0], torch.zeros(rank))
            _fill(block[1][1][0], weights[1], bias)
        else:
            _fill(block[1][0], weight[:, :, None, None], bias)
        tuned = _tune(block, before, target[:, kept].relu(), _counts(after, kept), steps)
        features = block(before)
        shares.append(share)
        if steps:
            _log.info('tuned: squared error %.4f to %.4f of the variance', *tuned)
        _log.info('pair at %d: %d of %d channels, R2 %.4f', at, width, target.shape[1], share)
        at += 2
    _inherit_neck(network, values, features, layers[at:])
    return shares


@torch.no_grad()
def begin_refinement(
    network: BaseNetwork, teacher: OnnxTeacher | None, images: Tensor, targets: Tensor
) -> dict[str, float]:
    """
    Give the refinement first weights, in place; the rest of the network stays as it is.

    Parameters
    ----------
    network : BaseNetwork
        Its first stage gives maps already.
    teacher : OnnxTeacher or None
        Where its second stage begins as `network`'s does (features and maps of the same meaning
        come in), that layer is taken; with None it is random.
    images : float32 (N, 3, H, W)
        Views, BGR, 0 to 255.
    targets : float32 (N, 57, H/8, W/8)
        What the network is to give: heatmaps, then PAFs.

    Returns
    -------
    dict of str to float
        For `pafs` and `heatmaps` the share of the remaining squared error that is gone, on views
        that nothing was fitted to.

    """
    first = [network.first_stage(part) for part in images.split(8)]
    features, heatmaps, pafs = (torch.cat(parts) for parts in zip(*first, strict=True))
    count = network.config.keypoints + 1
    if network.refinement is not None:
        return _begin_dense(network.refinement, features, heatmaps, pafs, targets)
    squeeze = _second_stage(teacher, features.shape[1]) if teacher is not None else None
    shares = {}
    for name, stage, maps, target in (
        ('pafs', network.paf_stage, pafs, targets[:, count:]),
        ('heatmaps', network.heat_stage, heatmaps, targets[:, :count]),
    ):
        entering = torch.cat([features, pafs, heatmaps], dim=1)
        values = _spread(stage.squeeze, entering, 1.0, squeeze)
        for block in stage.blocks:
            values = values + _spread(block.body[1], _spread(block.body[0], values, 1.0), 0.5)
        fitted, held = split(len(images))
        left = target - maps
        weight, bias = least_squares(_inner(values[fitted]), _inner(left[fitted]), ridge=1e-2)
        _fill(stage.predict, weight, bias)
        change = stage.predict(values)
        after = (left - change)[held].square().sum() / left[held].square().sum()
        shares[name] = float(1 - after)
        if name == 'pafs':
            pafs = pafs + change
    return shares


def _begin_dense(
    stage: DenseRefinement, features: Tensor, heatmaps: Tensor, pafs: Tensor, targets: Tensor
) -> dict[str, float]:
    values = _spread(stage.squeeze, torch.cat([pafs, heatmaps, features], dim=1), 1.0)
    for block in stage.blocks:
        values = values + _spread(block[1], _spread(block[0], values, 1.0), 0.5)
    count, fine = heatmaps.shape[1], pafs
    fitted, held = split(len(features))
    shares = {}
    for layer, name, first, target in zip(
        stage.predict,
        ('pafs', 'heatmaps'),
        (pafs, heatmaps),
        (targets[:, count:], targets[:, :count]),
        strict=True,
    ):
        entering = torch.cat([values, fine, heatmaps], dim=1)
        weight, bias = least_squares(_inner(entering[fitted]), _inner(target[fitted]))
        _fill(layer, weight, bias)
        given = layer(entering)
        left = (target - first)[held].square().sum()
        shares[name] = float(1 - (target - given)[held].square().sum() / left)
        fine = given if name == 'pafs' else fine
    return shares


def _second_stage(teacher: OnnxTeacher, features: int) -> tuple[Tensor, Tensor] | None:
    """Return the first layer of the teacher's second stage, what comes in ordered as ours."""
    maps = 19 + 38
    for layer in convolutions(teacher):
        weight = layer['weight'].flatten(1)
        if weight.shape[1] == features + maps and layer['groups'] == 1:
            # The teacher's PAFs, heatmaps, features; ours are features, PAFs, heatmaps.
            return torch.cat([weight[:, maps:], weight[:, :maps]], dim=1), layer['bias']
    return None


def _spread(
    part: nn.Sequential,
    values: Tensor,
    wanted: float,
    given: tuple[Tensor, Tensor] | None = None,
) -> Tensor:
    """Give a layer weights so that what it gives has that standard deviation; return it."""
    layer = part[0]
    if given is not None and given[0].shape == layer.weight.flatten(1).shape:
        _fill(layer, *given)
    else:
        nn.init.kaiming_normal_(layer.weight, nonlinearity='relu')
        nn.init.zeros_(layer.bias)
    factor = wanted / part(values).std().clamp(min=1e-6)
    layer.weight.mul_(factor)
    layer.bias.mul_(factor)
    return part(values)


def _inherit_neck(
    network: BaseNetwork, values: dict[str, Tensor], features: Tensor, layers: list[dict]
) -> None:
    align, value = network.neck[0], values[layers[0]['output']]
    if network.config.clipped:
        fitted, _ = split(len(features))
        _fill(align[0], *least_squares(rows(features[fitted]), rows(value[fitted])))
        features = align(features)
    else:
        features = _fit_elu(align, features, value)
    at = 1
    if network.config.bottleneck_channels:
        wanted = F.elu(value) + F.elu(values[layers[7]['output']])
        features = _learn_bottleneck(network.neck[1], features, wanted, layers[8]['weight'])
        at = 8
    elif isinstance(network.neck[1], Bottleneck):
        body, inner = network.neck[1].body, features
        inner = _fit_elu(body[0], inner, values[layers[at]['output']])
        at += 1
        for block in list(body)[1:]:
            for part in block:
                value = values[layers[at]['output']]
                inner = _fit_elu(part, inner, value)
                at += 1
        features = features + inner
    else:
        at = 8
    for part in (network.neck[-1], *network.dense):
        value = values[layers[at]['output']]
        weight, bias = _fit_dense(features, value)
        _fill(part[0], weight, bias)
        features = part(features)
        _log.info('dense: R2 %.4f', _share(part[0], features, value))
        at += 1
    at += max(0, 3 - len(network.dense))
    for head in network.heads:
        first, last = layers[at : at + 2]
        value = values[first['output']]
        weight, bias, _, share = prune_pair(features, value, last['weight'], network.config.head)
        _fill(head[0][0], weight[:, :, None, None], bias)
        inner = head[0](features)
        value = values[last['output']]
        fitted, held = split(len(features))
        weight, bias = least_squares(_inner(inner[fitted]), _inner(value[fitted]))
        _fill(head[1], weight[:, :, None, None], bias)
        _log.info(
            'head: R2 %.4f, maps %.4f',
            share,
            explained(_inner(head[1](inner[held])), _inner(value[held])),
        )
        at += 2


def _learn_bottleneck(
    part: Bottleneck, features: Tensor, wanted: Tensor, following: Tensor, *, steps: int = 400
) -> Tensor:
    """Train a bottleneck narrower than the teacher's to give what the next layer gets there."""
    for layer in part.body.modules():
        if isinstance(layer, nn.Conv2d):
            nn.init.kaiming_normal_(layer.weight, nonlinearity='relu')
            nn.init.zeros_(layer.bias)
    part.body[-1][1][0].weight.mul_(0.1)  # as good as nothing at first
    counts = following.square().flatten(2).sum(dim=(0, 2))
    before, after = _tune(part, features, wanted, counts, steps, rate=3e-3, batch=4)
    _log.info('bottleneck: squared error %.4f to %.4f of the variance', before, after)
    return torch.cat([part(few) for few in features.split(8)])


def _counts(after: list[dict], kept: Tensor) -> Tensor:
    """Return how much each kept channel counts in the layers that follow, float32 (C,)."""
    energy = torch.ones(len(kept))
    for layer in after:
        if layer['weight'].shape[1] == 1:
            energy = energy * layer['weight'][kept].square().flatten(1).sum(dim=1)
        else:
            return energy * layer['weight'][:, kept].square().flatten(2).sum(dim=(0, 2))
    return energy


def _tune(
    part: nn.Module,
    features: Tensor,
    wanted: Tensor,
    counts: Tensor,
    steps: int,
    *,
    rate: float = 1e-3,
    batch: int = 8,
) -> tuple[float, float]:
    """Let a part's output come nearer to what is wanted; return its error before and after."""
    fitted, held = split(len(features))
    counts = counts / (counts * wanted.var(dim=(0, 2, 3))).sum()

    def error(numbers: list[int]) -> Tensor:
        difference = part(features[numbers]) - wanted[numbers]
        return (difference.square().mean(dim=(0, 2, 3)) * counts).sum()

    before = float(error(held).detach())
    if before < _EXACT:
        return before, before
    optimizer = torch.optim.Adam(part.parameters(), lr=rate)
    order = torch.Generator().manual_seed(0)
    for step in range(steps):
        for group in optimizer.param_groups:
            group['lr'] = rate * 0.5 * (1 + math.cos(math.pi * step / steps))
        numbers = [fitted[i] for i in torch.randperm(len(fitted), generator=order)[:batch]]
        with torch.enable_grad():
            loss = error(numbers)
            optimizer.zero_grad()
            loss.backward()
        optimizer.step()
    return before, float(error(held).detach())


def _depthwise(layer: dict):
    weight, bias, dilation = layer['weight'], layer['bias'], layer['dilation']

    def apply(values: Tensor) -> Tensor:
        return F.conv2d(
            values, weight, bias, padding=dilation, dilation=dilation, groups=len(weight)
        ).relu_()

    return apply


def _fit_elu(part: nn.Sequential, features: Tensor, value: Tensor) -> Tensor:
    """Fit a layer with ReLU to a teacher's values before an ELU; return what it gives."""
    floor = _floor(value)
    target = value + floor[:, None, None]
    layer = part[0]
    if layer.groups == 1:
        fitted, _ = split(len(features))
        weight, bias = least_squares(_inner(features[fitted]), _inner(target[fitted]))
        _fill(layer, weight[:, :, None, None], bias)
    else:
        _fill(layer, *_fit_depthwise(features, target))
    given = part(features)
    _log.info(
        'shifted: R2 %.4f', explained(_inner(given - floor[:, None, None]), _inner(F.elu(value)))
    )
    return given


def _floor(value: Tensor) -> Tensor:
    """Return the c of each channel for which max(x, -c) is nearest to elu(x), float32 (C,)."""
    wanted = F.elu(value)
    costs, steps = [], torch.linspace(0, 1, 21)
    for step in steps:
        costs.append((wanted - value.clamp(min=-float(step))).square().mean(dim=(0, 2, 3)))
    return steps[torch.stack(costs).argmin(dim=0)]


def _fit_depthwise(features: Tensor, target: Tensor) -> tuple[Tensor, Tensor]:
    fitted, _ = split(len(features))
    weights, biases = [], []
    for channel in range(features.shape[1]):
        taps = F.unfold(features[fitted, channel : channel + 1], 3, padding=1)
        taps = taps.unflatten(2, features.shape[2:])
        weight, bias = least_squares(
            _inner(taps), _inner(target[fitted, channel : channel + 1]), ridge=1e-3
        )
        weights.append(weight.reshape(1, 3, 3))
        biases.append(bias)
    return torch.stack(weights), torch.cat(biases)


def _fit_dense(features: Tensor, target: Tensor) -> tuple[Tensor, Tensor]:
    """Solve a 3x3 convolution; returns its weight (D, C, 3, 3) and bias."""
    fitted, _ = split(len(features))
    channels, wanted = features.shape[1], target.shape[1]
    size = 9 * channels + 1
    gram = torch.zeros(size, size, dtype=torch.float64)
    cross = torch.zeros(size, wanted, dtype=torch.float64)
    for index in fitted:
        taps = F.unfold(features[index : index + 1], 3, padding=1)[0]  # (9 C, cells)
        taps = torch.cat([taps, torch.ones(1, taps.shape[1])])
        goal = target[index].flatten(1)
        gram += (taps @ taps.T).double()
        cross += (taps @ goal.T).double()
    gram += 1e-4 * gram.diagonal()[:-1].mean() * torch.eye(size, dtype=torch.float64)
    solved = torch.linalg.solve(gram, cross).T.float()
    return solved[:, :-1].reshape(wanted, channels, 3, 3), solved[:, -1]


def _share(layer: nn.Conv2d, given: Tensor, value: Tensor) -> float:
    _, held = split(len(given))
    return explained(_inner(given[held]), _inner(value[held].relu()))


def _inner(values: Tensor) -> Tensor:
    """Return (N, C, h, w) as (rows, C), without the cells at the edge."""
    part = values[:, :, _BORDER:-_BORDER, _BORDER:-_BORDER]
    return part.permute(0, 2, 3, 1).flatten(0, 2)[::2]


def _fill(layer: nn.Conv2d, weight: Tensor, bias: Tensor) -> None:
    layer.weight.copy_(weight.reshape(layer.weight.shape))
    layer.bias.copy_(bias.flatten())


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument('start', type=Path)
    parser.add_argument('teacher', type=Path)
    parser.add_argument('--data', action='append', required=True, metavar='PACK:MAPS')
    parser.add_argument('--network', type=json.loads, default={}, help='JSON of BaseConfig')
    parser.add_argument('--views', type=int, default=150, help='to fit to; 19 MB of memory each')
    arguments = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format='%(asctime)s %(message)s')
    torch.manual_seed(0)
    teacher = OnnxTeacher(arguments.teacher)
    given = inherited_config(NetworkConfig(), teacher)
    config = BaseConfig(scale=given.scale, offset=given.offset)
    network = BaseNetwork(BaseConfig.from_dict({**config.to_dict(), **arguments.network})).eval()
    pictures = [picture for source in arguments.data for picture in open_source(source)]
    views = TrainParams(batch=arguments.views, crop=(256, 384), seed=999)
    augment = AugmentParams(scale=(0.6, 1.6), rotation_deg=8.0, mosaic=0.0)
    images, targets, _ = make_batch(pictures, views, augment, 0)
    tensors = images.permute(0, 3, 1, 2).float()
    inherit_base(network, teacher, tensors)
    even_out(network, tensors[:40])
    _log.info('refinement: %s', begin_refinement(network, teacher, tensors, targets.float()))
    weights = network.state_dict()
    save(
        {'config': network.config.to_dict(), 'step': 0, 'network': weights, 'average': weights},
        arguments.start,
    )


if __name__ == '__main__':
    main()
