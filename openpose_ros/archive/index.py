"""The index of an archive: a row for each file, whole at the end of each run."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from importlib import import_module
from importlib.util import find_spec
import io
from typing import Any

from openpose_ros.archive.items import Item
from openpose_ros.archive.places import Place
from openpose_ros.archive.schedule import Record
from openpose_ros.errors import LibraryError, ParameterError
from openpose_ros.io.csv_file import csv_cell, csv_text

COLUMNS = ('source', 'result', 'frames', 'people', 'seconds', 'failure')
NOT_DONE = 'not done yet'

Row = tuple[str, str, int, int, float, str]


def rows_of(items: Iterable[Item], records: Mapping[str, Record]) -> list[Row]:
    """Return a row for each item, by the names of their results; what is not over says so."""
    rows = []
    for item in sorted(items, key=lambda item: item.result):
        record = records.get(item.result) or Record(item, failure=NOT_DONE)
        rows.append(
            (
                _text(item.name),
                _text(item.result),
                record.frames,
                record.people,
                round(record.seconds, 3),
                _text(record.failure),
            )
        )
    return rows


def check_form(form: str) -> None:
    """
    See that an index of a form can be written.

    Raises
    ------
    LibraryError
        If a library is missing.

    """
    if form == 'parquet' and find_spec('pyarrow') is None:
        raise LibraryError(
            '--index parquet', 'pyarrow', 'pip install pyarrow; --index csv needs nothing'
        )


def check_place(place: Place, form: str) -> None:
    """
    See that the index replaces no file of somebody else.

    Raises
    ------
    ParameterError
        If there is a file of its name that is none.

    """
    found = place.read(f'index.{form}')
    if found and not found.startswith(_STARTS[form]):
        raise ParameterError(
            f'the folder of the results has an index.{form} that is none of an archive: it would '
            'be lost; choose another folder'
        )


def _csv(rows: list[Row]) -> bytes:
    cells = [(csv_cell(row[0]), csv_cell(row[1]), *row[2:5], csv_cell(row[5])) for row in rows]
    return csv_text([COLUMNS, *cells]).encode()


def _parquet(rows: list[Row]) -> bytes:
    pyarrow: Any = import_module('pyarrow')
    parquet: Any = import_module('pyarrow.parquet')
    text, number = pyarrow.string(), pyarrow.int64()
    types = (text, text, number, number, pyarrow.float64(), text)
    columns = [
        pyarrow.array([row[place] for row in rows], type=kind) for place, kind in enumerate(types)
    ]
    file = io.BytesIO()
    parquet.write_table(pyarrow.table(columns, names=list(COLUMNS)), file)
    return file.getvalue()


_STARTS = {'csv': csv_text([COLUMNS]).encode(), 'parquet': b'PAR1'}
FORMS: dict[str, Callable[[list[Row]], bytes]] = {'csv': _csv, 'parquet': _parquet}


def _text(text: str) -> str:
    """Return text that UTF-8 has: names of files need not be such."""
    return text.encode('utf-8', 'surrogateescape').decode('utf-8', 'backslashreplace')
