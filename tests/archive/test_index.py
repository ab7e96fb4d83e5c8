"""The table of all files."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import pytest

from openpose_ros.archive.index import COLUMNS, FORMS, NOT_DONE, check_place, rows_of
from openpose_ros.archive.items import VIDEO, Item
from openpose_ros.archive.places import open_place
from openpose_ros.archive.schedule import Record
from openpose_ros.errors import ParameterError


def item(name: str) -> Item:
    return Item(f'in/{name}', f'/in/{name}', VIDEO, f'{name}.jsonl', {'size': 1, 'mtime_ns': 1})


A, B, C = item('a'), item('=b'), item('c')
RECORDS = {
    B.result: Record(B, frames=9, people=2, seconds=1.23456),
    A.result: Record(A, failure='in/a "is" damaged, or no video'),
}
ROWS = [
    ('in/=b', '=b.jsonl', 9, 2, 1.235, ''),
    ('in/a', 'a.jsonl', 0, 0, 0.0, 'in/a "is" damaged, or no video'),
    ('in/c', 'c.jsonl', 0, 0, 0.0, NOT_DONE),
]


def test_every_item_has_a_row() -> None:
    assert rows_of([C, A, B], RECORDS) == ROWS


def test_csv_is_read_back() -> None:
    text = FORMS['csv'](ROWS).decode()
    head, *rows = csv.reader(io.StringIO(text))
    assert head == list(COLUMNS)
    assert rows[1:] == [[str(cell) for cell in row] for row in ROWS[1:]]
    assert rows[0][1] == "'=b.jsonl", 'no spreadsheet takes it for a formula'


def test_parquet_is_read_back(tmp_path: Path) -> None:
    parquet = pytest.importorskip('pyarrow.parquet', reason='parquet needs pyarrow')
    path = tmp_path / 'index.parquet'
    path.write_bytes(FORMS['parquet'](ROWS))
    table = parquet.read_table(path)
    assert table.column_names == list(COLUMNS)
    assert [tuple(row.values()) for row in table.to_pylist()] == ROWS
    path.write_bytes(FORMS['parquet']([]))
    assert parquet.read_table(path).num_rows == 0


def test_index_of_somebody_else_is_not_replaced(tmp_path: Path) -> None:
    place = open_place(str(tmp_path))
    for form in FORMS:
        check_place(place, form)
        place.write(f'index.{form}', b'"my","own","table"\n')
        with pytest.raises(ParameterError, match=f'index.{form} that is none of an archive'):
            check_place(place, form)
    place.write('index.csv', FORMS['csv'](ROWS))
    check_place(place, 'csv')
