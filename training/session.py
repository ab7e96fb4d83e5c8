"""
One command for a machine with a GPU and little time: maps, training, export.

    python -m training.session DATA RUN --teacher TEACHER.onnx --minutes 9 [--finish]

DATA holds packs, a folder each (`training.sources`); the teacher's maps are computed beside them
first, on the GPU. A pack called `nobody*` needs none. RUN is a run of `training.train`: the
command can be given again and again, and goes on each time. `--finish` lets the rate fall to zero
within these minutes, as the last command does. At the end RUN holds `last.pt` and `model.onnx`.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from dataclasses import asdict, replace
import json
import logging
import os
from pathlib import Path
import time

import numpy as np
import torch

from training.augment import AugmentParams
from training.dataset import MarkedPicture, open_source
from training.export import export, load_network
from training.losses import LossParams
from training.network import NetworkConfig
from training.teacher import OnnxTeacher
from training.teacher_maps import write_shards
from training.train import open_trainer, run
from training.trainer import TrainParams

_log = logging.getLogger(__name__)
GPU = TrainParams(batch=256, crop=(192, 192), rate=3e-3, trunk_rate=0.02, warmup=300)
CPU = TrainParams()
GPU_AUGMENT = AugmentParams(rotation_deg=20, scale=(0.2, 1.15))


def torch_teacher(path: Path, device: str) -> Callable:
    """Return a teacher like `open_teacher`, in PyTorch, averaged with the mirrored picture."""
    from training.skeleton import mirror_maps

    network = OnnxTeacher(path).to(device)

    def infer(image: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        both = np.stack([image, image[:, ::-1]]).transpose(0, 3, 1, 2)
        tensor = torch.from_numpy(np.ascontiguousarray(both)).to(device).float()
        heatmaps, pafs = (maps.cpu().numpy() for maps in network(tensor))
        mirrored = mirror_maps(heatmaps[1], pafs[1])
        return (heatmaps[0] + mirrored[0]) / 2, (pafs[0] + mirrored[1]) / 2

    return infer


def prepare(data: Path, teacher: Path, device: str) -> list[MarkedPicture]:
    """Compute the maps that are missing and open every pack below `data`."""
    pictures: list[MarkedPicture] = []
    for pack in sorted(path.parent for path in data.glob('*/part-000.npz')):
        if pack.name.startswith('nobody'):
            pictures += open_source(f'{pack}:nobody')
            continue
        maps = data / f'{pack.name}.maps'
        threads = 8 if device == 'cuda' else 1
        write_shards(pack, torch_teacher(teacher, device), maps, threads=threads)
        pictures += open_source(f'{pack}:{maps}')
    if not pictures:
        raise FileNotFoundError(f'no packs in {data}: make them with python -m training.sources')
    order = np.random.default_rng(1).permutation(len(pictures))
    return [pictures[i] for i in order]


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument('data', type=Path)
    parser.add_argument('run', type=Path)
    parser.add_argument('--teacher', type=Path, required=True)
    parser.add_argument('--minutes', type=float, default=9.0, help='of training, maps not counted')
    parser.add_argument('--finish', action='store_true')
    parser.add_argument('--params', type=json.loads, default={}, help='JSON of TrainParams')
    parser.add_argument('--workers', type=int, default=max(1, (os.cpu_count() or 2) - 1))
    arguments = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format='%(asctime)s %(message)s')
    begun = time.monotonic()
    device = 'cuda' if torch.cuda.is_available() else 'cpu'
    params = replace(GPU if device == 'cuda' else CPU, **arguments.params)
    augment = GPU_AUGMENT if device == 'cuda' else AugmentParams()
    torch.backends.cudnn.benchmark = True
    torch.manual_seed(params.seed)
    pictures = prepare(arguments.data, arguments.teacher, device)
    _log.info('%d pictures after %.0f s', len(pictures), time.monotonic() - begun)
    trainer = open_trainer(
        arguments.run,
        pictures,
        params,
        LossParams(),
        network=NetworkConfig(),
        teacher=arguments.teacher,
        device=device,
        bfloat16=True,
    )
    _log.info('step %d, %s', trainer.step, json.dumps(asdict(params)))
    run(
        arguments.run,
        trainer,
        pictures,
        augment,
        workers=arguments.workers,
        minutes=arguments.minutes,
        finish=arguments.finish,
    )
    difference = export(load_network(arguments.run / 'last.pt'), arguments.run / 'model.onnx')
    _log.info('step %d exported, differs from PyTorch by %.2g', trainer.step, difference)


if __name__ == '__main__':
    main()
