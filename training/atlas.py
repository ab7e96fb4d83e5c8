"""
Pictures in a GPU's memory, and random views of them made there, hundreds at once.

What `training.augment` does with OpenCV, without maps: a teacher sees each view itself, as it is
and at twice its size. Both are as sharp as `openpose_ros.preprocess` makes pictures: sampled
bilinearly, halved before that where the view is less than half as large as the picture.
"""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
import math
import os

import cv2
import numpy as np
import torch
from torch import Tensor
import torch.nn.functional as F  # noqa: N812

from training.composing import blurred, gaussian
from training.pack import Picture
from training.teacher_maps import PAD_VALUE

SIDE = 576  # pixels, of the square that every picture lies in
_GREY = (0.114, 0.587, 0.299)  # BGR
_TILE = 8  # pixels: a cell
_HALVED = 0.5  # the scale below which a bilinear sample of 2x2 pixels would leave some out


@dataclass(frozen=True)
class ViewParams:
    """
    Ranges of the random transforms; as in `training.augment.AugmentParams`.

    Attributes
    ----------
    scale : (float, float)
    fitted : bool
        Whether a scale of 1 is that at which the picture just fits into the view, not its own.
    rotation_deg, turned, turned_deg, flip : float
    mosaic : float
        Probability that the quarters of a view are those of four others.
    colour : float
        Also of the noise and the blur that the network's view has and the teacher's has not.
    nobody : float
        Share of the views that are of pictures without people.

    """

    scale: tuple[float, float] = (0.7, 1.4)
    fitted: bool = True
    rotation_deg: float = 3.0
    turned: float = 0.03
    turned_deg: float = 100.0
    flip: float = 0.5
    mosaic: float = 0.04
    colour: float = 0.02
    nobody: float = 0.13


class Atlas:
    """
    Pictures of at most `SIDE` pixels in one array of a device.

    Parameters
    ----------
    capacity : int
        Pictures; 1 MB each.
    device : str

    """

    def __init__(self, capacity: int, device: str) -> None:
        self.device, self.count = device, 0
        shape = (capacity, SIDE, SIDE, 3)
        self._pixels = torch.full(shape, PAD_VALUE, dtype=torch.uint8, device=device)
        self._size = torch.zeros(capacity, 2, device=device)
        self._scale, self._weight, self._nobody = torch.zeros(3, capacity, device=device)
        self._pool = ThreadPoolExecutor(os.cpu_count())

    def add(self, pictures: Sequence[Picture], weights: Sequence[float], *, nobody: bool) -> None:
        """
        Decode pictures and add them.

        Parameters
        ----------
        pictures : sequence of Picture
            Larger ones are shrunk.
        weights : sequence of float
            How often each is drawn, relative to the others of its kind; 0 for never.
        nobody : bool
            Whether they are of the kind without people.

        Raises
        ------
        ValueError
            If they are more than there is room for.

        """
        room = len(self._pixels) - self.count
        if len(pictures) > room:
            raise ValueError(f'an atlas with room for {room} cannot take {len(pictures)} pictures')
        for at in range(0, len(pictures), 256):
            made = list(self._pool.map(_placed, pictures[at : at + 256]))
            here = slice(self.count, self.count + len(made))
            pixels, sizes, scales = zip(*made, strict=True)
            self._pixels[here] = torch.from_numpy(np.stack(pixels)).to(self.device)
            self._size[here] = torch.tensor(sizes, device=self.device)
            self._scale[here] = torch.tensor(scales, device=self.device)
            chosen = torch.tensor(weights[at : at + 256], device=self.device).float()
            (self._nobody if nobody else self._weight)[here] = chosen
            self.count += len(made)

    def draw(self, count: int, params: ViewParams, generator: torch.Generator) -> Tensor:
        """Return the numbers of that many pictures, int64 (count,), by their weights."""
        parts = [(self._nobody, round(count * params.nobody)), (self._weight, count)]
        drawn: list[Tensor] = []
        for weights, wanted in parts:
            left = wanted - sum(map(len, drawn))
            weights = weights[: self.count]
            if left and float(weights.sum()):
                drawn.append(torch.multinomial(weights, left, True, generator=generator))
        if not drawn:
            raise ValueError('an atlas without people has no views: add pictures of them')
        return torch.cat(drawn)

    @torch.no_grad()
    def views(
        self,
        numbers: Tensor,
        size: tuple[int, int],
        params: ViewParams,
        generator: torch.Generator,
    ) -> tuple[Tensor, Tensor, Tensor]:
        """
        Make a random view of each picture.

        Parameters
        ----------
        numbers : int64 (N,)
            See `draw`.
        size : (int, int)
            Height and width in pixels, multiples of 8.
        params : ViewParams
            Ranges of the transforms.
        generator : torch.Generator
            Of this device; advanced.

        Returns
        -------
        (float32 (N, 3, H, W), float32 (N, 3, H, W), float32 (N, 3, 2H, 2W))
            BGR, 0 to 255: for the network, whole numbers; for the teacher; for it at twice the
            size.

        """

        def uniform(*shape: int) -> Tensor:
            return torch.rand(*shape, generator=generator, device=self.device)

        def normal(*shape: int) -> Tensor:
            return torch.randn(*shape, generator=generator, device=self.device)

        count = len(numbers)
        low, high = (math.log(limit) for limit in params.scale)
        spread = self._size[numbers]
        whole = torch.tensor([size[1], size[0]], device=self.device)
        least = (whole / spread).amin(dim=1) if params.fitted else self._scale[numbers]
        scale = torch.exp(low + uniform(count) * (high - low)) * least
        angle = normal(count) * math.radians(params.rotation_deg)
        anywhere = (uniform(count) * 2 - 1) * math.radians(params.turned_deg)
        angle = torch.where(uniform(count) < params.turned, anywhere, angle)
        flip = torch.where(uniform(count) < params.flip, -1.0, 1.0)
        shown = whole / scale[:, None]
        centre = spread / 2 + (uniform(count, 2) - 0.5) * (spread - shown).abs()
        one = (count, 1, 1, 1)
        double = (2 * size[0], 2 * size[1])
        large = self._sample(numbers, 2 * scale, angle, flip, centre, double)
        views = self._sample(numbers, scale, angle, flip, centre, size)
        views = torch.where(scale.view(one) < _HALVED, F.avg_pool2d(large, 2), views)
        for number in (uniform(count) < params.mosaic).nonzero().flatten().tolist():
            others = torch.randint(count, (4,), generator=generator, device=self.device)
            cut = uniform(2).mul(0.5).add(0.25).tolist()
            views[number] = _mosaic(views[others], cut, _TILE)
            large[number] = _mosaic(large[others], cut, 2 * _TILE)
        gain = torch.exp(0.6 * params.colour * normal(count, 3, 1, 1))
        gain = gain * torch.exp(2 * params.colour * normal(*one))
        offset, strength = 60 * params.colour * normal(*one), bool(params.colour)
        weights = torch.tensor(_GREY, device=self.device).view(1, 3, 1, 1)
        greyed = uniform(*one) < 0.05 * strength

        def coloured(pixels: Tensor) -> Tensor:
            pixels = pixels * gain + offset
            grey = (pixels * weights).sum(dim=1, keepdim=True).expand_as(pixels)
            return (torch.where(greyed, grey, pixels) + PAD_VALUE).clamp(0, 255)

        views, large = coloured(views), coloured(large)
        chance = uniform(*one)
        noise = normal(*views.shape) * (2 + 6 * uniform(*one))
        given = torch.where(chance < 0.08 * strength, views + noise, views)
        soft = (chance > 1 - 0.1 * strength).flatten().nonzero().flatten()
        if len(soft):
            given[soft] = blurred(given[soft], gaussian(0.8))
        return given.clamp(0, 255).round(), views, large

    def _sample(
        self,
        numbers: Tensor,
        scale: Tensor,
        angle: Tensor,
        flip: Tensor,
        centre: Tensor,
        size: tuple[int, int],
    ) -> Tensor:
        """Return float32 (N, 3, *size), less `PAD_VALUE`, around `centre` in each picture."""
        height, width = size
        x = torch.arange(width, device=self.device) + 0.5 - width / 2
        y = torch.arange(height, device=self.device)[:, None] + 0.5 - height / 2
        cos, sin, flip, scale, x0, y0 = (
            value[:, None, None]
            for value in (angle.cos(), angle.sin(), flip, scale, *centre.unbind(1))
        )
        sources = (flip * (cos * x + sin * y) / scale + x0, (cos * y - sin * x) / scale + y0)
        grid = torch.stack(sources, dim=-1) * (2 / SIDE) - 1
        pixels = self._pixels[numbers].permute(0, 3, 1, 2).float() - PAD_VALUE
        return F.grid_sample(pixels, grid, padding_mode='zeros', align_corners=False)


def _mosaic(views: Tensor, shares: list[float], tile: int) -> Tensor:
    """Return a view whose quarters are those of four, (4, 3, H, W); a cut is between tiles."""
    row, column = (
        round(share * side / tile) * tile
        for share, side in zip(shares, views.shape[2:], strict=True)
    )
    mixed = views[0].clone()
    mixed[:, :row, column:] = views[1, :, :row, column:]
    mixed[:, row:, :column] = views[2, :, row:, :column]
    mixed[:, row:, column:] = views[3, :, row:, column:]
    return mixed


def _placed(picture: Picture) -> tuple[np.ndarray, tuple[int, int], float]:
    """Return uint8 (SIDE, SIDE, 3) with the picture at its upper left, its size and scale."""
    pixels = picture.pixels()
    shrunk = min(1.0, SIDE / max(pixels.shape[:2]))
    if shrunk < 1:
        size = tuple(min(SIDE, round(side * shrunk)) for side in pixels.shape[1::-1])
        pixels = cv2.resize(pixels, size, interpolation=cv2.INTER_AREA)
    height, width = pixels.shape[:2]
    square = np.full((SIDE, SIDE, 3), PAD_VALUE, np.uint8)
    square[:height, :width] = pixels
    return square, (width, height), picture.scale / shrunk
