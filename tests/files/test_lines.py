"""Lines are there as they come, whole, and get their name at the end, whatever that is."""

from __future__ import annotations

import errno
import json
import os
from pathlib import Path
import subprocess
import sys

import pytest

from openpose_ros.errors import OutputError, ParameterError
from openpose_ros.files import LineFile

ROOT = Path(__file__).parents[2]


def names_in(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_lines_are_in_the_part_at_once(tmp_path: Path) -> None:
    path = tmp_path / 'people.jsonl'
    path.write_text('{"before": 1}\n')
    with LineFile(str(path)) as lines:
        for number in range(3):
            lines.write(f'{number}\n')
            assert (tmp_path / 'people.jsonl.part').read_text().splitlines()[-1] == str(number)
        assert path.read_text() == '{"before": 1}\n'
    assert path.read_text() == '0\n1\n2\n'
    assert names_in(tmp_path) == ['people.jsonl']


@pytest.mark.parametrize('error', [KeyboardInterrupt, RuntimeError])
def test_lines_are_kept_whatever_ends_the_work(tmp_path: Path, error: type[BaseException]) -> None:
    path = tmp_path / 'people.jsonl'

    def work() -> None:
        with LineFile(str(path)) as lines:
            lines.write('1\n')
            raise error

    with pytest.raises(error):
        work()
    assert path.read_text() == '1\n'
    assert names_in(tmp_path) == ['people.jsonl']


@pytest.mark.parametrize('kept', [True, False])
def test_lines_after_another_result_could_not_be_written(tmp_path: Path, kept: bool) -> None:
    path = tmp_path / 'people.jsonl'

    def work() -> None:
        with LineFile(str(path), kept=kept) as lines:
            lines.write('1\n')
            raise OutputError('cannot write photo.jpg: No space left on device')

    with pytest.raises(OutputError):
        work()
    assert names_in(tmp_path) == (['people.jsonl'] if kept else [])


def test_lines_stay_in_the_part_where_the_file_cannot_be_replaced(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / 'people.jsonl'  # as a container mounts it: writable, and not to be replaced

    def refuse(*_: object) -> None:
        raise OSError(errno.EBUSY, os.strerror(errno.EBUSY))

    lines = LineFile(str(path))
    lines.write('{}\n')
    monkeypatch.setattr(os, 'replace', refuse)
    with pytest.raises(
        OutputError, match=r'resource busy; the results are in .*people\.jsonl\.part'
    ):
        lines.finish()
    assert path.with_name('people.jsonl.part').read_text() == '{}\n'


def test_no_lines_replace_others_only_if_that_is_the_result(tmp_path: Path) -> None:
    path = tmp_path / 'people.jsonl'
    path.write_text('{"before": 1}\n')

    def stop() -> None:
        with LineFile(str(path)):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        stop()
    assert path.read_text() == '{"before": 1}\n'
    assert names_in(tmp_path) == ['people.jsonl']
    with LineFile(str(path)):
        pass
    assert path.read_text() == ''


def test_half_a_line_is_cut_off(tmp_path: Path) -> None:
    path = tmp_path / 'people.jsonl'
    with LineFile(str(path)) as lines:
        lines.write('{"a": 1}\n')
        with (tmp_path / 'people.jsonl.part').open('ab') as file:  # as an interrupt may leave it
            file.write(b'{"b": 2}\n{"c"')
    assert path.read_text() == '{"a": 1}\n{"b": 2}\n'


FILL = """
import resource
import sys
from openpose_ros.errors import OutputError
from openpose_ros.files import LineFile
resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))  # not a multiple of a line
try:
    with LineFile(sys.argv[1], kept=sys.argv[2] == 'kept') as lines:
        while True:
            lines.write('{"number": 1234567890}\\n')
except OutputError as exc:
    print(exc)
"""


@pytest.mark.parametrize('kept', [True, False])
def test_disk_that_is_full_leaves_no_half_file(tmp_path: Path, kept: bool) -> None:
    path = tmp_path / 'people.jsonl'
    path.write_text('[]\n')
    told = subprocess.run(
        [sys.executable, '-c', FILL, str(path), 'kept' if kept else ''],
        capture_output=True,
        text=True,
        check=True,
        cwd=ROOT,
    )
    assert told.stderr == ''
    assert path.read_text() == '[]\n'
    said = f'cannot write {path}: File too large'
    if not kept:
        assert told.stdout == f'{said}\n'
        assert names_in(tmp_path) == ['people.jsonl']
        return
    part = tmp_path / 'people.jsonl.part'
    assert told.stdout == f'{said}; what came before is kept in {part}\n'
    lines = part.read_text().splitlines(keepends=True)
    assert len(lines) == 1000 // len(lines[0])
    assert all(json.loads(line) for line in lines)


@pytest.mark.parametrize('start', [b'\xff\xd8\xff', b'PK', b' {', b'a,b', b'\n'])
@pytest.mark.parametrize('ending', ['', '.part'])
def test_what_is_not_json_is_refused(tmp_path: Path, start: bytes, ending: str) -> None:
    path = tmp_path / f'holiday.jpg{ending}'
    path.write_bytes(start)
    with pytest.raises(ParameterError, match=rf'holiday\.jpg{ending} is there already and is not'):
        LineFile(str(tmp_path / 'holiday.jpg'))
    assert path.read_bytes() == start
    assert names_in(tmp_path) == [path.name]


@pytest.mark.parametrize('start', ['', '{}\n', '[1]'])
def test_json_and_what_is_empty_is_replaced(tmp_path: Path, start: str) -> None:
    path = tmp_path / 'people'
    path.write_text(start)
    with LineFile(str(path)) as lines:
        lines.write('{"new": 1}\n')
    assert path.read_text() == '{"new": 1}\n'


def test_part_that_a_dead_process_left_is_replaced(tmp_path: Path) -> None:
    (tmp_path / 'people.part').write_text('{"old": 1}\n{"ha')
    os.link(tmp_path / 'people.part', tmp_path / 'saved')
    with LineFile(str(tmp_path / 'people')) as lines:
        lines.write('{"new": 1}\n')
    assert (tmp_path / 'people').read_text() == '{"new": 1}\n'
    assert (tmp_path / 'saved').read_text() == '{"old": 1}\n{"ha'


def test_part_of_what_nobody_can_do_again_is_kept(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path, part = tmp_path / 'people', tmp_path / 'people.part'
    for number in (1, 2):
        part.write_text(f'{{"old": {number}}}\n')
        with LineFile(str(path), kept=True) as lines:
            lines.write('{"new": 1}\n')
        assert path.read_text() == '{"new": 1}\n'
        assert (tmp_path / f'people.part.{number}').read_text() == f'{{"old": {number}}}\n'
        assert caplog.messages == [
            f'{part} of an earlier run, which did not end well, is called {part}.{number} now'
        ]
        caplog.clear()
    part.touch()
    with LineFile(str(path), kept=True) as lines:
        lines.write('{"new": 1}\n')
    assert names_in(tmp_path) == ['people', 'people.part.1', 'people.part.2']
    assert caplog.messages == []


def test_part_that_is_a_link_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / 'photo.jpg').write_bytes(b'\xff\xd8')
    (tmp_path / 'people.part').symlink_to('photo.jpg')
    with LineFile(str(tmp_path / 'people')) as lines:
        lines.write('{}\n')
    assert (tmp_path / 'photo.jpg').read_bytes() == b'\xff\xd8'


def test_two_at_one_file_are_told(tmp_path: Path) -> None:
    path = tmp_path / 'people'
    with LineFile(str(path)) as lines:
        with pytest.raises(OutputError, match=r'another process is writing .*people\.part'):
            LineFile(str(path))
        lines.write('{}\n')
    assert path.read_text() == '{}\n'


def test_link_is_followed_and_kept(tmp_path: Path) -> None:
    (tmp_path / 'disk').mkdir()
    link = tmp_path / 'people'
    link.symlink_to('disk/people')
    with LineFile(str(link)) as lines:
        lines.write('{}\n')
        assert names_in(tmp_path / 'disk') == ['people.part']
    assert link.is_symlink()
    assert (tmp_path / 'disk/people').read_text() == '{}\n'


def test_standard_output_gets_lines_at_once(capsys: pytest.CaptureFixture[str]) -> None:
    with LineFile('-') as lines:
        lines.write('{"é": 1}\n')
        assert capsys.readouterr().out == '{"é": 1}\n'


def test_pipe_that_nobody_reads_is_no_error_of_ours() -> None:
    reading, writing = os.pipe()
    os.close(reading)
    lines = LineFile(f'/dev/fd/{writing}')
    with pytest.raises(BrokenPipeError):
        lines.write('{}\n')
    os.close(writing)
    with pytest.raises(BrokenPipeError):
        lines.finish()


def test_device_that_is_full_is_named_once() -> None:
    lines = LineFile('/dev/full')
    with pytest.raises(OutputError, match=r'^cannot write /dev/full: No space left on device$'):
        lines.write('{}\n')
    lines.finish()
