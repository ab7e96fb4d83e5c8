"""
The training loop: start it, kill it, start it again; it goes on where the last checkpoint was.

    python -m training.train RUN --data PACK[:MAPS] [--data ...] [--teacher TEACHER.onnx]

RUN is a folder: `last.pt` (everything that resuming needs), `curve.csv` (one line a log
interval). Batches are a function of seed and step, so that an interrupted run goes on exactly.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
import csv
from dataclasses import asdict, replace
import json
import logging
import math
from pathlib import Path
import signal
import time

import torch

from training.augment import AugmentParams
from training.batches import Batches, make_batch
from training.dataset import MarkedPicture, open_source
from training.losses import LossParams
from training.network import NetworkConfig, PoseNetwork
from training.trainer import Trainer, TrainParams, save

_log = logging.getLogger(__name__)


def run(
    folder: Path,
    trainer: Trainer,
    pictures: Sequence[MarkedPicture],
    augment: AugmentParams,
    *,
    held_out: int = 200,
    workers: int = 1,
    log_every: int = 100,
    save_every_s: float = 240.0,
    minutes: float = math.inf,
) -> None:
    """
    Train until `trainer.params.steps`, from where the trainer is, or until told to stop.

    SIGTERM and SIGINT end the run after the step in progress; the checkpoint is written.

    Parameters
    ----------
    folder : Path
        Receives `last.pt` and lines of `curve.csv`.
    trainer : Trainer
        New or restored.
    pictures : sequence of MarkedPicture
        The first `held_out` of them are for the validation loss alone.
    augment : AugmentParams
        How views are drawn.
    held_out : int
        Pictures kept out.
    workers : int
        Processes that prepare batches; 0 for none.
    log_every : int
        Steps between lines of the curve.
    save_every_s : float
        Seconds between checkpoints.
    minutes : float
        Stop after this long.

    """
    params = trainer.params
    stopping: list[int] = []
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda received, _: stopping.append(received))
    check = replace(params, batch=min(params.batch, max(1, held_out)), seed=12345)
    plain = replace(augment, colour=0.0, mosaic=0.0, rotation_deg=0.0)
    checks = [make_batch(pictures[: max(1, held_out)], check, plain, i) for i in range(6)]
    batches = torch.utils.data.DataLoader(
        Batches(pictures[held_out:], params, augment, trainer.step),
        batch_size=None,
        num_workers=workers,
        prefetch_factor=4 if workers else None,
    )
    begun = saved = logged = time.monotonic()
    sums: dict[str, float] = {}
    for images, targets, mask in batches:
        for name, value in trainer.train_step(images, targets, mask).items():
            sums[name] = sums.get(name, 0.0) + value
        now = time.monotonic()
        if trainer.step % log_every == 0:
            validation = trainer.evaluate(checks)
            line = {
                'time': time.strftime('%F %T'),
                'step': trainer.step,
                'views_per_s': round(log_every * params.batch / (now - logged), 1),
                **{name: round(value / log_every, 5) for name, value in sums.items()},
                **{f'held_{name}': round(value, 5) for name, value in validation.items()},
                'crop': params.crop[0],
            }
            _append(folder / 'curve.csv', line)
            _log.info(' '.join(f'{name}={value}' for name, value in line.items()))
            sums, logged = {}, time.monotonic()
        if now - saved > save_every_s:
            save(trainer.state(), folder / 'last.pt')
            saved = now
        if stopping or now - begun > 60 * minutes:
            break
    save(trainer.state(), folder / 'last.pt')


def _append(path: Path, line: dict) -> None:
    new = not path.exists()
    with path.open('a', newline='') as file:
        writer = csv.DictWriter(file, list(line))
        if new:
            writer.writeheader()
        writer.writerow(line)


def build_network(config: NetworkConfig, teacher: Path | None, pictures: Sequence) -> PoseNetwork:
    """Return a new network: random weights, or those that a teacher hands down."""
    if teacher is None:
        return PoseNetwork(config)
    from training.inherit import inherit, inherited_config
    from training.teacher import OnnxTeacher

    source = OnnxTeacher(teacher)
    network = PoseNetwork(inherited_config(config, source))
    views = TrainParams(batch=200, crop=(192, 192), seed=999)
    images, *_ = make_batch(pictures, views, AugmentParams(mosaic=0.0, scale=(0.5, 0.9)), 0)
    inherit(network, source, images.permute(0, 3, 1, 2).float(), pairs=(5, 6, 7, 8, 10))
    return network


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument('run', type=Path)
    parser.add_argument('--data', action='append', required=True, metavar='PACK[:MAPS]')
    parser.add_argument('--teacher', type=Path, help='first weights come from this ONNX network')
    parser.add_argument('--params', type=json.loads, default={}, help='JSON of TrainParams')
    parser.add_argument('--augment', type=json.loads, default={}, help='JSON of AugmentParams')
    parser.add_argument('--loss', type=json.loads, default={}, help='JSON of LossParams')
    parser.add_argument('--network', type=json.loads, default={}, help='JSON of NetworkConfig')
    parser.add_argument('--workers', type=int, default=1)
    parser.add_argument('--threads', type=int, default=2)
    parser.add_argument('--device', default='cuda' if torch.cuda.is_available() else 'cpu')
    parser.add_argument('--bfloat16', action='store_true')
    parser.add_argument('--compile', action='store_true')
    parser.add_argument('--log-every', type=int, default=100)
    parser.add_argument('--minutes', type=float, default=math.inf, help='stop after this long')
    arguments = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format='%(asctime)s %(message)s')
    torch.set_num_threads(arguments.threads)
    params = TrainParams(**_with_tuples(arguments.params, 'crop'))
    augment = AugmentParams(**_with_tuples(arguments.augment, 'scale'))
    torch.manual_seed(params.seed)
    pictures: list[MarkedPicture] = []
    for source in arguments.data:
        pictures += open_source(source)
    _log.info('%d marked pictures', len(pictures))
    arguments.run.mkdir(parents=True, exist_ok=True)
    last = arguments.run / 'last.pt'
    state = torch.load(last, map_location='cpu') if last.exists() else None
    if state is not None:
        network = PoseNetwork(NetworkConfig.from_dict(state['config']))
    else:
        config = NetworkConfig.from_dict({**NetworkConfig().to_dict(), **arguments.network})
        network = build_network(config, arguments.teacher, pictures)
    trainer = Trainer(
        network,
        params,
        LossParams(**arguments.loss),
        device=arguments.device,
        bfloat16=arguments.bfloat16,
    )
    if state is not None:
        trainer.restore(state)
        _log.info('resumed at step %d', trainer.step)
    if arguments.compile:
        trainer.compile()
    settings = {'params': asdict(params), 'augment': asdict(augment), 'loss': asdict(trainer.loss)}
    _log.info(json.dumps(settings))
    run(
        arguments.run,
        trainer,
        pictures,
        augment,
        workers=arguments.workers,
        log_every=arguments.log_every,
        minutes=arguments.minutes,
    )


def _with_tuples(values: dict, name: str) -> dict:
    return {**values, name: tuple(values[name])} if name in values else values


if __name__ == '__main__':
    main()
