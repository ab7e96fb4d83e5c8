"""
The network between teacher and student: the teacher's own layers, pruned, and a cheap refinement.

Stem and trunk have the teacher's widths, the deep layers fewer channels; what follows is the
teacher's up to its first stage of maps (its ELUs are ReLUs here, with shifted biases). Its second
stage of ten dense 3x3 convolutions is replaced by depthwise 5x5 and pointwise ones in the order of
the 2019 paper: PAFs first, heatmaps on top of them. The refinement gives differences to the first
maps, nought at the beginning, so that a network that inherits from a teacher begins as good as
the teacher cut before its second stage.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import torch
from torch import Tensor, nn
import torch.nn.functional as F  # noqa: N812

from training.network import NetworkConfig, PoseNetwork, Residual, conv, separable


@dataclass(frozen=True)
class BaseConfig:
    """
    Sizes of a network; with the weights, all that a checkpoint needs.

    Attributes
    ----------
    stem : int
        Channels of the first convolution, at half the picture's size.
    trunk : tuple of (int, int)
        Channels and stride of each separable convolution down to stride 8.
    deep : tuple of (int, int)
        Channels and dilation of each separable convolution at stride 8.
    ranks : tuple of int
        Of the pointwise part of each of them, which is then two convolutions; 0 for one of full
        rank. Empty for full rank everywhere.
    features : int
        Channels of the features that both stages see.
    bottleneck : int
        Separable convolutions that are added to the first features; 0 for none.
    bottleneck_channels : int
        Between them; 0 for `features`.
    clipped : bool
        The first features pass `clipped_elu`, not a ReLU.
    dense : int
        Dense 3x3 convolutions of the first stage.
    head : int
        Channels before each map of the first stage.
    refine : int
        Channels of the second stage.
    paf_blocks, heat_blocks : int
        Its residual blocks.
    dense_blocks : int
        With more than 0 the second stage is a `DenseRefinement` of so many blocks instead.
    wide_blocks : int
        Blocks of it that follow those, with a view twice as wide.
    keypoints, limbs : int
        K and L; the network has K + 1 heatmaps and 2L PAFs.
    scale, offset : float
        Of the picture before the first convolution, BGR 0 to 255: (picture + offset) · scale.

    """

    stem: int = 32
    trunk: tuple[tuple[int, int], ...] = ((64, 1), (128, 2), (128, 1), (256, 2), (256, 1))
    deep: tuple[tuple[int, int], ...] = (
        (352, 1),
        (352, 2),
        (352, 1),
        (352, 1),
        (352, 1),
        (352, 1),
    )
    ranks: tuple[int, ...] = ()
    features: int = 128
    bottleneck: int = 3
    bottleneck_channels: int = 0
    clipped: bool = False
    dense: int = 3
    head: int = 192
    refine: int = 128
    paf_blocks: int = 3
    heat_blocks: int = 2
    dense_blocks: int = 0
    wide_blocks: int = 0
    keypoints: int = 18
    limbs: int = 19
    scale: float = 1.0
    offset: float = -128.0

    def to_dict(self) -> dict[str, Any]:
        return {'kind': 'base', **asdict(self)}

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> BaseConfig:
        """Rebuild from `to_dict`, also after a trip through JSON, which knows no tuples."""
        pairs = {name: tuple(tuple(pair) for pair in values[name]) for name in ('trunk', 'deep')}
        rest = {name: value for name, value in values.items() if name != 'kind'}
        ranks = tuple(values.get('ranks', ()))
        return cls(**{**rest, **pairs, 'ranks': ranks})


class ClippedElu(nn.Module):
    """
    Nearly an ELU of two straight pieces and a floor: max(leaky(x), -0.9).

    In int8 ONNX Runtime computes an ELU in float32: 0.53 ms of the teacher's 33, for 128 channels
    at 456x256. This is a table, 0.07 ms, and its floor the end of the range.
    """

    slope, floor = 0.7, -0.9

    def forward(self, values: Tensor) -> Tensor:
        return F.leaky_relu(values, self.slope).clamp(min=self.floor)


def factored(inputs: int, outputs: int, rank: int) -> nn.Sequential:
    """Make a pointwise convolution with ReLU; with a rank of more than 0 it is two."""
    if not rank:
        return conv(inputs, outputs, norm=False)
    return nn.Sequential(
        conv(inputs, rank, norm=False, relu=False), conv(rank, outputs, norm=False)
    )


class Bottleneck(nn.Module):
    """Separable convolutions that are added to what comes in."""

    def __init__(self, channels: int, blocks: int, inner: int = 0) -> None:
        super().__init__()
        inner = inner or channels
        layers = [conv(channels, inner, norm=False)]
        for number in range(blocks):
            outputs = channels if number == blocks - 1 else inner
            layers.append(separable(inner, outputs, norm=False))
        self.body = nn.Sequential(*layers)

    def forward(self, features: Tensor) -> Tensor:
        return features + self.body(features)


class Refinement(nn.Module):
    """Differences to maps: squeeze, residual blocks, one output a channel, nought at first."""

    def __init__(self, inputs: int, channels: int, outputs: int, blocks: int) -> None:
        super().__init__()
        self.squeeze = conv(inputs, channels, norm=False)
        self.blocks = nn.Sequential(*(Residual(channels, norm=False) for _ in range(blocks)))
        self.predict = nn.Conv2d(channels, outputs, 1)
        nn.init.zeros_(self.predict.weight)
        nn.init.zeros_(self.predict.bias)

    def forward(self, features: Tensor) -> Tensor:
        return self.predict(self.blocks(self.squeeze(features)))


class DenseRefinement(nn.Module):
    """
    Maps from features and first maps, by residual blocks of two 3x3 convolutions.

    The second of each block is dilated, as in the teacher's second stage; of the wide ones both
    are, by 2 and 4. PAFs come first, the heatmaps are made from what they were made from and from
    them.
    """

    def __init__(
        self, features: int, channels: int, maps: tuple[int, int], blocks: int, wide: int = 0
    ) -> None:
        super().__init__()
        self.squeeze = conv(features + sum(maps), channels, norm=False)
        self.blocks = nn.ModuleList(
            nn.Sequential(
                conv(channels, channels, 3, dilation=dilation, norm=False),
                conv(channels, channels, 3, dilation=2 * dilation, norm=False),
            )
            for dilation in (1,) * blocks + (2,) * wide
        )
        self.predict = nn.ModuleList(nn.Conv2d(channels + sum(maps), count, 1) for count in maps)

    def values(self, features: Tensor, heatmaps: Tensor, pafs: Tensor) -> Tensor:
        """Compute what lies beside the maps before they are predicted, (N, channels, h, w)."""
        values = self.squeeze(torch.cat([pafs, heatmaps, features], dim=1))
        for block in self.blocks:
            values = values + block(values)
        return values

    def forward(self, features: Tensor, heatmaps: Tensor, pafs: Tensor) -> tuple[Tensor, Tensor]:
        values = self.values(features, heatmaps, pafs)
        fine = self.predict[0](torch.cat([values, pafs, heatmaps], dim=1))
        return self.predict[1](torch.cat([values, fine, heatmaps], dim=1)), fine


class BaseNetwork(nn.Module):
    """
    Pictures to heatmaps and part affinity fields.

    Parameters
    ----------
    config : BaseConfig

    """

    def __init__(self, config: BaseConfig) -> None:
        super().__init__()
        self.config = config
        self.stem = conv(3, config.stem, 3, stride=2, norm=False)
        channels, trunk, deep = config.stem, [], []
        for width, stride in config.trunk:
            trunk.append(separable(channels, width, stride=stride, norm=False))
            channels = width
        ranks = config.ranks or (0,) * len(config.deep)
        for (width, dilation), rank in zip(config.deep, ranks, strict=True):
            depthwise = conv(channels, channels, 3, dilation=dilation, groups=channels, norm=False)
            deep.append(nn.Sequential(depthwise, factored(channels, width, rank)))
            channels = width
        self.trunk, self.deep = nn.Sequential(*trunk), nn.Sequential(*deep)
        features, maps = config.features, (2 * config.limbs, config.keypoints + 1)
        align = conv(channels, features, norm=False, relu=not config.clipped)
        neck = [nn.Sequential(*align, ClippedElu()) if config.clipped else align]
        if config.bottleneck:
            neck.append(Bottleneck(features, config.bottleneck, config.bottleneck_channels))
        neck.append(conv(features, features, 3, norm=False))
        self.neck = nn.Sequential(*neck)
        self.dense = nn.Sequential(
            *(conv(features, features, 3, norm=False) for _ in range(config.dense))
        )
        self.heads = nn.ModuleList(
            nn.Sequential(
                conv(features, config.head, norm=False), nn.Conv2d(config.head, count, 1)
            )
            for count in maps
        )
        self.refinement = self.paf_stage = self.heat_stage = None
        if config.dense_blocks:
            self.refinement = DenseRefinement(
                features, config.refine, maps, config.dense_blocks, config.wide_blocks
            )
            return
        inputs = features + sum(maps)
        self.paf_stage = Refinement(inputs, config.refine, maps[0], config.paf_blocks)
        self.heat_stage = Refinement(inputs, config.refine, maps[1], config.heat_blocks)

    def groups(self) -> tuple[list[nn.Parameter], list[nn.Parameter], list[nn.Parameter]]:
        """Return the parameters of stem and trunk, of what else is inherited, and of the rest."""
        lower = [*self.stem.parameters(), *self.trunk.parameters()]
        middle = [
            p for part in (self.deep, self.neck, self.dense, self.heads) for p in part.parameters()
        ]
        stages = [part for part in (self.refinement, self.paf_stage, self.heat_stage) if part]
        return lower, middle, [p for part in stages for p in part.parameters()]

    def stages(self, images: Tensor) -> tuple[list[Tensor], list[Tensor]]:
        """
        Compute the maps of both stages, for intermediate supervision.

        Parameters
        ----------
        images : float32 (N, 3, H, W)
            BGR, 0 to 255; H and W multiples of 8.

        Returns
        -------
        (list of float32 (N, K + 1, H/8, W/8), list of float32 (N, 2L, H/8, W/8))

        """
        return self.refined(*self.first_stage(images))

    def refined(
        self, features: Tensor, heatmaps: Tensor, pafs: Tensor
    ) -> tuple[list[Tensor], list[Tensor]]:
        """Compute the maps of both stages from what `first_stage` gives."""
        if self.refinement is not None:
            fine, fine_pafs = self.refinement(features, heatmaps, pafs)
            return [heatmaps, fine], [pafs, fine_pafs]
        fine_pafs = pafs + self.paf_stage(torch.cat([features, pafs, heatmaps], dim=1))
        fine = heatmaps + self.heat_stage(torch.cat([features, fine_pafs, heatmaps], dim=1))
        return [heatmaps, fine], [pafs, fine_pafs]

    def first_stage(self, images: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Compute features, float32 (N, F, H/8, W/8), first heatmaps and first PAFs."""
        if self.config.scale != 1:  # the export has it in the first convolution
            images = images * self.config.scale
        return self.after_trunk(self.trunk(self.stem(images + self.config.offset)))

    def after_trunk(self, features: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Compute what `first_stage` does from the trunk's features."""
        features = self.neck(self.deep(features))
        common = self.dense(features)
        pafs, heatmaps = (head(common) for head in self.heads)
        return features, heatmaps, pafs

    def forward(self, images: Tensor) -> tuple[Tensor, Tensor]:
        """Compute the last heatmaps and PAFs; shapes as in `stages`."""
        heatmaps, pafs = self.stages(images)
        return heatmaps[-1], pafs[-1]


Network = BaseNetwork | PoseNetwork


def make_network(values: dict[str, Any]) -> Network:
    """Build a network from what a config's `to_dict` gives; without a `kind` it is a small one."""
    if values.get('kind', 'small') == 'base':
        return BaseNetwork(BaseConfig.from_dict(values))
    return PoseNetwork(NetworkConfig.from_dict(values))
