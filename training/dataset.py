"""Packs with what is known of their pictures: annotated people, a teacher's maps, or nobody."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from training.pack import Picture, read_pack
from training.teacher_maps import read_shards


@dataclass(frozen=True)
class MarkedPicture:
    """
    A decoded picture and its truth.

    Attributes
    ----------
    image : uint8 (H, W, 3)
        BGR, at the size of the pack.
    levels : list of (float, int8 (57, h, w))
        Enlargement of `image` and a teacher's maps of the picture so enlarged (127 is 1); views
        of a memory-mapped file, read-only. Empty without a teacher.
    people : float32 (N, 18, 3)
        x_px, y_px, v to be drawn into the maps; see `training.pack.Picture`.
    ignored : float32 (M, 4)
        Boxes to be masked.
    scale : float
        Enlargement at which people have their usual size, from which random scales are taken.

    """

    image: np.ndarray
    levels: list[tuple[float, np.ndarray]]
    people: np.ndarray = field(default_factory=lambda: np.zeros((0, 18, 3), np.float32))
    ignored: np.ndarray = field(default_factory=lambda: np.zeros((0, 4), np.float32))
    scale: float = 1.0


def open_source(source: str) -> list[MarkedPicture]:
    """
    Open one `--data` argument.

    Parameters
    ----------
    source : str
        `PACK`: annotated people are the truth. `PACK:MAPS`: the teacher's maps are; pictures
        without maps are left out. `PACK:MAPS+people`: both, see `training.targets.merge_maps`.
        `PACK:nobody`: pictures without people.

    Returns
    -------
    list of MarkedPicture

    """
    pack, _, rest = source.partition(':')
    if rest in ('', 'nobody'):
        pictures = list(read_pack(Path(pack)))
        return [_marked(picture, [], rest == '') for picture in pictures]
    maps, _, also = rest.partition('+')
    levels_of = read_shards(Path(maps))
    return [
        _marked(
            picture,
            [(picture.scale * ratio, cells) for ratio, cells in levels_of[number]],
            also == 'people',
        )
        for number, picture in enumerate(read_pack(Path(pack)))
        if number in levels_of
    ]


def _marked(
    picture: Picture, levels: list[tuple[float, np.ndarray]], with_people: bool
) -> MarkedPicture:
    people = picture.people if with_people else picture.people[:0]
    ignored = picture.ignored if with_people else picture.ignored[:0]
    return MarkedPicture(picture.pixels(), levels, people, ignored, picture.scale)
