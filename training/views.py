"""What a teacher makes of random views, in files, so that nothing is computed twice."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
import torch

from training.augment import AugmentParams, random_view
from training.base_network import BaseConfig
from training.dataset import MarkedPicture
from training.inherit import convolutions
from training.scales import combine
from training.teacher import OnnxTeacher
from training.teacher_maps import HEATMAPS

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


class Composed:
    """
    Maps of a view out of what a network sees at several sizes of it (see `training.scales`).

    Parameters
    ----------
    network : Path
        Takes BGR pictures from 0 to 255, as a teacher, and gives heatmaps and PAFs.
        human-pose-estimation-0001-int8-qdq takes 0.19 s for a view of 256x384 at both sizes, the
        float32 form 0.43 (one thread); that changes PAFs by 0.011 of their variance.
    sizes : sequence of float
        Enlargements.

    """

    def __init__(self, network: Path, sizes: Sequence[float] = (1.0, 2.0)) -> None:
        from onnxruntime import InferenceSession, SessionOptions

        options = SessionOptions()
        options.intra_op_num_threads = torch.get_num_threads()
        self._session = InferenceSession(str(network), options)
        self._input, self._sizes = self._session.get_inputs()[0].name, tuple(sizes)

    def __call__(self, view: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """
        Compose the maps of one view.

        Parameters
        ----------
        view : uint8 (H, W, 3)
            BGR; H and W multiples of 8.

        Returns
        -------
        (float32 (38, H/8, W/8), float32 (19, H/8, W/8))
            PAFs and heatmaps.

        """
        height, width = view.shape[:2]
        seen = []
        for size in self._sizes:
            large = (round(width * size), round(height * size))
            picture = cv2.resize(view, large, interpolation=cv2.INTER_CUBIC)
            picture = np.ascontiguousarray(picture.transpose(2, 0, 1), np.float32)
            given = self._session.run(None, {self._input: picture[None]})
            heatmaps, pafs = sorted(given, key=lambda maps: maps.shape[1])
            seen.append((size, np.concatenate([heatmaps[0], pafs[0]])))
        maps = combine(seen, [1.0], (height, width))[0]
        return maps[HEATMAPS:], maps[:HEATMAPS]


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
    features : int
        Channels of the features that are wanted.
    seed : int

    """

    def __init__(
        self,
        folder: Path,
        *,
        crop: tuple[int, int] = (256, 384),
        nobody: float = 0.12,
        features: int = 128,
        seed: int = 0,
    ) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.folder, self.crop, self.nobody, self.seed = folder, crop, nobody, seed
        self.features = features

    def __len__(self) -> int:
        return len(list(self.folder.glob('views-*.targets.npy')))

    def add(
        self,
        teacher: OnnxTeacher,
        names: Sequence[str],
        people: Sequence[MarkedPicture],
        nobody: Sequence[MarkedPicture],
        augment: AugmentParams,
        composed: Composed | None = None,
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
        composed : Composed, optional
            Gives the maps of both stages instead, but where nobody is: there they are noughts. Of
            the teacher the trunk alone is used, and the features that are wanted are noughts,
            which count for nothing.

        """
        number = len(self)
        rng = np.random.default_rng([self.seed, number])
        parts: list[tuple[np.ndarray, np.ndarray]] = []
        for _ in range(SHARD // AT_ONCE):
            views, empty = [], []
            for _ in range(AT_ONCE):
                pictures = nobody if nobody and rng.random() < self.nobody else people
                views.append(random_view(pictures, self.crop, rng, augment)[0])
                empty.append(pictures is nobody)
            images = torch.from_numpy(np.stack(views)).permute(0, 3, 1, 2).float()
            with torch.no_grad():
                values = teacher.trace(images, names[0] if composed else None)
            if composed:
                pafs, heatmaps = (np.stack(maps) for maps in zip(*map(composed, views)))
                pafs[empty], heatmaps[empty] = 0.0, 0.0
                heatmaps[empty, -1] = 1.0  # the background
                none = np.zeros((AT_ONCE, self.features, *pafs.shape[2:]), np.float32)
                arrays = np.concatenate([none, pafs, heatmaps, pafs, heatmaps], axis=1)
                wanted = torch.from_numpy(arrays)
            else:
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
