"""JSON and YAML of others: right, wrong, and hostile."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
import pytest

from openpose_ros.documents import parse_json, parse_yaml, read_document

# Ten levels of ten: a billion values in a few hundred bytes.
LAUGHS = 'a0: &a0 [1]\n' + '\n'.join(
    f'a{i + 1}: &a{i + 1} [{", ".join([f"*a{i}"] * 10)}]' for i in range(9)
)


def test_what_is_right_is_read() -> None:
    assert parse_json('{"a": [1, 2.5, null, "ä"]}') == {'a': [1, 2.5, None, 'ä']}
    assert parse_json('{"a": "ä"}'.encode()) == {'a': 'ä'}
    assert parse_yaml('a: [1, 2.5, null, ä]\nb: &x {c: 1}\nd: *x') == {
        'a': [1, 2.5, None, 'ä'],
        'b': {'c': 1},
        'd': {'c': 1},
    }


@pytest.mark.parametrize(
    ('text', 'document', 'joined'),
    [
        ('a: {b: 1}\na: {c: 2}', {'a': {'c': 2}}, {'a': {'b': 1, 'c': 2}}),
        ('a: {b: 1}\na: {b: 2}', {'a': {'b': 2}}, {'a': {'b': 2}}),
        ('a: {b: {c: 1}}\na: {b: {d: 2}}', {'a': {'b': {'d': 2}}}, {'a': {'b': {'c': 1, 'd': 2}}}),
        ('a: &x {b: 1}\nc: *x\na: {d: 2}', None, {'a': {'b': 1, 'd': 2}, 'c': {'b': 1}}),
        ('a: 1\na: 2', {'a': 2}, {'a': 2}),
        ('a: 1\na: {b: 2}\n"1": {c: 3}\n1: {d: 4}', None, None),
    ],
)
def test_mappings_of_a_name_may_be_joined(text: str, document: Any, joined: Any) -> None:
    if document is not None:
        assert parse_yaml(text) == document
    assert parse_yaml(text, joined=True) == (joined or parse_yaml(text))


@pytest.mark.parametrize(
    ('text', 'says'),
    [
        ('{"a": ', 'Expecting value'),
        ('{"size": Infinity}', 'Infinity is no number'),
        ('{"size": NaN}', 'NaN is no number'),
        ('[' * 100_000, 'nested too deeply'),
        ('{"a":' * 100_000, 'nested too deeply'),
        (b'{"a": "\xff"}', 'utf-8'),
        ('', 'Expecting value'),
    ],
)
def test_json_that_is_wrong_is_one_line(text: str | bytes, says: str) -> None:
    with pytest.raises(ValueError, match=says) as caught:
        parse_json(text)
    assert '\n' not in str(caught.value)


@pytest.mark.parametrize(
    ('text', 'says'),
    [
        ('a: [1', 'expected'),
        ('a: 2026-02-30', 'day'),
        ('a: 2026-99-99 99:99:99', 'month|hour|must be'),
        ('a: 0b_', 'base 2'),
        (f'a: {"9" * 5000}', 'digits|integer'),
        ('a: &x [*x]', 'holds itself'),
        ('a: &x {b: *x}', 'holds itself'),
        ('a: ' + '[' * 5000, 'nested too deeply'),
        (LAUGHS, 'more than'),
        ('? [1, 2]\n: 3\n? {a: 1}\n: 4', 'unhashable'),
        (b'a: \xff', 'invalid|unacceptable'),
        ('a: !!python/object:os.system {}', 'python'),
        ('a: *nobody', 'undefined alias'),
    ],
)
def test_yaml_that_is_wrong_is_one_line(text: str | bytes, says: str) -> None:
    with pytest.raises(ValueError, match=says) as caught:
        parse_yaml(text)
    assert '\n' not in str(caught.value)


@pytest.mark.parametrize(
    'text',
    [
        'a: &x {b: *x}',
        'a: &x {b: *x, b: *x}',
        'a: &x {b: *x, b: {}}',
        'a: &x {b: *x}\na: {c: *x}\na: *x',
        'a: &x {b: &y {c: *x}, b: *y, b: *x}',
    ],
)
def test_mappings_that_join_themselves_have_an_end(text: str) -> None:
    with pytest.raises(ValueError, match='holds itself'):
        parse_yaml(text, joined=True)


@given(st.text(max_size=60) | st.binary(max_size=60))
def test_whatever_comes_is_read_or_a_value_error(text: str | bytes) -> None:
    for parse in (parse_json, parse_yaml):
        try:
            parse(text)
        except ValueError:
            continue


def test_document_without_an_end_is_not_read_to_it(tmp_path: Path) -> None:
    path = tmp_path / 'a.yaml'
    path.write_bytes(b'x' * 100)
    assert read_document(path, 100) == b'x' * 100
    with pytest.raises(OSError, match='it has more than 0 MB'):
        read_document(path, 99)
    with pytest.raises(OSError, match='it has more than 16 MB') as caught:
        read_document(Path('/dev/zero'))
    assert caught.value.strerror == 'it has more than 16 MB'
