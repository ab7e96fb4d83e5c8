"""
The masked L2 loss of OpenPose with intermediate supervision (arXiv 1812.08008, eqs. 3 to 5).

People cover few cells; beside the plain squared error, cells count more the stronger the target.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor
import torch.nn.functional as F  # noqa: N812


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

    """

    peak: float = 10.0
    reach: int = 2
    limb: float = 3.0
    early: float = 0.5
    heat: float = 2.0


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
    return (
        _stages_loss(heatmaps, heat_target, heat_weight, params.early),
        _stages_loss(pafs, paf_target, paf_weight, params.early),
    )


def _stages_loss(stages: list[Tensor], target: Tensor, weight: Tensor, early: float) -> Tensor:
    cells = target.shape[0] * target.shape[2] * target.shape[3]
    losses = [((stage - target).square() * weight).sum() / cells for stage in stages]
    return losses[-1] + sum(early * loss for loss in losses[:-1])
