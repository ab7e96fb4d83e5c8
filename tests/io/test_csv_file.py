"""The table has a row for each keypoint that was found, and is safe in a spreadsheet."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest

from openpose_ros.errors import OutputError, ParameterError
from openpose_ros.io import Frame
from openpose_ros.io.csv_file import COLUMNS, CsvFile
from openpose_ros.people import People
from openpose_ros.skeletons import load_skeleton

IMAGE = np.zeros((48, 64, 3), np.uint8)
SKELETON = load_skeleton('coco_18')


def two_people() -> People:
    """Return one with a nose and a neck, and one with a neck only."""
    keypoints = np.full((2, 18, 3), np.nan, np.float32)
    keypoints[..., 2] = 0
    keypoints[0, 0] = 10.25, 20.5, 0.875
    keypoints[0, 1] = 11, 30, 0.5
    keypoints[1, 1] = 0, 0, 0.25
    return People(keypoints, np.array([0.75, 0.5], np.float32), SKELETON)


def read(path: Path) -> list[dict[str, str]]:
    with path.open(newline='', encoding='utf-8') as file:
        return list(csv.DictReader(file))


def test_row_a_keypoint(tmp_path: Path) -> None:
    path = tmp_path / 'people.csv'
    with CsvFile(str(path)) as table:
        table.write(Frame(IMAGE, 'walk.mp4', 7, 0.28, 25.0), two_people())
        table.write(Frame(IMAGE, 'nobody.jpg'), People.empty(SKELETON))
        table.write(Frame(IMAGE, 'a "b", c\n.jpg'), two_people())
    rows = read(path)
    assert [(row['source'], row['person'], row['keypoint']) for row in rows] == [
        (source, person, keypoint)
        for source in ('walk.mp4', 'a "b", c\n.jpg')
        for person, keypoint in (('0', 'nose'), ('0', 'neck'), ('1', 'neck'))
    ]
    numbers = ('frame', 'stamp', 'width', 'height', 'person_score', 'x', 'y', 'score')
    assert [rows[0][name] for name in numbers] == [
        *('7', '0.28', '64', '48', '0.75', '10.25', '20.5', '0.875')
    ]
    assert rows[3]['stamp'] == ''
    assert sorted(path.name for path in tmp_path.iterdir()) == ['people.csv']


@pytest.mark.parametrize('start', ['=', '+', '-', '@', '\t'])
def test_text_that_looks_like_a_formula_is_text(tmp_path: Path, start: str) -> None:
    path = tmp_path / 'people.csv'
    with CsvFile(str(path)) as table:
        table.write(Frame(IMAGE, f'{start}cmd.jpg'), two_people())
    assert {row['source'] for row in read(path)} == {f"'{start}cmd.jpg"}
    assert path.read_text().splitlines()[1].startswith(f'"\'{start}cmd.jpg",0,')


def test_names_need_not_be_text(tmp_path: Path) -> None:
    path = tmp_path / 'people.csv'
    with CsvFile(str(path)) as table:
        table.write(Frame(IMAGE, 'caf\udce9.jpg'), two_people())
    assert read(path)[0]['source'] == 'caf\\xe9.jpg'


def test_nobody_leaves_the_columns(tmp_path: Path) -> None:
    path = tmp_path / 'people.csv'
    for _ in range(2):  # a table of ours may be replaced
        with CsvFile(str(path)) as table:
            table.write(Frame(IMAGE, 'nobody.jpg'), People.empty(SKELETON))
        assert path.read_text() == ','.join(f'"{name}"' for name in COLUMNS) + '\n'


@pytest.mark.parametrize('content', [b'\xff\xd8\xff', b'name,age\n', b'{}', b'"sour'])
def test_other_files_are_not_replaced(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / 'mine.csv'
    path.write_bytes(content)
    with pytest.raises(ParameterError, match='is no table of people: it would be lost'):
        CsvFile(str(path))
    assert path.read_bytes() == content


def test_rows_are_kept_after_an_interrupt(tmp_path: Path) -> None:
    path = tmp_path / 'people.csv'

    def work() -> None:
        with CsvFile(str(path)) as table:
            table.write(Frame(IMAGE, 'a.jpg'), two_people())
            assert len(read(tmp_path / 'people.csv.part')) == 3
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        work()
    assert len(read(path)) == 3


def test_folder_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match='No such file'):
        CsvFile(str(tmp_path / 'gone/people.csv'))
