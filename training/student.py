"""A network in training: errors relative to a teacher's variance, a step, an average."""

from __future__ import annotations

from dataclasses import dataclass
import math

from pytorch_optimizer import SOAP
import torch
from torch import Tensor, nn

from training.base_network import Network
from training.relative import RelativeWeights
from training.trainer import Checkpointed

_LOSS_SCALE = 2048.0  # gradients of half precision would be nought
AT_ONCE = 32  # held-out views
_CLIP, _SEEN = 3.0, 50  # gradients: at most so many times the mean of so many


@dataclass(frozen=True)
class SessionParams:
    """
    How to train.

    Attributes
    ----------
    batch : int
        Views a step.
    size : (int, int)
        Height and width of a view, multiples of 8.
    rate : float
        By what share of themselves weights change in a step (see `training.relative`). Of 0.0005,
        0.0015 and 0.004 the last was best within 14 seconds of an H100, by a script that did the
        same.
    trunk, refinement : float
        Factors on it, for stem and trunk and for the second stage. With a trunk of 0 stem and
        trunk stay as they are, and their gradients are not computed.
    half : bool
        Compute in bfloat16 on a CPU; on a GPU it is float16 anyhow.
    first, last : float
        What the squared error of the first and of the last maps counts.
    heatmaps, pafs : float
        What that of heatmaps and of PAFs counts.
    background : float
        What that of the background counts beside one of the other heatmaps: no parser reads it.
    warmup : int
        Steps over which the rate rises.
    hold : float
        Share of the minutes with a constant rate.
    ema : float
        Decay of the averaged weights.
    seed : int

    """

    batch: int = 192
    size: tuple[int, int] = (256, 384)
    rate: float = 4e-3
    trunk: float = 0.4
    refinement: float = 1.5
    half: bool = False
    first: float = 0.4
    last: float = 1.6
    heatmaps: float = 1.5
    pafs: float = 0.6
    background: float = 0.15
    warmup: int = 25
    hold: float = 0.3
    ema: float = 0.998
    seed: int = 0


class Student(Checkpointed):
    """
    A network, trained on views and targets.

    Parameters
    ----------
    network : BaseNetwork or PoseNetwork
        Without normalisation.
    params : SessionParams
    variances : (float, float)
        The teacher's, of PAFs and heatmaps, that errors are relative to.
    device : str

    """

    def __init__(
        self, network: Network, params: SessionParams, variances: tuple[float, float], device: str
    ) -> None:
        network = network.to(device, memory_format=torch.channels_last).requires_grad_(True)
        self.relative = RelativeWeights(network)
        factors = (params.trunk, 1.0, params.refinement)
        groups = [
            {'params': part, 'factor': factor}
            for part, factor in zip(network.groups(), factors, strict=True)
            if factor
        ]
        if not params.trunk:
            for parameter in network.groups()[0]:
                parameter.requires_grad_(False)
        self.trained = [parameter for group in groups for parameter in group['params']]
        optimizer = SOAP(
            groups,
            lr=0.0,
            betas=(0.95, 0.99),
            weight_decay=0.0,
            eps=1e-12,
            precondition_frequency=20,
        )
        super().__init__(network, optimizer)
        self.params, self.variances = params, variances
        self.kind, self.half = device, params.half or device != 'cpu'
        self._norm, self._seen = 0.0, 1

    def losses(self, views: Tensor, heatmaps: Tensor, pafs: Tensor) -> tuple[Tensor, Tensor]:
        """
        Compute the errors of all stages.

        Parameters
        ----------
        views : float32 (N, 3, H, W)
            BGR, 0 to 255.
        heatmaps : float32 (N, 19, H/8, W/8)
            The targets.
        pafs : float32 (N, 38, H/8, W/8)
            Also.

        Returns
        -------
        (float32 (), float32 (2,))
            The loss; the squared errors of the last PAFs and heatmaps by their variances, the
            background left out.

        """
        params = self.params
        half = torch.bfloat16 if self.kind == 'cpu' else torch.float16
        with torch.autocast(self.kind, half, enabled=self.half):
            stages = self.network.stages(views.contiguous(memory_format=torch.channels_last))
        total, last = torch.zeros((), device=views.device), []
        kinds = zip(
            stages[::-1],
            (pafs, heatmaps),
            self.variances,
            (params.pafs, params.heatmaps),
            strict=True,
        )
        for given, wanted, variance, share in kinds:
            errors = [(maps.float() - wanted).square().mean(dim=(0, 2, 3)) for maps in given]
            told = errors[-1].detach()
            if wanted is heatmaps:
                told = told[:-1]
                counts = torch.ones_like(errors[0])
                counts[-1] = params.background
                errors = [values * counts * (len(counts) / len(told)) for values in errors]
            first, final = sum(values.mean() for values in errors[:-1]), errors[-1].mean()
            total = total + share * (params.first * first + params.last * final) / variance
            last.append(told.mean() / variance)
        return total, torch.stack(last)

    def train_step(self, views: Tensor, heatmaps: Tensor, pafs: Tensor) -> Tensor:
        """Do one step; return what `losses` does second. A gradient that is not finite is none."""
        self.set_rate(self.params.rate * self.fade * min(1, (self.step + 1) / self.params.warmup))
        self.optimizer.zero_grad(set_to_none=True)
        loss, last = self.losses(views, heatmaps, pafs)
        (loss * _LOSS_SCALE).backward()
        for parameter in self.trained:
            parameter.grad.div_(_LOSS_SCALE)
        limit = _CLIP * self._norm or math.inf
        norm = nn.utils.clip_grad_norm_(self.trained, limit)
        if torch.isfinite(norm):
            self._norm += (min(float(norm), limit) - self._norm) / self._seen
            self._seen = min(_SEEN, self._seen + 1)
            self.optimizer.step()
            self.step += 1
            self.update_average(self.params.ema)
        return last

    @torch.no_grad()
    def evaluate(self, held: tuple[Tensor, Tensor, Tensor]) -> list[float]:
        """Return the errors of the averaged weights on held-out views: PAFs, heatmaps."""
        parts = zip(*(values.split(AT_ONCE) for values in held), strict=True)
        with self.averaged():
            return torch.stack([self.losses(*part)[1] for part in parts]).mean(dim=0).tolist()
