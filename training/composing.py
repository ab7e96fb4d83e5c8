"""
Targets of many views at once: what a teacher sees of them as they are, halved and doubled.

What `training.scales` does of one picture with NumPy, in PyTorch, so that a GPU makes a thousand
a second. Whose size suits the teacher better is not asked of parsed people here, but of the maps
themselves: near a peak of one size that size counts, by the fourth power of its height; half the
size, whose peaks are the least exact, where the others see next to nothing: faces and bodies that
fill the view. AP of such targets on ../shared/images at 456x256, of human-pose-estimation-0001:
0.507 (even half 0.572); without half the size 0.503 (0.568); its own maps have 0.403 (0.457).
"""

from __future__ import annotations

from collections.abc import Sequence
import math

import torch
from torch import Tensor
import torch.nn.functional as F  # noqa: N812

from training.rescale import PEAK_SIGMA_CELLS
from training.teacher import OnnxTeacher
from training.teacher_maps import HEATMAPS, PAD_VALUE, STRIDE

POWER = 4.0
LEAST = 0.03  # what a size counts where it sees nobody, beside a peak of 1
SPREAD_CELLS, BLUR_CELLS = 9, 4.0
HALF = 1 / 16  # what half the size counts beside the others: 1/4 and 1/64 have a lower AP
_NARROW_CELLS = 9  # a peak's neighbourhood, where the highest value says how high it is
AT_ONCE = 48  # views of twice the size that the teacher is shown at a time


def gaussian(sigma: float, *, even: bool = False) -> Tensor:
    """
    Return a Gaussian's weights, their sum 1.

    Parameters
    ----------
    sigma : float
        In cells, greater than 0.
    even : bool
        An even number of weights, centred between two cells.

    Returns
    -------
    float32 (n,)

    """
    reach = math.ceil(3 * sigma) + 1
    places = torch.arange(-reach, reach + (not even)).float() + 0.5 * even
    weights = torch.exp(-places.square() / (2 * sigma**2))
    return weights / weights.sum()


def blurred(maps: Tensor, weights: Tensor, stride: int = 1) -> Tensor:
    """
    Blur every map along both axes; what lies beyond the edge is as the edge.

    Parameters
    ----------
    maps : float32 (N, C, h, w)
        Of any kind.
    weights : float32 (n,)
        An even number for a stride of 2, whose cells lie between two cells.
    stride : int
        1 or 2.

    Returns
    -------
    float32 (N, C, h / stride, w / stride)

    """
    weights = weights.to(maps)
    before = (len(weights) - stride) // 2
    maps_ = F.pad(maps, (before,) * 4, mode='replicate')
    flat = maps_.reshape(-1, 1, *maps_.shape[2:])
    flat = F.conv2d(flat, weights.view(1, 1, 1, -1), stride=(1, stride))
    flat = F.conv2d(flat, weights.view(1, 1, -1, 1), stride=(stride, 1))
    return flat.view(*maps.shape[:2], *flat.shape[2:])


def halve_maps(peaks: Tensor, pafs: Tensor) -> tuple[Tensor, Tensor]:
    """
    Shrink maps as if the teacher had seen a picture of half the size.

    Both have a width that is fixed in cells: see `training.rescale.shrink_maps`.

    Parameters
    ----------
    peaks : float32 (N, K, h, w)
        Heatmaps without the background; h and w even.
    pafs : float32 (N, 2L, h, w)
        The part affinity fields.

    Returns
    -------
    (float32 (N, K, h/2, w/2), float32 (N, 2L, h/2, w/2))

    """
    weights = gaussian(PEAK_SIGMA_CELLS * math.sqrt(3), even=True)
    fields = 2 * blurred(pafs, weights, 2)
    pairs = fields.view(len(fields), -1, 2, *fields.shape[2:])
    length = pairs.square().sum(dim=2, keepdim=True).sqrt()
    peaks = (4 * blurred(peaks, weights, 2)).clamp(0, 1)
    return peaks, (pairs / length.clamp(min=1)).view_as(fields)


def double_maps(peaks: Tensor, pafs: Tensor) -> tuple[Tensor, Tensor]:
    """
    Enlarge maps as if the teacher had seen a picture of twice the size.

    Peaks keep their width in cells, and their height: see `training.rescale.narrow_peaks`.

    Parameters
    ----------
    peaks : float32 (N, K, h, w)
        Heatmaps without the background.
    pafs : float32 (N, 2L, h, w)
        The part affinity fields.

    Returns
    -------
    (float32 (N, K, 2h, 2w), float32 (N, 2L, 2h, 2w))

    """
    peaks, pafs = (F.interpolate(maps, scale_factor=2, mode='bilinear') for maps in (peaks, pafs))
    peaks = peaks.clamp(0, 1)
    highest = F.max_pool2d(peaks, _NARROW_CELLS, 1, _NARROW_CELLS // 2)
    return peaks * (peaks / highest.clamp(min=1e-3)) ** 3, pafs


def compose(
    levels: Sequence[tuple[Tensor, Tensor]], shares: Sequence[float] | None = None
) -> tuple[Tensor, Tensor]:
    """
    Mix maps of several sizes, at each cell by how much each of them sees nearby.

    Parameters
    ----------
    levels : sequence of (float32 (N, K, h, w), float32 (N, 2L, h, w))
        Heatmaps without the background, and PAFs, all brought to one size.
    shares : sequence of float, optional
        What each of them counts where all see the same; 1 by default.

    Returns
    -------
    (float32 (N, K + 1, h, w), float32 (N, 2L, h, w))
        The last heatmap is the background, 1 less the highest of the others.

    """
    counts = []
    for (peaks, _), share in zip(levels, shares or [1.0] * len(levels), strict=True):
        highest = peaks.clamp(0, 1).amax(dim=1, keepdim=True)
        near = F.max_pool2d(highest, SPREAD_CELLS, 1, SPREAD_CELLS // 2)
        counts.append(share * (blurred(near, gaussian(BLUR_CELLS)) + LEAST) ** POWER)
    total = torch.stack(counts).sum(dim=0)
    peaks, pafs = (
        sum(count * maps for count, maps in zip(counts, kind, strict=True)) / total
        for kind in zip(*levels, strict=True)
    )
    background = 1 - peaks.amax(dim=1, keepdim=True).clamp(0, 1)
    return torch.cat([peaks, background], dim=1), pafs


class ComposedTeacher:
    """
    Makes the targets of views.

    Parameters
    ----------
    teacher : OnnxTeacher
        Its graph.
    device : str
        On a GPU it computes in half precision: that changed maps by 6e-6 of their variance (H100).
    half : bool
        On a CPU compute in bfloat16: heatmaps changed by 0.007 of their variance, PAFs by 0.005.

    """

    def __init__(self, teacher: OnnxTeacher, device: str, *, half: bool = False) -> None:
        on_cpu = torch.bfloat16 if half else torch.float32
        self.dtype = on_cpu if device == 'cpu' else torch.float16
        self._teacher = teacher.to(device, self.dtype)

    def maps(self, pictures: Tensor) -> tuple[Tensor, Tensor]:
        """Return the teacher's own heatmaps without background, and PAFs, float32."""
        given = pictures.to(self.dtype).contiguous(memory_format=torch.channels_last)
        heatmaps, pafs = self._teacher(given)
        return heatmaps[:, : HEATMAPS - 1].float(), pafs.float()

    @torch.no_grad()
    def __call__(self, views: Tensor, large: Tensor) -> tuple[Tensor, Tensor]:
        """
        Make targets.

        Parameters
        ----------
        views : float32 (N, 3, H, W)
            BGR, 0 to 255; H and W multiples of 8.
        large : float32 (N, 3, 2H, 2W)
            The same, at twice the size.

        Returns
        -------
        (float32 (N, 19, H/8, W/8), float32 (N, 38, H/8, W/8))
            Heatmaps and PAFs.

        """
        halves = [halve_maps(*self.maps(part)) for part in large.split(AT_ONCE)]
        finer = tuple(torch.cat(kind) for kind in zip(*halves, strict=True))
        height, width = (side // STRIDE for side in views.shape[2:])
        whole = F.pad(views, (0, STRIDE * (width % 2), 0, STRIDE * (height % 2)), value=PAD_VALUE)
        doubled = double_maps(*self.maps(F.avg_pool2d(whole, 2)))
        coarser = tuple(maps[:, :, :height, :width] for maps in doubled)
        return compose([self.maps(views), finer, coarser], [1.0, 1.0, HALF])
