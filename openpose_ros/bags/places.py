"""Where a bag may be written: never over what is read, nor over what is more than a bag."""

from __future__ import annotations

import os
from pathlib import Path
import re

from openpose_ros.errors import OutputError, ParameterError

_OF_A_BAG = re.compile(r'^metadata\.yaml$|\.(db3|mcap)(\.zstd)?$|\.db3-(wal|shm|journal)$')


def check_output(out: Path, inputs: Path, *, overwrite: bool) -> None:
    """
    See that a bag may be written.

    Parameters
    ----------
    out : Path
        Where to.
    inputs : Path
        What is read.
    overwrite : bool
        Whether a bag may be there.

    Raises
    ------
    ParameterError
        If one is there, or something else, or it is what is read; or what would be replaced holds
        more than a bag.
    OutputError
        If it cannot even be looked at.

    """
    try:
        _check(out, inputs.resolve(), overwrite=overwrite)
    except OSError as exc:
        raise OutputError(f'cannot write {out}: {exc.strerror}') from exc


def _check(out: Path, source: Path, *, overwrite: bool) -> None:
    if not Path(os.path.abspath(out)).name:
        raise ParameterError(f'{out} cannot be the folder of a bag: name a new one in it')
    for place in places_of(out):
        found = place.resolve()
        if found == source or found in source.parents or source in found.parents:
            raise ParameterError(
                f'{place} is what this command reads, or in it, or holds it: it would be lost; '
                'choose another name'
            )
    partial = beside(out, '.partial')
    if os.path.lexists(partial) and (strange := _no_bag(partial)):
        raise ParameterError(
            f'{partial} is there, and {strange}; it would be replaced where the work ends early: '
            'move it, or choose another name'
        )
    if not out.exists() and not out.is_symlink():
        return
    if not overwrite:
        raise ParameterError(f'{out} is there already; choose another name, or give --overwrite')
    if not (out / 'metadata.yaml').is_file():
        raise ParameterError(
            f'{out} is there, and is no bag in a folder, so --overwrite does not replace it; '
            'choose another name'
        )
    if strange := _no_bag(out):
        raise ParameterError(
            f'{out} is there, and {strange}, so --overwrite does not replace it; move that, or '
            'choose another name'
        )


def _no_bag(folder: Path) -> str:
    """Return what a folder is, or holds, that no bag is or holds; '' if all of it is a bag's."""
    if not folder.is_dir():
        return 'is no folder'
    strange = [one.name for one in folder.iterdir() if not _OF_A_BAG.search(one.name)]
    return f'holds {min(strange)}, which is no part of a bag' if strange else ''


def followed(out: Path) -> Path:
    """Return where a bag goes: if OUT is a link to a folder, that folder."""
    return out.resolve() if out.is_symlink() and out.is_dir() else out


def places_of(out: Path) -> tuple[Path, ...]:
    """Return the folders that are written, or replaced, on the way to a bag."""
    return out, beside(out, '.part'), beside(out, '.partial')


def beside(out: Path, ending: str) -> Path:
    """Return OUT.part, say; of OUT/ too."""
    out = Path(os.path.abspath(out))
    return out.with_name(f'{out.name}{ending}')
