"""
The masked L2 loss of OpenPose with intermediate supervision (arXiv 1812.08008, eqs. 3 to 5).

People cover few cells; beside the plain squared error, cells count more the stronger the target.

Squared errors of maps hardly tell a peak that is too low from one that is in the wrong place, and
AP asks for the place: pruned and refitted, the base network had the loss of its teacher cut before
the refinement (heatmaps 0.109 and 0.108 on the same held-out views, PAFs 0.052 and 0.063), but
peaks 0.49 cells from the targets' where the teacher's were 0.41 away, and an AP75 of 0.29 where
the teacher's was 0.39. So there is a term for the place alone.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor
import torch.nn.functional as F  # noqa: N812

LEAST_PEAK = 0.25  # of the target
REACH = 2  # cells to each side of a peak


@dataclass(frozen=True)
class LossParams:
    """
    Weights of the loss.

    Attributes
    ----------
    peak : float
        A heatmap cell with target t in or beside it counts 1 + peak * t. Were the peaks alone to
        count more, the network would rather draw them too wide than miss one.
    reach : int
        How many cells to each side are beside it.
    limb : float
        A PAF cell whose target has length n counts 1 + limb * n.
    early : float
        Weight of the stages before the last.
    heat : float
        Weight of the heatmaps' loss beside the PAFs'.
    place : float
        Weight of the squared distance, in cells, of the heatmaps' peaks from the target's; part
        of the heatmaps' loss. See `placement_loss`.

    """

    peak: float = 10.0
    reach: int = 2
    limb: float = 3.0
    early: float = 0.5
    heat: float = 2.0
    place: float = 0.0


def pose_loss(
    heatmaps: list[Tensor],
    pafs: list[Tensor],
    target: Tensor,
    mask: Tensor | None = None,
    *,
    params: LossParams,
) -> tuple[Tensor, Tensor]:
    """
    Compare every stage with the target.

    Parameters
    ----------
    heatmaps : list of float32 (N, K + 1, h, w)
        The network's, one per stage, the background last.
    pafs : list of float32 (N, 2L, h, w)
        One per stage.
    target : float32 (N, K + 1 + 2L, h, w)
        Heatmaps, then PAFs.
    mask : float32 (N, K + 1 + 2L, h, w) or None
        0 where the truth is unknown, else 1.
    params : LossParams
        Weights.

    Returns
    -------
    (float32 (), float32 ())
        The heatmaps' and the PAFs' share: squared error summed over channels, averaged over cells.

    """
    known = heatmaps[-1].shape[1]
    heat_target, paf_target = target[:, :known], target[:, known:]
    people = torch.cat([heat_target[:, :-1], 1 - heat_target[:, -1:]], dim=1)
    near = F.max_pool2d(people, 2 * params.reach + 1, stride=1, padding=params.reach)
    heat_weight = params.heat * (1 + params.peak * near)
    paf_weight = 1 + params.limb * paf_target.abs()
    if mask is not None:
        heat_weight, paf_weight = heat_weight * mask[:, :known], paf_weight * mask[:, known:]
    heat = _stages_loss(heatmaps, heat_target, heat_weight, params.early)
    if params.place:
        known_mask = None if mask is None else mask[:, :known]
        places = [placement_loss(maps, heat_target, known_mask) for maps in heatmaps]
        heat = heat + params.place * (
            places[-1] + sum(params.early * loss for loss in places[:-1])
        )
    return heat, _stages_loss(pafs, paf_target, paf_weight, params.early)


def placement_loss(heatmaps: Tensor, target: Tensor, mask: Tensor | None = None) -> Tensor:
    """
    Compare where peaks are, whatever their height.

    Around each peak of the target, in 5x5 cells, the centroid of the squared positive values is
    taken of both. A peak that the network hardly has counts little: for its height there are the
    squared errors.

    Parameters
    ----------
    heatmaps, target : float32 (N, K + 1, h, w)
        The network's and the wanted ones, the background last.
    mask : float32 (N, K + 1, h, w) or None
        0 where the truth is unknown, else 1.

    Returns
    -------
    float32 ()
        Mean squared distance in cells, of peaks of at least `LEAST_PEAK` that are 2 cells or more
        from the edge; 0 where there is none.

    """
    joints = target[:, :-1]
    around = 2 * REACH + 1
    is_peak = (joints == F.max_pool2d(joints, 3, stride=1, padding=1)) & (joints >= LEAST_PEAK)
    if mask is not None:
        is_peak &= mask[:, :-1] > 0
    inner = is_peak[:, :, REACH:-REACH, REACH:-REACH].nonzero()
    if not len(inner):
        return heatmaps.sum() * 0
    picture, channel, row, column = inner.T
    steps = torch.arange(around, device=target.device)
    window = (
        picture[:, None, None],
        channel[:, None, None],
        row[:, None, None] + steps[:, None],
        column[:, None, None] + steps,
    )
    offsets = (steps - REACH).to(target.dtype)
    got, height = _centroid(heatmaps[window], offsets)
    wanted, full = _centroid(target[window], offsets)
    weight = (height / full).clamp(max=1).detach() * target[window][:, REACH, REACH]
    distance = (got - wanted).square().sum(dim=1)
    return (weight * distance).sum() / weight.sum().clamp(min=1e-6)


def _centroid(windows: Tensor, offsets: Tensor) -> tuple[Tensor, Tensor]:
    """Return the centroid (M, 2) of (M, side, side), in cells from the middle, and the mass."""
    mass = windows.clamp(min=0).square()
    whole = mass.sum(dim=(1, 2)) + 1e-4
    y, x = mass.sum(dim=2) @ offsets, mass.sum(dim=1) @ offsets
    return torch.stack([y, x], dim=1) / whole[:, None], whole


def _stages_loss(stages: list[Tensor], target: Tensor, weight: Tensor, early: float) -> Tensor:
    cells = target.shape[0] * target.shape[2] * target.shape[3]
    losses = [((stage - target).square() * weight).sum() / cells for stage in stages]
    return losses[-1] + sum(early * loss for loss in losses[:-1])
