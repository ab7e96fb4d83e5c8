"""
A base network of a larger refinement and narrower heads, which goes on from where it was.

    python -m training.grow CHECKPOINT START.pt [--wide-blocks N] [--head CHANNELS]

Blocks that are added begin as a tenth of their random weights: they are added to what they see,
so nearly nothing changes, and all of them are given gradients. Of the channels before the first
maps those stay that count most for them. START.pt is what `training.distil` starts from.
"""

from __future__ import annotations

import argparse
from dataclasses import replace
from pathlib import Path

from torch import Tensor, nn

from training.base_network import BaseNetwork
from training.export import load_network
from training.trainer import save

AT_FIRST = 0.1


def grown(network: BaseNetwork, wide_blocks: int, head: int) -> BaseNetwork:
    """
    Return a network with more blocks in its refinement, and as many or fewer channels before maps.

    Parameters
    ----------
    network : BaseNetwork
        With a `DenseRefinement`.
    wide_blocks : int
        As many as it has or more.
    head : int
        Channels, as many as it has or fewer. Those stay whose weights, as they come in and as
        they go out, are longest.

    Raises
    ------
    ValueError
        If there are fewer blocks or more channels than before, or no `DenseRefinement`.

    """
    before = network.config
    if not before.dense_blocks:
        raise ValueError('this network has no dense refinement; only such a one can grow blocks')
    if wide_blocks < before.wide_blocks or not 1 <= head <= before.head:
        raise ValueError(
            f'{wide_blocks} wide blocks and {head} channels of heads were asked for; a network of '
            f'{before.wide_blocks} and {before.head} can have more blocks and fewer channels'
        )
    new = BaseNetwork(replace(before, wide_blocks=wide_blocks, head=head))
    kept = network.state_dict()
    for side, (first, last) in enumerate(network.heads):
        chosen = _most_important(first[0].weight, last.weight, head)
        for name in ('0.0.weight', '0.0.bias'):
            kept[f'heads.{side}.{name}'] = kept[f'heads.{side}.{name}'][chosen]
        kept[f'heads.{side}.1.weight'] = last.weight.detach()[:, chosen]
    new.load_state_dict(kept, strict=False)
    for block in new.refinement.blocks[before.dense_blocks + before.wide_blocks :]:
        for layer in block.modules():
            if isinstance(layer, nn.Conv2d):
                layer.weight.data *= AT_FIRST
                nn.init.zeros_(layer.bias)
    return new.eval()


def _most_important(into: Tensor, out: Tensor, count: int) -> Tensor:
    """Choose channels by the product of what comes in, (C, …), and goes out, (D, C, 1, 1)."""
    importance = into.flatten(1).norm(dim=1) * out.flatten(2)[..., 0].norm(dim=0)
    return importance.argsort(descending=True)[:count].sort().values


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument('checkpoint', type=Path)
    parser.add_argument('start', type=Path)
    parser.add_argument('--wide-blocks', type=int, help='default: as many as it has')
    parser.add_argument('--head', type=int, help='default: as many as it has')
    arguments = parser.parse_args()
    network = load_network(arguments.checkpoint)
    if not isinstance(network, BaseNetwork):
        parser.error(f'{arguments.checkpoint} is no base network, as inherit_base.py makes it')
    if arguments.start.exists():
        parser.error(f'{arguments.start} exists; name a file that is not there yet')
    config = network.config
    blocks, head = arguments.wide_blocks, arguments.head
    try:
        new = grown(
            network,
            config.wide_blocks if blocks is None else blocks,
            config.head if head is None else head,
        )
    except ValueError as error:
        parser.error(str(error))
    weights = new.state_dict()
    state = {'config': new.config.to_dict(), 'network': weights, 'average': weights}
    save(state, arguments.start)


if __name__ == '__main__':
    main()
