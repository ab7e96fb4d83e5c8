"""What was found on the pictures of a truth: COCO's results, a dataset of it, or our own lines."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from openpose_ros.documents import parse_json
from openpose_ros.errors import OpenPoseError, SourceError
from openpose_ros.io.coco.results import coco_result, coco_results, in_order
from openpose_ros.io.coco.truth import (
    Truth,
    given,
    json_of,
    person_category,
    read_bytes,
    reason_of,
    rows_of,
)
from openpose_ros.io.people_json import people_from_line

_WRONG = (LookupError, TypeError, ValueError, AttributeError, OverflowError)


@dataclass
class Found:
    """
    What was found on the pictures of a truth.

    Attributes
    ----------
    results : list of dict
        COCO's, with the ids that pictures have in the truth.
    pictures : set of int or str
        The ids of those that were looked at; of a bare list, of those with somebody.
    strangers : list of str
        What was looked at and is not in the truth, by name or id, each once.
    without_score : int
        How many people had no score, and count as sure.

    """

    results: list[dict[str, Any]] = field(default_factory=list)
    pictures: set[Any] = field(default_factory=set)
    strangers: list[str] = field(default_factory=list)
    without_score: int = 0

    def is_strange(self, picture: Any, called: object) -> bool:
        """Note a picture; return whether the truth lacks it (None)."""
        if picture is None and str(called) not in self.strangers:
            self.strangers.append(str(called))
        if picture is not None:
            self.pictures.add(picture)
        return picture is None


def read_found(path: Path, truth: Truth) -> Found:
    """
    Read what was found on the pictures of a truth.

    Parameters
    ----------
    path : Path
        A list of COCO's results, a dataset of COCO whose annotations have scores, or the lines
        that `openpose-ros estimate --json` writes. Pictures of the latter two are matched by the
        names of their files, whatever their folders and ids.
    truth : Truth
        As `read_truth` returns it.

    Raises
    ------
    SourceError
        If the file cannot be read, or is none of the three; the message names what is wrong.

    """
    data = read_bytes(path)  # once: a pipe has it only once
    lines = data.splitlines()
    first = next((line for line in lines if line.strip()), b'')
    if _is_one_of_ours(first):
        return _of_lines(path, lines, truth)
    content = json_of(path, data)
    if isinstance(content, list):
        return _of_list(path, content, truth)
    if isinstance(content, dict) and 'annotations' in content:
        return _of_dataset(path, content, truth)
    raise SourceError(
        f'{path} holds no results: expected a list of them, a dataset with "annotations", or the '
        'lines of estimate --json'
    )


def _is_one_of_ours(line: bytes) -> bool:
    try:
        fields = parse_json(line)
    except ValueError:
        return False
    return isinstance(fields, dict) and 'people' in fields


def _of_lines(path: Path, lines: list[bytes], truth: Truth) -> Found:
    found = Found()
    at: dict[Any, int] = {}
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            source = parse_json(line)['source']
            picture = truth.picture(source)
            people = people_from_line(line.decode())
        except (*_WRONG, OpenPoseError) as exc:
            raise SourceError(f'{path}, line {number}: {reason_of(exc)}') from exc
        if found.is_strange(picture, source):
            continue
        if at.setdefault(picture, number) != number:
            raise SourceError(
                f'{path}, line {number}: {source} was looked at in line {at[picture]} already; '
                'keep one of the two'
            )
        found.results += coco_results(people, picture, truth.keypoint_names)
    return found


def _of_list(path: Path, content: list[Any], truth: Truth) -> Found:
    places = {str(image['id']): image['id'] for image in truth.dataset['images']}
    found = Found()
    for place, person in enumerate(content):
        try:
            picture = places.get(str(person['image_id']))
            if found.is_strange(picture, person['image_id']):
                continue
            rows = rows_of(person['keypoints'], len(truth.keypoint_names))
            found.results.append(coco_result(picture, rows, _score(person, found)))
        except _WRONG as exc:
            raise SourceError(f'{path}, result {place} (from 0): {reason_of(exc)}') from exc
    return found


def _of_dataset(path: Path, content: dict[str, Any], truth: Truth) -> Found:
    found = Found()
    try:
        category, names = person_category(content)
        places = {}
        for image in content['images']:
            picture = truth.picture(str(image['file_name']))
            if not found.is_strange(picture, image['file_name']):
                places[image['id']] = picture
        known = {image['id'] for image in content['images']}
        if not isinstance(content['annotations'], list):
            raise TypeError('"annotations" is no list')
    except _WRONG as exc:
        raise SourceError(
            f'{path} is no dataset in the format of COCO ({reason_of(exc)}): it needs "images" '
            'with "file_name", "annotations" and a category with "keypoints"'
        ) from exc
    for place, person in enumerate(content['annotations']):
        try:
            if given(person, 'category_id', category) != category:
                continue
            if person['image_id'] not in known:
                raise ValueError(f'no picture has the id {person["image_id"]!r}')
            if person['image_id'] not in places:
                continue
            rows = rows_of(person['keypoints'], len(names))
            if not (rows[:, 2] > 0).any():  # a box only, which is no pose
                continue
            ordered = in_order(rows[None], names, truth.keypoint_names)
            score = _score(person, found)
            found.results.append(coco_result(places[person['image_id']], ordered, score))
        except _WRONG as exc:
            raise SourceError(f'{path}, annotation {place} (from 0): {reason_of(exc)}') from exc
    return found


def _score(person: Any, found: Found) -> float:
    if person.get('score') is None:
        found.without_score += 1
        return 1.0
    return float(person['score'])
