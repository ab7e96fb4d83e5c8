"""What results are called, and what must not be called so."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
import os
from pathlib import Path
import re
import shlex

import cv2

from openpose_ros.errors import OutputError, ParameterError
from openpose_ros.files import Claims
from openpose_ros.io.pictures import Picture
from openpose_ros.io.sources import Source, paths_of

# What has no room for colours.
_GREY_SUFFIXES = frozenset({'.pbm', '.pgm'})
_OF_KEYPOINTS = '_keypoints'
KEYPOINTS = f'{_OF_KEYPOINTS}.json'
_OF_A_FRAME = re.compile(r'(.+)_\d{12}')  # OpenPose's own twelve digits


def unique_stems(stems: Sequence[str], videos: Collection[str] = ()) -> list[str]:
    """
    Make stems differ by numbers: a, a, b, a become a, a_2, b, a_3.

    No result is equal to another one, nor to a stem further back in the list, nor is it what a
    frame of one of the videos is called: beside a video a, a_000000000012 becomes
    a_000000000012_2.
    """
    given, taken = set(stems), set[str]()
    frames = {match[1] for match in map(_OF_A_FRAME.fullmatch, stems) if match}
    unique: list[str] = []
    for stem in stems:
        found, number = stem, 1
        while (
            found in taken or (number > 1 and found in given | frames) or _is_frame(found, videos)
        ):
            number += 1
            found = f'{stem}_{number}'
        taken.add(found)
        unique.append(found)
    return unique


def _is_frame(stem: str, videos: Collection[str]) -> bool:
    match = _OF_A_FRAME.fullmatch(stem)
    return match is not None and match[1] in videos


def stems_of(sources: Sequence[Source]) -> list[str]:
    """Return what the results of each source are called; no two are called the same."""
    videos = {source.stem for source in sources if not isinstance(source, Picture)}
    return unique_stems([source.stem for source in sources], videos)


def prepare_folder(
    folder: Path,
    sources: Sequence[Source],
    *,
    stems: Sequence[str] | None = None,
    claims: Claims | None = None,
    keypoints: bool = True,
) -> None:
    """
    Make the folder, and see that results can go there.

    Parameters
    ----------
    folder : Path
        Where they go.
    sources : sequence of Source
        What they are results of.
    stems : sequence of str, optional
        What the results of each are called; by default as `stems_of` says.
    claims : Claims, optional
        What else the command reads and writes; gets what will be written here, as far as its
        names are known.
    keypoints : bool
        Whether OpenPose's JSON is written.

    Raises
    ------
    OutputError
        If it cannot be made or written to.
    ParameterError
        If it is where a source lies, or a result would overwrite what the command reads, or
        another result: through a link, say.

    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as exc:
        raise OutputError(f'cannot make the folder {folder}: {exc.strerror}') from exc
    if not os.access(folder, os.W_OK | os.X_OK):
        raise OutputError(f'cannot write into the folder {folder}: choose another one')
    claims = Claims() if claims is None else claims
    for source in sources:
        for path in paths_of(source):
            claims.reads(path)
    named = list(zip(sources, stems or stems_of(sources)))
    for source, stem in named:
        path = Path(source.name)
        if path.is_file() and path.parent.resolve() == folder.resolve():
            leads = f' ({folder} is a link to {folder.resolve()})' if folder.is_symlink() else ''
            raise ParameterError(
                f'{path} lies in the folder for the results{leads} and would be overwritten: '
                f'choose another folder, say --output {shlex.quote(str(path.parent / "openpose"))}'
            )
        for ending in _endings(source, keypoints=keypoints):
            claims.claim(folder / f'{stem}{ending}')
    # What is called as a frame's results are is looked at here, so that nothing is begun where a
    # link would end it.
    videos = {stem for source, stem in named if not isinstance(source, Picture)}
    for path in folder.iterdir():
        if _is_frame(path.stem.removesuffix(_OF_KEYPOINTS), videos):
            claims.check(path)


def _endings(source: Source, *, keypoints: bool) -> Iterator[str]:
    """Yield what is known of the names of a source's results, without its frames'."""
    if isinstance(source, Picture):
        yield picture_suffix(source.name)
        if keypoints:
            yield KEYPOINTS
    else:
        yield '.mp4'


def picture_suffix(source: str) -> str:
    """Return the source's own suffix, where OpenCV writes such files; else one without loss."""
    suffix = Path(source).suffix.lower()
    kept = suffix and suffix not in _GREY_SUFFIXES and cv2.haveImageWriter(f'picture{suffix}')
    return suffix if kept else '.png'
