"""What annotators saw: COCO's person_keypoints files, as pycocotools wants them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path, PurePath
from typing import Any

import numpy as np
import numpy.typing as npt

from openpose_ros.documents import parse_json, read_document
from openpose_ros.errors import SourceError
from openpose_ros.io.coco.results import PERSON

_MOST_BYTES = 1 << 30  # COCO's own file of people has 240 MB
_WRONG = (LookupError, TypeError, ValueError, AttributeError, OverflowError)


@dataclass(frozen=True)
class Truth:
    """
    What annotators saw.

    Attributes
    ----------
    name : str
        Of the file.
    keypoint_names : tuple of str
        In the file's order.
    dataset : dict
        As pycocotools takes it: the people only, and every field that it reads is there.

    """

    name: str
    keypoint_names: tuple[str, ...]
    dataset: dict[str, Any]

    def picture(self, source: str) -> Any:
        """
        Return the id of the picture with a file's name, in whatever folder; None if there is none.

        Raises
        ------
        SourceError
            If it may be several.

        """
        path = PurePath(source)
        named = self._by_name.get(path.name, [])
        if len(named) > 1:  # the one whose folders fit, too
            named = [
                (parts, picture) for parts, picture in named if path.parts[-len(parts) :] == parts
            ]
            if len(named) != 1:
                raise SourceError(
                    f'{source} may be several pictures of {self.name}: more than one is called '
                    f'{path.name}, and its folders do not tell which'
                )
        return named[0][1] if named else None

    @cached_property
    def _by_name(self) -> dict[str, list[tuple[tuple[str, ...], Any]]]:
        """The parts of the path and the id of each picture, by the name of its file."""
        found: dict[str, list[tuple[tuple[str, ...], Any]]] = {}
        for image in self.dataset['images']:
            path = PurePath(str(image.get('file_name', '')))
            found.setdefault(path.name, []).append((path.parts, image['id']))
        return found


def read_json(path: Path) -> Any:
    """Return the content of a file of JSON, or raise a SourceError that names it."""
    return json_of(path, read_bytes(path))


def json_of(path: Path, content: bytes) -> Any:
    """Return what the bytes of a file say, or raise a SourceError that names it."""
    try:
        return parse_json(content)
    except ValueError as exc:
        raise SourceError(f'{path} is not JSON: {exc}') from exc


def read_bytes(path: Path) -> bytes:
    """Return what is in a file, or raise a SourceError that names it."""
    try:
        return read_document(path, _MOST_BYTES)
    except OSError as exc:
        raise SourceError(f'cannot read {path}: {exc.strerror}') from exc


def read_truth(path: Path) -> Truth:
    """
    Read annotations of people and their keypoints.

    What the format leaves open, or is null, is filled in: `num_keypoints` is counted, `bbox` is
    around the keypoints, `area` is the box's, and nobody is a crowd. Who has no keypoints has none
    whatever `num_keypoints` says.

    Raises
    ------
    SourceError
        If the file cannot be read, or is no such file; the message names what is wrong.

    """
    return truth_of(read_json(path), str(path))


def truth_of(content: Any, name: str) -> Truth:
    """
    Return what `read_truth` does of the content of a file.

    Parameters
    ----------
    content : object
        What the JSON says; only read.
    name : str
        What messages call it.

    Raises
    ------
    SourceError
        If it is no such content.

    """
    try:
        category, names = person_category(content)
        images = [dict(image) for image in content['images']]
        places = {image['id'] for image in images}
        if twice := _repeated(image['id'] for image in images):
            raise ValueError(f'two pictures have the id {twice[0]!r}')
        everybody = list(content['annotations'])
    except _WRONG as exc:
        raise SourceError(
            f'{name} is no truth in the format of COCO ({reason_of(exc)}): it needs "images", '
            '"annotations" and a category with "keypoints"'
        ) from exc
    people: list[dict[str, Any]] = []
    for place, person in enumerate(everybody):
        try:
            if given(person, 'category_id', category) == category:
                people.append(_annotation(person, len(people) + 1, places, len(names)))
        except _WRONG as exc:
            raise SourceError(f'{name}, annotation {place} (from 0): {reason_of(exc)}') from exc
    categories = [{'id': PERSON, 'name': 'person', 'keypoints': list(names)}]
    dataset = {'images': images, 'annotations': people, 'categories': categories}
    return Truth(name, names, dataset)


def person_category(content: Any) -> tuple[Any, tuple[str, ...]]:
    """Return the id of the category of people, and the names of its keypoints."""
    categories = [item for item in content['categories'] if item.get('keypoints')]
    people = [item for item in categories if item.get('name') == 'person'] or categories
    return people[0]['id'], tuple(map(str, people[0]['keypoints']))


def given(person: Any, name: str, otherwise: Any) -> Any:
    """Return a field of an annotation, which may be left out or null."""
    found = person.get(name)
    return otherwise if found is None else found


def rows_of(keypoints: Any, count: int) -> npt.NDArray[np.float64]:
    """Return 3 K numbers as (K, 3), or raise a ValueError."""
    if len(keypoints) != 3 * count:
        raise ValueError(f'keypoints has {len(keypoints)} numbers, expected {3 * count}')
    rows = np.array(keypoints, np.float64).reshape(count, 3)
    if not np.isfinite(rows).all():
        raise ValueError('keypoints has a number that is not finite')
    return rows


def reason_of(exc: Exception) -> str:
    """Return what is wrong with an entry, in words."""
    return f'it lacks {exc}' if isinstance(exc, KeyError) else str(exc)


def _repeated(values: Iterable[Any]) -> list[Any]:
    return [value for value, count in Counter(values).items() if count > 1]


def _annotation(person: Any, number: int, images: set[Any], count: int) -> dict[str, Any]:
    if person['image_id'] not in images:
        raise ValueError(f'no picture has the id {person["image_id"]!r}')
    rows = rows_of(person.get('keypoints') or [0] * (3 * count), count)
    seen = rows[rows[:, 2] > 0, :2]
    box = person.get('bbox')
    if box is None:
        low, high = (seen.min(axis=0), seen.max(axis=0)) if len(seen) else (rows[0, :2],) * 2
        box = [*low, *(high - low)]
    if len(box) != 4:
        raise ValueError(f'bbox has {len(box)} numbers, expected 4')
    return {
        'id': number,  # from 1: pycocotools takes an id of 0 for nobody
        'image_id': person['image_id'],
        'category_id': PERSON,
        'keypoints': rows.ravel().tolist(),
        'num_keypoints': int(given(person, 'num_keypoints', len(seen))) if len(seen) else 0,
        'bbox': [float(side) for side in box],
        'area': float(given(person, 'area', box[2] * box[3])),
        'iscrowd': int(person.get('iscrowd') or 0),
    }
