"""The parser's parameters: names, defaults, ranges and meaning, each written once."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields
from numbers import Integral, Real
from typing import Any, TypeVar

from openpose_ros.errors import ParameterError

Params = TypeVar('Params', bound='PafParams')


def parameter(
    default: Any,
    description: str,
    *,
    low: float | None = None,
    high: float | None = None,
    choices: tuple[str | int, ...] = (),
) -> Any:
    """
    Return a dataclass field that knows its description and its range.

    Parameters
    ----------
    default : bool, int, float, str or tuple of int
        The one place where the default stands; its type is the parameter's.
    description : str
        One line, with the unit; it becomes the help text, the descriptor and the row of
        docs/parameters.md.
    low, high : float, optional
        The range, both ends allowed; of each number of a tuple.
    choices : tuple of str or int
        The values that are allowed.

    """
    metadata = {'description': description, 'low': low, 'high': high, 'choices': choices}
    return field(default=default, metadata=metadata)


@dataclass(frozen=True, kw_only=True)
class PafParams:
    """
    How heatmaps and part affinity fields become people.

    Every field has a description, a default and a range in its metadata; creating an object with
    a value outside of it raises a ParameterError. Whole numbers are accepted for floats.
    """

    nms_window: int = parameter(
        5, 'side of the square in which a peak is the maximum, map cells, odd', low=3, high=31
    )
    peak_threshold: float = parameter(
        0.05, 'a peak of a heatmap must be above this', low=0.0, high=1.0
    )
    paf_samples: int = parameter(
        10, 'points at which a limb samples its part affinity field', low=2, high=64
    )
    paf_threshold: float = parameter(
        0.05, 'a sample counts when the field along the limb is above this', low=0.0, high=1.0
    )
    paf_min_count: int = parameter(
        8, 'samples that must count for a limb; half of it for arms', low=1, high=64
    )
    paf_max_gap: float = parameter(
        3.0,
        'a limb may have no longer hole between samples that count, map cells',
        low=0.0,
        high=4096.0,
    )
    length_penalty: bool = parameter(
        False, 'lower the score of limbs longer than half the height of the map'
    )
    matching: str = parameter(
        'greedy', 'how limbs of one kind choose their ends', choices=('greedy', 'optimal')
    )
    min_parts: int = parameter(3, 'keypoints that a person must have', low=1, high=256)
    min_score: float = parameter(0.1, 'a person must score at least this', low=0.0, high=1.0)
    max_people: int = parameter(
        0, 'the best so many people are kept; 0 keeps all', low=0, high=4096
    )
    single_person: bool = parameter(
        False, 'one person at most: the global maximum of each heatmap, no limbs'
    )
    max_peaks: int = parameter(
        128, 'room for candidates of each keypoint; more are counted as overflow', low=1, high=4096
    )

    def __post_init__(self) -> None:
        for item in fields(self):
            object.__setattr__(self, item.name, _checked(item, getattr(self, item.name)))
        if self.nms_window % 2 == 0:
            raise ParameterError(
                f'nms_window is {self.nms_window}, but must be odd, so that it has a middle cell; '
                f'take {self.nms_window - 1} or {self.nms_window + 1}'
            )
        if self.paf_min_count > self.paf_samples:
            raise ParameterError(
                f'paf_min_count is {self.paf_min_count}, more than paf_samples '
                f'({self.paf_samples}): no limb could ever be found; lower the one or raise the '
                'other'
            )

    @classmethod
    def from_mapping(cls: type[Params], values: Mapping[str, Any]) -> Params:
        """
        Create from names and values, say of a file.

        Raises
        ------
        ParameterError
            If a name is unknown (the message lists the known ones) or a value out of range.

        """
        known = [item.name for item in fields(cls)]
        for name in values:
            if name not in known:
                raise ParameterError(f"unknown parameter '{name}'; known: {', '.join(known)}")
        return cls(**values)


def _checked(item: Any, value: Any) -> Any:
    """Return the value in the type of its default, or raise a ParameterError."""
    meta, found = item.metadata, _coerced(value, item.default)
    if found is None:
        raise ParameterError(
            f'{item.name} is {value!r}, but must be {_described_type(item.default)}'
        )
    if meta['choices'] and found not in meta['choices']:
        allowed = ', '.join(map(str, meta['choices']))
        raise ParameterError(f'{item.name} is {found!r}, but must be one of {allowed}')
    numbers = found if isinstance(found, tuple) else (found,)
    if meta['low'] is not None and not all(meta['low'] <= n <= meta['high'] for n in numbers):
        raise ParameterError(
            f'{item.name} is {found}, but must be from {meta["low"]} to {meta["high"]}'
        )
    return found


def _coerced(value: Any, default: Any) -> Any:
    """Return 1 for 1.0 and 1.0 for 1 where that is meant (NumPy's numbers too), else None."""
    kind = type(default)
    if kind is tuple:
        numbers = [_coerced(part, 0) for part in value] if isinstance(value, Iterable) else []
        fitting = len(numbers) == len(default) and None not in numbers
        return tuple(numbers) if fitting else None
    if kind in (bool, str) or isinstance(value, bool):
        return value if type(value) is kind else None
    if isinstance(value, Integral) or (isinstance(value, Real) and float(value).is_integer()):
        return kind(value)
    return float(value) if kind is float and isinstance(value, Real) else None


def _described_type(default: Any) -> str:
    if isinstance(default, tuple):
        return f'{len(default)} whole numbers'
    return f'of type {type(default).__name__}'
