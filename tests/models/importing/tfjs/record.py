"""
Records what TensorFlow.js makes of the models of `cases`, for the tests.

It is no dependency, so this needs node, and the package in a folder beside::

    npm install --prefix judge @tensorflow/tfjs@4.22.0
    python -m tests.models.importing.tfjs.record judge [MODELS]

MODELS is the folder where `real` finds its file.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
import subprocess
import sys
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

from tests.models.importing.tfjs import cases, real

RECORDED = Path(__file__).with_name('tfjs.npz')
REAL = Path(__file__).with_name('real.npz')


def outputs(jobs: list[tuple[Path, Any, bool]], judge: Path) -> list[dict[str, Any]]:
    """
    Run models.

    Parameters
    ----------
    jobs : list of (Path, float32 (1, height, width, 3), bool)
        A model.json, its picture, and whether it is one of layers.
    judge : Path
        The folder that npm has installed into.

    Returns
    -------
    list of dict of str to float32 (height, width, channels)
        The outputs of each by the names that TensorFlow.js has for them.

    """
    with TemporaryDirectory() as name:
        folder, told = Path(name), []
        for number, (model, picture, layers) in enumerate(jobs):
            place = folder / f'{number}.picture'
            np.ascontiguousarray(picture, np.float32).tofile(place)
            height, width = picture.shape[1:3]
            told.append(
                {
                    'model': str(model),
                    'picture': str(place),
                    'height': height,
                    'width': width,
                    'layers': layers,
                    'maps': str(folder / f'{number}.maps'),
                }
            )
        (folder / 'jobs.json').write_text(json.dumps(told))
        script = str(Path(__file__).with_name('record.js'))
        paths = {'NODE_PATH': str((judge / 'node_modules').resolve())}
        subprocess.run(
            ['node', script, str(folder / 'jobs.json')], check=True, env={**os.environ, **paths}
        )
        return [_read(Path(job['maps'])) for job in told]


def _read(path: Path) -> dict[str, Any]:
    values, found, at = np.fromfile(path, np.float32), {}, 0
    for entry in json.loads(Path(f'{path}.json').read_text()):
        shape = entry['shape'][1:]
        found[entry['name']] = values[at : at + np.prod(shape)].reshape(shape)
        at += np.prod(shape)
    return found


def _record_real(judge: Path, models: Path) -> None:
    with TemporaryDirectory() as name:
        model = real.opened(models / real.NAME, Path(name))
        jobs = [(model, real.picture(case), False) for case in real.SIZES]
        found = {
            f'{case}/{output}': maps[real.EVERY, real.EVERY]
            for case, made in zip(real.SIZES, outputs(jobs, judge))
            for output, maps in made.items()
        }
    np.savez_compressed(REAL, **found)


def main(judge: Path, models: Path | None = None) -> None:
    if models:
        _record_real(judge, models)
    with TemporaryDirectory() as name:
        jobs = []
        for case in cases.NAMES:
            folder = Path(name) / case
            folder.mkdir()
            jobs.append((cases.write(case, folder), cases.picture(case), case == 'layers'))
        found = {
            f'{case}/{output}': maps
            for case, made in zip(cases.NAMES, outputs(jobs, judge))
            for output, maps in made.items()
        }
    np.savez_compressed(RECORDED, **found)


if __name__ == '__main__':
    main(*map(Path, sys.argv[1:]))
