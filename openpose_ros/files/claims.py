"""What one command reads and what it writes: never the same."""

from __future__ import annotations

from collections.abc import Iterable
import os
from pathlib import Path
import stat

from openpose_ros.errors import OutputError, ParameterError
from openpose_ros.files.lines import part_of
from openpose_ros.files.places import Place, find_place

_Inode = tuple[int, int]


class Claims:
    """
    The files of one command: its inputs are not written, and no output is written twice.

    Files are the same if they have the same inode, whatever they are called: symbolic and hard
    links to an input are that input.

    Parameters
    ----------
    inputs : iterable of str or Path
        As `reads` takes them, one at a time.

    """

    def __init__(self, inputs: Iterable[str | Path] = ()) -> None:
        self._inputs: dict[_Inode | None, str] = {}  # their names; never None
        self._outputs: dict[_Inode | None, str] = {}
        self._places: dict[Path, str] = {}  # of outputs, which need not be there yet
        self._folders: dict[Path, str] = {}  # that an output replaces with all that is in them
        self._holders: dict[Path, str] = {}  # inputs and the folders above, those looked at so far
        self._looked_at = 0
        for path in inputs:
            self.reads(path)

    def reads(self, path: str | Path) -> None:
        """
        Note an input; what is not there need not be protected.

        Raises
        ------
        ParameterError
            If it was claimed by an output.

        """
        inode = _inode(path)
        if inode is not None:
            self._inputs.setdefault(inode, str(path))
            if inode in self._outputs:
                raise _lost(self._outputs[inode], str(path))
            if self._folders and (name := self._folder_of(Path(path).resolve())):
                raise _lost(name, str(path))

    def check(self, path: str | Path) -> None:
        """
        See that a file may be written.

        Raises
        ------
        ParameterError
            If it is an input of this command, or was claimed by another output.
        OutputError
            If it cannot be written at all: a folder, say.

        """
        self._checked(path)

    def _checked(self, path: str | Path) -> Place:
        try:
            place = find_place(path)
        except OSError as exc:
            raise OutputError(f'cannot write {path}: {exc.strerror}') from exc
        inode = _inode(place.path if place.descriptor is None else place.descriptor)
        if inode in self._inputs:
            raise _lost(str(path), self._inputs[inode])
        if not place.direct or _is_regular(place):  # a pipe or a device may get several
            taken = self._outputs.get(inode) or self._places.get(place.path)
            if taken is not None:
                raise ParameterError(
                    f'{path} and {taken} are the same file, for two results; choose another name'
                )
            if name := self._folder_of(place.path):
                raise ParameterError(
                    f'{path} is another result, {name}, or in it: it would be lost; choose '
                    'another name'
                )
        return place

    def claim(self, path: str | Path, *, grows: bool = False) -> None:
        """
        Note an output, so that no other one is written there; raises what `check` raises.

        Parameters
        ----------
        path : str or Path
            Of the output.
        grows : bool
            Whether it is a `LineFile`: then FILE.part is one too.

        """
        place = self._checked(path)
        inode = _inode(place.path if place.descriptor is None else place.descriptor)
        if inode is not None:
            self._outputs[inode] = str(path)
        self._places[place.path] = str(path)
        if grows and not place.direct:
            self.claim(part_of(place))

    def claim_folder(self, path: str | Path) -> None:
        """
        Note an output that is a folder, or may be: nothing else is written there, or in it.

        Raises
        ------
        ParameterError
            If an input is in it, or another output.

        """
        folder = Path(path).resolve()
        for name in [*self._inputs.values()][self._looked_at :]:
            place = Path(name).resolve()
            self._holders.update(dict.fromkeys((place, *place.parents), name))
        self._looked_at = len(self._inputs)
        if folder in self._holders:
            raise _lost(str(path), self._holders[folder])
        for place, name in self._places.items():
            if place == folder or folder in place.parents:
                raise ParameterError(
                    f'{name} is another result, {path}, or in it: it would be lost; choose '
                    'another name'
                )
        self._folders[folder] = str(path)

    def _folder_of(self, place: Path) -> str:
        """Return the name of the output that is a folder and holds this; '' for none."""
        holders = (self._folders[at] for at in (place, *place.parents) if at in self._folders)
        return next(holders, '')


def _lost(output: str, read: str) -> ParameterError:
    which = 'is what' if output == read else f'is {read}, which'
    return ParameterError(
        f'{output} {which} this command reads: it would be lost; choose another name'
    )


def _is_regular(place: Place) -> bool:
    """Return whether a descriptor leads to a regular file, which has another name as well."""
    try:
        found = os.stat(place.path if place.descriptor is None else place.descriptor)
    except OSError:
        return False
    return stat.S_ISREG(found.st_mode)


def _inode(path: str | Path | int) -> _Inode | None:
    try:
        found = os.stat(path)
    except (OSError, ValueError):  # not there; no name of a file at all
        return None
    return found.st_dev, found.st_ino
