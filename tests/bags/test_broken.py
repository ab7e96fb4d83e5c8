"""Bags that are broken cost only what is broken, and are told in one line."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
import shutil
import sqlite3

import pytest
from rosbags.rosbag2 import CompressionMode

from openpose_ros.bags.contents import Complaints
from openpose_ros.bags.mcap_file import McapFile
from openpose_ros.bags.telling import is_bag
from openpose_ros.errors import SourceError
from tests.bags.making import packed, picture, raw, read_bag, text, topics_of, worked_on, write_bag

COUNT = 60
LARGE = picture(7, (320, 240))  # five of which make a chunk


def large(number: int) -> object:
    return raw(number, pixels=LARGE)


def mcap_of(folder: Path) -> Path:
    return next(folder.glob('*.mcap'))


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """Return a bag of many chunks."""
    return write_bag(tmp_path / 'in', map(large, range(COUNT)))


def people(path: Path) -> int:
    return topics_of(path)['/openpose/persons']


def test_broken_chunk_costs_its_images(source: Path, tmp_path: Path) -> None:
    file = mcap_of(source)
    chunks = McapFile(file, Complaints(print))._chunks
    data = bytearray(file.read_bytes())
    chunk = chunks[len(chunks) // 2]
    data[chunk.offset] = 0xFF  # the number of its first record
    data[chunk.offset + 1 : chunk.offset + 9] = b'\xff' * 8
    file.write_bytes(data)
    lines: list[str] = []
    report = worked_on(source, tmp_path / 'out', lines)
    assert not report.is_whole
    (line,) = lines
    assert line.startswith(f'{file}: the chunk at byte {chunk.offset} is broken (')
    lost = COUNT - people(tmp_path / 'out')
    assert 1 <= lost <= 6
    found = [one.log_ns for one in read_bag(tmp_path / 'out', '/openpose/persons')]
    assert found == sorted(found)
    assert found[-1] == raw(COUNT - 1).log_ns


def test_broken_checksum_and_compression_are_found(tmp_path: Path) -> None:
    source = write_bag(tmp_path / 'in', map(large, range(COUNT)), mode=CompressionMode.STORAGE)
    file = mcap_of(source)
    chunk = McapFile(file, Complaints(print))._chunks[1]
    data = bytearray(file.read_bytes())
    data[chunk.offset + chunk.stored // 2] ^= 0xFF
    file.write_bytes(data)
    lines: list[str] = []
    worked_on(source, tmp_path / 'out', lines)
    assert len(lines) == 1
    assert f'the chunk at byte {chunk.offset} is broken' in lines[0]
    assert 0 < people(tmp_path / 'out') < COUNT


@pytest.mark.parametrize('part', [0.3, 0.6, 0.999])
def test_cut_file_is_read_up_to_there(source: Path, tmp_path: Path, part: float) -> None:
    file = mcap_of(source)
    whole = file.stat().st_size
    with file.open('r+b') as opened:
        opened.truncate(int(whole * part))
    lines: list[str] = []
    report = worked_on(source, tmp_path / 'out', lines)
    assert not report.is_whole
    (line,) = lines
    assert line.startswith(f'{file} is cut off after ')
    assert people(tmp_path / 'out') >= COUNT * part - 6


@pytest.mark.parametrize('cut', [0, 3, 8, 20, 60, 200])
def test_file_with_nothing_but_a_beginning_is_one_line(
    source: Path, tmp_path: Path, cut: int
) -> None:
    file = mcap_of(source)
    with file.open('r+b') as opened:
        opened.truncate(cut)
    with pytest.raises(SourceError) as caught:
        worked_on(source, tmp_path / 'out')
    assert '\n' not in str(caught.value)
    assert not (tmp_path / 'out').exists()


def split(tmp_path: Path, storage: str = 'mcap') -> Path:
    """Return a bag of three files, as a recorder splits it."""
    whole = write_bag(tmp_path / 'in', [], storage=storage)
    names, last = [], ''
    for part in range(3):
        lines = map(raw, range(4 * part, 4 * part + 4))
        piece = write_bag(tmp_path / f'piece{part}', lines, storage=storage)
        (file,) = [path for path in piece.iterdir() if path.suffix != '.yaml']
        # Names that sort another way than the files were written.
        names.append(f'in_{(part + 2) % 3}{file.suffix}')
        shutil.move(file, whole / names[-1])
        last = (piece / 'metadata.yaml').read_text().replace(file.name, names[-1])
    listed = ''.join(f'  - {name}\n' for name in names)
    (whole / 'metadata.yaml').write_text(last.replace(f'  - {names[-1]}\n', listed))
    for path in whole.iterdir():
        if path.suffix != '.yaml' and path.name not in names:
            path.unlink()
    return whole


@pytest.mark.parametrize('storage', ['mcap', 'sqlite3'])
def test_split_bag_is_read_in_the_order_of_its_metadata(tmp_path: Path, storage: str) -> None:
    lines: list[str] = []
    report = worked_on(split(tmp_path, storage), tmp_path / 'out', lines)
    assert (report.images, lines) == (12, [])
    found = [one.log_ns for one in read_bag(tmp_path / 'out', '/openpose/persons')]
    assert found == [raw(number).log_ns for number in range(12)]


def test_bag_without_metadata_is_read_by_its_times(tmp_path: Path) -> None:
    source = split(tmp_path)
    (source / 'metadata.yaml').unlink()
    lines: list[str] = []
    report = worked_on(source, tmp_path / 'out', lines)
    assert report.is_whole
    assert lines == [
        f'{source} has no metadata.yaml: its files are read in the order of their times'
    ]
    found = [one.log_ns for one in read_bag(tmp_path / 'out', '/openpose/persons')]
    assert found == [raw(number).log_ns for number in range(12)]


def test_file_that_is_gone_or_broken_costs_only_itself(tmp_path: Path) -> None:
    source = split(tmp_path)
    (source / 'in_2.mcap').unlink()  # the first
    (source / 'in_0.mcap').write_bytes(b'nothing of the kind')  # the second
    lines: list[str] = []
    report = worked_on(source, tmp_path / 'out', lines)
    assert (report.images, report.is_whole) == (4, False)
    assert len(lines) == 2
    assert 'in_2.mcap: No such file' in lines[0]
    assert 'in_0.mcap is no bag' in lines[1]


def test_metadata_that_is_no_yaml_is_told(tmp_path: Path) -> None:
    source = split(tmp_path)
    (source / 'metadata.yaml').write_text('rosbag2_bagfile_information: [')
    lines: list[str] = []
    report = worked_on(source, tmp_path / 'out', lines)
    assert (report.images, report.is_whole) == (12, False)
    assert len(lines) == 2
    assert lines[0].startswith(f'{source}/metadata.yaml cannot be used: ')


@pytest.mark.parametrize('storage', ['mcap', 'sqlite3'])
def test_single_file_is_a_bag(tmp_path: Path, storage: str) -> None:
    source = write_bag(tmp_path / 'in', map(raw, range(3)), storage=storage)
    (file,) = [path for path in source.iterdir() if path.suffix != '.yaml']
    assert worked_on(file, tmp_path / 'out').images == 3


def test_broken_page_of_a_database_costs_what_is_on_it(tmp_path: Path) -> None:
    source = write_bag(tmp_path / 'in', map(large, range(20)), storage='sqlite3')
    file = next(source.glob('*.db3'))
    data = bytearray(file.read_bytes())
    middle = len(data) // 2 // 4096 * 4096
    data[middle : middle + 3 * 4096] = b'\xff' * (3 * 4096)
    file.write_bytes(data)
    lines: list[str] = []
    report = worked_on(source, tmp_path / 'out', lines)
    assert len(lines) >= 1
    assert all('\n' not in line for line in lines)
    assert report.images >= 10
    assert not report.is_whole


def test_type_that_nobody_defines_is_not_copied(tmp_path: Path) -> None:
    source = write_bag(tmp_path / 'in', [raw(0), text(0)], storage='sqlite3')
    file = next(source.glob('*.db3'))
    with sqlite3.connect(file) as base:
        base.execute("UPDATE topics SET type = 'own_msgs/msg/Secret' WHERE name = '/notes'")
        base.execute("DELETE FROM message_definitions WHERE topic_type LIKE 'std_msgs%'")
    base.close()
    said = (source / 'metadata.yaml').read_text()
    (source / 'metadata.yaml').write_text(
        said.replace('std_msgs/msg/String', 'own_msgs/msg/Secret')
    )
    lines: list[str] = []
    report = worked_on(source, tmp_path / 'out', lines, copied=('*',))
    assert not report.is_whole
    assert lines == [
        '/notes is not copied: the bag does not define own_msgs/msg/Secret, and it is not known '
        'here'
    ]
    assert topics_of(tmp_path / 'out')['/camera/image_raw'] == 1


def test_message_that_is_none_is_told(tmp_path: Path) -> None:
    source = write_bag(tmp_path / 'in', map(packed, range(3)), storage='sqlite3')
    with sqlite3.connect(next(source.glob('*.db3'))) as base:
        base.execute('UPDATE messages SET data = ? WHERE id = 2', (b'\0\1\0\0\xff',))
    base.close()
    lines: list[str] = []
    report = worked_on(source, tmp_path / 'out', lines)
    assert (report.images, report.failed) == (3, 1)
    assert lines[0].startswith(
        'a message on /camera/image_raw/compressed is no sensor_msgs/msg/CompressedImage: '
    )


def with_file(path: Path, *names: str) -> Path:
    path.mkdir()
    for name in names:
        (path / name).write_text('of: pictures')
    return path


@pytest.mark.parametrize(
    ('make', 'expected'),
    [
        (lambda path: write_bag(path, [raw(0)]), True),
        (lambda path: next(write_bag(path, [raw(0)]).glob('*.mcap')), True),
        (lambda path: next(write_bag(path, [raw(0)], storage='sqlite3').glob('*.db3')), True),
        (lambda path: path.mkdir() or path, False),
        (lambda path: with_file(path, 'photo.png', 'people.mcap'), False),
        (lambda path: with_file(path, 'photo.png', 'metadata.yaml'), False),
        (lambda path: path.write_bytes(b'GIF89a') and path, False),
        (lambda path: path, False),
    ],
)
def test_bags_are_told_by_what_they_hold(
    tmp_path: Path, make: Callable[[Path], Path], expected: bool
) -> None:
    assert is_bag(str(make(tmp_path / 'thing'))) == expected


def test_chunk_of_a_compression_that_is_no_text_is_told(tmp_path: Path) -> None:
    source = write_bag(tmp_path / 'in', map(large, range(COUNT)), mode=CompressionMode.STORAGE)
    file = mcap_of(source)
    chunk = McapFile(file, Complaints(print))._chunks[1]
    data = bytearray(file.read_bytes())
    name = chunk.offset - 8 - len('zstd')
    assert data[name : name + 4] == b'zstd'
    data[name] = 0xB7
    file.write_bytes(data)
    lines: list[str] = []
    worked_on(source, tmp_path / 'out', lines)
    (line,) = lines
    assert 'is broken' in line
    assert 0 < people(tmp_path / 'out') < COUNT
