"""What is written beside a person, and in which colour."""

from __future__ import annotations

from colorsys import hsv_to_rgb
from math import isfinite
import re
from zlib import crc32

_GOLDEN = 0.6180339887  # turns of the hue from one number to the next: neighbours differ most
_GREY = (160, 160, 160)


def label_text(name: str, distance_m: float) -> str:
    """
    Return who somebody is and how far away, as far as that is known: 'kqf1 2.4 m', 'kqf1', ''.

    Parameters
    ----------
    name : str
        The id; '' while that is not known.
    distance_m : float
        From the camera, metres; NaN while that is not known.

    """
    distance = f'{distance_m:.1f} m' if isfinite(distance_m) else ''
    return ' '.join(filter(None, (name, distance)))


def number_of(name: str) -> int:
    """
    Return a number for an id, always the same: 1 for 'kqf1'.

    Ids of one process end in different numbers; an id that ends in none gets one all the same.
    """
    digits = re.search('[0-9]+$', name)
    number = int(digits.group()) if digits else crc32(name.encode())
    return number % 2**31


def colour_of(name: str) -> tuple[int, int, int]:
    """Return the colour of an id, red, green and blue from 0 to 255; grey for ''."""
    if not name:
        return _GREY
    red, green, blue = hsv_to_rgb(_GOLDEN * number_of(name) % 1, 0.75, 1.0)
    return round(255 * red), round(255 * green), round(255 * blue)
