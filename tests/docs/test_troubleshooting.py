"""What the troubleshooting page quotes is what the code says."""

from __future__ import annotations

import ast
from functools import cache
import re

import pytest

from tests.docs.reading import ROOT, read, spans

PAGE = 'docs/troubleshooting.md'


@cache
def said() -> tuple[str, ...]:
    """Return every text of the package and of the Makefile, '…' for what is filled in."""
    texts = [read('Makefile')]
    for path in (ROOT / 'openpose_ros').rglob('*.py'):
        for node in ast.walk(ast.parse(path.read_text(encoding='utf-8'))):
            if isinstance(node, ast.JoinedStr):
                parts = [p.value if isinstance(p, ast.Constant) else '…' for p in node.values]
                texts.append(''.join(map(str, parts)))
            elif isinstance(node, ast.Constant) and isinstance(node.value, str):
                texts.append(node.value)
    return tuple(texts)


def symptoms(text: str) -> list[str]:
    """Return the messages that are quoted in the first column of the tables."""
    cells = [line.split(' | ')[0] for line in text.splitlines() if line.startswith('| ')]
    return [span for cell in cells for span in spans(cell) if ' ' in span]


def is_said(message: str) -> bool:
    """Look for all parts of a message, in their order, in one text."""
    parts = [re.escape(part.strip()) for part in message.split('…') if part.strip()]
    wanted = re.compile('.*?'.join(parts), re.DOTALL)
    return any(wanted.search(text) for text in said())


def test_messages_are_the_codes() -> None:
    quoted = symptoms(read(PAGE))
    assert len(quoted) > 30
    assert [message for message in quoted if not is_said(message)] == []


@pytest.mark.parametrize(
    ('row', 'wrong'),
    [
        ('| `no image on …, which has` | x | y |', []),
        ('| `no picture on …, which has` | x | y |', ['no picture on …, which has']),
        ('| `which has … no image on` | x | y |', ['which has … no image on']),
        ('| text | `no such message here` | y |', []),
    ],
)
def test_what_nobody_says_is_found(row: str, wrong: list[str]) -> None:
    assert [message for message in symptoms(row) if not is_said(message)] == wrong
