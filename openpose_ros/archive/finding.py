"""From the inputs of an archive to its items."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from hashlib import sha256
import os
from pathlib import Path
import posixpath
import stat

from openpose_ros.archive.addresses import is_address
from openpose_ros.archive.items import BAG, PICTURE, PICTURES, VIDEO, Item
from openpose_ros.archive.listing import Entry, listed, read_start
from openpose_ros.bags.telling import INFORMATION, METADATA, SUFFIXES
from openpose_ros.errors import ParameterError, SourceError
from openpose_ros.io.folders import natural
from openpose_ros.io.pictures import PICTURE_SUFFIXES, is_picture
from openpose_ros.pictures.formats import ENOUGH_BYTES, is_video

# What is taken for a video even if its bytes say nothing: that it is none will be said.
# fmt: off
_VIDEO_SUFFIXES = frozenset({
    '.3gp', '.avi', '.flv', '.m2ts', '.m4v', '.mjpeg', '.mkv', '.mov', '.mp4', '.mpeg', '.mpg',
    '.mts', '.mxf', '.ogv', '.ts', '.vob', '.webm', '.wmv', '.y4m',
})
# fmt: on
_NO_SOURCE = frozenset({'.json', '.jsonl', '.txt', '.yaml'})
_ENOUGH = 4096  # bytes of metadata.yaml, to see what it is
_SUFFIXES = {VIDEO: '.jsonl', PICTURE: '.jsonl', PICTURES: '.jsonl', BAG: '.bag'}  # of results


def find_items(
    inputs: Sequence[str],
    *,
    without: Path | None = None,
    tell: Callable[[str], object] = lambda _: None,
) -> list[Item]:
    """
    Return what has a result each: videos, bags, and the pictures of each folder.

    Parameters
    ----------
    inputs : sequence of str
        Videos, pictures, bags and folders, which are looked into with all folders below; or
        addresses of them, where fsspec is installed. What a file is, its first bytes say, and its
        name if these say nothing; of addresses the name alone. Hidden files are left out.
    without : Path, optional
        A folder that is not looked into: that of the results.
    tell : callable
        Takes a line for what lies in a folder and is left out, a pipe say.

    Raises
    ------
    SourceError
        If an input cannot be read, or nothing is in it.
    ParameterError
        If two items would have one result.

    """
    items: list[Item] = []
    for name in inputs:
        found = _found_in(name, without, tell)
        if not found:
            raise SourceError(
                f'{name} has no videos, no pictures and no bags, in no folder below it'
            )
        items += found
    taken: dict[str, Item] = {}
    for item in items:
        before = taken.setdefault(item.result, item)
        if before is not item and before.path == item.path:
            raise ParameterError(f'{item.name} is in the inputs twice; name it once')
        if before is not item:
            raise ParameterError(
                f'{before.name} and {item.name} would have the same result, {item.result}; '
                'give them folders of their own for --output, or name a folder above both'
            )
    return items


def _found_in(name: str, without: Path | None, tell: Callable[[str], object]) -> list[Item]:
    entries, is_file = listed(name, without, tell)
    if is_file:
        (entry,) = entries
        kind = _kind(entry)
        if not kind:
            raise SourceError(f'{name} is neither a picture nor a video nor a bag')
        result = posixpath.basename(name.rstrip('/')) + _SUFFIXES[kind]
        return [Item(name, entry.path, kind, result, entry.stamp)]
    items: list[Item] = []
    folders: dict[str, list[Entry]] = {}
    bags = {
        posixpath.dirname(entry.below)
        for entry in entries
        if posixpath.basename(entry.below) == METADATA and _is_of_bag(entry)
    }
    for entry in entries:
        folder = posixpath.dirname(entry.below)
        kind = BAG if folder in bags else _kind(entry)
        if kind == PICTURE or folder in bags:
            folders.setdefault(folder, []).append(entry)
        elif kind:
            shown, result = _joined(name, entry.below), entry.below + _SUFFIXES[kind]
            items.append(Item(shown, entry.path, kind, result, entry.stamp))
    for below, inside in folders.items():
        items.append(_of_folder(name, below, inside, BAG if below in bags else PICTURES))
    return items


def _of_folder(name: str, below: str, entries: list[Entry], kind: str) -> Item:
    entries = sorted(entries, key=lambda entry: natural(posixpath.basename(entry.below)))
    digest = sha256()
    for entry in entries:
        digest.update(f'{entry.below}\0{sorted(entry.stamp.items())}\0'.encode(errors='replace'))
    stamp: dict[str, int | str] = {
        'size': sum(int(entry.stamp['size']) for entry in entries),
        'files': len(entries),
        'etag': digest.hexdigest()[:16],
    }
    return Item(
        _joined(name, below),
        posixpath.dirname(entries[0].path),
        kind,
        f'{below or _last_part(name)}{_SUFFIXES[kind]}',
        stamp,
        tuple(posixpath.basename(entry.path) for entry in entries),
    )


def _last_part(name: str) -> str:
    """Return what a folder is called, '.' too."""
    path = name if is_address(name) else os.path.abspath(name)
    return posixpath.basename(path.rstrip('/')) or 'pictures'


def _joined(name: str, below: str) -> str:
    if is_address(name):
        return posixpath.join(name, below) if below else name.rstrip('/')
    return str(Path(name, below))


def _kind(entry: Entry) -> str:
    """Return what an entry is; '' for what is no source."""
    if entry.below.lower().endswith(SUFFIXES):
        return BAG
    suffix = posixpath.splitext(entry.below)[1].lower()
    named = PICTURE if suffix in PICTURE_SUFFIXES else VIDEO if suffix in _VIDEO_SUFFIXES else ''
    if named or is_address(entry.path) or suffix in _NO_SOURCE:
        return _corrected(entry.path, named) if named == PICTURE else named
    try:
        if not stat.S_ISREG(os.stat(entry.path).st_mode):
            return ''
        if is_picture(Path(entry.path), certain=True):
            return PICTURE
        return VIDEO if _begins_as_video(entry.path) else ''
    except OSError:
        return ''


def _is_of_bag(entry: Entry) -> bool:
    """Tell whether a metadata.yaml is that of a bag: other data sets have one, too."""
    return INFORMATION.encode() in read_start(entry.path, _ENOUGH)


def _corrected(path: str, named: str) -> str:
    """Return VIDEO for one that is called as a picture: `estimate` goes by the bytes, too."""
    try:
        return VIDEO if not is_address(path) and _begins_as_video(path) else named
    except OSError:  # who reads it will say why
        return named


def _begins_as_video(path: str) -> bool:
    with open(path, 'rb') as file:
        return is_video(memoryview(file.read(ENOUGH_BYTES)))


def biggest_first(items: Iterable[Item]) -> list[Item]:
    """Return items in the order in which they are begun: none that takes long comes last."""
    return sorted(items, key=lambda item: (-item.size, item.result))
