"""What a worker writes is what `estimate --track` writes, whole or in ranges."""

from __future__ import annotations

from collections.abc import Callable
import io
import json
import os
from pathlib import Path

import cv2
import numpy as np
import pytest

from openpose_ros.archive.finding import find_items
from openpose_ros.archive.items import Item, Outcome, Range, Task
from openpose_ros.archive.ranges import Store, unpacked
from openpose_ros.archive.schedule import Schedule
from openpose_ros.archive.settings import Settings
from openpose_ros.archive.working import Worker
from openpose_ros.io.selection import Selection
from openpose_ros.io.video import open_video
from tests.archive.conftest import estimated, item_of, worked

MakeFile = Callable[..., Path]
MakeWorker = Callable[..., Worker]


def written(tmp_path: Path, name: str) -> bytes:
    return (tmp_path / 'out' / name).read_bytes()


def test_video_is_that_of_estimate(
    make_video: MakeFile, make_worker: MakeWorker, tmp_path: Path
) -> None:
    path = make_video('in/walk.mp4', frames=8, fps=10)
    (record,) = worked(make_worker(), item_of(path)).records.values()
    assert (record.failure, record.frames, record.people) == ('', 8, 3)
    assert written(tmp_path, 'walk.mp4.jsonl') == estimated(path)
    marker = json.loads(written(tmp_path, 'walk.mp4.jsonl.done.json'))
    assert marker['result']['size'] == (tmp_path / 'out/walk.mp4.jsonl').stat().st_size


def test_pictures_of_a_folder_are_those_of_estimate(
    make_picture: MakeFile, make_worker: MakeWorker, tmp_path: Path
) -> None:
    for number in (1, 2, 10):
        make_picture(f'in/frames/img{number}.png')
    folder = tmp_path / 'in/frames'
    (record,) = worked(make_worker(), item_of(folder)).records.values()
    assert (record.failure, record.frames, record.people) == ('', 3, 9)
    content = written(tmp_path, 'frames.jsonl')
    assert content == estimated(folder)
    names = [json.loads(line)['source'] for line in content.splitlines()]
    assert names == [f'{folder}/img{number}.png' for number in (1, 2, 10)]


@pytest.mark.parametrize('suffix', ['mp4', 'avi', 'mkv'])
def test_ranges_joined_are_the_whole(
    suffix: str, make_video: MakeFile, make_worker: MakeWorker, tmp_path: Path
) -> None:
    path = make_video(f'in/walk.{suffix}', frames=47, fps=10)
    worker = make_worker(range_s=1.0)
    outcome = worker.work(Task(item_of(path)))
    starts = [one.start for one in outcome.ranges]
    assert starts == [0, 10, 20, 30, 40], 'seven frames are enough for a range of their own'
    (record,) = worked(worker, item_of(path)).records.values()
    assert (record.failure, record.frames, record.people) == ('', 47, 3)
    assert written(tmp_path, f'walk.{suffix}.jsonl') == estimated(path)
    assert not (tmp_path / f'out/walk.{suffix}.jsonl.ranges').exists()


def test_ranges_of_people_who_move_are_those_of_estimate(
    shared: Path, make_worker: MakeWorker, tmp_path: Path
) -> None:
    """Two people walk past, one after the other, with the network of the package."""
    whole = open_video(str(next((shared / 'video').glob('*.mp4'))))
    path = tmp_path / 'in/walk.mp4'
    path.parent.mkdir()
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*'mp4v'), 10, (192, 108))
    for frame in whole.frames(Selection(60, 3)):
        writer.write(np.asarray(cv2.resize(frame.image, (192, 108)), np.uint8))
        if frame.index >= 60 + 3 * 75:
            break
    writer.release()
    model = 'openpose-ros-small'
    worker = make_worker(backend='onnxruntime', model=model, range_s=2.0)
    assert len(worker.work(Task(item_of(path))).ranges) > 2
    (record,) = worked(worker, item_of(path)).records.values()
    assert record.failure == ''
    flags = ['--backend', 'onnxruntime', '--model', model, '--threads', '1']
    content = written(tmp_path, 'walk.mp4.jsonl')
    assert content == estimated(path, *flags, fake=False)
    assert any(
        person['id'] for line in content.splitlines() for person in json.loads(line)['people']
    )


def test_ranges_of_a_folder_of_pictures_joined_are_the_whole(
    make_picture: MakeFile, make_worker: MakeWorker, tmp_path: Path
) -> None:
    """Thirty of them count as a second; one is damaged."""
    for number in range(70):
        make_picture(f'in/frames/img{number}.png', size=(64 + number, 48))
    folder = tmp_path / 'in/frames'
    (folder / 'img31.png').write_bytes(b'no picture')
    worker = make_worker(range_s=1.0)
    assert [one.start for one in worker.work(Task(item_of(folder))).ranges] == [0, 30, 60]
    (record,) = worked(worker, item_of(folder)).records.values()
    assert 'img31.png is damaged or no picture' in record.failure
    assert (record.frames, record.people) == (69, 207)
    assert written(tmp_path, 'frames.jsonl.partial') == estimated(folder)
    make_picture('in/frames/img31.png')
    (record,) = worked(worker, item_of(folder)).records.values()
    assert record.failure == ''
    assert written(tmp_path, 'frames.jsonl') == estimated(folder)
    assert sorted(os.listdir(tmp_path / 'out')) == ['frames.jsonl', 'frames.jsonl.done.json']


def test_short_video_is_one_range(make_video: MakeFile, make_worker: MakeWorker) -> None:
    path = make_video('in/walk.mp4', frames=20, fps=10)
    assert make_worker(range_s=2.0).work(Task(item_of(path))).ranges == ()


def inexact(tmp_path: Path) -> Path:
    """Return an MPEG program stream, in which a seek leads beside the frame that is wanted."""
    path = tmp_path / 'in/walk.mpg'
    path.parent.mkdir()
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*'MPG2'), 25, (64, 48))
    if not writer.isOpened():
        pytest.skip('this OpenCV writes no MPEG-2')
    for image in np.random.default_rng(0).integers(0, 255, (120, 48, 64, 3), np.uint8):
        writer.write(image)
    writer.release()
    video = open_video(str(path))
    found = next(video.frames(Selection(77), sought=77))
    wanted = next(video.frames(Selection(77)))
    if np.array_equal(found.image, wanted.image):
        pytest.skip('this OpenCV seeks in MPEG-2 to the frame that is wanted')
    return path


def test_container_that_does_not_seek_is_one_range(
    make_worker: MakeWorker, tmp_path: Path
) -> None:
    path = inexact(tmp_path)
    assert make_worker(range_s=2.0).work(Task(item_of(path))).ranges == ()


def test_ranges_that_do_not_fit_are_given_up(make_worker: MakeWorker, tmp_path: Path) -> None:
    """Where the trial near the start says nothing, the frames at the seams do."""
    path = inexact(tmp_path)
    item, worker = item_of(path), make_worker()
    ranges = (Range(0, 77), Range(77, None))
    schedule = Schedule([item], retries=0)
    first = schedule.next_task()
    assert first is not None
    schedule.finished(first, Outcome(ranges=ranges))
    tasks = []
    while (task := schedule.next_task()) is not None:
        tasks.append(task)
        schedule.finished(task, worker.work(task))
    assert tasks[-1] == Task(item, whole=True)
    assert schedule.records[item.result].frames == 120
    assert written(tmp_path, 'walk.mpg.jsonl') == estimated(path)


def test_range_that_is_stored_is_not_looked_at_again(
    make_video: MakeFile, make_worker: MakeWorker, tmp_path: Path
) -> None:
    path = make_video('in/walk.mp4', frames=40, fps=10)
    item = item_of(path)
    worker = make_worker(range_s=1.0)
    ranges = worker.work(Task(item)).ranges
    for one in ranges[:2]:
        assert not worker.work(Task(item, range=one)).stored
    files = sorted((tmp_path / 'out/walk.mp4.jsonl.ranges').iterdir())
    seen = [file.stat().st_mtime_ns for file in files]
    schedule = worked(make_worker(range_s=1.0), item)
    assert schedule.frames == 20, 'of the two that were left'
    assert len(seen) == 2
    other = make_worker(range_s=1.0, params={'min_parts': 4})
    for one in ranges[:2]:
        assert not other.work(Task(item, range=one)).stored, 'of other parameters'


def test_range_keeps_all_digits(
    make_video: MakeFile, make_worker: MakeWorker, tmp_path: Path
) -> None:
    item = item_of(make_video('in/walk.mp4', frames=30, fps=10))
    worker = make_worker(range_s=1.0)
    one = Range(10, 20)
    worker.work(Task(item, range=one))
    stored = unpacked(written(tmp_path, f'{item.ranges}/{one.file}'))
    assert stored is not None
    people = worker._bench.estimator(np.zeros((48, 64, 3), np.uint8))  # type: ignore[union-attr]
    found = list(stored.frames(item.name, people.skeleton))
    assert [frame.index for frame, _ in found] == list(range(10, 20))
    assert found[0][0].image.shape == (48, 64, 3)
    np.testing.assert_array_equal(found[3][1].keypoints, people.keypoints)
    np.testing.assert_array_equal(found[3][1].scores, people.scores)


def test_stored_range_that_is_damaged_is_none() -> None:
    file = io.BytesIO()
    np.save(file, np.zeros(3))
    whole = Store().packed({})
    assert unpacked(whole) is not None
    for content in (b'', b'PK\3\4', b'garbage' * 99, file.getvalue(), whole[:-9]):
        assert unpacked(content) is None


def test_video_cut_short_has_a_partial_result_and_no_marker(
    make_video: MakeFile, make_worker: MakeWorker, tmp_path: Path
) -> None:
    path = make_video('in/walk.avi', frames=40, fps=10)
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    for range_s in (300.0, 1.0):
        (record,) = worked(make_worker(range_s=range_s), item_of(path)).records.values()
        assert record.failure.startswith(f'{path} is cut short or damaged: it claims 40 frames')
        assert sorted(os.listdir(tmp_path / 'out'))[0] == 'walk.avi.jsonl.partial'
        assert not (tmp_path / 'out/walk.avi.jsonl').exists()
        assert not (tmp_path / 'out/walk.avi.jsonl.done.json').exists()
        partial = written(tmp_path, 'walk.avi.jsonl.partial')
        assert partial == estimated(path)
        assert 0 < record.frames == len(partial.splitlines()) < 40


def test_file_that_is_mended_replaces_its_partial_result(
    make_picture: MakeFile, make_worker: MakeWorker, tmp_path: Path
) -> None:
    good = make_picture('in/frames/a.png')
    bad = tmp_path / 'in/frames/b.png'
    bad.write_bytes(b'no picture')
    (record,) = worked(make_worker(), item_of(bad.parent)).records.values()
    assert 'b.png is damaged or no picture' in record.failure
    assert str(tmp_path / 'in/frames/b.png') in record.failure
    bad.write_bytes(good.read_bytes())
    (record,) = worked(make_worker(), item_of(bad.parent)).records.values()
    assert record.failure == ''
    assert sorted(os.listdir(tmp_path / 'out')) == ['frames.jsonl', 'frames.jsonl.done.json']


def test_what_another_run_finished_meanwhile_is_left(
    make_video: MakeFile, make_worker: MakeWorker, tmp_path: Path
) -> None:
    item = item_of(make_video('in/walk.mp4', frames=5, fps=10))
    first = make_worker().work(Task(item))
    again = make_worker().work(Task(item))
    assert (first.stored, again.stored) == (False, True)
    assert (again.frames, again.people) == (first.frames, first.people)
    changed = make_worker(params={'min_parts': 4}).work(Task(item))
    assert not changed.stored


def test_marker_goes_before_the_result_it_is_of(
    make_video: MakeFile, make_worker: MakeWorker, tmp_path: Path
) -> None:
    path = make_video('in/walk.avi', frames=5, fps=10)
    worked(make_worker(), item_of(path))
    path.write_bytes(b'damaged now')
    (record,) = worked(make_worker(), item_of(path)).records.values()
    assert 'is neither a picture nor a video' in record.failure
    marker = json.loads(written(tmp_path, 'walk.avi.jsonl.done.json'))
    assert marker['input'] != dict(item_of(path).stamp), 'it is of the video before'


def test_folder_that_cannot_be_written_is_fatal(
    make_video: MakeFile, make_worker: MakeWorker, tmp_path: Path
) -> None:
    item = item_of(make_video('in/walk.mp4', frames=2))
    (tmp_path / 'out').write_text('no folder')
    outcome = make_worker().work(Task(item))
    assert outcome.fatal
    assert 'out/walk.mp4.jsonl' in outcome.failure


def test_worker_of_another_network_does_not_begin(
    make_settings: Callable[..., Settings],
) -> None:
    settings = make_settings()
    run = settings.run()
    run['model'] = {**run['model'], 'sha256': {'x.onnx': 'another'}}
    assert 'is another one' in Worker(settings, run, threads=1).ready()
    assert 'nonsense' in Worker(make_settings(model='nonsense'), run, threads=1).ready()


def test_inputs_and_results_may_be_addresses(
    make_video: MakeFile, make_picture: MakeFile, make_worker: MakeWorker, tmp_path: Path
) -> None:
    pytest.importorskip('fsspec', reason='addresses need fsspec')
    path = make_video('in/day/walk.mp4', frames=25, fps=10)
    make_picture('in/frames/a.png')
    items: list[Item] = find_items([f'file://{tmp_path}/in'])
    assert [item.result for item in items] == ['day/walk.mp4.jsonl', 'frames.jsonl']
    schedule = worked(make_worker(output=f'file://{tmp_path}/out', range_s=1.0), *items)
    assert [record.failure for record in schedule.records.values()] == ['', '']
    found = written(tmp_path, 'day/walk.mp4.jsonl')
    assert found.replace(b'file://', b'') == estimated(path)
    assert written(tmp_path, 'day/walk.mp4.jsonl.done.json')
    again = worked(make_worker(output=f'file://{tmp_path}/out'), *items)
    assert all(record.before for record in again.records.values())
