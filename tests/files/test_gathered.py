"""Files made of pieces: whole at the end, whatever that is, and never half."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

import pytest

from openpose_ros.errors import OutputError, ParameterError
from openpose_ros.files.gathered import GatheredFile


def compose(file: BinaryIO, pour: Callable[[int], None]) -> None:
    file.write(b'{"a":[')
    pour(0)
    file.write(b'],"b":[')
    pour(1)
    file.write(b']}\n')


def gathered(path: Path, error: BaseException | None = None, pieces: int = 2) -> None:
    with GatheredFile(str(path), 2, compose) as file:
        for number in range(pieces):
            file.add(0, b'%d' % number)
        if error is not None:
            raise error


def test_pieces_become_lists(tmp_path: Path) -> None:
    path = tmp_path / 'all.json'
    path.write_text('{"before": 1}')
    with GatheredFile(str(path), 2, compose) as file:
        file.add(0, b'1')
        file.add(1, b'"x"')
        file.add(0, b'2')
        assert [entry.name for entry in tmp_path.iterdir()] == ['all.json']
        assert path.read_text() == '{"before": 1}'
    assert path.read_text() == '{"a":[1,\n2],"b":["x"]}\n'
    assert [entry.name for entry in tmp_path.iterdir()] == ['all.json']


def test_pieces_are_kept_after_an_interrupt(tmp_path: Path) -> None:
    with pytest.raises(KeyboardInterrupt):
        gathered(tmp_path / 'all.json', KeyboardInterrupt())
    assert (tmp_path / 'all.json').read_text() == '{"a":[0,\n1],"b":[]}\n'


@pytest.mark.parametrize(
    ('error', 'pieces'), [(OutputError('full'), 2), (KeyboardInterrupt(), 0)], ids=repr
)
def test_file_stays_as_it_was(tmp_path: Path, error: BaseException, pieces: int) -> None:
    path = tmp_path / 'all.json'
    path.write_text('{"before": 1}')
    with pytest.raises(type(error)):
        gathered(path, error, pieces)
    assert path.read_text() == '{"before": 1}'


def test_nothing_to_gather_is_empty_lists(tmp_path: Path) -> None:
    gathered(tmp_path / 'all.json', pieces=0)
    assert (tmp_path / 'all.json').read_text() == '{"a":[],"b":[]}\n'


def test_full_disk_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match=r'cannot write /dev/full: No space left on device'):
        gathered(Path('/dev/full'))


def test_what_cannot_be_written_is_said_before_the_work(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match='No such file or directory'):
        GatheredFile(str(tmp_path / 'gone/all.json'), 1, compose)
    (tmp_path / 'photo.jpg').write_bytes(b'\xff\xd8')
    with pytest.raises(ParameterError, match='is not JSON'):
        GatheredFile(str(tmp_path / 'photo.jpg'), 1, compose)
