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
from training.base_network import Network, make_network
from training.batches import Batches, make_batch
from training.dataset import MarkedPicture, open_source
from training.losses import LossParams
from training.network import NetworkConfig, PoseNetwork
from training.trainer import Trainer, TrainParams, save

_log = logging.getLogger(__name__)
# For each deep layer of the default network, the layer of human-pose-estimation-0001 it replaces.
TEACHER_PAIRS = (5, 6, 7, 8, 10)


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
    finish: bool = False,
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
        Pictures kept out, a fifth of all at most.
    workers : int
        Processes that prepare batches; 0 for none.
    log_every : int
        Steps between lines of the curve.
    save_every_s : float
        Seconds between checkpoints.
    minutes : float
        Stop after this long.
    finish : bool
        Let the rate fall to zero within these minutes, as half a cosine.

    """
    held_out = min(held_out, len(pictures) // 5)
    if len(pictures) - held_out < 1:
        raise ValueError('no pictures to train on; give --data a pack that has some')
    params = trainer.params
    stopping: list[int] = []
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda received, _: stopping.append(received))
    check = replace(params, batch=min(params.batch, max(1, held_out)), seed=12345)
    plain = replace(augment, colour=0.0, mosaic=0.0, rotation_deg=0.0, turned=0.0)
    checks = [make_batch(pictures[: max(1, held_out)], check, plain, i) for i in range(6)]
    batches = torch.utils.data.DataLoader(
        Batches(pictures[held_out:], params, augment, trainer.step),
        batch_size=None,
        num_workers=workers,
        prefetch_factor=2 if workers else None,
    )
    begun = saved = logged = time.monotonic()
    sums: dict[str, float] = {}
    before = trainer.step
    for images, targets, mask in batches:
        if finish:
            spent = (time.monotonic() - begun) / (60 * minutes)
            trainer.fade = 0.5 * (1 + math.cos(math.pi * min(1.0, spent)))
        for name, value in trainer.train_step(images, targets, mask).items():
            sums[name] = sums.get(name, 0.0) + value
        now = time.monotonic()
        if trainer.step % log_every == 0:
            validation = trainer.evaluate(checks)
            done = trainer.step - before
            line = {
                'time': time.strftime('%F %T'),
                'step': trainer.step,
                'views_per_s': round(done * params.batch / (now - logged), 1),
                **{name: round(value / done, 5) for name, value in sums.items()},
                **{f'held_{name}': round(value, 5) for name, value in validation.items()},
                'crop': params.crop[0],
            }
            _append(folder / 'curve.csv', line)
            _log.info(' '.join(f'{name}={value}' for name, value in line.items()))
            sums, logged, before = {}, time.monotonic(), trainer.step
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


def open_trainer(
    folder: Path,
    pictures: Sequence[MarkedPicture],
    params: TrainParams,
    loss: LossParams,
    *,
    network: NetworkConfig,
    teacher: Path | None,
    start: Path | None = None,
    device: str,
    bfloat16: bool,
    lanes: int = 1,
) -> Trainer:
    """
    Go on with the run in `folder`, or begin one.

    Parameters
    ----------
    folder : Path
        Made if missing.
    pictures : sequence of MarkedPicture
        Some of them calibrate the weights that a teacher hands down.
    params : TrainParams
        How to train from here on.
    loss : LossParams
        The same.
    network : NetworkConfig
        Of a new run; one that goes on keeps its own.
    teacher : Path or None
        A new run's first weights come from this ONNX network, or are random.
    start : Path or None
        A new run's network and first weights are those of this checkpoint.
    device, bfloat16, lanes
        See `Trainer`.

    """
    folder.mkdir(parents=True, exist_ok=True)
    last = folder / 'last.pt'
    if last.exists():
        state = torch.load(last, map_location='cpu')
        trained = make_network(state['config'])
        trainer = Trainer(trained, params, loss, device=device, bfloat16=bfloat16, lanes=lanes)
        trainer.restore(state)
        _log.info('resumed at step %d', trainer.step)
        return trainer
    if start is not None:
        state = torch.load(start, map_location='cpu')
        new: Network = make_network(state['config'])
        new.load_state_dict(state['average'])
    else:
        new = PoseNetwork(network) if teacher is None else _inherited(network, teacher, pictures)
    return Trainer(new, params, loss, device=device, bfloat16=bfloat16, lanes=lanes)


def _inherited(
    config: NetworkConfig, teacher: Path, pictures: Sequence[MarkedPicture]
) -> PoseNetwork:
    from training.inherit import inherit, inherited_config
    from training.teacher import OnnxTeacher

    source = OnnxTeacher(teacher)
    network = PoseNetwork(inherited_config(config, source))
    views = TrainParams(batch=200, crop=(192, 192), seed=999)
    images, *_ = make_batch(pictures, views, AugmentParams(mosaic=0.0, scale=(0.5, 0.9)), 0)
    inherit(network, source, images.permute(0, 3, 1, 2).float(), pairs=TEACHER_PAIRS)
    return network


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument('run', type=Path)
    parser.add_argument('--data', action='append', required=True, metavar='PACK[:MAPS]')
    parser.add_argument('--teacher', type=Path, help='first weights come from this ONNX network')
    parser.add_argument('--start', type=Path, help='network and first weights of a new run')
    parser.add_argument('--params', type=json.loads, default={}, help='JSON of TrainParams')
    parser.add_argument('--augment', type=json.loads, default={}, help='JSON of AugmentParams')
    parser.add_argument('--loss', type=json.loads, default={}, help='JSON of LossParams')
    parser.add_argument('--network', type=json.loads, default={}, help='JSON of NetworkConfig')
    parser.add_argument('--workers', type=int, default=1)
    parser.add_argument('--threads', type=int, default=2)
    parser.add_argument('--lanes', type=int, default=1, help='see `Trainer`; with --threads 1')
    parser.add_argument('--device', default='cuda' if torch.cuda.is_available() else 'cpu')
    parser.add_argument('--bfloat16', action='store_true')
    parser.add_argument('--compile', action='store_true')
    parser.add_argument('--log-every', type=int, default=100)
    parser.add_argument('--minutes', type=float, default=math.inf, help='stop after this long')
    parser.add_argument('--finish', action='store_true', help='rate to zero in these minutes')
    arguments = parser.parse_args()
    if arguments.finish and not math.isfinite(arguments.minutes):
        parser.error('--finish needs --minutes: within them the rate falls to zero')
    logging.basicConfig(level=logging.INFO, format='%(asctime)s %(message)s')
    torch.set_num_threads(arguments.threads)
    try:
        params = TrainParams(**_with_tuples(arguments.params, 'crop'))
        augment = AugmentParams(**_with_tuples(arguments.augment, 'scale'))
        loss = LossParams(**arguments.loss)
    except (TypeError, ValueError) as exc:  # an unknown field, or a value that cannot be
        parser.error(str(exc))
    torch.manual_seed(params.seed)
    pictures: list[MarkedPicture] = []
    for source in arguments.data:
        pictures += open_source(source)
    _log.info('%d marked pictures', len(pictures))
    trainer = open_trainer(
        arguments.run,
        pictures,
        params,
        loss,
        network=NetworkConfig.from_dict({**NetworkConfig().to_dict(), **arguments.network}),
        teacher=arguments.teacher,
        start=arguments.start,
        device=arguments.device,
        bfloat16=arguments.bfloat16,
        lanes=arguments.lanes,
    )
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
        finish=arguments.finish,
    )


def _with_tuples(values: dict, name: str) -> dict:
    return {**values, name: tuple(values[name])} if name in values else values


if __name__ == '__main__':
    main()
