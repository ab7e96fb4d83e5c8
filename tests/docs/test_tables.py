"""
The tables of the documentation that the code knows better are the code's.

`python -m tests.docs.test_tables` writes them anew.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields
from pathlib import Path
import re

import pytest

from openpose_ros.models.finding import known_models
from openpose_ros.parsing import PafParams

ROOT = Path(__file__).parents[2]


def parameters_table() -> str:
    rows = ['| name | type | default | range | meaning |', '|---|---|---|---|---|']
    for item in fields(PafParams):
        meta = item.metadata
        limits = f'{meta["low"]} to {meta["high"]}' if meta['low'] is not None else ''
        allowed = ' or '.join(f'`{word}`' for word in meta['choices']) or limits
        default = str(item.default).lower() if isinstance(item.default, bool) else item.default
        rows.append(
            f'| `{item.name}` | {type(item.default).__name__} | `{default}` | {allowed} '
            f'| {meta["description"]} |'
        )
    return '\n'.join(rows)


def models_table() -> str:
    rows = ['| name | skeleton | AP | licence | what |', '|---|---|---|---|---|']
    for spec in known_models():
        ap = '' if spec.ap is None else f'{spec.ap:.3f}'
        rows.append(
            f'| [{spec.name}]({spec.homepage}) | {spec.skeleton.name} | {ap} | {spec.licence} '
            f'| {spec.description} |'
        )
    return '\n'.join(rows)


TABLES: dict[str, tuple[str, Callable[[], str]]] = {  # name of the marks: page, rows
    'parameters': ('docs/parameters.md', parameters_table),
    'models': ('README.md', models_table),
}


def with_table(text: str, name: str, table: str) -> str:
    """Return a page with a table between its marks."""
    marked = re.compile(rf'(?<=<!-- {name} -->\n).*?(?=<!-- /{name} -->\n)', re.DOTALL)
    text, number = marked.subn(lambda _: f'{table}\n', text)
    assert number == 1, f'the page needs one place for the table of {name}'
    return text


@pytest.mark.parametrize('name', TABLES)
def test_tables_are_the_codes(name: str) -> None:
    page, table = TABLES[name]
    text = (ROOT / page).read_text(encoding='utf-8')
    assert with_table(text, name, table()) == text, 'run python -m tests.docs.test_tables'


if __name__ == '__main__':
    for name, (page, table) in TABLES.items():
        path = ROOT / page
        path.write_text(
            with_table(path.read_text(encoding='utf-8'), name, table()), encoding='utf-8'
        )
