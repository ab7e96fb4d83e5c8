"""How the command line says what cannot be parsed: in one line, with what was probably meant."""

from __future__ import annotations

import argparse
from collections.abc import Iterable, Sequence
import re
from typing import Any, NoReturn

from openpose_ros.commands import PROGRAM
from openpose_ros.parameters import edit_distance, nearest

USAGE = 2  # the exit status
_CHOICE = re.compile(r"invalid choice: '?(.+?)'? \(choose from (.+)\)")


class Parser(argparse.ArgumentParser):
    """Says what is wrong in one line; argparse puts the whole usage before it."""

    def error(self, message: str) -> NoReturn:
        """End with a line on stderr, that names the help to read."""
        match = _CHOICE.search(message)
        if match is not None:
            known = re.findall(r'[\w.-]+', match[2])
            message += _meant(match[1], known)
        message = re.sub(r'^argument -\w/--', 'argument --', message)
        self.exit(USAGE, f'{PROGRAM}: {message}; see {self.prog} --help\n')

    def parse_known_args(  # type: ignore[override]
        self, args: Sequence[str] | None = None, namespace: Any = None
    ) -> tuple[argparse.Namespace, list[str]]:
        """Parse; what this parser does not know is its own error, not that of the one above."""
        parsed, unknown = super().parse_known_args(args, namespace)
        if unknown:
            flags = [word.partition('=')[0] for word in unknown if word.startswith('--')]
            hint = _meant(flags[0], self._option_string_actions) if flags else ''
            self.error(f'unrecognized arguments: {" ".join(unknown)}{hint}')
        return parsed, unknown


def spread(given: Sequence[str], parser: argparse.ArgumentParser) -> list[str]:
    """
    Turn `--draw heatmaps pafs photo.jpg` into `--draw=heatmaps --draw=pafs photo.jpg`.

    argparse gives a flag of several words all that follow it, and finds that photo.jpg is none of
    its words.
    """
    words: dict[str, Iterable[str]] = {
        flag: action.choices
        for action in parser._actions
        if action.nargs == '+' and action.choices is not None
        for flag in action.option_strings
    }
    result: list[str] = []
    flag = ''
    for word in given:
        if flag and word in words[flag]:
            if result[-1] == flag:
                result.pop()
            result.append(f'{flag}={word}')
        else:
            flag = word if word in words else ''
            result.append(word)
    return result


def _meant(word: str, known: Iterable[str]) -> str:
    """Return what was probably meant, as the end of a message; '' if nothing is near."""
    known = list(known)
    near = nearest(word, known) if known else ''
    if not near or edit_distance(word, near) > max(2, len(word) // 3):
        return ''
    return f'; the nearest is {near}'
