"""What stands beside a person: always the same for the same id."""

from __future__ import annotations

from itertools import pairwise

import pytest

from openpose_ros.drawing.labels import colour_of, label_text, number_of

NAN = float('nan')


@pytest.mark.parametrize(
    ('name', 'distance', 'text'),
    [('kqf1', 2.36, 'kqf1 2.4 m'), ('kqf1', NAN, 'kqf1'), ('', 2.0, '2.0 m'), ('', NAN, '')],
)
def test_label_says_what_is_known(name: str, distance: float, text: str) -> None:
    assert label_text(name, distance) == text


def test_numbers_of_one_process_differ() -> None:
    assert [number_of(f'kqf{i}') for i in (1, 2, 17, 123456)] == [1, 2, 17, 123456]
    # Of an id that ends in no number, always the same, and one that a message can hold.
    assert 0 <= number_of('anna') == number_of('anna') < 2**31
    assert 0 <= number_of('a' + 40 * '9') < 2**31


def test_neighbours_are_told_apart_by_their_colours() -> None:
    colours = [colour_of(f'kqf{i}') for i in range(1, 9)]
    for one, other in pairwise(colours):
        assert sum(abs(a - b) for a, b in zip(one, other)) > 150
    assert len(set(colours)) == 8
    assert all(0 <= part <= 255 for colour in colours for part in colour)
    red, green, blue = colour_of('')
    assert red == green == blue
