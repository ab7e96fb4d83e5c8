"""The token that opens the page, and those who guess it."""

from __future__ import annotations

from collections import OrderedDict, deque
from collections.abc import Callable
import os
from pathlib import Path
import re
import secrets
from time import monotonic

from openpose_ros.documents import read_document
from openpose_ros.errors import ParameterError

VARIABLE = 'OPENPOSE_ROS_VIEW_TOKEN'
_RANDOM_BYTES = 16  # 128 bits
_OWN = re.compile(r'[A-Za-z0-9._~-]{16,256}')  # what stands in an address as it is
_WRONG_A_MINUTE = 10
_MINUTE_S = 60.0
_MOST_ADDRESSES = 1024


class Token:
    """
    What a viewer must know.

    Parameters
    ----------
    text : str
    own : bool
        Whether the user chose it, and so need not be told.

    """

    def __init__(self, text: str, *, own: bool = False) -> None:
        self._text = text
        self.own = own

    def __repr__(self) -> str:
        return '<Token>'  # it shall stand in no log

    @property
    def fragment(self) -> str:
        """What follows the address of the page; '' for one of the user's own."""
        return '' if self.own else f'#{self._text}'

    def opens(self, given: object) -> bool:
        """Tell in constant time whether a viewer knows it."""
        text = given if isinstance(given, str) else ''
        return secrets.compare_digest(text.encode('utf-8', 'replace'), self._text.encode())


def find_token(file: Path | None = None) -> Token:
    """
    Return the token of a file, of the environment, or a random one.

    Raises
    ------
    ParameterError
        If the file cannot be read, or one's own is too short or odd.

    """
    if file is not None:
        try:
            text, where = read_document(file).decode().strip(), f'the token in {file}'
        except (OSError, UnicodeDecodeError) as exc:
            reason = getattr(exc, 'strerror', None) or exc
            raise ParameterError(f'cannot read the token in {file}: {reason}') from exc
    elif VARIABLE in os.environ:
        text, where = os.environ[VARIABLE], f'the token in {VARIABLE}'
    else:
        return Token(secrets.token_urlsafe(_RANDOM_BYTES))
    if not _OWN.fullmatch(text):
        raise ParameterError(
            f'{where} has {len(text)} characters, but must have 16 to 256 of A-Z a-z 0-9 . _ ~ -; '
            'python3 -c "import secrets; print(secrets.token_urlsafe())" makes one'
        )
    return Token(text, own=True)


class Attempts:
    """
    Counts wrong tokens by the address that they come from.

    Parameters
    ----------
    clock : callable
        Returns seconds that only grow.

    """

    def __init__(self, clock: Callable[[], float] = monotonic) -> None:
        self._clock = clock
        self._wrong: OrderedDict[str, deque[float]] = OrderedDict()
        self._until_s: OrderedDict[str, float] = OrderedDict()

    def are_too_many(self, address: str) -> bool:
        """Tell whether whatever comes from there is to be refused now, right or wrong."""
        return self._clock() < self._until_s.get(address, 0.0)

    def note(self, address: str) -> None:
        """Take down a wrong token."""
        now = self._clock()
        wrong = self._wrong.setdefault(address, deque(maxlen=_WRONG_A_MINUTE))
        self._wrong.move_to_end(address)
        wrong.append(now)
        if len(wrong) == _WRONG_A_MINUTE and now - wrong[0] < _MINUTE_S:
            wrong.clear()
            self._until_s[address] = now + _MINUTE_S
            self._until_s.move_to_end(address)
        for known in (self._wrong, self._until_s):
            while len(known) > _MOST_ADDRESSES:
                known.popitem(last=False)
