"""
Networks brought near to what a teacher sees, on a GPU that is there for minutes only, or a CPU.

    python -m training.session RUN TEACHER.onnx --start NETWORK.pt [--start …] --data PACK[:nobody]
                               [--data …] [--minutes M] [--weights JSON] [--params JSON]

Views are made on the GPU (`training.atlas`), the teacher sees each at half, at once and at twice
its size (`training.composing`), and every network of --start is trained on the same views: views
and targets take most of the time. After `hold` of the minutes the rate falls to nought as half a
cosine. RUN receives START.pt twice a minute and at the end, for `training.ship`, and `log.csv`.
The first pack's first pictures are held out. Without a GPU the same happens, slowly; where the CPU
has AMX, `--params '{"half": true, "batch": 16, "trunk": 0}'` makes a step 2.6 times as quick.
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
import re
import time

import torch
from torch import Tensor

from training.atlas import Atlas, ViewParams
from training.composing import ComposedTeacher
from training.export import fold_normalisation, load_network, unfold_normalisation
from training.pack import Picture, read_pack
from training.student import AT_ONCE, SessionParams, Student
from training.teacher import OnnxTeacher
from training.teacher_maps import HEATMAPS
from training.trainer import save

_log = logging.getLogger(__name__)
_HELD = 160  # pictures
_SAVE_S = 30.0


def fill(
    atlas: Atlas, sources: Sequence[tuple[list[Picture], bool]], weights: dict[str, float]
) -> Tensor:
    """
    Put pictures into an atlas.

    Parameters
    ----------
    atlas : Atlas
        With room for them.
    sources : sequence of (list of Picture, bool)
        Of people, or of nobody.
    weights : dict of str to float
        How often a picture is drawn whose name matches this expression; 1 where none does.

    Returns
    -------
    int64 (n,)
        The numbers of those that are held out.

    """
    held = min(_HELD, len(sources[0][0]) // 4)
    for number, (pictures, nobody) in enumerate(sources):
        counts = [
            next((w for name, w in weights.items() if re.match(name, picture.name)), 1.0)
            for picture in pictures
        ]
        if not number:
            counts[:held] = [0.0] * held
        atlas.add(pictures, counts, nobody=nobody)
    return torch.arange(held, device=atlas.device)


def run(
    folder: Path,
    students: dict[str, Student],
    teacher: ComposedTeacher,
    atlas: Atlas,
    held: tuple[Tensor, Tensor, Tensor],
    augment: ViewParams,
    *,
    minutes: float,
) -> None:
    """
    Train for so many minutes.

    Parameters
    ----------
    folder : Path
        Receives NAME.pt of every student and `log.csv`.
    students : dict of str to Student
        By the names of their files.
    teacher : ComposedTeacher
        Makes the targets.
    atlas : Atlas
        Makes the views.
    held : tuple of Tensor
        Views and targets that are held out.
    augment : ViewParams
        How views are made.
    minutes : float
        Of the clock on the wall.

    """
    params = next(iter(students.values())).params
    generator = torch.Generator(atlas.device).manual_seed(params.seed)
    begun = saved = time.monotonic()
    step = 0
    while (spent := (time.monotonic() - begun) / (60 * minutes)) < 1:
        falling = max(0.0, spent - params.hold) / max(1e-9, 1 - params.hold)
        fade = 0.5 * (1 + math.cos(math.pi * falling))
        numbers = atlas.draw(params.batch, augment, generator)
        views, plain, large = atlas.views(numbers, params.size, augment, generator)
        targets = teacher(plain, large)
        for student in students.values():
            student.fade = fade
            student.train_step(views, *targets)
        step += 1
        if time.monotonic() - saved > _SAVE_S:
            saved = time.monotonic()
            note(folder, students, held, step * params.batch)
    note(folder, students, held, step * params.batch)


def note(
    folder: Path,
    students: dict[str, Student],
    held: tuple[Tensor, Tensor, Tensor],
    views: int,
) -> None:
    """Write checkpoints and a line of the log for each."""
    for name, student in students.items():
        line = [views, *student.evaluate(held)]
        _log.info('%s: %s', name, ' '.join(f'{value:.4g}' for value in line))
        with (folder / 'log.csv').open('a', newline='') as file:
            csv.writer(file).writerow([time.strftime('%F %T'), name, *line])
        folded = student.relative.absolute(student.average)
        weights = unfold_normalisation(student.network.config, folded)
        state = {'config': student.network.config.to_dict(), 'step': student.step}
        save({**state, 'network': weights, 'average': weights}, folder / f'{name}.pt')


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument('run', type=Path)
    parser.add_argument('teacher', type=Path)
    parser.add_argument('--start', type=Path, action='append', required=True, metavar='NETWORK.pt')
    parser.add_argument('--data', action='append', required=True, metavar='PACK[:nobody]')
    parser.add_argument('--minutes', type=float, default=8.0)
    parser.add_argument('--weights', type=json.loads, default={}, help='JSON, see `fill`')
    parser.add_argument('--params', type=json.loads, default={}, help='JSON of SessionParams')
    parser.add_argument('--augment', type=json.loads, default={}, help='JSON of ViewParams')
    arguments = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format='%(asctime)s %(message)s')
    device = 'cuda' if torch.cuda.is_available() else 'cpu'
    torch.backends.cudnn.benchmark = True
    params = SessionParams(**arguments.params)
    augment = ViewParams(**arguments.augment)
    sources = [
        (list(read_pack(Path(source.removesuffix(':nobody')))), source.endswith(':nobody'))
        for source in arguments.data
    ]
    if sources[0][1]:
        parser.error('the first --data is held out in part: it must show people')
    arguments.run.mkdir(parents=True, exist_ok=True)
    atlas = Atlas(sum(len(pictures) for pictures, _ in sources), device)
    numbers = fill(atlas, sources, arguments.weights)
    _log.info('%d pictures; %s', atlas.count, json.dumps(asdict(params)))
    teacher = ComposedTeacher(OnnxTeacher(arguments.teacher), device, half=params.half)
    held = held_out(atlas, teacher, numbers, params, augment)
    variances = tuple(
        float(maps.var(dim=(0, 2, 3)).mean()) for maps in (held[2], held[1][:, : HEATMAPS - 1])
    )
    students = {}
    for path in arguments.start:
        network = fold_normalisation(load_network(path)).train()
        students[path.stem] = Student(network, params, variances, device)
    run(arguments.run, students, teacher, atlas, held, augment, minutes=arguments.minutes)


def held_out(
    atlas: Atlas,
    teacher: ComposedTeacher,
    numbers: Tensor,
    params: SessionParams,
    augment: ViewParams,
) -> tuple[Tensor, Tensor, Tensor]:
    """Return views and targets, float32 (n, 3, H, W), (n, 19, …), (n, 38, …)."""
    generator = torch.Generator(atlas.device).manual_seed(1)
    plain = replace(augment, colour=0.0, mosaic=0.0)
    made = []
    for part in numbers.split(AT_ONCE):
        views, small, large = atlas.views(part, params.size, plain, generator)
        made.append((views, *teacher(small, large)))
    return tuple(torch.cat(kind) for kind in zip(*made, strict=True))


if __name__ == '__main__':
    main()
