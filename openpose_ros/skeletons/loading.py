"""
Skeletons from data files.

A file is JSON: `name`, `source`, `keypoints` (each `name`, `mirror`, the name of its counterpart,
by default itself, and `colour`) and `limbs` (each `from` and `to` by name, `paf`: the channels
of x and y, and optionally `loose`, `redundant`, `drawn`). Adding a skeleton needs no code.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
import os
from pathlib import Path
from typing import Any

from openpose_ros.documents import parse_json, read_document
from openpose_ros.errors import SkeletonError
from openpose_ros.skeletons.skeleton import Limb, Skeleton

_DATA = Path(__file__).parent / 'data'
_GREY = (128, 128, 128)


def available_skeletons() -> tuple[str, ...]:
    """Return the names of the skeletons that come with the package, sorted."""
    return tuple(sorted(path.stem for path in _DATA.glob('*.json')))


def load_skeleton(name_or_path: str | Path) -> Skeleton:
    """
    Load a skeleton by name, or from a JSON file of one's own.

    Parameters
    ----------
    name_or_path : str or Path
        One of `available_skeletons()`, or the path of a file that ends in .json.

    Returns
    -------
    Skeleton
        The same object for the same argument.

    Raises
    ------
    SkeletonError
        If there is no such skeleton, or the file is not a consistent one.

    """
    if not isinstance(name_or_path, str | os.PathLike):
        raise SkeletonError(
            f'the skeleton is a {type(name_or_path).__name__}, but must be a name or a path; '
            f'available: {", ".join(available_skeletons())}'
        )
    return _load(name_or_path)


@cache
def _load(name_or_path: str | Path) -> Skeleton:
    path = Path(name_or_path)
    if path.suffix != '.json':
        if str(name_or_path) not in available_skeletons():
            raise SkeletonError(
                f"unknown skeleton '{name_or_path}'; available: "
                f'{", ".join(available_skeletons())}, or the path of a .json file'
            )
        path = _DATA / f'{name_or_path}.json'
    try:
        return skeleton_from_dict(parse_json(read_document(path)))
    except OSError as exc:
        raise SkeletonError(f'cannot read the skeleton {path}: {exc.strerror}') from exc
    except (ValueError, LookupError, TypeError, AttributeError, OverflowError) as exc:
        reason = f'it lacks {exc}' if isinstance(exc, KeyError) else str(exc)
        raise SkeletonError(f'{path} is not a skeleton file: {reason}') from exc


def skeleton_from_dict(data: Mapping[str, Any]) -> Skeleton:
    """
    Return the skeleton that the content of a file describes.

    Raises
    ------
    SkeletonError
        If it is not consistent.
    ValueError, LookupError, TypeError, AttributeError, OverflowError
        If it is not of the form that the top of this module says.

    """
    names = [keypoint['name'] for keypoint in data['keypoints']]
    place = {name: index for index, name in enumerate(names)}
    limbs = tuple(
        Limb(
            start=place[limb['from']],
            end=place[limb['to']],
            paf_x=int(limb['paf'][0]),
            paf_y=int(limb['paf'][1]),
            loose=bool(limb.get('loose', False)),
            redundant=bool(limb.get('redundant', False)),
            drawn=bool(limb.get('drawn', True)),
        )
        for limb in data['limbs']
    )
    colours = []
    for keypoint in data['keypoints']:
        red, green, blue = keypoint.get('colour', _GREY)
        colours.append((int(red), int(green), int(blue)))
    return Skeleton(
        name=str(data['name']),
        keypoint_names=tuple(names),
        limbs=limbs,
        mirror=tuple(place[k.get('mirror', k['name'])] for k in data['keypoints']),
        colours=tuple(colours),
        source=str(data.get('source', '')),
    )


def skeleton_to_dict(skeleton: Skeleton) -> dict[str, Any]:
    """Return what a file of a skeleton holds; `skeleton_from_dict` makes it of it again."""
    names = skeleton.keypoint_names
    return {
        'name': skeleton.name,
        'source': skeleton.source,
        'keypoints': [
            {'name': name, 'mirror': names[mirror], 'colour': list(colour)}
            for name, mirror, colour in zip(names, skeleton.mirror, skeleton.colours)
        ],
        'limbs': [
            {
                'from': names[limb.start],
                'to': names[limb.end],
                'paf': [limb.paf_x, limb.paf_y],
                'loose': limb.loose,
                'redundant': limb.redundant,
                'drawn': limb.drawn,
            }
            for limb in skeleton.limbs
        ],
    }


@cache
def is_of_the_package(skeleton: Skeleton) -> bool:
    """Return whether `load_skeleton` returns it for its name."""
    return skeleton.name in available_skeletons() and load_skeleton(skeleton.name) == skeleton
