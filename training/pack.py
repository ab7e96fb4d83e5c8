"""
Pictures and their keypoints packed into a few large files.

A pack is a folder of `part-NNN.npz` files, each at most `part_bytes` long, so that it can be
carried to a machine with a GPU in several pieces. A part holds JPEG bytes, not pixels; annotated
people are optional, since a teacher can mark the pictures (`training.teacher_maps`).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
import tempfile

import cv2
import numpy as np

KEYPOINTS = 18  # coco_18


@dataclass(frozen=True)
class Picture:
    """
    One picture with the people that its source annotates.

    Attributes
    ----------
    name : str
        Where it is from: `source/file`.
    jpeg : bytes
        The encoded picture, BGR when decoded by OpenCV.
    people : float32 (N, 18, 3)
        x_px, y_px, v of coco_18 keypoints; v is 2 for marked, 1 for marked but hidden, 0 where
        there is none, -1 where the source does not tell: such are masked, not background.
    ignored : float32 (M, 4)
        Boxes x_min, y_min, x_max, y_max in pixels of people that the source has not marked.
    scale : float
        Enlargement at which the teacher sees this source best (1: as it is).

    """

    name: str
    jpeg: bytes
    people: np.ndarray = field(default_factory=lambda: np.zeros((0, KEYPOINTS, 3), np.float32))
    ignored: np.ndarray = field(default_factory=lambda: np.zeros((0, 4), np.float32))
    scale: float = 1.0

    def pixels(self) -> np.ndarray:
        """Decode to uint8 (H, W, 3), BGR."""
        image = cv2.imdecode(np.frombuffer(self.jpeg, np.uint8), cv2.IMREAD_COLOR)
        if image is None:
            raise ValueError(f'{self.name}: not a picture that OpenCV can decode; pack it again')
        return image


def make_picture(
    name: str,
    image: np.ndarray,
    people: np.ndarray | None = None,
    ignored: np.ndarray | None = None,
    *,
    longest_px: int = 448,
    scale: float = 1.0,
    quality: int = 87,
) -> Picture:
    """
    Shrink and encode one picture.

    Parameters
    ----------
    name : str
        Where it is from.
    image : uint8 (H, W, 3)
        BGR.
    people : float32 (N, 18, 3) or None
        As in `Picture`; scaled along with the pixels, not written to.
    ignored : float32 (M, 4) or None
        The same.
    longest_px : int
        The longer side after shrinking; smaller pictures stay as they are.
    scale : float
        See `Picture`.
    quality : int
        JPEG quality, 0 to 100.

    Returns
    -------
    Picture

    Raises
    ------
    ValueError
        If a keypoint or a box is not finite.

    """
    people = np.zeros((0, KEYPOINTS, 3), np.float32) if people is None else people.copy()
    ignored = np.zeros((0, 4), np.float32) if ignored is None else ignored.copy()
    for what, values in (('keypoint', people), ('box', ignored)):
        if not np.isfinite(values).all():
            raise ValueError(
                f'{name}: a {what} is NaN or infinite, and one is enough to spoil a network; '
                'mend the annotation, or mark what is not known with v = -1'
            )
    shrink = longest_px / max(image.shape[:2])
    if shrink < 1:
        size = (max(8, round(image.shape[1] * shrink)), max(8, round(image.shape[0] * shrink)))
        factor = np.array(size, np.float32) / (image.shape[1], image.shape[0])
        people[..., :2] = (people[..., :2] + 0.5) * factor - 0.5
        ignored *= np.tile(factor, 2)
        image = cv2.resize(image, size, interpolation=cv2.INTER_AREA)
    ok, jpeg = cv2.imencode('.jpg', image, [cv2.IMWRITE_JPEG_QUALITY, quality])
    if not ok:
        raise ValueError(f'{name}: OpenCV cannot encode an array of shape {image.shape}')
    return Picture(name, jpeg.tobytes(), people.astype(np.float32), ignored, scale)


def write_pack(folder: Path, pictures: Iterable[Picture], *, part_bytes: int = 58_000_000) -> int:
    """
    Write pictures as parts of at most `part_bytes` of JPEG each.

    Parameters
    ----------
    folder : Path
        Made if missing. The parts of what was packed there before are replaced, all of them, once
        the new ones are whole.
    pictures : iterable of Picture
        Consumed one by one.
    part_bytes : int
        Limit on a part's JPEG bytes; the rest of a part is small.

    Returns
    -------
    int
        Number of pictures written.

    """
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder, prefix='.packing-') as temporary:
        waiting: list[Picture] = []
        made: list[Path] = []
        written = size = 0
        for picture in pictures:
            if waiting and size + len(picture.jpeg) > part_bytes:
                made.append(_write_part(Path(temporary), len(made), waiting))
                size, waiting = 0, []
            waiting.append(picture)
            size += len(picture.jpeg)
            written += 1
        if waiting:
            made.append(_write_part(Path(temporary), len(made), waiting))
        for old in folder.glob('part-*.npz'):
            old.unlink()
        for path in made:
            path.replace(folder / path.name)
    return written


def read_pack(folder: Path) -> Iterator[Picture]:
    """
    Read every picture of a pack, in the order in which they were written.

    Raises
    ------
    FileNotFoundError
        If the folder holds no part.

    """
    parts = sorted(Path(folder).glob('part-*.npz'))
    if not parts:
        raise FileNotFoundError(
            f'no part-*.npz in {folder}: make them with python -m training.sources'
        )
    for path in parts:
        with np.load(path) as part:
            jpeg, ends = part['jpeg'], part['jpeg_end']
            people, people_end = part['people'], part['people_end']
            ignored, ignored_end = part['ignored'], part['ignored_end']
            names, scales = part['names'], part['scales']
        for i, name in enumerate(names):
            before = (ends[i - 1], people_end[i - 1], ignored_end[i - 1]) if i else (0, 0, 0)
            yield Picture(
                str(name),
                jpeg[before[0] : ends[i]].tobytes(),
                people[before[1] : people_end[i]],
                ignored[before[2] : ignored_end[i]],
                float(scales[i]),
            )


def _write_part(folder: Path, number: int, pictures: list[Picture]) -> Path:
    path = folder / f'part-{number:03d}.npz'
    np.savez(
        path,
        jpeg=np.frombuffer(b''.join(p.jpeg for p in pictures), np.uint8),
        jpeg_end=np.cumsum([len(p.jpeg) for p in pictures]),
        people=np.concatenate([p.people for p in pictures]),
        people_end=np.cumsum([len(p.people) for p in pictures]),
        ignored=np.concatenate([p.ignored for p in pictures]),
        ignored_end=np.cumsum([len(p.ignored) for p in pictures]),
        names=np.array([p.name for p in pictures]),
        scales=np.array([p.scale for p in pictures], np.float32),
    )
    return path
