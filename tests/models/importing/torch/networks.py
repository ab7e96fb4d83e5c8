"""
Networks of PyTorch's, at any width, with weights drawn at random; this needs PyTorch.

Lightweight OpenPose is written after models/with_mobilenet.py of
Daniil-Osokin/lightweight-human-pose-estimation.pytorch at d23c284, OpenPose's own after
src/model.py of Hzzone/pytorch-openpose at 5ee71dc (but for a ReLU after the heatmaps of the last
stage, which Caffe's has not). `python -m tests.models.importing.torch.record` compares both.
"""

from __future__ import annotations

from collections import OrderedDict
from typing import Any

import torch
from torch import nn

EIGHTH = 8


def conv(
    inner: int, outer: int, kernel: int = 3, *, norm: bool = True, relu: bool = True, **more: Any
) -> Any:
    more = {'padding': kernel // 2, **more}
    parts = [nn.Conv2d(inner, outer, kernel, **more)]
    parts += [nn.BatchNorm2d(outer)] if norm else []
    return nn.Sequential(*parts, *([nn.ReLU()] if relu else []))


def depthwise(inner: int, outer: int, stride: int = 1, dilation: int = 1) -> Any:
    return nn.Sequential(
        nn.Conv2d(inner, inner, 3, stride, dilation, dilation, groups=inner, bias=False),
        nn.BatchNorm2d(inner),
        nn.ReLU(),
        nn.Conv2d(inner, outer, 1, bias=False),
        nn.BatchNorm2d(outer),
        nn.ReLU(),
    )


class Cpm(nn.Module):
    def __init__(self, inner: int, outer: int) -> None:
        super().__init__()
        self.align = conv(inner, outer, 1, norm=False)
        self.trunk = nn.Sequential(
            *(
                nn.Sequential(
                    nn.Conv2d(outer, outer, 3, padding=1, groups=outer, bias=False),
                    nn.ELU(),
                    nn.Conv2d(outer, outer, 1, bias=False),
                    nn.ELU(),
                )
                for _ in range(3)
            )
        )
        self.conv = conv(outer, outer, norm=False)

    def forward(self, x: Any) -> Any:
        aligned = self.align(x)
        return self.conv(aligned + self.trunk(aligned))


class Block(nn.Module):
    def __init__(self, inner: int, outer: int) -> None:
        super().__init__()
        self.initial = conv(inner, outer, 1, norm=False)
        self.trunk = nn.Sequential(conv(outer, outer), conv(outer, outer, dilation=2, padding=2))

    def forward(self, x: Any) -> Any:
        first = self.initial(x)
        return first + self.trunk(first)


class Stage(nn.Module):
    def __init__(self, trunk: list[Any], width: int, middle: int) -> None:
        super().__init__()
        self.trunk = nn.Sequential(*trunk)
        for name, outputs in (('heatmaps', 19), ('pafs', 38)):
            head = [conv(width, middle, 1, norm=False)]
            head += [conv(middle, outputs, 1, norm=False, relu=False)]
            setattr(self, name, nn.Sequential(*head))

    def forward(self, x: Any) -> Any:
        x = self.trunk(x)
        return self.heatmaps(x), self.pafs(x)


class Lightweight(nn.Module):
    def __init__(self, refinements: int = 1, part: int = 1) -> None:
        super().__init__()
        widths = [size // part for size in (64, 128, 128, 256, 256, 512, 512, 512, 512, 512, 512)]
        width, middle = 128 // part, 512 // part
        blocks = [conv(3, 32 // part, stride=2, bias=False)]
        for number, (inner, outer) in enumerate(zip([32 // part, *widths], widths), 1):
            stride, dilation = (2 if number in (2, 4) else 1), (2 if number == 7 else 1)
            blocks.append(depthwise(inner, outer, stride, dilation))
        self.model = nn.Sequential(*blocks)
        self.cpm = Cpm(middle, width)
        self.initial_stage = Stage(
            [conv(width, width, norm=False) for _ in range(3)], width, middle
        )
        self.refinement_stages = nn.ModuleList(
            Stage(
                [Block(width + 57, width), *(Block(width, width) for _ in range(4))], width, width
            )
            for _ in range(refinements)
        )

    def forward(self, x: Any) -> Any:
        features = self.cpm(self.model(x))
        maps = self.initial_stage(features)
        for stage in self.refinement_stages:
            maps = stage(torch.cat([features, *maps], dim=1))
        return maps


def _layers(given: list[tuple[str, int, int]], inner: int, last: str = '') -> Any:
    """Return convolutions by (name, channels, kernel) with ReLUs, pools where there are none."""
    parts: list[tuple[str, Any]] = []
    for name, outer, kernel in given:
        if not outer:
            parts.append((name, nn.MaxPool2d(2, 2)))
            continue
        parts.append((name, nn.Conv2d(inner, outer, kernel, padding=kernel // 2)))
        if name != last:
            parts.append((f'relu_{name}', nn.ReLU()))
        inner = outer
    return nn.Sequential(OrderedDict(parts))


class OpenPose(nn.Module):
    """COCO's network, with even sizes only: these pools do not round up."""

    def __init__(self, part: int = 1, stages: int = 6) -> None:
        super().__init__()
        vgg = [('conv1_1', 64), ('conv1_2', 64), ('pool1_stage1', 0), ('conv2_1', 128)]
        vgg += [('conv2_2', 128), ('pool2_stage1', 0)]
        vgg += [(f'conv3_{number}', 256) for number in range(1, 5)] + [('pool3_stage1', 0)]
        vgg += [('conv4_1', 512), ('conv4_2', 512), ('conv4_3_CPM', 256), ('conv4_4_CPM', 128)]
        self.stages = stages
        self.model0 = _layers([(name, size // part, 3) for name, size in vgg], 3)
        width = 128 // part
        for branch, outputs in ((1, 38), (2, 19)):
            first = [(f'conv5_{number}_CPM_L{branch}', width, 3) for number in (1, 2, 3)]
            first += [(f'conv5_4_CPM_L{branch}', 512 // part, 1)]
            last = f'conv5_5_CPM_L{branch}'
            setattr(self, f'model1_{branch}', _layers([*first, (last, outputs, 1)], width, last))
            for stage in range(2, stages + 1):
                at = f'stage{stage}_L{branch}'
                inner = [(f'Mconv{number}_{at}', width, 7) for number in range(1, 6)]
                inner += [(f'Mconv6_{at}', width, 1), (f'Mconv7_{at}', outputs, 1)]
                made = _layers(inner, width + 57, f'Mconv7_{at}')
                setattr(self, f'model{stage}_{branch}', made)

    def forward(self, x: Any) -> Any:
        """Return heatmaps and PAFs."""
        features = given = self.model0(x)
        for stage in range(1, self.stages + 1):
            pafs, heatmaps = (getattr(self, f'model{stage}_{at}')(given) for at in (1, 2))
            given = torch.cat([pafs, heatmaps, features], dim=1)
        return heatmaps, pafs


def with_weights(net: Any, seed: int = 7) -> Any:
    """Draw weights after He et al. 2015; biases and what batch normalisations know are not 0."""
    torch.manual_seed(seed)
    for module in net.modules():
        if isinstance(module, nn.Conv2d):
            nn.init.kaiming_normal_(module.weight)
            if module.bias is not None:
                nn.init.normal_(module.bias, 0, 0.1)
        elif isinstance(module, nn.BatchNorm2d):
            nn.init.uniform_(module.weight, 0.5, 1.5)
            nn.init.normal_(module.bias, 0, 0.1)
            nn.init.normal_(module.running_mean, 0, 0.1)
            nn.init.uniform_(module.running_var, 0.5, 1.5)
    return net.eval()


def maps(net: Any, picture: Any) -> dict[str, Any]:
    """Return what a network makes of a picture (1, 3, height, width)."""
    with torch.no_grad():
        heatmaps, pafs = net(torch.from_numpy(picture))
    return {'heatmaps': heatmaps[0].numpy(), 'pafs': pafs[0].numpy()}
