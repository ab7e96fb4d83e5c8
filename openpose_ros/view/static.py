"""The files of the page, by the only paths that there are."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import NamedTuple

_FOLDER = Path(__file__).parent / 'page'
_SCRIPT, _STYLE, _HTML, _ICON = 'text/javascript', 'text/css', 'text/html', 'image/svg+xml'
_FILES = {  # path: file, content type
    '/': ('index.html', _HTML),
    '/style.css': ('style.css', _STYLE),
    '/icon.svg': ('icon.svg', _ICON),
    '/main.js': ('main.js', _SCRIPT),
    '/wire.js': ('wire.js', _SCRIPT),
    '/stage.js': ('stage.js', _SCRIPT),
    '/layers.js': ('layers.js', _SCRIPT),
    '/controls.js': ('controls.js', _SCRIPT),
    '/tables.js': ('tables.js', _SCRIPT),
    '/plots.js': ('plots.js', _SCRIPT),
    '/playing.js': ('playing.js', _SCRIPT),
    '/dom.js': ('dom.js', _SCRIPT),
}


class Page(NamedTuple):
    """
    One file.

    Attributes
    ----------
    content : bytes
    content_type : str

    """

    content: bytes
    content_type: str


@cache
def pages() -> dict[str, Page]:
    """Return every file that is served, by its path; read once."""
    return {
        path: Page((_FOLDER / name).read_bytes(), content_type)
        for path, (name, content_type) in _FILES.items()
    }
