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
    features : int
        Channels of the features that both stages see.
    bottleneck : int
        Separable convolutions that are added to the first features; 0 for none.
    dense : int
        Dense 3x3 convolutions of the first stage.
    head : int
        Channels before each map of the first stage.
    refine : int
        Channels of the second stage.
    paf_blocks, heat_blocks : int
        Its residual blocks.
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
    features: int = 128
    bottleneck: int = 3
    dense: int = 3
    head: int = 192
    refine: int = 128
    paf_blocks: int = 3
    heat_blocks: int = 2
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
        return cls(**{**rest, **pairs})


class Bottleneck(nn.Module):
    """Separable convolutions of pointwise width that are added to what comes in."""

    def __init__(self, channels: int, blocks: int) -> None:
        super().__init__()
        layers = [conv(channels, channels, norm=False)]
        for _ in range(blocks):
            layers.append(separable(channels, channels, norm=False))
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
        for width, dilation in config.deep:
            deep.append(separable(channels, width, dilation=dilation, norm=False))
            channels = width
        self.trunk, self.deep = nn.Sequential(*trunk), nn.Sequential(*deep)
        features, maps = config.features, (2 * config.limbs, config.keypoints + 1)
        neck = [conv(channels, features, norm=False)]
        if config.bottleneck:
            neck.append(Bottleneck(features, config.bottleneck))
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
        inputs = features + sum(maps)
        self.paf_stage = Refinement(inputs, config.refine, maps[0], config.paf_blocks)
        self.heat_stage = Refinement(inputs, config.refine, maps[1], config.heat_blocks)

    def groups(self) -> tuple[list[nn.Parameter], list[nn.Parameter], list[nn.Parameter]]:
        """Return the parameters of stem and trunk, of what else is inherited, and of the rest."""
        lower = [*self.stem.parameters(), *self.trunk.parameters()]
        middle = [
            p for part in (self.deep, self.neck, self.dense, self.heads) for p in part.parameters()
        ]
        return lower, middle, [*self.paf_stage.parameters(), *self.heat_stage.parameters()]

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
        features, heatmaps, pafs = self.first_stage(images)
        fine_pafs = pafs + self.paf_stage(torch.cat([features, pafs, heatmaps], dim=1))
        fine = heatmaps + self.heat_stage(torch.cat([features, fine_pafs, heatmaps], dim=1))
        return [heatmaps, fine], [pafs, fine_pafs]

    def first_stage(self, images: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Compute features, float32 (N, F, H/8, W/8), first heatmaps and first PAFs."""
        if self.config.scale != 1:  # the export has it in the first convolution
            images = images * self.config.scale
        features = self.deep(self.trunk(self.stem(images + self.config.offset)))
        features = self.neck(features)
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
