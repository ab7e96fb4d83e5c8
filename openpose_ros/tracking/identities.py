"""Names for people: never the same for two of them, whoever tracks them in this process."""

from __future__ import annotations

from itertools import count
import os
import random
import secrets
from string import ascii_lowercase

_LETTERS = 3


def new_id() -> str:
    """
    Return a name that no one had in this process, say 'kqf1'.

    Three random letters of the process, so that names do not come again after a restart (of
    17576 processes two may share them), then a number. It matches [a-z][a-z0-9]*, and so may be
    part of a topic's name and of a TF frame. Safe to call from any thread.
    """
    return _names.next()


class Names:
    """
    Gives names as `new_id` does; in every process the same, if it has a seed.

    Parameters
    ----------
    seed : int, optional
        Chooses the letters. The numbers begin with 1.

    """

    def __init__(self, seed: int | None = None) -> None:
        self._seed = seed
        self.start()

    def start(self) -> None:
        """Begin anew."""
        choose = secrets.choice if self._seed is None else random.Random(self._seed).choice
        self._letters = ''.join(choose(ascii_lowercase) for _ in range(_LETTERS))
        self._numbers = count(1)  # its next() is one step, which threads cannot share

    def next(self) -> str:
        """Return the next name."""
        return f'{self._letters}{next(self._numbers)}'


_names = Names()
if hasattr(os, 'register_at_fork'):  # not on Windows, where there is no fork
    os.register_at_fork(after_in_child=_names.start)
