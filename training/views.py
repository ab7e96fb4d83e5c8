"""What a teacher makes of random views, in files, so that nothing is computed twice."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch

from training.augment import AugmentParams, random_view
from training.base_network import BaseConfig
from training.dataset import MarkedPicture
from training.inherit import convolutions
from training.teacher import OnnxTeacher

SHARD = 100  # views a file
AT_ONCE = 4  # views that are computed together


def teacher_values(teacher: OnnxTeacher, config: BaseConfig) -> tuple[str, ...]:
    """Return the names of the trunk's features and of what is wanted, as `Views` has them."""
    layers = convolutions(teacher)
    activated = {inputs[0]: output for kind, inputs, output, _ in teacher.nodes if kind == 'Relu'}
    neck = 1 + 2 * (len(config.trunk) + len(config.deep))  # its first layer; eight follow
    return (
        activated[layers[2 * len(config.trunk)]['output']],
        activated[layers[neck + 8]['output']],
        layers[neck + 13]['output'],
        layers[neck + 15]['output'],
        'pafs',
        'heatmaps',
    )


class Views:
    """
    What the teacher makes of views, in files of `SHARD` each.

    Parameters
    ----------
    folder : Path
        Made if it is not there.
    crop : (int, int)
        Height and width of a view in pixels, multiples of 8.
    nobody : float
        Share of the views that are of pictures without people, where there are such.
    seed : int

    """

    def __init__(
        self,
        folder: Path,
        *,
        crop: tuple[int, int] = (256, 384),
        nobody: float = 0.12,
        seed: int = 0,
    ) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.folder, self.crop, self.nobody, self.seed = folder, crop, nobody, seed

    def __len__(self) -> int:
        return len(list(self.folder.glob('views-*.targets.npy')))

    def add(
        self,
        teacher: OnnxTeacher,
        names: Sequence[str],
        people: Sequence[MarkedPicture],
        nobody: Sequence[MarkedPicture],
        augment: AugmentParams,
    ) -> None:
        """
        Make another file of views; which they are depends on seed and number alone.

        Parameters
        ----------
        teacher : OnnxTeacher
            The network that sees them.
        names : sequence of str
            As of `teacher_values`: the trunk's features, then features, first PAFs and heatmaps,
            last PAFs and heatmaps.
        people, nobody : sequence of MarkedPicture
            Drawn from; the second may be empty.
        augment : AugmentParams
            How views are drawn.

        """
        number = len(self)
        rng = np.random.default_rng([self.seed, number])
        parts: list[tuple[np.ndarray, np.ndarray]] = []
        for _ in range(SHARD // AT_ONCE):
            views = []
            for _ in range(AT_ONCE):
                pictures = nobody if nobody and rng.random() < self.nobody else people
                views.append(random_view(pictures, self.crop, rng, augment)[0])
            with torch.no_grad():
                values = teacher.trace(
                    torch.from_numpy(np.stack(views)).permute(0, 3, 1, 2).float()
                )
            wanted = torch.cat([values[name] for name in names[1:]], dim=1)
            parts.append((values[names[0]].half().numpy(), wanted.half().numpy()))
        for kind, arrays in zip(('features', 'targets'), zip(*parts, strict=True), strict=True):
            path = self.folder / f'views-{number:04d}.{kind}.npy'
            with path.with_suffix('.part').open('wb') as file:
                np.save(file, np.concatenate(arrays))
            path.with_suffix('.part').replace(path)

    def open(self, number: int) -> tuple[np.ndarray, np.ndarray]:
        """Return a file's features and targets, float16 (SHARD, C, h, w) each, memory-mapped."""
        stem = self.folder / f'views-{number:04d}'
        features, targets = (
            np.load(f'{stem}.{kind}.npy', mmap_mode='r') for kind in ('features', 'targets')
        )
        return features, targets
