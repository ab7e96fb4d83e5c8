"""
A network brought nearer to the teacher that it was made from: its features and both stages' maps.

    python -m training.distil RUN START.pt TEACHER.onnx --data PACK[:nobody] [--data …]
                              [--views N] [--composed NETWORK.onnx]
                              [--minutes M] [--finish] [--params JSON]

No maps are needed: the teacher sees each view itself. What it makes of a view is kept in
RUN/views, float16, 1.5 MB for 256x384 pixels: the trunk's features, which the network shares with
the teacher and which are not trained, and what it is to give from them. So a step costs the layers
alone that are trained, and views can be made first, or by another process beside (`--only-views`).
With --composed the maps are those of that network, of the view as it is and at twice its size: the
teacher sees small people there alone.
The optimiser is SOAP (Vyas et al., arXiv 2409.11321), Adam along the main directions of a layer's
gradients: where 700 steps of Adam had brought the error of the last PAFs from 0.238 to 0.228, 700
of its steps, at twice the rate, brought it from there to 0.210.
The same line again goes on from RUN/last.pt, which is written every hundred steps, at the end and
after Ctrl-C.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
import csv
from dataclasses import dataclass
import json
import logging
import math
from pathlib import Path
import signal
import time

import numpy as np
from pytorch_optimizer import SOAP
import torch
from torch import Tensor

from training.augment import AugmentParams
from training.base_network import BaseConfig, BaseNetwork
from training.dataset import open_source
from training.teacher import OnnxTeacher
from training.trainer import Checkpointed, NotFiniteError, save
from training.views import AT_ONCE, SHARD, Composed, Views, teacher_values

_log = logging.getLogger(__name__)
_LOG_STEPS = 100


@dataclass(frozen=True)
class DistilParams:
    """
    How to distil; may change when a run is resumed.

    Attributes
    ----------
    batch : int
        Views a step, a multiple of 4.
    rate : float
        Learning rate of what was inherited. Most of a step is noise: in a trial of 80 steps
        all held-out errors rose by 1 to 6 % with 5e-5, by 14 to 34 % with 1.5e-4.
    refinement : float
        Factor on it for the second stage, which begins at random.
    features, first, last : float
        What the squared errors of features, first maps and last maps count, each relative to the
        teacher's own variance.
    warmup : int
        Steps over which the rate rises.
    ema : float
        Decay of the averaged weights.
    seed : int

    """

    batch: int = 8
    rate: float = 3e-5
    refinement: float = 8.0
    features: float = 0.3
    first: float = 1.0
    last: float = 1.5
    warmup: int = 40
    ema: float = 0.995
    seed: int = 0

    def __post_init__(self) -> None:
        if self.batch < AT_ONCE or self.batch % AT_ONCE:
            raise ValueError(f'batch must be a multiple of {AT_ONCE}, got {self.batch}')


class Distiller(Checkpointed):
    """
    Trains what follows the trunk on what a teacher makes of views.

    Parameters
    ----------
    network : BaseNetwork
        Stem and trunk are the teacher's; they stay as they are.
    params : DistilParams
    variances : float32 (5,)
        The teacher's, of what `losses` gives.

    """

    def __init__(self, network: BaseNetwork, params: DistilParams, variances: Tensor) -> None:
        lower, middle, upper = network.groups()
        for parameter in lower:
            parameter.requires_grad_(False)
        groups = [
            {'params': middle, 'factor': 1.0},
            {'params': upper, 'factor': params.refinement},
        ]
        optimizer = SOAP(groups, lr=0.0, betas=(0.95, 0.99), weight_decay=0.0, eps=1e-12)
        super().__init__(network, optimizer)
        self.params, self.variances = params, variances
        self.counts = torch.tensor([params.features, *[params.first] * 2, *[params.last] * 2])

    def losses(self, features: Tensor, targets: Tensor) -> Tensor:
        """
        Return squared errors relative to the teacher's variances.

        Parameters
        ----------
        features : float16 (N, C, h, w)
            Of the trunk.
        targets : float16 (N, D, h, w)
            Features, first PAFs and heatmaps, last PAFs and heatmaps.

        Returns
        -------
        float32 (5,)
            Of these five.

        """
        own, heatmaps, pafs = self.network.after_trunk(features.float())
        all_heatmaps, all_pafs = self.network.refined(own, heatmaps, pafs)
        given = (own, pafs, heatmaps, all_pafs[-1], all_heatmaps[-1])
        wanted = targets.float().split([maps.shape[1] for maps in given], dim=1)
        errors = [(one - two).square().mean() for one, two in zip(given, wanted, strict=True)]
        return torch.stack(errors) / self.variances

    def train_step(self, batches: Sequence[tuple[Tensor, Tensor]]) -> Tensor:
        """Do one step over all of them, and return their mean losses, float32 (5,)."""
        rate = self.params.rate * self.fade * min(1.0, (self.step + 1) / self.params.warmup)
        self.set_rate(rate)
        self.optimizer.zero_grad(set_to_none=True)
        sums = torch.zeros(5)
        for features, targets in batches:
            losses = self.losses(features, targets) / len(batches)
            (losses * self.counts).sum().backward()
            sums += losses.detach()
        if not torch.isfinite(sums).all():
            raise NotFiniteError(f'step {self.step}: the loss is not finite; lower the rate')
        self.optimizer.step()
        self.step += 1
        self.update_average(self.params.ema)
        return sums

    @torch.no_grad()
    def evaluate(self, features: Tensor, targets: Tensor) -> Tensor:
        """Return the losses of the averaged weights; the network keeps its own."""
        parts = zip(features.split(AT_ONCE), targets.split(AT_ONCE), strict=True)
        with self.averaged():
            losses = torch.stack([self.losses(*part) for part in parts]).mean(dim=0)
        return losses


def run(
    folder: Path, distiller: Distiller, views: Views, *, minutes: float, finish: bool = False
) -> None:
    """
    Distil until told to stop; SIGTERM and SIGINT end it after the step in progress.

    Parameters
    ----------
    folder : Path
        Receives `last.pt` and lines of `distil.csv`.
    distiller : Distiller
        New or restored.
    views : Views
        The first file is held out. Files that are added meanwhile are taken up.
    minutes : float
        Stop after this long.
    finish : bool
        Let the rate fall to zero within these minutes, as half a cosine.

    """
    if len(views) < 2:
        raise ValueError(f'{views.folder} holds {len(views)} files of views, 2 are needed')
    params, stopping = distiller.params, []
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda received, _: stopping.append(received))
    features, targets = views.open(0)
    held = torch.from_numpy(np.array(features)), torch.from_numpy(np.array(targets))
    files: dict[int, tuple[np.ndarray, np.ndarray]] = {}
    begun = time.monotonic()
    sums, done = torch.zeros(5), 0
    while not stopping and (time.monotonic() - begun < 60 * minutes):
        if not files or distiller.step % _LOG_STEPS == 0:
            files = {n: files.get(n) or views.open(n) for n in range(1, len(views))}
        if finish:
            spent = (time.monotonic() - begun) / (60 * minutes)
            distiller.fade = 0.5 * (1 + math.cos(math.pi * min(1.0, spent)))
        rng = np.random.default_rng([params.seed, 1, distiller.step])
        batches = [_batch(files, rng) for _ in range(params.batch // AT_ONCE)]
        sums += distiller.train_step(batches)
        done += 1
        if distiller.step % _LOG_STEPS == 0:
            _note(folder, distiller, sums / done, held)
            sums, done = torch.zeros(5), 0
    if done:
        _note(folder, distiller, sums / done, held)


def _note(folder: Path, distiller: Distiller, losses: Tensor, held: tuple[Tensor, Tensor]) -> None:
    """Write a line of the curve, and the checkpoint."""
    line = [distiller.step, *losses.tolist(), *distiller.evaluate(*held).tolist()]
    _log.info(' '.join(f'{value:.4g}' for value in line))
    with (folder / 'distil.csv').open('a', newline='') as file:
        csv.writer(file).writerow([time.strftime('%F %T'), *line])
    save(distiller.state(), folder / 'last.pt')


def _batch(
    files: dict[int, tuple[np.ndarray, np.ndarray]], rng: np.random.Generator
) -> tuple[Tensor, Tensor]:
    """Return random views of random files, float16 (4, C, h, w) and (4, D, h, w)."""
    numbers = rng.choice(list(files), AT_ONCE)
    places = rng.integers(0, SHARD, AT_ONCE)
    chosen = [(files[n][0][p], files[n][1][p]) for n, p in zip(numbers, places, strict=True)]
    features, targets = (np.stack(arrays) for arrays in zip(*chosen, strict=True))
    return torch.from_numpy(features), torch.from_numpy(targets)


def variances(views: Views, config: BaseConfig) -> Tensor:
    """
    Return the variances of the five targets, of the file that is held out.

    Of one that is noughts alone it is infinite: it counts for nothing.
    """
    targets = torch.from_numpy(np.array(views.open(0)[1])).float()
    pafs, heatmaps = 2 * config.limbs, config.keypoints + 1
    parts = targets.split([config.features, pafs, heatmaps, pafs, heatmaps], dim=1)
    found = torch.stack([part.var(dim=(0, 2, 3)).mean() for part in parts])
    return torch.where(found > 0, found, torch.inf)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument('run', type=Path)
    parser.add_argument('start', type=Path)
    parser.add_argument('teacher', type=Path)
    parser.add_argument('--data', action='append', required=True, metavar='PACK[:nobody]')
    parser.add_argument('--views', type=int, default=4000, help='to have before training begins')
    parser.add_argument('--composed', type=Path, metavar='NETWORK.onnx', help='see above')
    parser.add_argument('--only-views', action='store_true', help='make views and end')
    parser.add_argument('--minutes', type=float, default=math.inf)
    parser.add_argument('--finish', action='store_true', help='the rate falls to zero meanwhile')
    parser.add_argument('--params', type=json.loads, default={}, help='JSON of DistilParams')
    parser.add_argument('--augment', type=json.loads, default={}, help='JSON of AugmentParams')
    arguments = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format='%(asctime)s %(message)s')
    if arguments.finish and math.isinf(arguments.minutes):
        parser.error('--finish needs --minutes')
    params = DistilParams(**arguments.params)
    augment = AugmentParams(**arguments.augment)
    start = torch.load(arguments.start, map_location='cpu', weights_only=True)
    network = BaseNetwork(BaseConfig.from_dict(start['config']))
    network.load_state_dict(start['average'])
    views = Views(arguments.run / 'views', features=network.config.features)
    if len(views) * SHARD < arguments.views:
        teacher = OnnxTeacher(arguments.teacher)
        names = teacher_values(teacher, network.config)
        nobody = [source for source in arguments.data if source.endswith(':nobody')]
        people = [p for s in arguments.data if s not in nobody for p in open_source(s)]
        empty = [picture for source in nobody for picture in open_source(source)]
        composed = Composed(arguments.composed) if arguments.composed else None
        while len(views) * SHARD < arguments.views:
            views.add(teacher, names, people, empty, augment, composed)
            _log.info('%d views', len(views) * SHARD)
    if arguments.only_views:
        return
    distiller = Distiller(network, params, variances(views, network.config))
    last = arguments.run / 'last.pt'
    if last.exists():
        distiller.restore(torch.load(last, map_location='cpu', weights_only=True))
    run(arguments.run, distiller, views, minutes=arguments.minutes, finish=arguments.finish)


if __name__ == '__main__':
    main()
