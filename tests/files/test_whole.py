"""A file is there whole or as it was; what is no file is written to as it stands."""

from __future__ import annotations

from collections.abc import Callable
import os
from pathlib import Path
import signal
import subprocess
import sys
import threading
import time

import pytest

from openpose_ros.errors import ModelError, OutputError
from openpose_ros.files import whole_file, whole_path, write_whole
from openpose_ros.files.whole import name_beside

ROOT = Path(__file__).parents[2]


def names_in(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_file_appears_when_it_is_whole(tmp_path: Path) -> None:
    path = tmp_path / 'a'
    with whole_file(path) as file:
        file.write(b'one')
        file.flush()
        assert names_in(tmp_path) == [f'a.{os.getpid()}.part']
    assert path.read_bytes() == b'one'
    assert names_in(tmp_path) == ['a']


@pytest.mark.parametrize('error', [KeyboardInterrupt, ValueError])
def test_file_that_was_not_finished_is_as_it_was(
    tmp_path: Path, error: type[BaseException]
) -> None:
    path = tmp_path / 'a'
    path.write_bytes(b'before')

    def fail() -> None:
        with whole_file(path) as file:
            file.write(b'half')
            raise error

    with pytest.raises(error):
        fail()
    assert path.read_bytes() == b'before'
    assert names_in(tmp_path) == ['a']


def test_disk_is_waited_for_before_the_name_is_given(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls = []
    fsync, replace = os.fsync, os.replace

    def log(name: str, call: Callable[..., None]) -> Callable[..., None]:
        def logged(*args: object) -> None:
            calls.append(name)
            call(*args)

        return logged

    monkeypatch.setattr(os, 'fsync', log('fsync', fsync))
    monkeypatch.setattr(os, 'replace', log('replace', replace))
    write_whole(tmp_path / 'a', b'1')
    with whole_path(tmp_path / 'b.mp4') as part:
        part.write_bytes(b'2')
    assert calls == ['fsync', 'replace'] * 2


@pytest.mark.parametrize(('umask', 'mode'), [(0o022, 0o644), (0o077, 0o600), (0o002, 0o664)])
def test_new_file_has_the_mode_that_the_umask_leaves(
    tmp_path: Path, umask: int, mode: int
) -> None:
    before = os.umask(umask)
    try:
        write_whole(tmp_path / 'a', b'')
        with whole_path(tmp_path / 'b') as part:
            part.write_bytes(b'')
    finally:
        os.umask(before)
    assert [(tmp_path / name).stat().st_mode & 0o777 for name in 'ab'] == [mode, mode]


def test_file_that_is_replaced_keeps_its_mode(tmp_path: Path) -> None:
    path = tmp_path / 'a'
    path.write_bytes(b'secret')
    path.chmod(0o600)
    write_whole(path, b'more')
    assert path.stat().st_mode & 0o777 == 0o600


@pytest.mark.skipif(os.geteuid() == 0, reason='root may write everything')
def test_file_that_is_read_only_is_not_replaced(tmp_path: Path) -> None:
    path = tmp_path / 'a'
    path.write_bytes(b'kept')
    path.chmod(0o444)
    with pytest.raises(OutputError, match='Permission denied'):
        write_whole(path, b'')
    assert path.read_bytes() == b'kept'
    assert names_in(tmp_path) == ['a']


def test_symbolic_links_are_followed(tmp_path: Path) -> None:
    (tmp_path / 'there').mkdir()
    link = tmp_path / 'link'
    link.symlink_to('second')
    (tmp_path / 'second').symlink_to('there/file')
    for content in (b'new', b'replaced'):
        write_whole(link, content)
        assert link.is_symlink()
        assert (tmp_path / 'there/file').read_bytes() == content
    assert names_in(tmp_path) == ['link', 'second', 'there']


def test_links_in_a_circle_are_named(tmp_path: Path) -> None:
    (tmp_path / 'a').symlink_to('b')
    (tmp_path / 'b').symlink_to('a')
    with pytest.raises(OutputError, match=r'cannot write .*a: Too many levels of symbolic links'):
        write_whole(tmp_path / 'a', b'')


def test_longest_name_there_is(tmp_path: Path) -> None:
    path = tmp_path / ('é' * 125 + '.json')
    assert len(os.fsencode(path.name)) == 255
    write_whole(path, b'{}')
    assert names_in(tmp_path) == [path.name]
    assert len(os.fsencode(name_beside(path, '.part').name)) <= 255


def test_what_another_process_left_is_not_touched(tmp_path: Path) -> None:
    left = tmp_path / f'a.{os.getpid()}.part'
    left.write_bytes(b'left')
    write_whole(tmp_path / 'a', b'new')
    assert left.read_bytes() == b'left'


def test_path_for_a_library_has_the_same_ending(tmp_path: Path) -> None:
    with whole_path(tmp_path / 'walk.mp4') as part:
        assert (part.parent, part.suffix) == (tmp_path, '.mp4')
        part.write_bytes(b'film')
        assert not (tmp_path / 'walk.mp4').exists()
    assert names_in(tmp_path) == ['walk.mp4']
    assert (tmp_path / 'walk.mp4').read_bytes() == b'film'


REFUSED = [  # what is named, what is said
    ('none/a', r'cannot write .*none/a: No such file or directory$'),
    ('.', r'cannot write .*: Is a directory$'),
    ('new/', r'cannot write .*new/: Is a directory$'),
    ('file/a', r'cannot write .*file/a: Not a directory$'),
]


@pytest.mark.parametrize(('name', 'says'), REFUSED)
def test_what_cannot_be_written_is_named(tmp_path: Path, name: str, says: str) -> None:
    (tmp_path / 'file').touch()
    with pytest.raises(OutputError, match=says):
        write_whole(f'{tmp_path}/{name}', b'')


def test_error_and_remedy_are_the_callers(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r'No such file or directory; try elsewhere$'):
        write_whole(tmp_path / 'none/a', b'', error=ModelError, remedy='try elsewhere')
    write_whole(tmp_path / 'none/a', b'1', make_folder=True)
    assert (tmp_path / 'none/a').read_bytes() == b'1'


def test_device_stays_a_device(tmp_path: Path) -> None:
    before = os.stat('/dev/null')
    write_whole('/dev/null', b'gone')
    link = tmp_path / 'nothing.mp4'
    link.symlink_to('/dev/null')
    with whole_path(link) as part:
        part.write_bytes(b'gone')
    assert os.stat('/dev/null').st_rdev == before.st_rdev
    assert names_in(tmp_path) == ['nothing.mp4']


@pytest.mark.skipif(not Path('/dev/full').exists(), reason='needs /dev/full')
def test_device_that_is_full_is_named() -> None:
    with pytest.raises(OutputError, match=r'^cannot write /dev/full: No space left on device$'):
        write_whole('/dev/full', b'much')


def test_pipe_gets_what_is_written_and_stays(tmp_path: Path) -> None:
    pipe, heard = tmp_path / 'pipe', []
    os.mkfifo(pipe)
    reader = threading.Thread(target=lambda: heard.append(pipe.read_bytes()))
    reader.start()
    write_whole(pipe, b'through')
    reader.join()
    assert heard == [b'through']
    assert pipe.is_fifo()
    assert names_in(tmp_path) == ['pipe']


WRITE = """
from openpose_ros.files import write_whole
print('first')
write_whole({name!r}, b'second\\n')
"""


@pytest.mark.parametrize('name', ['-', '/dev/stdout', '/dev/fd/1', '/proc/self/fd/1', 'a link'])
def test_standard_output_that_is_a_file_is_added_to(tmp_path: Path, name: str) -> None:
    log = tmp_path / 'log'
    log.write_text('zeroth\n')
    if name == 'a link':
        (tmp_path / name).symlink_to('/dev/stdout')
        name = str(tmp_path / name)
    inode = log.stat().st_ino
    with log.open('ab') as file:
        subprocess.run(
            [sys.executable, '-c', WRITE.format(name=name)], stdout=file, check=True, cwd=ROOT
        )
    assert log.read_text() == 'zeroth\nfirst\nsecond\n'
    assert log.stat().st_ino == inode


def test_what_another_process_has_opened_is_not_replaced(tmp_path: Path) -> None:
    path = tmp_path / 'log'
    with path.open('wb') as file:
        inode = path.stat().st_ino
        write_whole(f'/proc/self/fd/{file.fileno()}', b'one')
        write_whole(f'/proc/{os.getpid()}/fd/{file.fileno()}', b'two')
    assert path.read_bytes() == b'onetwo'
    assert path.stat().st_ino == inode


@pytest.mark.parametrize('opened', ['whole_file', 'whole_path'])
@pytest.mark.parametrize('stretch', ['at_once', 'noted'])
def test_signal_that_ends_the_process_at_once_leaves_nothing(
    tmp_path: Path, opened: str, stretch: str
) -> None:
    """No `finally` runs then: the temporary name is taken away all the same."""
    path = tmp_path / 'a'
    path.write_bytes(b'before')
    code = (
        'import sys, time\n'
        f'from openpose_ros.files import {opened}\n'
        'from openpose_ros.signals import watched\n'
        f'with watched() as stop, stop.{stretch}(), {opened}(sys.argv[1]) as file:\n'
        '    print("ready", flush=True); stop.wait(60)\n'
        '    print("asked", flush=True); time.sleep(60)\n'
    )
    with subprocess.Popen(
        [sys.executable, '-c', code, str(path)],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        cwd=ROOT,
    ) as process:
        try:
            assert process.stdout is not None
            assert process.stdout.readline() == 'ready\n'
            assert len(names_in(tmp_path)) == 2
            process.send_signal(signal.SIGTERM)
            if stretch == 'noted':
                assert process.stdout.readline() == 'asked\n'
                time.sleep(0.15)  # before that it is the same request
                process.send_signal(signal.SIGTERM)
            assert process.wait(30) == 143
        finally:
            process.kill()
    assert names_in(tmp_path) == ['a']
    assert path.read_bytes() == b'before'
