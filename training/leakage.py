"""
Whether pictures to train on are pictures that results are measured on.

    python -m training.leakage PACK… --tests FOLDER [--tests FOLDER …]

compares 64-bit difference hashes (each pixel of a picture shrunk to 9x8 with its neighbour). A
picture whose hash differs in at most 8 bits from that of a test picture is the same one: also if
it was mirrored, shrunk, encoded again, or stretched to a square by its source. Prints what was
found, and ends with status 1 if anything was.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterable, Iterator
import logging
from pathlib import Path
import sys

import cv2
import numpy as np

from training.pack import read_pack

ROWS, COLUMNS = 8, 8
MOST_BITS = 8
_SUFFIXES = ('.jpg', '.jpeg', '.png', '.webp')
_log = logging.getLogger(__name__)


def difference_hash(image: np.ndarray) -> int:
    """
    Hash a picture's coarse brightness.

    Parameters
    ----------
    image : uint8 (H, W, 3) or (H, W)
        BGR or grey, of any size and aspect: it is stretched to 9x8.

    Returns
    -------
    int
        64 bits; bit 8·row + column, the first one highest, is set where brightness rises to the
        right.

    """
    grey = cv2.cvtColor(image, cv2.COLOR_BGR2GRAY) if image.ndim == 3 else image
    small = cv2.resize(grey, (COLUMNS + 1, ROWS), interpolation=cv2.INTER_AREA).astype(np.int16)
    bits = (small[:, 1:] > small[:, :-1]).ravel()
    return int.from_bytes(np.packbits(bits).tobytes(), 'big')


def forms(image: np.ndarray) -> list[int]:
    """
    Return the hashes of every form in which a test picture may turn up elsewhere.

    Parameters
    ----------
    image : uint8 (H, W, 3)
        BGR.

    Returns
    -------
    list of int
        As it is (which is also its stretched form), its middle square, both mirrored.

    """
    height, width = image.shape[:2]
    side = min(height, width)
    top, left = (height - side) // 2, (width - side) // 2
    square = image[top : top + side, left : left + side]
    return [difference_hash(f) for f in (image, square, image[:, ::-1], square[:, ::-1])]


class Forbidden:
    """
    The pictures that must not be trained on.

    Parameters
    ----------
    pictures : iterable of (str, uint8 (H, W, 3))
        Names and pixels.

    """

    def __init__(self, pictures: Iterable[tuple[str, np.ndarray]]) -> None:
        self.names: list[str] = []
        hashes: list[int] = []
        for name, image in pictures:
            found = forms(image)
            self.names += [name] * len(found)
            hashes += found
        self._hashes = np.array(hashes, np.uint64)

    @classmethod
    def of_folders(cls, folders: Iterable[Path]) -> Forbidden:
        """Read every picture below some folders; a folder without any is an error."""

        def pictures() -> Iterator[tuple[str, np.ndarray]]:
            for folder in folders:
                paths = sorted(p for p in folder.rglob('*') if p.suffix.lower() in _SUFFIXES)
                if not paths:
                    raise FileNotFoundError(f'{folder}: no pictures to compare with')
                for path in paths:
                    image = cv2.imread(str(path))
                    if image is not None:
                        yield str(path.relative_to(folder)), image

        return cls(pictures())

    def like(self, image: np.ndarray) -> tuple[str, int] | None:
        """
        Return the test picture that `image` is, and by how many bits their hashes differ.

        Parameters
        ----------
        image : uint8 (H, W, 3)
            BGR, in any form that `forms` has.

        Returns
        -------
        (str, int) or None
            None if no hash differs in 8 bits or fewer.

        """
        if not len(self._hashes):
            return None
        bits = _count_bits(self._hashes ^ np.uint64(difference_hash(image)))
        nearest = int(bits.argmin())
        if bits[nearest] > MOST_BITS:
            return None
        return self.names[nearest], int(bits[nearest])


def _count_bits(values: np.ndarray) -> np.ndarray:
    return np.unpackbits(values.view(np.uint8).reshape(-1, 8), axis=1).sum(axis=1)


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument('packs', type=Path, nargs='+', metavar='PACK')
    parser.add_argument('--tests', type=Path, action='append', required=True, metavar='FOLDER')
    arguments = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format='%(message)s')
    tests = Forbidden.of_folders(arguments.tests)
    compared = found = 0
    for pack in arguments.packs:
        for picture in read_pack(pack):
            compared += 1
            like = tests.like(picture.pixels())
            if like is not None:
                found += 1
                _log.info('%s: %s is %s (%d bits)', pack, picture.name, *like)
    _log.info('%d pictures compared with %d, %d alike', compared, len(set(tests.names)), found)
    return int(found > 0)


if __name__ == '__main__':
    sys.exit(main())
