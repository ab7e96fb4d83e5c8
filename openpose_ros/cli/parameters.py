"""Flags made from declared parameters, and how the words of others are read."""

from __future__ import annotations

import argparse
from collections.abc import Iterable
from itertools import groupby
import re
from typing import TYPE_CHECKING, Any, TypeVar

from openpose_ros.backends import MOST_THREADS
from openpose_ros.parameters import Declaration, declarations, from_mapping

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

    Params = TypeVar('Params', bound=DataclassInstance)


def add_parameters(parser: argparse.ArgumentParser, *classes: type[DataclassInstance]) -> None:
    """
    Give the parser a flag for each parameter of dataclasses, grouped by their sections.

    What several of them have, of one name, is one flag.
    """
    every = {item.name: item for cls in classes for item in declarations(cls)}.values()
    for section, items in groupby(every, lambda item: item.section):
        group = parser.add_argument_group(section)
        for item in items:
            group.add_argument(
                f'--{item.name.replace("_", "-")}',
                default=argparse.SUPPRESS,
                help=_help(item).replace('%', '%%'),
                **_reading(item),
            )


def given_parameters(args: argparse.Namespace, cls: type[Params]) -> Params:
    """
    Return the parameters that were given, and the defaults of the others.

    Raises
    ------
    ParameterError
        If one is out of its range.

    """
    names = {item.name for item in declarations(cls)}
    return from_mapping(cls, {name: value for name, value in vars(args).items() if name in names})


def given_values(
    args: argparse.Namespace, classes: Iterable[type[DataclassInstance]]
) -> dict[str, Any]:
    """
    Return the parameters of any of these classes that were given, by name.

    Raises
    ------
    ParameterError
        If one is out of its range, or they do not fit together.

    """
    values: dict[str, Any] = {}
    for cls in classes:
        names = {item.name for item in declarations(cls)}
        given = {name: value for name, value in vars(args).items() if name in names}
        from_mapping(cls, given)
        values.update(given)
    return values


def net_resolution(text: str) -> tuple[int, int]:
    """
    Return (width, height) of WxH, as argparse's `type`.

    Raises
    ------
    argparse.ArgumentTypeError
        If it is not of that form.

    """
    match = re.fullmatch(r'(-?\d+)[x×](-?\d+)', text.strip().lower())  # noqa: RUF001
    if match is None:
        raise argparse.ArgumentTypeError(
            f"'{text}' is not WIDTHxHEIGHT in pixels: 656x368, or -1x368 for the width that keeps "
            'the aspect'
        )
    return int(match[1]), int(match[2])


def whole_number(text: str) -> int:
    """Return a whole number from 1, as argparse's `type`."""
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError(f'{number} is below 1')
    return number


def thread_count(text: str) -> int:
    """Return how many threads an engine may have, as argparse's `type`."""
    number = whole_number(text)
    if number > MOST_THREADS:
        raise argparse.ArgumentTypeError(f'{number} is above {MOST_THREADS}')
    return number


def number_from_0(text: str) -> int:
    """Return a whole number from 0, as argparse's `type`."""
    number = int(text)
    if number < 0:
        raise argparse.ArgumentTypeError(f'{number} is below 0')
    return number


def score(text: str) -> float:
    """Return a number from 0 to 1, as argparse's `type`."""
    number = float(text)
    if not 0 <= number <= 1:
        raise argparse.ArgumentTypeError(f'{text} is no score: from 0 to 1')
    return number


def positive_number(text: str) -> float:
    """Return a finite number above 0, as argparse's `type`."""
    number = float(text)
    if not 0 < number < float('inf'):
        raise argparse.ArgumentTypeError(f'{text} is no number above 0')
    return number


def _reading(item: Declaration) -> dict[str, Any]:
    """Return how argparse reads a parameter: a word or a number; a switch has none."""
    if isinstance(item.default, bool):
        return {'action': argparse.BooleanOptionalAction}
    kind = type(item.default)
    return {'type': kind, 'metavar': {int: 'N', float: 'X', str: 'WORD'}[kind]}


def _help(item: Declaration) -> str:
    default = item.default if item.default != '' else 'empty'
    if isinstance(default, bool):
        default = 'on' if default else 'off'
    return f'{item.description} ({"; ".join(filter(None, (item.limits, f"default {default}")))})'
