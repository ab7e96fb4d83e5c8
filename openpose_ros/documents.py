"""JSON and YAML that others wrote: whatever is wrong with them is a ValueError of one line."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
import errno
from functools import cache
import json
from pathlib import Path
from typing import Any, NoReturn

MOST_BYTES = 1 << 24  # of a document; they are a hundredth of that
_MOST_NODES = 100_000  # of a YAML file with its aliases written out; parameter files have hundreds


def read_document(path: Path, most: int = MOST_BYTES) -> bytes:
    """
    Read a file that is small, if it is what it should be.

    Parameters
    ----------
    path : Path
        Of a file, or a pipe.
    most : int
        How many bytes it may have.

    Raises
    ------
    OSError
        If it cannot be read, or has more: a device may have no end.

    """
    with path.open('rb') as file:
        content = file.read(most + 1)
    if len(content) > most:
        raise OSError(errno.EFBIG, f'it has more than {most >> 20} MB', str(path))
    return content


def parse_json(text: str | bytes) -> Any:
    """
    Return what JSON says.

    Parameters
    ----------
    text : str or bytes
        UTF-8 where it is bytes.

    Raises
    ------
    ValueError
        If it is not JSON, NaN and Infinity included, or nested too deeply.

    """
    try:
        return json.loads(text, parse_constant=_refuse_constant)
    except RecursionError:
        raise ValueError('it is nested too deeply') from None


def parse_yaml(text: str | bytes, *, joined: bool = False) -> Any:
    """
    Return what YAML says; only plain values, lists and mappings can come out.

    Parameters
    ----------
    text : str or bytes
        One document.
    joined : bool
        Mappings of the same name in one mapping are one, as rcl reads parameter files; else the
        last goes before the others, as it does with values.

    Raises
    ------
    ValueError
        If it is not YAML, holds a value that does not exist (a 30th of February), is nested too
        deeply, holds itself by an alias, or grows beyond reason by its aliases.

    """
    import yaml  # not while help is shown

    try:
        document = yaml.load(text, _joining() if joined else yaml.SafeLoader)
        for count, _ in enumerate(_nodes(document)):
            if count > _MOST_NODES:
                raise ValueError(f'it has more than {_MOST_NODES} values, or holds itself')
    except RecursionError:
        raise ValueError('it is nested too deeply, or holds itself') from None
    except (yaml.YAMLError, ValueError, OverflowError, TypeError, LookupError) as exc:
        raise ValueError(' '.join(str(exc).split())) from exc
    return document


@cache
def _joining() -> Any:
    """Return a loader that joins mappings of the same name."""
    import yaml

    class Joining(yaml.SafeLoader):  # type: ignore[misc]
        """Takes plain values only."""

        joined = 0

        def construct_mapping(self, node: Any, deep: bool = False) -> Any:
            """Make a dict of what is below a node."""
            kept: list[tuple[Any, Any]] = []
            places: dict[tuple[str, str], int] = {}
            copied: set[tuple[str, str]] = set()
            for key, value in node.value:
                if not (isinstance(key, yaml.ScalarNode) and isinstance(value, yaml.MappingNode)):
                    kept.append((key, value))
                    continue
                name = key.tag, key.value
                if name not in places:
                    places[name] = len(kept)
                    kept.append((key, value))
                    continue
                self.joined += 1 + len(value.value)
                if self.joined > _MOST_NODES:  # by aliases it may join itself for ever
                    raise ValueError(f'it has more than {_MOST_NODES} values, or holds itself')
                before = kept[places[name]][1]
                if name not in copied:  # an alias elsewhere means the first one as it stands
                    copied.add(name)
                    before = yaml.MappingNode(before.tag, [*before.value])
                    kept[places[name]] = key, before
                before.value.extend(value.value)
            node.value = kept
            return super().construct_mapping(node, deep)

    return Joining


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f'{name} is no number of JSON')


def _nodes(document: Any) -> Iterator[Any]:
    yield document
    if isinstance(document, Mapping):
        for value in document.values():
            yield from _nodes(value)
    elif isinstance(document, (list, tuple)):
        for value in document:
            yield from _nodes(value)
