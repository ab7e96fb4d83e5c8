"""What tests of an archive share: settings, workers of this process, and runs of `estimate`."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from openpose_ros.archive.finding import find_items
from openpose_ros.archive.items import Item
from openpose_ros.archive.schedule import Schedule
from openpose_ros.archive.settings import Settings, found_model
from openpose_ros.archive.working import Worker
from openpose_ros.augmentation import AugmentationParams
from openpose_ros.cli import main
from openpose_ros.parts import PartParams
from openpose_ros.pictures.limits import PictureParams
from openpose_ros.tracking import TrackingParams

SEED = 7


@pytest.fixture
def make_settings(tmp_path: Path) -> Callable[..., Settings]:
    """Return a function that makes settings of the fake backend, whose results go to out."""

    def make(**changes: object) -> Settings:
        options: dict[str, object] = {'backend': 'fake', 'providers': None, 'net_resolution': None}
        options |= {key: value for key, value in changes.items() if key in options}
        values: dict[str, object] = {
            'output': str(tmp_path / 'out'),
            'model': found_model(changes.pop('model', None), **options),  # type: ignore[arg-type]
            'hand': None,
            'face': None,
            'params': {},
            'augmentation': AugmentationParams(),
            'part_params': PartParams(),
            'tracking': TrackingParams(),
            'limits': PictureParams(),
            'bag': {},
            'seed': SEED,
            'range_s': 300.0,
        }
        return Settings(**{**values, **options, **changes})  # type: ignore[arg-type]

    return make


@pytest.fixture
def make_worker(make_settings: Callable[..., Settings]) -> Callable[..., Worker]:
    """Return a function that makes a worker of this process, ready to work."""

    def make(**changes: object) -> Worker:
        settings = make_settings(**changes)
        worker = Worker(settings, settings.run(), threads=1)
        assert worker.ready() == ''
        return worker

    return make


def item_of(path: Path) -> Item:
    """Return the one item behind a path."""
    (item,) = find_items([str(path)])
    return item


def worked(worker: Worker, *items: Item, retries: int = 2) -> Schedule:
    """Let a worker do all that a schedule gives out."""
    schedule = Schedule(items, retries)
    while (task := schedule.next_task()) is not None:
        schedule.finished(task, worker.work(task))
    assert schedule.is_over
    return schedule


def estimated(path: Path, *flags: str, seed: int = SEED, fake: bool = True) -> bytes:
    """Return what `estimate --track` writes of a source."""
    lines = path.parent / 'estimated.jsonl'
    backend = ['--backend', 'fake'] if fake else []
    tracked = ['--track', '--seed', str(seed), '--json', str(lines), '--quiet']
    assert main(['estimate', str(path), *tracked, *backend, *flags]) in (0, 1)
    content = lines.read_bytes()
    lines.unlink()
    return content
