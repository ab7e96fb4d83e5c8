"""Parameters, each written once: a dataclass's fields that know their range and their meaning."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields
from functools import cache
from math import floor, inf, isclose, isfinite
from numbers import Integral, Real
from typing import TYPE_CHECKING, Any, TypeVar

from openpose_ros.errors import ParameterError

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

    Params = TypeVar('Params', bound=DataclassInstance)

_SHOWN = 100  # characters of a value that is refused
_LARGEST = 2**63 - 1  # of the whole numbers that ROS has


def parameter(
    default: Any,
    description: str,
    *,
    low: float | None = None,
    high: float | None = None,
    choices: Iterable[str | int] = (),
    step: float | None = None,
    slider_high: float | None = None,
    live: bool = True,
    section: str = '',
) -> Any:
    """
    Return a field for a frozen dataclass whose `__post_init__` calls `check`.

    Parameters
    ----------
    default : bool, int, float, str, tuple of int or tuple of str
        The one place where the default stands; its type is the parameter's. Of numbers there are
        as many as in the default, of words any number.
    description : str
        One line, with the unit; flags, descriptors, launch arguments, the example of a parameter
        file and the tables of the documentation say it.
    low, high : float, optional
        The range, both ends allowed; of each number of a tuple.
    choices : iterable of str or int
        The values that are allowed; empty for any.
    step : float, optional
        Only `low` and what lies whole steps above it is allowed.
    slider_high : float, optional
        Where a slider ends, if the range is wider than a hand: what is beyond is typed.
    live : bool
        Whether it may change while a node is configured.
    section : str
        What it belongs to: one word or two, under which flags and lines of files stand together.

    Raises
    ------
    ParameterError
        If the default is not allowed.
    ValueError
        If there are steps from nowhere, or the range does not end on one; or a slider is not
        within the range.

    """
    metadata: dict[str, Any] = {
        'description': description,
        'low': low,
        'high': high,
        'choices': tuple(choices),
        'step': step,
        'slider_high': slider_high,
        'live': live,
        'section': section,
    }
    Declaration(name='the default', default=default, **metadata).checked(default)
    return field(default=default, metadata=metadata)


@dataclass(frozen=True, kw_only=True)
class Declaration:
    """One parameter: its name, and what `parameter` was told, which says what each is."""

    name: str
    default: Any
    description: str
    low: float | None
    high: float | None
    choices: tuple[str | int, ...]
    step: float | None
    slider_high: float | None
    live: bool
    section: str

    def __post_init__(self) -> None:
        self._check_slider()
        if self.step is None:
            return
        if self.low is None or self.step <= 0:
            raise ValueError(f'a step of {self.step} from {self.low}: give both, the step above 0')
        if self.high is not None and not self._is_on_step(self.high):
            raise ValueError(f'{self.high} is no whole number of {self.step} above {self.low}')

    def _check_slider(self) -> None:
        end = self.slider_high
        if end is None:
            return
        fits = self._is_within(end) and (not self.step or self._is_on_step(end))
        if self.low is None or not fits or not self.low <= self.default <= end:
            raise ValueError(
                f'a slider from {self.low} to {end}: it must lie in the range, end on a step and '
                f'hold the default, {self.default}'
            )

    @property
    def limits(self) -> str:
        """What it may be, in words: '3 to 31, odd', 'greedy or optimal'; '' for anything."""
        if self.choices:
            return ' or '.join(_named(choice) for choice in self.choices)
        words = [
            _range(self.low, self.high, '{:.12g} to {:.12g}'),
            self._steps() if self.step else '',
        ]
        return ', '.join(filter(None, words))

    def checked(self, value: Any) -> Any:
        """
        Return a value in the type of the default: 1 for 1.0 and 1.0 for 1 where that is meant.

        Raises
        ------
        ParameterError
            If it is of another type, or not allowed.

        """
        found = _coerced(value, self.default)
        if found is None:
            raise self._error(repr(value), _type(self.default))
        numbers = [n for n in _parts(found) if not isinstance(n, str)]
        if self.choices:
            if found not in self.choices:
                raise self._error(repr(found), f'one of {", ".join(map(_named, self.choices))}')
        elif not all(map(self._is_within, numbers)):
            expected = _range(self.low, self.high, 'from {} to {}') or 'a finite number'
            raise self._error(found, expected)
        elif self.step and not all(map(self._is_on_step, numbers)):
            raise self._error(found, f'{self._steps()}; {self._neighbours(numbers)}')
        return found

    def _error(self, found: Any, expected: str) -> ParameterError:
        shown = str(found)
        shown = shown if len(shown) <= _SHOWN else f'{shown[:_SHOWN]}...'
        return ParameterError(f'{self.name} is {shown}, but must be {expected}')

    def _is_within(self, number: float) -> bool:
        above = self.low is None or self.low <= number
        below = self.high is None or number <= self.high
        return isfinite(number) and above and below

    def _is_on_step(self, number: float) -> bool:
        steps = self._steps_above_low(number)
        return isclose(steps, round(steps), abs_tol=1e-6)

    def _steps_above_low(self, number: float) -> float:
        return (number - (self.low or 0)) / (self.step or 1)

    def _steps(self) -> str:
        if self.step == 2 and (self.low or 0) % 1 == 0:
            return 'odd' if (self.low or 0) % 2 else 'even'
        return f'in steps of {self.step:g} from {self.low:g}'

    def _neighbours(self, numbers: Iterable[float]) -> str:
        """Return what to take instead of the first number that is between two steps."""
        number = next(number for number in numbers if not self._is_on_step(number))
        below = floor(self._steps_above_low(number))
        around = [(self.low or 0) + steps * (self.step or 1) for steps in (below, below + 1)]
        return 'take {:.12g} or {:.12g}'.format(*around)


@cache
def declarations(cls: type[DataclassInstance]) -> tuple[Declaration, ...]:
    """Return the parameters of a dataclass, in the order of its fields."""
    return tuple(
        Declaration(name=item.name, default=item.default, **item.metadata)
        for item in fields(cls)
        if 'description' in item.metadata
    )


def check(params: DataclassInstance) -> None:
    """
    Bring each parameter of an object into its type; for `__post_init__`.

    Raises
    ------
    ParameterError
        If one is of another type, or not allowed.

    """
    for item in declarations(type(params)):
        object.__setattr__(params, item.name, item.checked(getattr(params, item.name)))


def from_mapping(cls: type[Params], values: Mapping[str, Any]) -> Params:
    """
    Create an object from names and values, say of a file.

    Raises
    ------
    ParameterError
        If a name is unknown (the message lists the known ones) or a value is not allowed.

    """
    known = [item.name for item in declarations(cls)]
    for name in values:
        if name not in known:
            raise ParameterError(
                f"unknown parameter '{name}'; known: {', '.join(known)}; the nearest is "
                f"'{nearest(str(name), known)}'"
            )
    return cls(**values)


def nearest(name: str, known: Iterable[str]) -> str:
    """Return which of the known names takes the fewest edits to get from `name`."""
    return min(known, key=lambda candidate: edit_distance(name, candidate))


def edit_distance(one: str, other: str) -> int:
    """Return how many letters to add, drop or change get from one word to the other."""
    row = list(range(len(other) + 1))
    for i, letter in enumerate(one, start=1):
        before, row[0] = row[0], i
        for j, wanted in enumerate(other, start=1):
            changed = before + (letter != wanted)
            before, row[j] = row[j], min(changed, row[j] + 1, row[j - 1] + 1)
    return row[-1]


def updated(params: Params, values: Mapping[str, Any], *, configured: bool = False) -> Params:
    """
    Return parameters with some of them changed: all, or if one is refused none.

    Parameters
    ----------
    params : dataclass of parameters
        Those that hold now.
    values : mapping of str to object
        The new values by name.
    configured : bool
        Refuse to change those that are not live.

    Raises
    ------
    ParameterError
        If a name is unknown, a value is not allowed, or it is not the moment.

    """
    items = declarations(type(params))
    held = {item.name: getattr(params, item.name) for item in items}
    changed = from_mapping(type(params), {**held, **values})
    for item in items if configured else ():
        check_live(item, held[item.name], getattr(changed, item.name))
    return changed


def check_live(item: Declaration, before: object, after: object) -> None:
    """
    Check that a parameter may change while a node is configured, if it does.

    Raises
    ------
    ParameterError
        If it may not.

    """
    if before != after and not item.live:
        raise ParameterError(
            f'{item.name} cannot change from {_shown(before)} to {_shown(after)} now; '
            'clean the node up, set it, and configure the node again, or start it anew'
        )


def _coerced(value: Any, default: Any) -> Any:
    """Return the value in the default's type (NumPy's numbers too), or None if it is no such."""
    kind = type(default)
    if kind is tuple and _is_of_words(default):
        words = () if isinstance(value, str) or not isinstance(value, Iterable) else tuple(value)
        return words if words and all(isinstance(word, str) for word in words) else None
    if kind is tuple:
        numbers = [_coerced(part, 0) for part in value] if isinstance(value, Iterable) else []
        fitting = len(numbers) == len(default) and None not in numbers
        return tuple(numbers) if fitting else None
    if kind is bool:
        return bool(value) if isinstance(value, bool) or _is_numpy_bool(value) else None
    if kind is str:
        return str.__str__(value) if isinstance(value, str) else None
    if isinstance(value, bool):
        return None
    if isinstance(value, Integral) and abs(int(value)) > _LARGEST:
        return inf if int(value) > 0 else -inf  # out of every range, and short in a message
    if isinstance(value, Integral) or (isinstance(value, Real) and float(value).is_integer()):
        return kind(value)
    return float(value) if kind is float and isinstance(value, Real) else None


def _shown(value: object) -> str:
    """Return a value as it is written: lists in brackets, and nothing too long."""
    return f'{list(value) if isinstance(value, tuple) else value!r:.{_SHOWN}}'


def _is_numpy_bool(value: Any) -> bool:
    """Tell without importing NumPy, whose truth is neither a bool nor a number."""
    return getattr(value, 'ndim', None) == 0 and str(getattr(value, 'dtype', '')) == 'bool'


def _parts(value: Any) -> tuple[Any, ...]:
    return value if isinstance(value, tuple) else (value,)


def _is_of_words(default: Any) -> bool:
    return isinstance(default, tuple) and isinstance(default[0], str)


def _type(default: Any) -> str:
    if _is_of_words(default):
        return 'a list of words: [one] or [one, other]'
    if isinstance(default, tuple):
        return f'{len(default)} whole numbers'
    return f'of type {type(default).__name__}'


def _named(choice: str | int) -> str:
    return 'empty' if choice == '' else str(choice)


def _range(low: float | None, high: float | None, both: str) -> str:
    """Return a range in words; `both` is the form of one with two ends."""
    if low is not None and high is not None:
        return both.format(low, high)
    return (
        f'{low:.12g} or more'
        if low is not None
        else ''
        if high is None
        else f'{high:.12g} or less'
    )
