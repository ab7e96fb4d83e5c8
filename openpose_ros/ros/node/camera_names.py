"""What cameras of one node are called, and which parameters each may have of its own."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
import re
from typing import Any

from openpose_ros.errors import ParameterError
from openpose_ros.parameters import Declaration, nearest

MOST_CAMERAS = 16
# NAME.parameter holds for that camera instead of the common value.
OVERRIDABLE = ('rotate', 'image_transport', 'rectified', 'enabled', 'max_rate')
_NAME = re.compile('[a-z][a-z0-9_]*')


def is_camera_name(name: object) -> bool:
    """Return whether a camera can be called so, where there are several."""
    return isinstance(name, str) and _NAME.fullmatch(name) is not None


def check_cameras(names: Sequence[str]) -> None:
    """
    Check what the cameras of a node are called.

    Raises
    ------
    ParameterError
        If these cannot be names, or not together.

    """
    if tuple(names) == ('',):
        return
    found = f'cameras is {list(names)}'
    if not 0 < len(names) <= MOST_CAMERAS:
        raise ParameterError(
            f"{found}, but must be 1 to {MOST_CAMERAS} names; [''] is one camera whose topics "
            'have no name before them'
        )
    for name in names:
        if not is_camera_name(name):
            raise ParameterError(
                f"{found}, but '{name}' is no name of a camera: a letter from a to z, then these, "
                'digits and _'
            )
    if len(set(names)) < len(names):
        raise ParameterError(f'{found}, but each camera must have a name of its own')


def override_names(cameras: Iterable[str]) -> list[str]:
    """Return what may be said of single cameras: 'front.rotate', say."""
    return [f'{name}.{item}' for name in cameras if is_camera_name(name) for item in OVERRIDABLE]


def is_override(name: str) -> bool:
    """Return whether a parameter says something of a single camera, one that is there or not."""
    camera, _, item = name.partition('.')
    return item in OVERRIDABLE and is_camera_name(camera)


def override_declarations(
    cameras: Iterable[str], declared: Mapping[str, Declaration]
) -> dict[str, Declaration]:
    """
    Return what each of `override_names` is.

    Parameters
    ----------
    cameras : iterable of str
        The names of the cameras.
    declared : mapping of str to Declaration
        The common parameters.

    """
    return {
        name: replace(
            declared[name.partition('.')[2]],
            name=name,
            description=f'{name.partition(".")[2]} of the camera {name.partition(".")[0]} alone; '
            'not set: as of all',
        )
        for name in override_names(cameras)
    }


def checked_overrides(
    values: Mapping[str, Any], cameras: Sequence[str], declared: Mapping[str, Declaration]
) -> dict[str, Any]:
    """
    Return what is said of single cameras, each in its type, without those that are None.

    Parameters
    ----------
    values : mapping of str to object
        By 'NAME.parameter'.
    cameras, declared
        As `override_declarations` takes them.

    Raises
    ------
    ParameterError
        If there is no such camera, no such parameter, or a value is not allowed.

    """
    if not values:  # as for every image
        return {}
    known = override_declarations(cameras, declared)
    for name in values:
        if name in known:
            continue
        camera, _, item = name.partition('.')
        if camera not in cameras or not camera:
            there = ', '.join(cameras) if cameras[0] else 'one, which has no name'
            raise ParameterError(
                f"unknown parameter '{name}': no camera is called '{camera}'; the parameter "
                f'cameras has {there}'
            )
        raise ParameterError(
            f"unknown parameter '{name}': what a camera has of its own is "
            f"{', '.join(OVERRIDABLE)}; the nearest is '{camera}.{nearest(item, OVERRIDABLE)}'"
        )
    return {
        name: known[name].checked(value) for name, value in values.items() if value is not None
    }
