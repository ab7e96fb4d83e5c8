"""People as a table: CSV with a row for each keypoint that was found."""

from __future__ import annotations

import csv
import io

from openpose_ros.errors import OutputError, ParameterError
from openpose_ros.files import LineFile
from openpose_ros.files.places import find_place
from openpose_ros.io.frame import Frame
from openpose_ros.io.result_file import ResultFile
from openpose_ros.people import People

COLUMNS = (
    'source',
    'frame',
    'stamp',
    'width',
    'height',
    'person',
    'person_score',
    'keypoint',
    'x',
    'y',
    'score',
)
# What spreadsheets take for a formula at the beginning of a cell (OWASP, "CSV Injection").
_FORMULAS = ('=', '+', '-', '@', '\t', '\r', '\n')


class CsvFile(ResultFile):
    """
    Writes the rows of each frame as it comes; a context.

    The file grows as FILE.part and becomes FILE at the end, as `LineFile` does it. Rows are those
    of `People.to_dataframe`, behind what the frame is. Text is in quotes, numbers are not. Text
    that a spreadsheet would take for a formula has an apostrophe before it: a picture may be
    called =cmd.jpg.

    Parameters
    ----------
    name : str
        Of FILE; '-' is standard output.
    kept : bool
        As `LineFile` takes it.

    Raises
    ------
    OutputError
        If it cannot be written.
    ParameterError
        If there is a file that is no such table.

    """

    def __init__(self, name: str, *, kept: bool = False) -> None:
        self._file = LineFile(name, kept=kept, check=check_csv_file)
        super().__init__(self._file)
        self._begun = False

    def write(self, frame: Frame, people: People) -> None:
        """
        Write the rows of a frame, all of them or none.

        Raises
        ------
        OutputError
            If the disk does not take them.
        BrokenPipeError
            If nobody reads any more.

        """
        rows = rows_of(frame, people)
        if rows or not self._begun:
            self._file.write(('' if self._begun else csv_text([COLUMNS])) + csv_text(rows))
            self._begun = True


def rows_of(frame: Frame, people: People) -> list[tuple[str | int | float | None, ...]]:
    """Return the cells of a frame's rows, in the order of COLUMNS."""
    height, width = frame.image.shape[:2]
    source = frame.source.encode('utf-8', 'surrogateescape').decode('utf-8', 'backslashreplace')
    stamp = None if frame.stamp_s is None else round(frame.stamp_s, 6)
    start = (csv_cell(source), frame.index, stamp, width, height)
    names = [csv_cell(name) for name in people.skeleton.keypoint_names]
    return [
        (*start, person, round(who, 4), name, round(x, 3), round(y, 3), round(score, 4))
        for person, (who, keypoints) in enumerate(
            zip(people.scores.tolist(), people.keypoints.tolist())
        )
        for name, (x, y, score) in zip(names, keypoints)
        if score > 0
    ]


def check_csv_file(name: str) -> None:
    """
    See that a file which a table is to replace is such a table, or empty, or not there at all.

    Raises
    ------
    ParameterError
        If it begins with anything but our columns.
    OutputError
        If it cannot be looked at.

    """
    head = csv_text([COLUMNS]).encode()
    try:
        place = find_place(name)
        if place.direct or not place.path.exists():
            return
        with place.path.open('rb') as file:
            start = file.read(len(head))
    except OSError as exc:
        raise OutputError(f'cannot write {name}: {exc.strerror}') from exc
    if start not in (b'', head):
        raise ParameterError(
            f'{name} is there already and is no table of people: it would be lost. Name another '
            'FILE, or delete that one'
        )


def csv_cell(text: str) -> str:
    """Return text that no spreadsheet takes for a formula."""
    return f"'{text}" if text.startswith(_FORMULAS) else text


def csv_text(rows: object) -> str:
    """Return the lines of rows of cells: text in quotes, numbers without."""
    text = io.StringIO()
    csv.writer(text, quoting=csv.QUOTE_NONNUMERIC, lineterminator='\n').writerows(rows)  # type: ignore[arg-type]
    return text.getvalue()
