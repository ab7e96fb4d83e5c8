"""
Protobuf's text format, as Caffe's .prototxt files are written in it.

https://protobuf.dev/reference/protobuf/textformat-spec: a field is `name: value` or
`name { fields }`; anything that is not needed for Caffe, such as extensions, is an error.
"""

from __future__ import annotations

from collections.abc import Iterator
import re

from openpose_ros.models.importing.limits import MOST_NODES, check_nesting

_TOKEN = re.compile(
    r"""\s+|\#[^\n]*|(?P<word>[A-Za-z_][A-Za-z_0-9]*)|(?P<number>[-+]?[0-9.][-+.0-9A-Za-z_]*)
    |(?P<text>"[^"\n]*"|'[^'\n]*')|(?P<sign>[{}<>:\[\],;])""",
    re.VERBOSE,
)
_CLOSING = {'{': '}', '<': '>'}
_MOST_FIELDS = 40 * MOST_NODES


class Fields:
    """The fields of one message, each with all its values as they are written, in order."""

    def __init__(self) -> None:
        self._values: dict[str, list[str]] = {}
        self._messages: dict[str, list[Fields]] = {}
        self.order: list[tuple[str, Fields]] = []

    def add(self, name: str, value: str | Fields) -> None:
        """Add a value to a field."""
        if isinstance(value, Fields):
            self._messages.setdefault(name, []).append(value)
            self.order.append((name, value))
        else:
            self._values.setdefault(name, []).append(value)

    def texts(self, name: str) -> list[str]:
        """Return all values of a field."""
        return self._values.get(name, [])

    def text(self, name: str, default: str = '') -> str:
        """Return the last value of a field."""
        return (self.texts(name) or [default])[-1]

    def whole_numbers(self, name: str) -> list[int]:
        """Return all values of a field of whole numbers."""
        try:
            return [int(text[:20]) for text in self.texts(name)]
        except ValueError:
            raise ValueError(f"its {name} is '{self.text(name)[:40]}', no whole number") from None

    def whole(self, name: str, default: int) -> int:
        """Return the last value of a field of whole numbers."""
        return (self.whole_numbers(name) or [default])[-1]

    def number(self, name: str, default: float) -> float:
        """Return the last value of a field of numbers."""
        text = self.text(name, str(default))
        try:
            return float(text)
        except ValueError:
            raise ValueError(f"its {name} is '{text[:40]}', no number") from None

    def flag(self, name: str, default: bool) -> bool:
        """Return the last value of a field of true or false."""
        text = self.text(name, str(default)).lower()
        if text not in ('true', 'false', '1', '0'):
            raise ValueError(f"its {name} is '{text[:40]}', expected true or false")
        return text in ('true', '1')

    def messages(self, name: str) -> list[Fields]:
        """Return all messages of a field."""
        return self._messages.get(name, [])

    def message(self, name: str) -> Fields:
        """Return the last message of a field, an empty one where there is none."""
        return (self.messages(name) or [Fields()])[-1]


def parse(text: str) -> Fields:
    """
    Read a message.

    Raises
    ------
    ValueError
        If it is none; the message names the line.

    """
    root = Fields()
    stack, ends = [root], ['']
    tokens = _tokens(text)
    for count, (kind, token, line) in enumerate(tokens):
        if count > _MOST_FIELDS:
            raise ValueError(f'it has more than {_MOST_FIELDS} words')
        if kind == 'sign' and token in ',;':
            continue
        if kind == 'sign' and token == ends[-1]:
            stack.pop()
            ends.pop()
            continue
        if kind != 'word':
            raise ValueError(f"line {line} has '{token[:40]}' where a field is expected")
        name = token
        kind, token, line = next(tokens, ('', 'the end', line))
        if token == ':':
            kind, token, line = next(tokens, ('', 'the end', line))
        elif token not in _CLOSING:
            raise ValueError(f"line {line} has '{token[:40]}' where ':' is expected")
        if kind == 'sign' and token in _CLOSING:
            check_nesting(len(stack))
            inner = Fields()
            stack[-1].add(name, inner)
            stack.append(inner)
            ends.append(_CLOSING[token])
        elif kind == 'sign' and token == '[':
            for value in _listed(tokens, line):
                stack[-1].add(name, value)
        elif kind in ('word', 'number', 'text'):
            stack[-1].add(name, token[1:-1] if kind == 'text' else token)
        else:
            raise ValueError(f"line {line} has '{token[:40]}' where a value is expected")
    if len(stack) > 1:
        raise ValueError(f"it ends before '{ends[-1]}'")
    return root


def _listed(tokens: Iterator[tuple[str, str, int]], line: int) -> Iterator[str]:
    for kind, token, at in tokens:
        line = at
        if token == ']' and kind == 'sign':
            return
        if kind in ('word', 'number', 'text'):
            yield token[1:-1] if kind == 'text' else token
        elif token != ',':
            raise ValueError(f"line {line} has '{token[:40]}' in a list of values")
    raise ValueError("it ends before ']'")


def _tokens(text: str) -> Iterator[tuple[str, str, int]]:
    """Yield the kind, the text and the line of each word."""
    at, line = 0, 1
    while at < len(text):
        found = _TOKEN.match(text, at)
        if found is None:
            raise ValueError(f'line {line} has {text[at : at + 20]!r}, which is no text format')
        if found.lastgroup is not None:
            yield found.lastgroup, found[0], line
        line += found[0].count('\n')
        at = found.end()
