"""What is found in the cache of engines, and what is never taken for one."""

from __future__ import annotations

from dataclasses import replace
import errno
import fcntl
import json
import os
from pathlib import Path
import subprocess
import sys
import threading

import pytest

from openpose_ros.engine.tensorrt.cache import (
    engine_folder,
    find_engine,
    list_engines,
    lock_engine,
    read_engine,
    store_engine,
)
from openpose_ros.engine.tensorrt.key import EngineKey, target_of
from openpose_ros.engine.tensorrt.shapes import InputShapes
from openpose_ros.errors import EngineError

SHAPES = InputShapes((1, 3, 128, 128), (1, 3, 256, 456), (1, 3, 512, 912))
OTHER_SHAPES = InputShapes(*[(1, 3, 256, 456)] * 3)
KEY = EngineKey('a' * 64, 'tensorrt', '10.3.0', 'Orin', ('sm_87',), 'fp16', SHAPES)
PLAN = b'a plan' * 1000


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    """Give each test a cache of its own, in a folder with a name that people have."""
    folder = tmp_path / 'Zwischen speicher ü'
    monkeypatch.setenv('OPENPOSE_ROS_CACHE', str(folder))
    return folder


def never() -> None:
    raise AssertionError('nobody holds the lock')


def store(key: EngineKey = KEY, model: str = 'pose', plan: bytes = PLAN) -> Path:
    return store_engine(key, model, 'fp16', plan, {'built_s': 1.5}).path


def test_engine_that_was_stored_is_found_and_read():
    path = store()
    found, reason = find_engine(KEY, 'pose')
    assert reason == ''
    assert (found.path, found.key, found.precision) == (path, KEY, 'fp16')
    assert read_engine(found) == PLAN
    assert list_engines() == [found]
    assert sorted(file.name for file in engine_folder().iterdir()) == [
        path.name,
        f'{path.name}.json',
    ]


def change(path: Path, *, key: object = None, **fields: object) -> None:
    """Overwrite fields of an engine's JSON file, or of its key."""
    sidecar = Path(f'{path}.json')
    data = {**json.loads(sidecar.read_text()), **fields}
    if isinstance(key, dict):
        data['key'].update(key)
    elif key is not None:
        data['key'] = key
    sidecar.write_text(json.dumps(data))


def dangle(path: Path) -> None:
    """Put a link that leads nowhere in a file's place."""
    path.unlink(missing_ok=True)
    path.symlink_to('gone')


def test_empty_cache_says_that_nothing_was_built():
    assert find_engine(KEY, 'pose') == (None, 'no engine of pose has been built')
    assert list_engines() == []


@pytest.mark.parametrize(
    ('field', 'value', 'reason'),
    [
        ('onnx_sha256', 'b' * 64, 'is of another version of the model file'),
        ('library', 'tensorrt_rtx', 'is of tensorrt 10.3.0, not tensorrt_rtx 10.3.0'),
        ('version', '10.16.1', 'is of tensorrt 10.3.0, not tensorrt 10.16.1'),
        ('gpu', 'Xavier', 'is for Orin (sm_87), not Xavier (sm_87)'),
        ('gpu', '', 'is for Orin (sm_87), not sm_87'),  # one for all GPUs was asked for
        ('targets', ('sm_86',), 'is for Orin (sm_87), not Orin (sm_86)'),
        ('precision', 'fp32', 'is in fp16, not fp32'),
        ('shapes', OTHER_SHAPES, 'takes 128x128 to 912x512, best at 456x256, not 456x256'),
    ],
)
def test_engine_that_differs_in_one_thing_does_not_fit(field, value, reason):
    path = store()
    found = find_engine(replace(KEY, **{field: value}), 'pose')
    assert found.engine is None
    assert found.reason == f'{path.name} {reason}'


def test_reason_speaks_of_the_nearest_engine():
    store(replace(KEY, version='8.6.1', precision='fp32'))
    near = store(replace(KEY, version='10.0.1'))
    store(replace(KEY, onnx_sha256='c' * 64), model='another')
    reason = find_engine(KEY, 'pose').reason
    assert reason == f'{near.name} is of tensorrt 10.0.1, not tensorrt 10.3.0'


@pytest.mark.parametrize(
    ('targets', 'fits'), [(('sm_86',), True), (('sm_89', 'sm_86'), True), (('sm_90',), False)]
)
def test_engine_for_several_targets_fits_a_gpu_of_one(targets, fits):
    store(replace(KEY, gpu='', targets=('sm_75', 'sm_86', 'sm_89')))
    wanted = replace(KEY, gpu='Some RTX', targets=targets)
    assert (find_engine(wanted, 'pose').engine is not None) is fits


@pytest.mark.parametrize(
    ('size', 'fits'), [((456, 256), True), ((-1, 368), True), ((1312, 736), False)]
)
def test_engine_of_other_shapes_does_where_it_takes_the_size(size, fits):
    store()
    wanted = replace(KEY, shapes=OTHER_SHAPES)
    found = find_engine(wanted, 'pose', size=size, any_shapes=True)
    assert (found.engine is not None) is fits
    if not fits:
        assert found.reason.endswith('takes 128x128 to 912x512, best at 456x256, not 1312x736')


def test_newest_engine_is_taken():
    old = store(replace(KEY, shapes=OTHER_SHAPES))
    new = store()
    for at, path in enumerate([old, new]):
        os.utime(f'{path}.json', (at, at))
    assert [engine.path for engine in list_engines()] == [new, old]
    wanted = find_engine(KEY, 'pose', any_shapes=True)
    assert wanted.engine.path == new


def test_engine_of_the_same_key_is_replaced():
    assert store(plan=b'first') == store(plan=b'second')
    assert read_engine(find_engine(KEY, 'pose').engine) == b'second'


@pytest.mark.parametrize('name', ['../../pose', 'Körper Modell', 'a/b\\c'])
def test_name_of_a_model_stays_in_the_folder(name):
    path = store(model=name)
    assert path.parent == engine_folder()
    assert find_engine(KEY, name).engine.model == name


@pytest.mark.parametrize(
    ('spoil', 'reason'),
    [
        (lambda path: path.write_bytes(PLAN[:-1]), 'is damaged'),
        (lambda path: path.write_bytes(b''), 'is damaged'),
        (lambda path: path.unlink(), 'is not there any more'),
        (lambda path: (path.unlink(), path.mkdir()), 'is not there any more'),
        (lambda path: Path(f'{path}.json').write_text(''), 'cannot be read'),
        (lambda path: Path(f'{path}.json').write_text('[]'), 'cannot be read'),
        (lambda path: Path(f'{path}.json').write_text('{"key": {"gpu": 1}}'), 'cannot be read'),
        (lambda path: Path(f'{path}.json').write_bytes(b'\xff\xfe'), 'cannot be read'),
        (lambda path: dangle(Path(f'{path}.json')), 'cannot be read'),
        (lambda path: Path(f'{path}.json').write_text('[' * 100_000), 'cannot be read'),
        (lambda path: change(path, size=float('inf')), 'cannot be read'),
        (lambda path: change(path, size=None), 'cannot be read'),
        (lambda path: change(path, model={}), 'cannot be read'),
        (lambda path: change(path, sha256=7), 'cannot be read'),
        (lambda path: change(path, key=[]), 'cannot be read'),
        (lambda path: change(path, key={'shapes': [[1, 3, 8, 8]] * 2}), 'cannot be read'),
        (lambda path: change(path, key={'shapes': [[1, 3, 8]] * 3}), 'cannot be read'),
        (lambda path: change(path, key={'shapes': [['1', 3, 8, 8]] * 3}), 'cannot be read'),
        (lambda path: change(path, key={'targets': 5}), 'cannot be read'),
        (lambda path: change(path, key={'gpu': None}), 'cannot be read'),
    ],
)
def test_damaged_engine_is_never_taken(spoil, reason):
    path = store()
    spoil(path)
    found = find_engine(KEY, 'pose')
    assert found.engine is None
    assert found.reason.endswith(reason)


def test_link_that_leads_nowhere_hides_no_other_engine():
    path = store()
    dangle(engine_folder() / 'a.engine.json')
    dangle(engine_folder() / 'z.engine.json')
    assert [engine.path for engine in list_engines()] == [path]
    assert find_engine(KEY, 'pose').engine.path == path


def test_engine_that_is_damaged_after_it_was_found_is_not_read():
    path = store()
    found = find_engine(KEY, 'pose').engine
    path.write_bytes(b'something else')
    with pytest.raises(EngineError, match='is damaged; delete it'):
        read_engine(found)
    path.unlink()
    with pytest.raises(EngineError, match='No such file'):
        read_engine(found)


@pytest.mark.parametrize('after', [0, 1])
def test_write_that_is_interrupted_leaves_what_was_there(after, monkeypatch):
    store(plan=b'old')
    replaced = []

    def interrupt(source, target):
        if len(replaced) == after:
            raise KeyboardInterrupt
        replaced.append(target)
        os.rename(source, target)

    monkeypatch.setattr(os, 'replace', interrupt)
    with pytest.raises(KeyboardInterrupt):
        store(plan=b'new')
    found, reason = find_engine(KEY, 'pose')
    assert (found is not None and read_engine(found) == b'old') or reason.endswith('is damaged')
    assert not list(engine_folder().glob('*.part'))


def test_cache_that_cannot_be_written_is_one_line(cache):
    cache.write_text('a file where the folder should be')
    for action in (store, lambda: lock_engine(KEY, 'pose', never).__enter__()):
        with pytest.raises(EngineError, match='set OPENPOSE_ROS_CACHE to a folder') as caught:
            action()
        assert '\n' not in str(caught.value)
    assert list_engines() == []


def test_second_process_waits_for_the_first():
    done, waits = threading.Event(), threading.Event()
    entered = []

    def build():
        with lock_engine(KEY, 'pose', waits.set):
            entered.append('second')
        done.set()

    with lock_engine(KEY, 'pose', never):
        # A second descriptor of the same file is to flock what another process is.
        thread = threading.Thread(target=build)
        thread.start()
        assert waits.wait(10)
        assert not done.wait(0.5)
        entered.append('first')
    thread.join()
    assert entered == ['first', 'second']


def test_lock_of_a_process_that_died_is_free():
    died = f"""
import os
from openpose_ros.engine.tensorrt.cache import lock_engine
from openpose_ros.engine.tensorrt.key import EngineKey
from openpose_ros.engine.tensorrt.shapes import InputShapes
lock_engine({KEY!r}, 'pose', print).__enter__()
os._exit(7)
"""
    assert subprocess.run([sys.executable, '-c', died]).returncode == 7
    with lock_engine(KEY, 'pose', never):
        pass


def test_wait_for_another_process_ends_when_it_is_told_to():
    def stop():
        raise InterruptedError('enough')

    with lock_engine(KEY, 'pose', never), pytest.raises(InterruptedError, match='enough'):
        lock_engine(KEY, 'pose', stop).__enter__()
    with lock_engine(KEY, 'pose', never):  # and the one that gave up is in nobody's way
        pass


@pytest.mark.parametrize('code', [errno.ENOLCK, errno.EOPNOTSUPP, errno.ENOSYS])
def test_file_system_without_locks_is_a_warning(monkeypatch, caplog, code):
    def refuse(file, operation):
        raise OSError(code, os.strerror(code))

    monkeypatch.setattr(fcntl, 'flock', refuse)
    with lock_engine(KEY, 'pose', never):
        store()
    assert len(list_engines()) == 1
    [record] = caplog.records
    assert record.levelname == 'WARNING'
    assert f'.lock: {os.strerror(code)}; going on without' in record.getMessage()


def test_sidecar_says_what_people_want_to_know():
    data = json.loads(Path(f'{store()}.json').read_text())
    assert data['model'] == 'pose'
    assert data['built_s'] == 1.5
    assert data['key']['targets'] == ['sm_87']


def test_target_of_a_compute_capability():
    assert [target_of(pair) for pair in ((8, 7), (12, 0))] == ['sm_87', 'sm_120']
