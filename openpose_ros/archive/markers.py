"""What says that a result is whole: a file beside it, written last."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
import json
from typing import Any

from openpose_ros.archive.items import Item, Outcome
from openpose_ros.archive.places import Place
from openpose_ros.bags.telling import METADATA
from openpose_ros.errors import ParameterError


@dataclass(frozen=True)
class Facts:
    """What the marker of a result says of it: as `Outcome` does, and its `size` in bytes."""

    frames: int
    people: int
    seconds: float
    size: int


def check_bag(place: Place, item: Item) -> None:
    """
    See that the bag of an item replaces nothing but one that an earlier run wrote.

    Parameters
    ----------
    place : Place
        May have it already, of a run that ended before it was marked.
    item : Item
        A bag.

    Raises
    ------
    ParameterError
        If there is something else.

    """
    name = item.result.rpartition('/')[2]
    strange = set(place.names(item.result)) - {METADATA, f'{name}.mcap', f'{name}.db3'}
    if strange:
        what = f'holds {min(strange)}' if min(strange) else 'is a file'
        raise ParameterError(
            f'{item.result} is there already in the folder of the results, and {what}: it is no '
            f'result of {item.name}, and would be lost; choose another folder'
        )


def write_marker(
    place: Place, item: Item, run: Mapping[str, Any], outcome: Outcome, size: int
) -> None:
    """
    Say that the result of an item is whole.

    Parameters
    ----------
    place : Place
        Has the result.
    item : Item
        That is done.
    run : mapping
        What results depend on besides the input, ready for JSON: `model` and `parameters`.
    outcome : Outcome
        Of the work.
    size : int
        Of the result, bytes.

    Raises
    ------
    OutputError
        If it cannot be written.

    """
    fields = {
        'source': item.name,
        'input': dict(item.stamp),
        **run,
        'result': {
            'size': size,
            'frames': outcome.frames,
            'people': outcome.people,
            'seconds': round(outcome.seconds, 3),
        },
    }
    place.write(item.marker, (json.dumps(fields, indent=1) + '\n').encode())


def read_marker(place: Place, item: Item, run: Mapping[str, Any]) -> Facts | None:
    """
    Return what is known of a result, if it is whole, of this input as it is now, and of this run.

    The name of the input does not matter: a folder may have moved.
    """
    data = place.read(item.marker)
    if data is None:
        return None
    try:
        fields = json.loads(data)
        result = fields['result']
        facts = Facts(
            int(result['frames']),
            int(result['people']),
            float(result['seconds']),
            int(result['size']),
        )
        same = fields['input'] == dict(item.stamp) and all(
            fields[name] == value for name, value in _plain(run).items()
        )
    except (ValueError, LookupError, TypeError, AttributeError):  # of something else
        return None
    return facts if same and place.size(item.result) == facts.size else None


def _plain(run: Mapping[str, Any]) -> dict[str, Any]:
    """Return what JSON makes of it: lists of tuples."""
    plain: dict[str, Any] = json.loads(json.dumps(run))
    return plain
