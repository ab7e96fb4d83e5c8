"""Network, averaged weights and optimiser in one object: a step, a check, a checkpoint."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from training.base_network import Network
from training.losses import LossParams, pose_loss
from training.network import STRIDE


@dataclass(frozen=True)
class TrainParams:
    """
    How to train; may change when a run is resumed.

    Attributes
    ----------
    steps : int
        Stop after this many steps, counted from the run's beginning.
    batch : int
        Views a step.
    crop : (int, int)
        Height and width of a view in pixels, multiples of 8.
    rate : float
        Learning rate of the stages.
    backbone_rate : float
        Factor on `rate` for the backbone.
    trunk_rate : float
        Factor on `rate` for stem and trunk; 0 freezes them, which saves half the time.
    warmup : int
        Steps over which the rate rises, from the run's beginning; then it is constant, until
        somebody ends the run with `run(..., finish=True)`.
    weight_decay : float
    ema : float
        Decay of the averaged weights, which are what is evaluated and exported.
    seed : int

    """

    steps: int = 1_000_000
    batch: int = 32
    crop: tuple[int, int] = (128, 128)
    rate: float = 2e-3
    backbone_rate: float = 0.05
    trunk_rate: float = 0.0
    warmup: int = 200
    weight_decay: float = 1e-4
    ema: float = 0.999
    seed: int = 0

    def __post_init__(self) -> None:
        if len(self.crop) != 2 or any(side < STRIDE or side % STRIDE for side in self.crop):
            raise ValueError(f'crop must be two positive multiples of {STRIDE}, got {self.crop}')


class NotFiniteError(ArithmeticError):
    """A loss, a gradient or a weight is NaN or infinite; nothing was saved of it."""


class Checkpointed:
    """
    Network, its average and the optimiser: what a checkpoint holds.

    Parameters
    ----------
    network : BaseNetwork or PoseNetwork
    optimizer : Optimizer
        Its groups have a `factor` on the learning rate.

    Attributes
    ----------
    average : dict of str to Tensor
        Averaged weights, which are what is evaluated and exported.
    step : int
        Steps done.
    fade : float
        Factor on the rate, less than 1 while a run is being finished.

    """

    def __init__(self, network: Network, optimizer: torch.optim.Optimizer) -> None:
        self.network, self.optimizer = network, optimizer
        self.average = {k: v.detach().clone() for k, v in network.state_dict().items()}
        self.step, self.fade = 0, 1.0

    def set_rate(self, rate: float) -> None:
        """Give every group its rate."""
        for group in self.optimizer.param_groups:
            group['lr'] = rate * group['factor']

    @contextmanager
    def averaged(self) -> Iterator[None]:
        """Let the network have the averaged weights in here."""
        own = {k: v.detach().clone() for k, v in self.network.state_dict().items()}
        self.network.load_state_dict(self.average)
        try:
            yield
        finally:
            self.network.load_state_dict(own)

    @torch.no_grad()
    def update_average(self, most: float) -> None:
        """Take the weights of this step into the average, whose decay is at most that."""
        decay = min(most, (1 + self.step) / (10 + self.step))
        for name, value in self.network.state_dict().items():
            if value.dtype.is_floating_point:
                self.average[name].lerp_(value, 1 - decay)
            else:
                self.average[name].copy_(value)

    def state(self) -> dict:
        """Return all that `restore` needs, as CPU tensors and plain values."""
        return {
            'config': self.network.config.to_dict(),
            'step': self.step,
            'network': self.network.state_dict(),
            'average': self.average,
            'optimizer': self.optimizer.state_dict(),
        }

    def restore(self, state: dict) -> None:
        """Go on from `state`; rates and factors are those of the current parameters."""
        kept = [(g['factor'], g['weight_decay']) for g in self.optimizer.param_groups]
        device = next(self.network.parameters()).device
        self.network.load_state_dict(state['network'])
        self.average = {k: v.to(device, copy=True) for k, v in state['average'].items()}
        self.optimizer.load_state_dict(state['optimizer'])
        for group, (factor, decay) in zip(self.optimizer.param_groups, kept, strict=True):
            group['factor'], group['weight_decay'] = factor, decay
        self.step = state['step']


class Trainer(Checkpointed):
    """
    Trains on pictures and targets.

    Parameters
    ----------
    network : BaseNetwork or PoseNetwork
        Moved to `device`.
    params : TrainParams
    loss : LossParams
    device : str
        `cpu` or `cuda`.
    bfloat16 : bool
        Compute in mixed precision.
    lanes : int
        Parts of a batch that are computed at the same time, each by a thread of its own. On a CPU
        that others use as well this is quicker than several threads for each operation, which
        wait for one another. For networks without batch normalisation.

    """

    def __init__(
        self,
        network: Network,
        params: TrainParams,
        loss: LossParams,
        *,
        device: str = 'cpu',
        bfloat16: bool = False,
        lanes: int = 1,
    ) -> None:
        if lanes > 1 and any(isinstance(m, nn.BatchNorm2d) for m in network.modules()):
            raise ValueError('several lanes need a network without batch normalisation')
        self._pool = ThreadPoolExecutor(lanes) if lanes > 1 else None
        self.lanes = lanes
        network = network.to(device, memory_format=torch.channels_last)
        self.params, self.loss, self.device, self.bfloat16 = params, loss, device, bfloat16
        lower, middle, upper = network.groups()
        for parameter in lower:
            parameter.requires_grad_(params.trunk_rate > 0)
        groups = [
            {'params': lower, 'factor': params.trunk_rate},
            {'params': middle, 'factor': params.backbone_rate},
            {'params': upper, 'factor': 1.0},
        ]
        super().__init__(
            network, torch.optim.AdamW(groups, lr=0.0, weight_decay=params.weight_decay)
        )
        self._forward = network.stages

    def compile(self) -> None:
        """Let PyTorch compile the network; the first step takes a minute."""
        self._forward = torch.compile(self.network.stages)

    def train_step(self, images: Tensor, targets: Tensor, mask: Tensor | None = None) -> dict:
        """
        Do one step.

        Parameters
        ----------
        images : uint8 (N, H, W, 3)
            BGR.
        targets : float (N, 57, H/8, W/8)
            Heatmaps, then PAFs; of any precision.
        mask : of any type, like `targets`, or None
            0 where nothing is known.

        Returns
        -------
        dict of str to float
            `heat` and `paf` losses, `rate`.

        """
        self.network.train()
        rate = learning_rate(self.params, self.step) * self.fade
        self.set_rate(rate)
        self.optimizer.zero_grad(set_to_none=True)
        heat, paf = self._gradients(images, targets, mask)
        if not torch.isfinite(heat + paf):
            raise NotFiniteError(
                f'step {self.step}: the loss is not finite; the weights are as they were before '
                'this step. Lower the rate, and look for NaN in the data'
            )
        norm = nn.utils.clip_grad_norm_(self.network.parameters(), 10.0)
        if not torch.isfinite(norm):
            raise NotFiniteError(f'step {self.step}: the gradient is not finite; lower the rate')
        self.optimizer.step()
        self.step += 1
        self.update_average(self.params.ema)
        return {'heat': float(heat.detach()), 'paf': float(paf.detach()), 'rate': rate}

    @torch.no_grad()
    def evaluate(self, batches: Sequence[tuple[Tensor, Tensor, Tensor]]) -> dict:
        """Return the mean losses of the averaged weights; the network keeps its own."""
        with self.averaged():
            self.network.eval()
            losses = [[float(x) for x in self._losses(*batch)] for batch in batches]
        heat, paf = np.mean(losses, axis=0)
        return {'heat': float(heat), 'paf': float(paf)}

    def _gradients(
        self, images: Tensor, targets: Tensor, mask: Tensor | None
    ) -> tuple[Tensor, Tensor]:
        """Return both losses, and leave their gradients with the parameters."""
        if self._pool is None:
            heat, paf = self._losses(images, targets, mask)
            (heat + paf).backward()
            return heat.detach(), paf.detach()
        parameters = [p for p in self.network.parameters() if p.requires_grad]

        def lane(number: int) -> tuple[Tensor, Tensor, tuple[Tensor, ...]]:
            part = slice(number, None, self.lanes)
            share = len(images[part]) / len(images)
            heat, paf = self._losses(
                images[part], targets[part], None if mask is None else mask[part]
            )
            gradients = torch.autograd.grad((heat + paf) * share, parameters)
            return heat.detach() * share, paf.detach() * share, gradients

        results = list(self._pool.map(lane, range(min(self.lanes, len(images)))))
        for place, parameter in enumerate(parameters):
            parameter.grad = torch.stack([gradients[place] for *_, gradients in results]).sum(0)
        heat = torch.stack([result[0] for result in results]).sum()
        return heat, torch.stack([result[1] for result in results]).sum()

    def _losses(
        self, images: Tensor, targets: Tensor, mask: Tensor | None
    ) -> tuple[Tensor, Tensor]:
        pictures = images.to(self.device).permute(0, 3, 1, 2).float()
        pictures = pictures.contiguous(memory_format=torch.channels_last)
        targets = targets.to(self.device).float()
        mask = None if mask is None else mask.to(self.device).float()
        kind = 'cuda' if self.device.startswith('cuda') else 'cpu'
        with torch.autocast(kind, torch.bfloat16, enabled=self.bfloat16):
            heatmaps, pafs = self._forward(pictures)
        return pose_loss(
            [maps.float() for maps in heatmaps],
            [maps.float() for maps in pafs],
            targets,
            mask,
            params=self.loss,
        )


def learning_rate(params: TrainParams, step: int) -> float:
    """Return the rate: a linear warm-up, then a constant."""
    return params.rate * min(1.0, (step + 1) / max(1, params.warmup))


def save(state: dict, path: Path) -> None:
    """
    Write a checkpoint so that a kill in the middle leaves the old one whole.

    Raises
    ------
    NotFiniteError
        If a weight is not finite; the old checkpoint stays.

    """
    for kind in ('network', 'average'):
        for name, value in state[kind].items():
            if not torch.isfinite(value).all():
                raise NotFiniteError(f'{kind} {name} is not finite: {path} was left as it was')
    torch.save(state, path.with_suffix('.tmp'))
    path.with_suffix('.tmp').replace(path)
