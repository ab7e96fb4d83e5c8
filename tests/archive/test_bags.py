"""Bags of an archive are what `bag` writes of each."""

from __future__ import annotations

from collections.abc import Callable
from importlib.util import find_spec
import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from openpose_ros.archive.items import Task
from openpose_ros.archive.working import Worker
from openpose_ros.bags.options import BagOptions
from openpose_ros.bags.work import process_bag
from openpose_ros.cli import main
from openpose_ros.engine.fake import FakeEngine
from openpose_ros.engine.pretending import maps_like
from openpose_ros.engine.synthetic import scatter_people
from openpose_ros.estimator import PoseEstimator
from openpose_ros.models import load_model
from openpose_ros.ros.node.parameters import NodeParams
from tests.archive.conftest import SEED, item_of, worked
from tests.bags.making import (
    PERSONS,
    Line,
    estimator,
    packed,
    picture,
    raw,
    read_bag,
    text,
    topics_of,
    write_bag,
)

MakeWorker = Callable[..., Worker]


def plain(message: Any) -> Any:
    """Return what can be compared of a message, NaN equal to NaN."""
    if isinstance(message, np.ndarray):
        return str(message.tolist())
    if isinstance(message, list):
        return [plain(one) for one in message]
    if hasattr(message, '__msgtype__'):
        return {name: plain(value) for name, value in vars(message).items()}
    return str(message)


def content(bag: Path) -> list[tuple[str, int, Any]]:
    return [(one.topic, one.log_ns, plain(one.message)) for one in read_bag(bag)]


def bytes_of(bag: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in bag.iterdir()}


def walk(path: Path, count: int = 30) -> Path:
    """Write a bag of two cameras whose images are all different."""
    lines: list[Line] = []
    for number in range(count):
        lines.append(raw(number, '/left/image_raw', picture(number)))
        lines.append(packed(number, '/right/image_raw/compressed'))
        lines.append(text(number))
    return write_bag(path, lines)


def with_bag(path: Path, out: Path, **params: Any) -> list[tuple[str, int, Any]]:
    """Return what `bag` writes of a bag."""
    params = {'backend': 'fake', 'tracking': True, **params}
    process_bag(
        path, out, estimator(), BagOptions(params=NodeParams.from_mapping(params), seed=SEED)
    )
    return content(out)


def test_bag_is_that_of_bag(make_worker: MakeWorker, tmp_path: Path) -> None:
    path = walk(tmp_path / 'in/walk')
    (record,) = worked(make_worker(), item_of(path)).records.values()
    assert (record.failure, record.frames, record.people) == ('', 60, 6)
    found = content(tmp_path / 'out/walk.bag')
    assert found == with_bag(path, tmp_path / 'walk.bag')
    assert '/openpose/left/persons' in topics_of(tmp_path / 'out/walk.bag')
    assert bytes_of(tmp_path / 'out/walk.bag') == bytes_of(tmp_path / 'walk.bag')
    assert sorted(os.listdir(tmp_path / 'out')) == ['walk.bag', 'walk.bag.done.json']
    assert make_worker().work(Task(item_of(path))).stored
    assert not make_worker(bag={'min_parts': 4}).work(Task(item_of(path))).stored


def walking() -> PoseEstimator:
    """Return an estimator that sees two people, who stand elsewhere in every picture."""
    spec = load_model(need_file=False)

    def handler(batch: np.ndarray[Any, Any]) -> tuple[Any, ...]:
        shape = batch.shape[2] // 8, batch.shape[3] // 8
        people = scatter_people(2, spec.skeleton, shape)
        people[..., 0] += 3 * (float(abs(batch).mean()) % 1)
        return tuple(maps[np.newaxis] for maps in maps_like(spec, people, shape))

    return PoseEstimator(spec, FakeEngine(handler, spec))


def test_ranges_of_a_bag_joined_are_the_whole(make_worker: MakeWorker, tmp_path: Path) -> None:
    path = walk(tmp_path / 'in/walk')
    options = BagOptions(params=NodeParams(tracking=True), seed=SEED)
    process_bag(path, tmp_path / 'expected', walking(), options)
    worker = make_worker(range_s=0.2)
    assert worker._bench is not None
    worker._bench.estimator = walking()
    item = item_of(path)
    ranges = worker.work(Task(item)).ranges
    assert [one.start for one in ranges] == [0, 200, 400, 600, 800]
    for one in ranges:
        assert worker.work(Task(item, range=one)).failure == ''
    assert worker.work(Task(item, range=ranges[0])).stored
    worker._bench.estimator.engine.close()  # nobody is looked for any more
    outcome = worker.work(Task(item, joined=ranges))
    assert (outcome.failure, outcome.frames) == ('', 60)
    found = content(tmp_path / 'out/walk.bag')
    assert found == content(tmp_path / 'expected')
    places = {str(one) for topic, _, one in found if topic == '/openpose/left/persons'}
    assert len(places) == 30
    assert sorted(os.listdir(tmp_path / 'out')) == ['walk.bag', 'walk.bag.done.json']


def test_ranges_without_images_are_no_trouble(make_worker: MakeWorker, tmp_path: Path) -> None:
    path = write_bag(tmp_path / 'in/walk', map(raw, [*range(5), *range(60, 65)]))
    worker = make_worker(range_s=0.2)
    assert len(worker.work(Task(item_of(path))).ranges) > 8
    (record,) = worked(worker, item_of(path)).records.values()
    assert (record.failure, record.frames) == ('', 10)
    assert content(tmp_path / 'out/walk.bag') == with_bag(path, tmp_path / 'expected')


def test_image_that_no_range_knows_is_looked_at(make_worker: MakeWorker, tmp_path: Path) -> None:
    path = walk(tmp_path / 'in/walk')
    worker = make_worker(range_s=0.2)
    item = item_of(path)
    ranges = worker.work(Task(item)).ranges
    worker.work(Task(item, range=ranges[1]))
    outcome = worker.work(Task(item, joined=ranges))
    assert (outcome.failure, outcome.frames) == ('', 60)
    assert content(tmp_path / 'out/walk.bag') == with_bag(path, tmp_path / 'expected')


def test_parameters_are_those_of_the_flags_and_those_for_bags(
    make_worker: MakeWorker, make_video: Callable[..., Path], tmp_path: Path
) -> None:
    path = walk(tmp_path / 'in/walk', 4)
    worker = make_worker(params={'max_people': 2}, bag={'min_parts': 4})
    worked(worker, item_of(path))
    found = content(tmp_path / 'out/walk.bag')
    assert found == with_bag(path, tmp_path / 'expected', max_people=2, min_parts=4)
    (record,) = worked(worker, item_of(make_video('in/a.mp4', frames=4, fps=10))).records.values()
    assert record.people == 2, 'a bag leaves the estimator as it was'


def test_file_of_a_bag_is_a_bag(make_worker: MakeWorker, tmp_path: Path) -> None:
    (path,) = walk(tmp_path / 'in/walk', 3).glob('*.mcap')
    name = f'{path.name}.bag'
    (record,) = worked(make_worker(), item_of(path)).records.values()
    assert (record.item.result, record.failure) == (name, '')
    assert topics_of(tmp_path / 'out' / name)['/openpose/left/persons'] == 3


def test_bag_that_is_broken_is_partial_and_not_done(
    make_worker: MakeWorker, tmp_path: Path
) -> None:
    lines = [raw(0), packed(1, '/other/image_raw/compressed', b'no picture'), raw(2)]
    path = write_bag(tmp_path / 'in/walk', lines)
    outcome = make_worker().work(Task(item_of(path)))
    assert outcome.failure.startswith(f'{path} is not whole: 1 of 3 images failed')
    assert any('no people' in line for line in outcome.notes)
    assert os.listdir(tmp_path / 'out') == ['walk.bag.partial']
    assert topics_of(tmp_path / 'out/walk.bag.partial')['/openpose/camera/persons'] == 2


def test_bag_without_images_is_one_line(make_worker: MakeWorker, tmp_path: Path) -> None:
    path = write_bag(tmp_path / 'in/notes', [text(0)])
    (record,) = worked(make_worker(), item_of(path)).records.values()
    assert str(path) in record.failure
    assert '\n' not in record.failure


@pytest.mark.skipif(find_spec('ray') is None, reason='needs Ray, of the extra archive')
@pytest.mark.parametrize(('name', 'value'), [('model', 'x'), ('threads', '1')])
def test_network_of_bags_is_that_of_all(
    name: str, value: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = walk(tmp_path / 'in/walk', 1)
    arguments = ['archive', str(path), '-o', str(tmp_path / 'out'), '-p', f'{name}:={value}']
    assert main(arguments) == 2
    assert f'--{name} chooses for all' in capsys.readouterr().err


def test_persons_keep_their_type(make_worker: MakeWorker, tmp_path: Path) -> None:
    worked(make_worker(), item_of(walk(tmp_path / 'in/walk', 3)))
    persons = [
        one.message
        for one in read_bag(tmp_path / 'out/walk.bag')
        if one.topic.endswith('/persons')
    ]
    assert {one.__msgtype__ for one in persons} == {PERSONS}
    assert [len(one.persons) for one in persons] == [3] * 6
