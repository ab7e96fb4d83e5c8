"""The accuracy benchmark shows both halves of the pictures beside the whole."""

from __future__ import annotations

import pytest

pytest.importorskip('pycocotools')
from benchmarks.accuracy import halves, table
from tests.annotations import drawn_people, two_pictures


def test_halves_alternate_by_id() -> None:
    assert halves(two_pictures()) == ([3], [7])


def test_table_has_a_row_for_each_half() -> None:
    annotations = two_pictures()
    rows = table(drawn_people(annotations, 'coco_18'), annotations)
    assert rows[2:] == [
        '| all (2) | 1.000 | 1.000 | 1.000 |',
        '| even half (1) | 1.000 | 1.000 | 1.000 |',
        '| odd half (1) | 1.000 | 1.000 | 1.000 |',
    ]
