"""
The network: a MobileNet-like backbone at stride 8, PAF stages, then confidence maps.

Stages follow OpenPose (arXiv 1812.08008, section 3.2 and figure 3): PAFs are refined first, the
confidence maps are computed once, on top of the last PAFs. Every 7x7 or 3x3 convolution of the
paper is a depthwise and a pointwise one here (MobileNet, arXiv 1704.04861).
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import torch
from torch import Tensor, nn

from training.depthwise import KERNEL, Depthwise5x5

STRIDE = 8


@dataclass(frozen=True)
class NetworkConfig:
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
    neck : int
        Channels of the features that all stages share, and of the stages.
    paf_blocks : tuple of int
        Residual blocks of each PAF stage.
    heat_blocks : int
        Residual blocks of the confidence stage.
    norm : bool
        Batch normalisation in the backbone; off when its weights come from a folded network.
    keypoints, limbs : int
        K and L; the network has K + 1 heatmaps and 2L PAFs.
    scale, offset : float
        The input is `picture * scale + offset`, picture being BGR 0 to 255.

    """

    stem: int = 32
    trunk: tuple[tuple[int, int], ...] = ((64, 1), (128, 2), (128, 1), (256, 2), (256, 1))
    deep: tuple[tuple[int, int], ...] = ((256, 1), (256, 2), (256, 1), (256, 1), (256, 1))
    neck: int = 96
    paf_blocks: tuple[int, ...] = (2, 3)
    heat_blocks: int = 3
    norm: bool = True
    keypoints: int = 18
    limbs: int = 19
    scale: float = 1 / 255
    offset: float = -0.502

    def to_dict(self) -> dict[str, Any]:
        return {'kind': 'small', **asdict(self)}

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> NetworkConfig:
        """Rebuild from `to_dict`, also after a trip through JSON, which knows no tuples."""
        pairs = {name: tuple(tuple(pair) for pair in values[name]) for name in ('trunk', 'deep')}
        rest = {name: value for name, value in values.items() if name != 'kind'}
        return cls(**{**rest, **pairs, 'paf_blocks': tuple(values['paf_blocks'])})


def conv(
    inputs: int,
    outputs: int,
    kernel: int = 1,
    *,
    stride: int = 1,
    dilation: int = 1,
    groups: int = 1,
    norm: bool = True,
    relu: bool = True,
) -> nn.Sequential:
    """Make a convolution of unchanged size (divided by `stride`), with normalisation and ReLU."""
    padding = dilation * (kernel // 2)
    quick = norm and kernel == KERNEL and groups == inputs == outputs and stride == dilation == 1
    layers: list[nn.Module] = [
        Depthwise5x5(inputs)
        if quick
        else nn.Conv2d(inputs, outputs, kernel, stride, padding, dilation, groups, bias=not norm)
    ]
    if norm:
        layers.append(nn.BatchNorm2d(outputs))
    if relu:
        layers.append(nn.ReLU(inplace=True))
    return nn.Sequential(*layers)


def separable(
    inputs: int,
    outputs: int,
    kernel: int = 3,
    *,
    stride: int = 1,
    dilation: int = 1,
    norm: bool = True,
) -> nn.Sequential:
    """Make a depthwise convolution followed by a pointwise one, each with ReLU."""
    depthwise = conv(
        inputs, inputs, kernel, stride=stride, dilation=dilation, groups=inputs, norm=norm
    )
    return nn.Sequential(depthwise, conv(inputs, outputs, norm=norm))


class Residual(nn.Module):
    """A separable convolution that is added to its input."""

    def __init__(self, channels: int, kernel: int = 5, *, norm: bool = True) -> None:
        super().__init__()
        self.body = separable(channels, channels, kernel, norm=norm)

    def forward(self, features: Tensor) -> Tensor:
        return features + self.body(features)


class Stage(nn.Module):
    """One predictor: squeeze, residual blocks, one output map per channel."""

    def __init__(self, inputs: int, channels: int, outputs: int, blocks: int) -> None:
        super().__init__()
        self.squeeze = conv(inputs, channels)
        self.blocks = nn.Sequential(*(Residual(channels) for _ in range(blocks)))
        self.predict = nn.Conv2d(channels, outputs, 1)

    def forward(self, features: Tensor) -> Tensor:
        return self.predict(self.blocks(self.squeeze(features)))


class PoseNetwork(nn.Module):
    """
    Pictures to heatmaps and part affinity fields.

    Parameters
    ----------
    config : NetworkConfig

    """

    def __init__(self, config: NetworkConfig) -> None:
        super().__init__()
        self.config = config
        norm = config.norm
        self.stem = conv(3, config.stem, 3, stride=2, norm=norm)
        channels, trunk, deep = config.stem, [], []
        for width, stride in config.trunk:
            trunk.append(separable(channels, width, stride=stride, norm=norm))
            channels = width
        for width, dilation in config.deep:
            deep.append(separable(channels, width, dilation=dilation, norm=norm))
            channels = width
        self.trunk, self.deep = nn.Sequential(*trunk), nn.Sequential(*deep)
        neck, pafs = config.neck, 2 * config.limbs
        self.neck = nn.Sequential(conv(channels, neck), Residual(neck, 3))
        self.paf_stages = nn.ModuleList(
            Stage(neck + (pafs if i else 0), neck, pafs, blocks)
            for i, blocks in enumerate(config.paf_blocks)
        )
        self.heat_stage = Stage(neck + pafs, neck, config.keypoints + 1, config.heat_blocks)

    def groups(self) -> tuple[list[nn.Parameter], list[nn.Parameter], list[nn.Parameter]]:
        """Return the parameters of stem and trunk, of the deep layers, and of the rest."""
        lower = [*self.stem.parameters(), *self.trunk.parameters()]
        upper = [*self.neck.parameters(), *self.heat_stage.parameters()]
        return lower, list(self.deep.parameters()), upper + list(self.paf_stages.parameters())

    def stages(self, images: Tensor) -> tuple[list[Tensor], list[Tensor]]:
        """
        Compute the heatmaps and the PAFs of every stage, for intermediate supervision.

        Parameters
        ----------
        images : float32 (N, 3, H, W)
            BGR, 0 to 255; H and W multiples of 8.

        Returns
        -------
        (list of float32 (N, K + 1, H/8, W/8), list of float32 (N, 2L, H/8, W/8))

        """
        if self.config.scale != 1:  # the export has it in the first convolution
            images = images * self.config.scale
        features = self.trunk(self.stem(images + self.config.offset))
        features = self.neck(self.deep(features))
        pafs: list[Tensor] = []
        for stage in self.paf_stages:
            pafs.append(stage(torch.cat([features, pafs[-1]], dim=1) if pafs else features))
        heatmaps = self.heat_stage(torch.cat([features, pafs[-1]], dim=1))
        return [heatmaps], pafs

    def forward(self, images: Tensor) -> tuple[Tensor, Tensor]:
        """Compute the heatmaps and the last PAFs; shapes as in `stages`."""
        heatmaps, pafs = self.stages(images)
        return heatmaps[-1], pafs[-1]
