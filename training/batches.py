"""Batches as a function of seed and step, so that an interrupted run goes on exactly."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import torch
from torch import Tensor

from training.augment import AugmentParams, random_view
from training.dataset import MarkedPicture
from training.trainer import TrainParams


class Batches(torch.utils.data.IterableDataset):
    """
    Batches from a step on, for a `DataLoader` with any number of workers.

    Parameters
    ----------
    pictures : sequence of MarkedPicture
    params : TrainParams
    augment : AugmentParams
    first : int
        The step that the first batch is for.

    """

    def __init__(
        self,
        pictures: Sequence[MarkedPicture],
        params: TrainParams,
        augment: AugmentParams,
        first: int,
    ) -> None:
        super().__init__()
        self.pictures, self.params, self.augment, self.first = pictures, params, augment, first

    def __iter__(self) -> Iterator[tuple[Tensor, Tensor, Tensor]]:
        torch.set_num_threads(1)
        worker = torch.utils.data.get_worker_info()
        start, stride = (worker.id, worker.num_workers) if worker else (0, 1)
        for step in range(self.first + start, self.params.steps, stride):
            yield make_batch(self.pictures, self.params, self.augment, step)


def make_batch(
    pictures: Sequence[MarkedPicture], params: TrainParams, augment: AugmentParams, step: int
) -> tuple[Tensor, Tensor, Tensor]:
    """
    Make one step's batch; the same for the same seed and step.

    Returns
    -------
    (uint8 (N, H, W, 3), float16 (N, 57, H/8, W/8), uint8 (N, 57, H/8, W/8))
        Pictures, targets and mask, small for their way between processes.

    """
    rng = np.random.default_rng([params.seed, step])
    views = [random_view(pictures, params.crop, rng, augment) for _ in range(params.batch)]
    images, targets, masks = (np.stack(arrays) for arrays in zip(*views, strict=True))
    return (
        torch.from_numpy(images),
        torch.from_numpy(targets.astype(np.float16)),
        torch.from_numpy(masks.astype(np.uint8)),
    )
