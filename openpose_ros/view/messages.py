"""What a browser may say over the WebSocket, and nothing else."""

from __future__ import annotations

from collections.abc import Callable
import json
from time import monotonic
from typing import Any

from openpose_ros.view.hosts import ACTIONS
from openpose_ros.view.layers import Layers

MOST_BYTES = 64 * 1024
_A_SECOND = 50
_COPIES = ('command', 'yaml')
_LARGEST = 2**53  # that JSON and JavaScript agree on


class MessageError(Exception):
    """What no page of ours says; the viewer is sent away."""


def parse_message(text: str) -> tuple[str, Any]:
    """
    Return the name and the value of a message.

    Returns
    -------
    name : str
        'token', 'layers', 'set', 'copy', or one of ACTIONS.
    value : object
        The token, a str; `Layers`; a dict of values by name, to set; 'command' or 'yaml'; a whole
        number.

    Raises
    ------
    MessageError
        If it is none.

    """
    try:
        found = json.loads(text, parse_constant=_refuse)
    except (ValueError, RecursionError) as exc:
        raise MessageError('no JSON') from exc
    if not isinstance(found, dict) or len(found) != 1:
        raise MessageError('not one name and its value')
    ((name, value),) = found.items()
    if name not in _READERS:
        raise MessageError('an unknown name')
    return name, _READERS[name](value)


def _refuse(text: str) -> Any:
    raise ValueError(text)  # NaN and Infinity, which are no JSON


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise MessageError('no text')
    return value


def _copy(value: Any) -> str:
    if value not in _COPIES:
        raise MessageError('nothing to copy')
    return str(value)


def _number(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or abs(value) > _LARGEST:
        raise MessageError('no whole number')
    return value


def _values(value: Any) -> dict[str, Any]:
    if not isinstance(value, dict) or not value:
        raise MessageError('no values')
    for one in value.values():
        if not isinstance(one, str | int | float | bool):
            raise MessageError('no plain value')
    return value


def _layers(value: Any) -> Layers:
    names = {'heatmap', 'paf', 'peaks', 'refused'}
    if not isinstance(value, dict) or set(value) != names:
        raise MessageError('no layers')
    return Layers(
        _number(value['heatmap']),
        _number(value['paf']),
        _switch(value['peaks']),
        _switch(value['refused']),
    )


def _switch(value: Any) -> bool:
    if not isinstance(value, bool):
        raise MessageError('no switch')
    return value


_READERS: dict[str, Callable[[Any], Any]] = {
    'token': _text,
    'layers': _layers,
    'set': _values,
    'copy': _copy,
    **dict.fromkeys(ACTIONS, _number),
}


class Pace:
    """
    Lets so many messages a second through.

    Parameters
    ----------
    clock : callable
        Returns seconds that only grow.

    """

    def __init__(self, clock: Callable[[], float] = monotonic) -> None:
        self._clock = clock
        self._left = float(_A_SECOND)
        self._then = clock()

    def allows(self) -> bool:
        """Tell whether one more may come now."""
        now = self._clock()
        self._left = min(_A_SECOND, self._left + (now - self._then) * _A_SECOND)
        self._then = now
        if self._left < 1:
            return False
        self._left -= 1
        return True
