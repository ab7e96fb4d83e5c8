"""Flags made from the parser's parameters, and how the words of others are read."""

from __future__ import annotations

import argparse
from dataclasses import Field, fields
import re
from typing import Any

from openpose_ros.parsing.paf.params import PafParams


def add_paf_params(parser: argparse.ArgumentParser) -> None:
    """Give the parser a flag for each field of PafParams."""
    group = parser.add_argument_group('how people are put together')
    for item in fields(PafParams):
        flag = f'--{item.name.replace("_", "-")}'
        text = f'{item.metadata["description"]} ({described_range(item)})'.replace('%', '%%')
        kind: dict[str, Any] = {'type': type(item.default), 'metavar': _metavar(item)}
        if isinstance(item.default, bool):
            kind = {'action': argparse.BooleanOptionalAction}
        group.add_argument(flag, default=argparse.SUPPRESS, help=text, **kind)


def paf_params(args: argparse.Namespace) -> PafParams:
    """
    Return the parameters that were given, and the defaults of the others.

    Raises
    ------
    ParameterError
        If one is out of its range.

    """
    names = {item.name for item in fields(PafParams)}
    return PafParams(**{name: value for name, value in vars(args).items() if name in names})


def described_range(item: Field[Any]) -> str:
    """Return what a field of PafParams may be, and its default."""
    meta, default = item.metadata, item.default
    if isinstance(default, bool):
        return f'default {"on" if default else "off"}'
    values = f'{meta["low"]} to {meta["high"]}' if meta['low'] is not None else ''
    return f'{" or ".join(meta["choices"]) or values}; default {default}'


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


def positive_number(text: str) -> float:
    """Return a finite number above 0, as argparse's `type`."""
    number = float(text)
    if not 0 < number < float('inf'):
        raise argparse.ArgumentTypeError(f'{text} is no number above 0')
    return number


def _metavar(item: Field[Any]) -> str:
    return {int: 'N', float: 'X'}.get(type(item.default), 'WORD')
