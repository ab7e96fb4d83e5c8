"""
Readers of annotated and plain sets of photographs, packed by one command.

    python -m training.sources coco PACK IMAGES ANNOTATIONS.json
    python -m training.sources folder PACK IMAGES
    python -m training.sources lsp PACK FOLDER

Sources' own terms apply to the pictures; nothing of them is part of this project.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
import json
import logging
import math
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from training.pack import KEYPOINTS, Picture, make_picture, write_pack

_log = logging.getLogger(__name__)
# Leeds Sports Pose (README.txt of the set): 14 joints → coco_18; the head's top has no partner.
LSP_TO_COCO_18 = {
    0: 10,
    1: 9,
    2: 8,
    3: 11,
    4: 12,
    5: 13,
    6: 4,
    7: 3,
    8: 2,
    9: 5,
    10: 6,
    11: 7,
    12: 1,
}
# COCO's 17 (person_keypoints, categories[0].keypoints) → coco_18.
COCO_17_TO_COCO_18 = (0, 15, 14, 17, 16, 5, 2, 6, 3, 7, 4, 11, 8, 12, 9, 13, 10)


def read_lsp_extended(
    folder: Path, *, first: int = 1, last: int = 9500, margin_px: int = 90
) -> Iterator[Picture]:
    """
    Read the Leeds Sports Pose extended training set.

    Parameters
    ----------
    folder : Path
        Holds `joints.mat` and `images/imNNNNN.jpg`.
    first, last : int
        Numbers of the first and last picture, both included. 9501 to 10000 are held out.
    margin_px : int
        Large pictures are cut to the annotated person's box with this margin.

    Yields
    ------
    Picture
        With one person; joints that the set does not tell (such as the face) have v = -1.

    """
    from scipy.io import loadmat

    joints = loadmat(str(folder / 'joints.mat'))['joints'].transpose(2, 0, 1)  # (10000, 14, 3)
    for number in range(first, last + 1):
        path = folder / 'images' / f'im{number:05d}.jpg'
        image = cv2.imread(str(path))
        if image is None:
            continue
        marked = joints[number - 1]
        people = np.zeros((1, KEYPOINTS, 3), np.float32)
        people[..., 2] = -1
        for source, target in LSP_TO_COCO_18.items():
            if marked[source, 2] > 0:
                people[0, target] = (*marked[source, :2], 2)
        seen = people[0, people[0, :, 2] > 0, :2]
        if len(seen) and max(image.shape[:2]) > 400:
            x0, y0 = np.maximum(seen.min(axis=0) - margin_px, 0).astype(int)
            x1, y1 = (seen.max(axis=0) + margin_px).astype(int)
            image = image[y0:y1, x0:x1]
            people[0, people[0, :, 2] > 0, :2] -= (x0, y0)
        yield make_picture(f'lspet/{path.stem}', image, people, scale=1.5)


def read_coco(images: Path, annotations: Path, *, longest_px: int = 448) -> Iterator[Picture]:
    """
    Read a set in COCO's keypoint format: every picture of the JSON, people or none.

    Parameters
    ----------
    images : Path
        Folder that `file_name` is relative to.
    annotations : Path
        JSON with `images` and `annotations`; annotations need `keypoints` of COCO's 17, or a
        `bbox`. With `categories`, only those of people count (one called person, or one that has
        keypoints; of several categories without either, none).
    longest_px : int
        Larger pictures are shrunk to this.

    Yields
    ------
    Picture
        The neck is the middle of the shoulders where both are marked, as in OpenPose. People
        without keypoints and crowds become ignored boxes. A picture is turned as its EXIF data
        say unless its annotations are for the pixels as stored, which its size in the JSON tells.

    Raises
    ------
    ValueError
        If a field is missing or odd; the annotation and the field are named.

    """
    document = json.loads(annotations.read_text())
    for part in ('images', 'annotations'):
        if not isinstance(document, dict) or not isinstance(document.get(part), list):
            raise ValueError(f"{annotations}: no list of {part}; is it a file in COCO's format?")
    wanted = _people_categories(document)
    people_of: dict[str, list[np.ndarray]] = {}
    ignored_of: dict[str, list[tuple[float, ...]]] = {}
    for number, item in enumerate(document['annotations']):
        where = f'{annotations}: annotation {_name_of(item, number)}'
        if wanted is not None and _field(item, 'category_id', where) not in wanted:
            continue
        picture = str(_field(item, 'image_id', where))
        coco = _keypoints(item, where)
        if coco is not None and (coco[:, 2] > 0).any() and not item.get('iscrowd'):
            people_of.setdefault(picture, []).append(coco_17_to_coco_18(coco))
        elif item.get('bbox') is not None:
            x, y, width, height = _numbers(item['bbox'], 4, f'{where}: bbox')
            ignored_of.setdefault(picture, []).append((x, y, x + width, y + height))
    for number, item in enumerate(document['images']):
        where = f'{annotations}: picture {_name_of(item, number)}'
        path = images / str(_field(item, 'file_name', where))
        identity = str(_field(item, 'id', where))
        image = _read_as_annotated(path, item)
        people = np.array(people_of.get(identity, ()), np.float32).reshape(-1, KEYPOINTS, 3)
        ignored = np.array(ignored_of.get(identity, ()), np.float32).reshape(-1, 4)
        name = f'coco/{item["file_name"]}'
        yield make_picture(name, image, people, ignored, longest_px=longest_px)


def _people_categories(document: dict[str, Any]) -> set[Any] | None:
    """Return the ids of the categories of people; None where the file has no categories."""
    categories = [c for c in document.get('categories') or () if isinstance(c, dict)]
    if not categories:
        return None
    named = {c.get('id') for c in categories if str(c.get('name')).lower() == 'person'}
    marked = {c.get('id') for c in categories if c.get('keypoints')}
    if named or marked or len(categories) > 1:
        return named or marked
    return {categories[0].get('id')}


def _read_as_annotated(path: Path, item: dict[str, Any]) -> np.ndarray:
    """Read a picture, turned or not, as is the size that the annotations are for."""
    image = cv2.imread(str(path))
    if image is None:
        raise FileNotFoundError(f'{path}: missing or not a picture')
    size = (item.get('height'), item.get('width'))
    if None in size or image.shape[:2] == size:
        return image
    stored = cv2.imread(str(path), cv2.IMREAD_COLOR | cv2.IMREAD_IGNORE_ORIENTATION)
    if stored is not None and stored.shape[:2] == size:
        return stored
    raise ValueError(
        f'{path} has {image.shape[1]}x{image.shape[0]} pixels, its annotations are for '
        f'{size[1]}x{size[0]}: give the pictures that were annotated'
    )


def _keypoints(item: dict[str, Any], where: str) -> np.ndarray | None:
    """Return float32 (17, 3), or None where an annotation has no keypoints."""
    if item.get('keypoints') is None:
        return None
    values = _numbers(item['keypoints'], 51, f'{where}: keypoints')
    return np.array(values, np.float32).reshape(17, 3)


def _numbers(values: Any, count: int, where: str) -> list[float]:
    if not isinstance(values, list) or len(values) != count:
        found = len(values) if isinstance(values, list) else type(values).__name__
        raise ValueError(f'{where}: {count} numbers expected, found {found}')
    for value in values:
        number = isinstance(value, (int, float)) and not isinstance(value, bool)
        if not number or not math.isfinite(value):
            raise ValueError(f'{where}: {value!r} is no finite number')
    return values


def _field(item: Any, name: str, where: str) -> Any:
    if not isinstance(item, dict) or item.get(name) is None:
        raise ValueError(f'{where}: no {name}')
    return item[name]


def _name_of(item: Any, number: int) -> str:
    """Return what finds an entry again: its id, or its place in the list."""
    identity = item.get('id') if isinstance(item, dict) else None
    return f'number {number} (from 0)' if identity is None else f'id {identity!r}'


def read_folder(
    folder: Path, *, source: str, longest_px: int = 448, scale: float = 1.0
) -> Iterator[Picture]:
    """
    Read every JPEG and PNG below a folder, for a teacher to mark.

    Parameters
    ----------
    folder : Path
        Searched recursively, in sorted order.
    source : str
        Prefix of the pictures' names.
    longest_px : int
        Larger pictures are shrunk to this.
    scale : float
        See `Picture`.

    """
    for path in sorted(folder.rglob('*')):
        if path.suffix.lower() in ('.jpg', '.jpeg', '.png'):
            image = cv2.imread(str(path))
            if image is not None and min(image.shape[:2]) >= 64:
                name = f'{source}/{path.relative_to(folder)}'
                yield make_picture(name, image, longest_px=longest_px, scale=scale)


def coco_17_to_coco_18(coco: np.ndarray) -> np.ndarray:
    """
    Reorder one person's keypoints and add the neck.

    Parameters
    ----------
    coco : float32 (17, 3)
        x_px, y_px, v in COCO's order.

    Returns
    -------
    float32 (18, 3)
        A new array in coco_18's order.

    """
    person = np.zeros((KEYPOINTS, 3), np.float32)
    person[list(COCO_17_TO_COCO_18)] = coco
    right, left = person[2], person[5]
    if right[2] > 0 and left[2] > 0:
        person[1] = ((right + left) / 2)[0], ((right + left) / 2)[1], min(right[2], left[2])
    return person


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument('kind', choices=('coco', 'folder', 'lsp'))
    parser.add_argument('pack', type=Path)
    parser.add_argument('images', type=Path)
    parser.add_argument('annotations', type=Path, nargs='?')
    arguments = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format='%(message)s')
    if arguments.kind == 'coco' and arguments.annotations is None:
        parser.error('coco needs the annotations, a JSON file, as the last argument')
    pictures = {
        'coco': lambda: read_coco(arguments.images, arguments.annotations),
        'folder': lambda: read_folder(arguments.images, source=arguments.images.name),
        'lsp': lambda: read_lsp_extended(arguments.images),
    }[arguments.kind]()
    _log.info('%s: %d pictures', arguments.pack, write_pack(arguments.pack, pictures))


if __name__ == '__main__':
    main()
